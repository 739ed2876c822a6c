"""Rule 3: which heads may release together, and whether they do. Also rule 9: how available the release is, and why."""

from collections.abc import Callable, Iterator, Sequence

from controller.core.events import Level
from controller.core.inputs import WHOLE_HEAD, Inputs
from controller.core.layout import HeadLayout, Layout
from controller.core.state import NEVER, HeadLatch, Tri
from controller.site import pairs as rule_3
from controller.site.model import Family, Physics, Release, Zone

FIRE_PHYSICS = rule_3.FIRE_PHYSICS
MEMBERS = rule_3.MEMBERS

Pair = tuple[HeadLayout, HeadLayout]


_OF_AGENT = frozenset({Family.LOW_AGENT, Family.MECHANICAL_BLOCK, Family.ACTUATOR_IN_PLACE})
"""Contacts of the agent that its availability hangs on."""


def releasing_pairs(layout: Layout, zone: int) -> tuple[Pair, ...]:
    """All pairs of heads of a zone that may release together. Empty for a zone without agent."""
    release = _release(layout, zone)
    if release is None:
        return ()
    heads = [head for head in layout.heads if head.zone == zone]
    return rule_3.releasing_pairs(heads, same_family=release.same_family)


def confirmed(
    pairs: tuple[Pair, ...],
    latches: Sequence[HeadLatch],
    disabled: Sequence[str],
    reached: Callable[[int], bool],
    window_ms: int,
) -> Pair | None:
    """The first pair whose two heads both stand in fire alarm within the window; None if there is none. `reached` asks the draft.

    A head in fault keeps an alarm that it raised before (rule 1), but a fault is never an alarm. A BMS head counts by confirmed runaway only.
    Two heads of one family, by the owner's word, count only while both stand at fire 2: what is no fire dims both alike, but less.
    """
    standing: dict[int, bool] = {}
    for pair in pairs:
        for head in pair:
            if head.index not in standing:
                standing[head.index] = _alarms(head, latches[head.index], disabled, reached, window_ms)
            if not standing[head.index]:
                break
        else:
            if _of_two_families(pair) or all(latches[head.index].fire_2 for head in pair):
                return pair
    return None


def release_window_ms(zone: Zone) -> int:
    """For how long a head that has ended still coincides for release. The zone's coincidence type may ask for less, never for more."""
    windows_s = [zone.release.coincidence_window_s] if zone.release else [0.0]
    windows_s += [zone.coincidence.cancel_s] if zone.coincidence else []
    return round(min(windows_s) * 1000)


def _of_two_families(pair: Pair) -> bool:
    return pair[0].physics is not pair[1].physics


def _alarms(
    head: HeadLayout, latch: HeadLatch, disabled: Sequence[str], reached: Callable[[int], bool], window_ms: int
) -> bool:
    if latch.level < Level.ALARM or head.name in disabled:
        return False
    if head.physics is Physics.BMS and not latch.runaway:
        return False
    return latch.ended_ms == NEVER or not reached(latch.ended_ms + window_ms + 1)


def availability(
    layout: Layout, zone: int, pairs: tuple[Pair, ...], inputs: Inputs, disabled: Sequence[str], blocks: Sequence[str]
) -> str:
    """`full`, `degraded: why` or `unavailable: why` of the zone's automatic release (rule 9); empty without agent.

    `blocks` are reasons that stop automatic release altogether (manual-only, occupied, disabled, low agent, a faulty member where
    the site blocks by it).
    """
    release = _release(layout, zone)
    if release is None:
        return ""
    reasons = sorted(blocks)
    if reasons:
        return "unavailable: " + ", ".join(reasons)
    if not pairs:
        return "unavailable: no two independent heads"
    sick = sorted(sick_members(layout, zone, pairs, inputs, disabled))
    if sick and all(a.name in sick or b.name in sick for a, b in pairs):
        return "unavailable: " + ", ".join(sick)
    unsure = sick + sorted(_unknown(layout, zone, release, inputs))
    return "degraded: " + ", ".join(unsure) if unsure else "full"


def _unknown(layout: Layout, zone: int, release: Release, inputs: Inputs) -> Iterator[str]:
    """Contacts of the agent that cannot be read: nobody knows whether it is there, or whether its release would be proven."""
    for head in layout.heads:
        if head.zone == zone and head.head.family in _OF_AGENT and inputs.wired[head.index] == Tri.UNKNOWN:
            yield f"{head.name} not readable"
    yield from absent(layout, zone, inputs)
    if inputs.discharged[zone] == Tri.UNKNOWN:
        yield f"{release.discharged} not readable"


def absent(layout: Layout, zone: int, inputs: Inputs) -> tuple[str, ...]:
    """Actuators of the zone that are not in place, as their supervised inputs say (domain.md F24)."""
    heads = [h for h in layout.heads if h.zone == zone and h.head.family is Family.ACTUATOR_IN_PLACE]
    return tuple(f"actuator not in place: {h.name}" for h in heads if inputs.wired[h.index] == Tri.NO)


def sick_members(
    layout: Layout, zone: int, pairs: tuple[Pair, ...], inputs: Inputs, disabled: Sequence[str]
) -> Iterator[str]:
    """Names of the members of a coincidence that are in fault as a whole, or disabled."""
    for head in layout.heads:
        sick = inputs.heads[head.index].fault >= WHOLE_HEAD or head.name in disabled
        if sick and head.zone == zone and any(head is member for pair in pairs for member in pair):
            yield head.name


def _release(layout: Layout, zone: int) -> Release | None:
    return tuple(layout.site.zones.values())[zone].release
