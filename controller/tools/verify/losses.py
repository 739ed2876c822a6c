"""P7: every device and every link of the site is lost once, and each zone must say what its release is then still worth."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.core import decide as deciding
from controller.core import inputs as reading
from controller.core.events import Evidence, Feature
from controller.core.inputs import Inputs
from controller.core.layout import HeadLayout, Layout
from controller.core.rules import make_rules
from controller.core.state import State
from controller.site.model import Physics, Release
from controller.tools.verify.canonical import NOW_MS
from controller.tools.verify.slices import device_of, sensing, wired
from controller.tools.verify.words import UNKNOWN, pairs
from controller.tools.verify.world import at_rest

GRADES = ("unavailable", "degraded", "full")
"""What an automatic release is worth, the least first."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is shown of a zone once something is lost, and what may be shown at most. `what` is a device or a link."""

    zone: str
    what: str
    shown: str
    at_most: str
    why: str

    @property
    def grade(self) -> str:
        """The first word of what is shown."""
        return self.shown.partition(":")[0]


def losses(layout: Layout) -> Iterator[Loss]:
    """Every loss of every zone that has agent."""
    rules, rest = make_rules(layout), at_rest(layout)

    def evidence(index: int) -> Evidence:
        return Evidence(layout.heads[index].name, Feature.NO_VALUE, "", 0.0, 0.0)

    def after(inputs: Inputs, state: State) -> State:
        return deciding.decide(rules, state, inputs, (), (1, NOW_MS), evidence).state

    sound = after(rest, after(rest, deciding.first_state(layout)))
    zones = [z for z, name in enumerate(layout.zones) if layout.site.zones[name].release is not None]
    for what, lost in _things(layout):
        state = after(without(layout, rest, lost), sound)
        for zone in zones:
            at_most, why = _worth(layout, zone, lost)
            yield Loss(layout.zones[zone], what, state.zones[zone].availability, at_most, why)


def _things(layout: Layout) -> Iterator[tuple[str, frozenset[str]]]:
    for device in layout.devices:
        yield f"device {device}", frozenset({device})
    for link in layout.links:
        on_it = frozenset(name for name, device in layout.site.devices.items() if device.link == link)
        if len(on_it) > 1:
            yield f"link {link}", on_it


def without(layout: Layout, rest: Inputs, lost: frozenset[str]) -> Inputs:
    """The inputs at rest when devices are lost: heads in fault, contacts and channels not known, no feedback."""
    dead = {int(point) for device in lost for point in layout.device_points[layout.devices.index(device)]}
    heads, tris = list(rest.heads), list(rest.wired)
    for head in layout.heads:
        gone = [int(point) in dead for point in head.points]
        if any(gone) and head.physics is Physics.WIRED:
            tris[head.index] = int(_contact(head, gone))
        elif any(gone):
            heads[head.index] = heads[head.index]._replace(fault=2 if all(gone) else 1)
    channels = tuple(
        tuple(UNKNOWN if c in dead else level for c, level in zip(o.channels, rest.channels[o.index], strict=True))
        for o in layout.outputs
    )
    proofs = [
        UNKNOWN if zone.release and layout.point(zone.release.discharged) in dead else rest.discharged[index]
        for index, zone in enumerate(layout.site.zones.values())
    ]
    return rest._replace(
        heads=tuple(heads),
        wired=tuple(tris),
        channels=channels,
        feedback=tuple(-1 if o.feedback in dead else rest.feedback[o.index] for o in layout.outputs),
        devices=tuple(name not in lost for name in layout.devices),
        discharged=tuple(proofs),
    )


def _contact(head: HeadLayout, gone: list[bool]) -> int:
    idle = (0, 1) if len(gone) > 1 else (int(head.head.active),)
    contacts = tuple(UNKNOWN if is_gone else level for is_gone, level in zip(gone, idle, strict=True))
    return reading.wired_state(head.head.family, head.head.active, contacts)


def _worth(layout: Layout, zone: int, lost: frozenset[str]) -> tuple[str, str]:
    """The most that may be shown of a zone, by verification's own reading of rules 3 and 9, and why."""
    release = layout.site.zones[layout.zones[zone]].release
    if release is None:
        return "full", ""
    channels = next(o.channels for o in layout.outputs if o.name == release.output)
    if any(device_of(layout, channel) in lost for channel in channels):
        return "unavailable", f"{release.output} cannot be written"
    blind = _unproven(layout, release, lost)
    if blind:
        return "unavailable", f"{blind} cannot be proven, and an automatic release waits for that"
    contacts = wired(layout, zone)
    keys = [h.name for h in contacts if h.device in lost and h.head.family in {"mode-key", "occupied"}]
    if keys:
        return "unavailable", f"{keys[0]} is not known, so not automatic"
    all_pairs = list(pairs(sensing(layout, zone), release))
    left = [pair for pair in all_pairs if not any(head.device in lost for head in pair)]
    if not left:
        return "unavailable", "no two heads that may release together are left"
    gone = {head.name for pair in all_pairs for head in pair if head.device in lost}
    if gone and release.faulty_member == "block":
        return "unavailable", "a member of a coincidence is lost, and the site lets that block"
    if gone:
        return "degraded", f"{', '.join(sorted(gone))} cannot raise an alarm"
    unread = [h.name for h in contacts if h.device in lost and h.head.family in {"low-agent", "actuator-in-place"}]
    unread += [release.discharged] if device_of(layout, layout.point(release.discharged)) in lost else []
    return ("degraded", f"{unread[0]} cannot be read") if unread else ("full", "")


def _unproven(layout: Layout, release: Release, lost: frozenset[str]) -> str:
    """The first of what must stand in its place before an automatic release, whose command or proof is lost: selector, dampers that block."""
    awaited = {release.selector, *(release.dampers if release.damper_unproven == "block" else ())}
    for output in layout.outputs:
        points = (*output.channels, output.feedback) if output.name in awaited else ()
        if any(point < 0 or device_of(layout, point) in lost for point in points):
            return output.name
    return ""
