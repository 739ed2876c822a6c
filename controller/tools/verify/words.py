"""The rules as verification reads them, written down a second time: a fault in the core's own tables must not excuse itself.

Stages and levels stand here as plain texts and numbers, and rule 3's independence is stated anew, so that nothing of it is asked of
the code that is judged.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations

from controller.core.layout import HeadLayout
from controller.core.state import HeadLatch
from controller.site.model import Release, Role, Zone

BEFORE = frozenset({"quiescent", "pre-activated", "activated", "held", "aborted", "waiting"})
"""Stages in which nothing has been told to the valve."""
FLOODING = frozenset({"releasing", "retrying", "unconfirmed", "released", "hold-time"})
"""From the valve's first command to the end of the hold time: abort and hold are dead, exhaust is off (rules 4 and 6)."""
IDLE = frozenset({"quiescent", "pre-activated"})
ALARM = 3
PRE_ALARM = 2
NO, YES, UNKNOWN = 0, 1, 2
RELEASING_ROLES = frozenset({Role.AGENT, Role.AGENT_RESERVE, Role.AGENT_EXTENDED})
RESPONSE_ROLES = frozenset({Role.CHARGER_STOP, Role.BREAKER, Role.COOLANT, Role.PUMP, Role.WATER_BARRIER})
"""Outputs that isolate and cool: neither abort nor hold may move them (rule 4)."""
MEMBERS = frozenset({"bms", "gas", "smoke", "heat"})


def may_count(head: HeadLayout) -> bool:
    """Whether a head may count towards release at all (rule 3): of a family that knows fire or its gas, wired, no room reference."""
    return str(head.physics) in MEMBERS and not head.on_mqtt and not head.head.reference


def may_release_together(a: HeadLayout, b: HeadLayout, release: Release) -> bool:
    """Rule 3 of two heads: another physics family (or the site's word for smoke), another device, another link, none over MQTT.

    And the evidence: runaway from compared cell temperatures, smoke with heat, or the two smoke detectors that the site allows.
    """
    if not (may_count(a) and may_count(b)):
        return False
    if a.device == b.device or a.link == b.link:
        return False
    families = {str(a.physics), str(b.physics)}
    if len(families) == 1 and not (release.same_family and families == {"smoke"}):
        return False
    runaway = any(h.head.family == "cell-temperature" and h.head.group > 0 for h in (a, b))
    return runaway or families in ({"smoke", "heat"}, {"smoke"})


def pairs(heads: Iterable[HeadLayout], release: Release) -> Iterator[tuple[HeadLayout, HeadLayout]]:
    """All pairs of heads that may release together."""
    for a, b in combinations(heads, 2):
        if may_release_together(a, b, release):
            yield a, b


def stands(head: HeadLayout, latch: HeadLatch, disabled: tuple[str, ...], now_ms: int, window_ms: int) -> bool:
    """Whether a head counts: in fire alarm (a BMS: runaway), in service, and not over for longer than the coincidence window."""
    if latch.level < ALARM or head.name in disabled or (head.physics == "bms" and not latch.runaway):
        return False
    return latch.ended_ms < 0 or now_ms <= latch.ended_ms + window_ms


def window_ms(zone: Zone) -> int:
    """For how long a head that has ended coincides: as the agent states it, or less where the zone's coincidence type forgets sooner."""
    release_s = zone.release.coincidence_window_s if zone.release else 0.0
    return round(1000 * (release_s if zone.coincidence is None else min(release_s, zone.coincidence.cancel_s)))


def shows_confirmed(
    the_pairs: Iterable[tuple[HeadLayout, HeadLayout]],
    latches: tuple[HeadLatch, ...],
    disabled: tuple[str, ...],
    now_ms: int,
    window_ms: int,
) -> bool:
    """Whether some pair of rule 3 stands in alarm; one of a single family only once both have stood at fire 2."""
    for pair in the_pairs:
        alone = pair[0].physics is pair[1].physics and not all(latches[head.index].fire_2 for head in pair)
        if not alone and all(stands(head, latches[head.index], disabled, now_ms, window_ms) for head in pair):
            return True
    return False
