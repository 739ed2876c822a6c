"""Outputs that an engineer forces for a limited time, to see them work: never agent, never past an interlock, never in an alarm.

A force takes the engineer's permit: an output test that is announced in the output's zone, so that no release is automatic meanwhile. It is
shown as a trouble and journalled, and ends by its time, with the permit, at the first sign of fire anywhere in the site, and by a restart.
"""

from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.layout import OutputLayout
from controller.core.matrix import interlock
from controller.core.rules import ZoneRules
from controller.core.state import NEVER, Stage, Tri
from controller.core.zone.contacts import wired
from controller.core.zone.weighing import level_of
from controller.core.zone.works import OUTPUT_TEST, is_under
from controller.site.model import Family, Role

LONGEST_S = 600
"""Longer is forced again (assumed: an output is looked at within minutes)."""


def forced(draft: Draft, name: str) -> bool:
    """Whether somebody forces the output now."""
    return name in dict(draft.forced)


def force(draft: Draft, name: str, seconds: int) -> str:
    """Force an output away from its normal level for so long, or let it go (0). Returns why not."""
    output = next((o for o in draft.layout.outputs if o.name == name), None)
    if output is None:
        return f"no output is called {name!r}"
    if not 0 <= seconds <= LONGEST_S:
        return f"{seconds} s: force it for 1 to {LONGEST_S} s, or 0 to let it go"
    if not seconds:
        if not forced(draft, name):
            return f"{name} is not forced"
        _end(draft, output, "let go by a person")
        return ""
    why_not = _refused(draft, output)
    if not why_not:
        others = tuple(item for item in draft.forced if item[0] != name)
        draft.forced = (*others, (name, draft.tick_ms + 1000 * seconds))
        draft.tell(Kind.WORK, draft.layout.zones[output.zone], name, "force begun", f"for {seconds} s")
    return why_not


def _refused(draft: Draft, output: OutputLayout) -> str:
    zone = draft.rules.zones[output.zone]
    if output.is_release or output.output.role is Role.SELECTOR:
        return f"{output.name} lets agent go or leads it: it is never forced (rule 5)"
    if not is_under(draft.zones[output.zone], OUTPUT_TEST):
        return f"no output test is announced in {zone.name}: work {zone.name} {OUTPUT_TEST!r} --minutes N"
    if output.name in draft.disabled:
        return f"{output.name} is out of service: enable it first"
    return alarm(draft) or _interlocked(draft, output)


def _interlocked(draft: Draft, output: OutputLayout) -> str:
    """What stands against the output whatever the rows say; a curtain also asks who is under it. Coolant is not forced onto a live rack.

    No breaker is opened by a force while the UPS carries the load, or where something else would lose its last feed: nothing closes it again.
    """
    zone = draft.rules.zones[output.zone]
    if output.output.role is Role.BREAKER:
        return _cuts(draft, output)
    if output.output.role is Role.CURTAIN and wired(draft, zone, Family.OBSTRUCTION) is not Tri.NO:
        return "the space under the curtain is not proven free"
    cooled = output.rack >= 0 and draft.racks[output.rack].cool
    if output.output.role is Role.COOLANT and not cooled:
        return "water comes after the isolation of its rack (rule 7)"
    may = interlock(output, draft.zones[output.zone], (), cooled)
    return "" if may else "an interlock stands against it (rule 6)"


def _cuts(draft: Draft, output: OutputLayout) -> str:
    """Whom opening a breaker would hurt: the load of a UPS that discharges, or is not known not to, and who goes dark beside its own rack."""
    if any(wired(draft, zone, Family.DISCHARGING) is not Tri.NO for zone in draft.rules.zones):
        return "the UPS carries the load, or nobody knows: a breaker is not forced meanwhile"
    own = draft.layout.racks[output.rack] if output.rack >= 0 else ""
    says = {o.name: draft.inputs.feedback[o.index] for o in draft.layout.outputs if o.output.role is Role.BREAKER}
    perhaps_open = {name for name, contact in says.items() if contact != 0}
    surely_open = {name for name, contact in says.items() if contact == 1 and name != output.name}
    already = draft.rules.power.dark(own, surely_open)
    dark = [load for load in draft.rules.power.dark(own, perhaps_open | {output.name}) if load not in already]
    return f"{output.name} is the last feed of {', '.join(dark)}: it is not forced" if dark else ""


def alarm(draft: Draft) -> str:
    """The first sign of fire in the site, by which every force ends; empty: there is none."""
    for zone in draft.rules.zones:
        why = _shown(draft, zone)
        if why:
            return f"alarm: {why}"
    return ""


def _shown(draft: Draft, zone: ZoneRules) -> str:
    state = draft.zones[zone.index]
    if state.stage is not Stage.QUIESCENT or state.first_fire_ms != NEVER or state.strayed:
        return f"{zone.name} is {state.stage}"
    if wired(draft, zone, Family.CALL_POINT) is Tri.YES:
        return f"the call point of {zone.name}"
    heads = (h for h in zone.sensing if draft.inputs.heads[h.index].level >= Level.PRE_ALARM)
    head = next((h for h in heads if h.name not in draft.disabled), None)
    if head is not None:
        return head.name
    if state.weighed >= Level.PRE_ALARM:
        return f"the heads of {zone.name} together"
    return f"{zone.name} has shown a pre-alarm: reset it" if level_of(draft, zone) >= Level.PRE_ALARM else ""


def watch_forces(draft: Draft) -> None:
    """End what is over."""
    if not draft.forced:
        return
    burning = alarm(draft)
    for name, until_ms in draft.forced:
        output = draft.layout.output(name)
        why = burning or ("its time is over" if draft.reached(until_ms) else "")
        why = why or ("" if is_under(draft.zones[output.zone], OUTPUT_TEST) else "the output test has ended")
        why = why or _interlocked(draft, output)
        if why:
            _end(draft, output, why)


def _end(draft: Draft, output: OutputLayout, why: str) -> None:
    draft.forced = tuple(item for item in draft.forced if item[0] != output.name)
    draft.tell(Kind.WORK, draft.layout.zones[output.zone], output.name, "force ended", why)
