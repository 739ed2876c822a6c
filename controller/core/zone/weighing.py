"""What the heads of a zone say together: its level, latched as a head's is, and the doubts about its BMS. Nothing here releases or lowers."""

from controller.core.detect.fusion import Weighed
from controller.core.detect.fusion_kernels import PRE_ALARM_NATS
from controller.core.draft import Draft
from controller.core.events import Evidence, Kind, Level
from controller.core.latch import LEVEL_NAMES
from controller.core.rules import ZoneRules
from controller.core.state import NEVER

NOTHING = Weighed()
BY_ITSELF = "by itself"
"""How the text of a zone's level begins where one head was enough, which leads its evidence."""
DOUBTING = frozenset({"device_lost", "head_fault", "bms_flat"})
"""Troubles that make the watch of a zone begin when they are shown of one of its BMS heads, or of that head's device."""


def weighed(draft: Draft, zone: ZoneRules) -> Weighed:
    """What fusion says of the zone in this scan."""
    return draft.inputs.weighed[zone.index] if draft.inputs.weighed else NOTHING


def latch_zone(draft: Draft, zone: ZoneRules) -> None:
    """Take the zone's level into its latch; tells every rise with all that led to it (rule 12). A fall changes nothing before a reset."""
    now = weighed(draft, zone)
    state = draft.zones[zone.index]
    if now.level <= state.weighed:
        return
    state = draft.zone(zone.index, weighed=now.level)
    if now.level >= Level.PRE_ALARM:
        state = draft.zone(zone.index, acknowledged=False, silenced=False)
    if now.level >= Level.ALARM and state.first_fire_ms == NEVER:
        draft.zone(zone.index, first_fire_ms=draft.tick_ms)
    together = sum(evidence.weight for evidence in now.evidence)
    text = (
        f"{BY_ITSELF}: {now.alone}"
        if now.alone
        else f"together {together:.1f}; more than {PRE_ALARM_NATS:g} is a pre-alarm"
    )
    draft.tell(Kind.ZONE_LEVEL, zone.name, zone.name, LEVEL_NAMES[Level(now.level)], text, now.evidence)


def level_of(draft: Draft, zone: ZoneRules) -> int:
    """Highest latched level of the zone: of any head alone, or of all together."""
    alone = (draft.heads[h.index].level for h in zone.sensing)
    return max((draft.zones[zone.index].weighed, *alone))


def doubts(draft: Draft, zone: ZoneRules) -> tuple[Evidence, ...]:
    """BMS heads of the zone that are silent or flat and shown as a trouble: a reason to watch and inspect, never to do more."""
    shown = {trip.subject for trip in draft.trips if trip.shown and trip.trip in DOUBTING}
    if not shown:
        return ()
    names = {h.name: h.device for h in zone.sensing}
    return tuple(doubt for doubt in weighed(draft, zone).doubts if shown & {doubt.head, names[doubt.head]})
