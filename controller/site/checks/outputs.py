"""Outputs: channels, feedback, and what they do when nobody speaks to them."""

from collections.abc import Iterator

from controller.site.look import Look, Place
from controller.site.model import Feedback, Mode, Output, Role
from controller.site.problem import Problem

PROVEN = frozenset({
    Role.CHARGER_STOP, Role.BREAKER, Role.EXHAUST, Role.DAMPER, Role.RELIEF, Role.HVAC_STOP, Role.CURTAIN,
    Role.WATER_BARRIER, Role.PUMP, Role.COOLANT, Role.SELECTOR,
})  # fmt: skip
"""Roles whose effect the response waits for: the field proves it. Agent is proven by `release.discharged`."""

OF_A_RACK = frozenset({Role.CHARGER_STOP, Role.BREAKER, Role.COOLANT})
"""Roles that serve one rack; a breaker may stand in feeds instead."""
RELEASING = frozenset({Role.AGENT, Role.AGENT_RESERVE, Role.AGENT_EXTENDED})


def outputs(look: Look) -> Iterator[Problem]:
    """Problems of every output, and channels or contacts that two outputs share."""
    for name, output in look.site.outputs.items():
        path = f"outputs.{name}"
        if output.role in RELEASING:
            yield from _release_channels(look, path, output)
            yield from _last_word(look.site.site.mode, path, output)
        elif len(output.channels) != 1:
            yield Problem(f"{path}.channels", f"{len(output.channels)} channels", "one channel drives it")
        yield from _channels(look, path, output)
        yield from _proof(path, output)
        yield from _of_a_rack(look, name, output)
        yield from _safe_values(path, output)
    yield from _shared(look)


def _release_channels(look: Look, path: str, output: Output) -> Iterator[Problem]:
    """Rule 5: arm and fire, on two modules."""
    if len(output.channels) != 2:  # noqa: PLR2004 arm and fire
        what = f"release with {len(output.channels)} channel"
        yield Problem(f"{path}.channels", what, "name two, arm and fire, on two modules (rule 5)")
        return
    devices = [look.device(channel) for channel in output.channels]
    if devices[0] is not None and devices[0] == devices[1]:
        what = f"both release channels are on device {devices[0]}: one forged module would release"
        yield Problem(f"{path}.channels", what, "put arm and fire on two modules (rule 5)")


def _last_word(mode: Mode, path: str, output: Output) -> Iterator[Problem]:
    """In request mode a certified panel has the last word on agent, in direct mode nobody has. A site in shadow may say either."""
    if mode is Mode.REQUEST and not output.panel_input:
        what = "mode request, but agent is not said to go through a certified panel"
        yield Problem(
            f"{path}.panel_input", what, "wire it to inputs of the certified panel and state panel_input = true"
        )
    if mode is Mode.DIRECT and output.panel_input:
        what = "mode direct drives valves, but this output is an input of a certified panel"
        yield Problem(f"{path}.panel_input", what, 'state mode = "request", or take panel_input out')


def _channels(look: Look, path: str, output: Output) -> Iterator[Problem]:
    for channel in output.channels:
        places = look.places(channel)
        if places and not look.site.blocks[places[0][0]].writable:
            what = f"{channel} cannot be written"
            yield Problem(
                f"{path}.channels", what, f"set writable = true in blocks.{places[0][0]}, or name another point"
            )


def _proof(path: str, output: Output) -> Iterator[Problem]:
    if output.feedback is None and output.role in PROVEN:
        what = f"an output of role {output.role} without feedback"
        yield Problem(f"{path}.feedback", what, 'name the contact or flow that proves it: { point = "block[0]" }')
    if output.feedback:
        yield from _feedback(f"{path}.feedback", output.feedback)
    if output.confirm_s <= 0 or output.retries < 0:
        yield Problem(f"{path}.confirm_s", "no time to be confirmed in", "confirm_s above 0, retries 0 or more")


def _of_a_rack(look: Look, name: str, output: Output) -> Iterator[Problem]:
    in_feeds = any(name in feed.breakers for feed in look.site.feeds.values())
    if output.role in OF_A_RACK and not output.rack and not in_feeds:
        what = f"an output of role {output.role} without rack"
        remedy = "name the rack that it serves"
        yield Problem(
            f"outputs.{name}.rack", what, remedy + (", or the breaker in a feed" if output.role is Role.BREAKER else "")
        )


def _feedback(path: str, feedback: Feedback) -> Iterator[Problem]:
    span = abs(feedback.active - feedback.inactive)
    if span == 0 or (not feedback.at_least and span <= feedback.tolerance):
        yield Problem(path, "active and inactive read the same", "let them differ by more than the tolerance")


def _safe_values(path: str, output: Output) -> Iterator[Problem]:
    if output.role in RELEASING and (output.on_comm_loss != 0 or output.normal != 0 or output.on_restart == 1):
        what = "agent would be let go, or kept flowing, without the controller"
        yield Problem(f"{path}.on_comm_loss", what, 'normal = 0, on_comm_loss = 0, on_restart = "keep" or 0')
    if output.role is Role.COOLANT and (output.on_comm_loss == 1 or output.normal != 0 or output.on_restart == 1):
        what = "water would come without the controller, on a rack that nobody has isolated (rule 7)"
        yield Problem(f"{path}.on_comm_loss", what, 'normal = 0, on_comm_loss = "hold" or 0, on_restart = "keep" or 0')
    if output.panel_input and output.role not in RELEASING:
        yield Problem(f"{path}.panel_input", f"panel_input on role {output.role}", "it is said of agent outputs alone")
    if output.role is Role.FAULT_RELAY and (output.normal, output.on_comm_loss) != (1, 0):
        yield Problem(
            f"{path}.normal", "the fault relay would not drop when all is dead", "normal = 1, on_comm_loss = 0"
        )


def _is_one_bank(look: Look, one: str, other: str) -> bool:
    """Whether two outputs are one bank that selectors lead into two rooms: same role, same channels, both rooms with a selector."""
    a, b = look.site.outputs[one], look.site.outputs[other]
    if a.role is not b.role or a.role not in RELEASING or a.zone == b.zone or a.channels != b.channels:
        return False
    releases = [look.site.zones[output.zone].release for output in (a, b) if output.zone in look.site.zones]
    return all(release is not None and release.selector for release in releases)


def _shared(look: Look) -> Iterator[Problem]:
    channels: dict[Place, str] = {}
    contacts: dict[Place, str] = {}
    for name, output in look.site.outputs.items():
        for place in (place for channel in output.channels for place in look.places(channel)):
            if channels.setdefault(place, name) != name and not _is_one_bank(look, name, channels[place]):
                what = f"{place[0]}[{place[1]}] drives {channels[place]} already"
                remedy = "give each output a channel of its own"
                if output.role in RELEASING:
                    remedy += ", or, for one bank of several rooms, the same two channels and a selector in each room's release"
                yield Problem(f"outputs.{name}.channels", what, remedy)
        if output.feedback and not output.feedback.at_least:
            for place in look.places(output.feedback.point):
                if contacts.setdefault(place, name) != name:
                    what = f"{place[0]}[{place[1]}] proves {contacts[place]} already"
                    yield Problem(f"outputs.{name}.feedback.point", what, "give each output a contact of its own")
