"""The conditions that the cause-and-effect matrix may name, from the state of zones and racks."""

from controller.core.draft import Draft
from controller.core.events import Level
from controller.core.matrix import RACK_CONDITIONS, ZONE_CONDITIONS, may_exhaust
from controller.core.rules import ZoneRules
from controller.core.state import (
    AGENT_IN_ROOM,
    NEVER,
    PEOPLE_OUT,
    Alarm,
    Isolation,
    RackState,
    Stage,
    Tri,
    Trigger,
    ZoneState,
)
from controller.core.zone.after import HOLDING
from controller.core.zone.alarms import is_called
from controller.core.zone.contacts import wired
from controller.core.zone.routing import ACKNOWLEDGED
from controller.core.zone.signals import blocks
from controller.core.zone.weighing import doubts, level_of
from controller.site.model import Family, Physics

ENERGISED = frozenset({Stage.RELEASING, Stage.UNCONFIRMED, Stage.RELEASED})
AFTER_RELEASE = frozenset({Stage.RELEASED, Stage.HOLD_TIME, Stage.DISCHARGED})


def condition_vector(draft: Draft) -> tuple[list[bool], list[list[bool]]]:
    """All conditions in the order of `matrix.condition_names`; and the zones' parts apart, for the interlocks."""
    named = [zone_conditions(draft, zone) for zone in draft.rules.zones]
    zones = [[conditions[name] for name in ZONE_CONDITIONS] for conditions in named]
    racks = [flag for rack in draft.racks for flag in _rack_conditions(rack)]
    fire = ZONE_CONDITIONS.index("fire")
    site = [any(trip.shown for trip in draft.trips), any(zone[fire] for zone in zones)]
    return [flag for zone in zones for flag in zone] + racks + site, zones


def _rack_conditions(rack: RackState) -> tuple[bool, ...]:
    """In the order of RACK_CONDITIONS. Stopping the charge harms nobody, so it does not wait for the person who is asked to open."""
    opening = rack.isolation in {Isolation.WANTED, Isolation.PROVEN}
    conditions = {"stop-charge": rack.isolation is not Isolation.NONE, "isolate": opening, "cool": rack.cool}
    return tuple(conditions[name] for name in RACK_CONDITIONS)


def zone_conditions(draft: Draft, zone: ZoneRules) -> dict[str, bool]:
    """The conditions of one zone by name (`controller.site.conditions`)."""
    state = draft.zones[zone.index]
    level = level_of(draft, zone)
    stage = state.stage
    gas = _gas(draft, zone)
    called = is_called(draft, zone)
    isolating = level >= Level.PRE_ALARM and draft.rules.settings.isolate
    past_warning = stage in AGENT_IN_ROOM | {Stage.DISCHARGED, Stage.WAITING}
    extracting = state.extract_due_ms != NEVER
    let_go = stage in ENERGISED and not state.spent
    alarmed = level >= Level.PRE_ALARM or called
    return {
        "watch": level >= Level.ADVISORY or bool(doubts(draft, zone)),
        "isolate": isolating,
        "gas": gas,
        "first-alarm": called or state.alarm is not Alarm.NONE,
        "fire": called or state.alarm is Alarm.FIRE,
        "pre-activated": stage is not Stage.QUIESCENT,
        "activated": stage in PEOPLE_OUT,
        "curtain": past_warning and wired(draft, zone, Family.OBSTRUCTION) is Tri.NO,
        "release": let_go and not state.reserve,
        "release-reserve": let_go and state.reserve,
        "release-extended": stage in HOLDING and state.extended_due_ms != NEVER,
        "selected": state.selected,
        "released": stage in AFTER_RELEASE and state.proven,
        # Rule 6, exhaust's side: on with off-gas or fire, never beside agent; after the hold time the extract alone.
        "exhaust": (isolating or extracting) and may_exhaust(state),
        "extract": extracting and may_exhaust(state),
        "cool": state.cool_ms != NEVER,
        "supply": state.cool_ms != NEVER and any(draft.racks[rack].cool_wanted_ms != NEVER for rack in zone.racks),
        "hand-over": state.hand_over_ms != NEVER,
        "guard": state.guard_ms != NEVER,
        "alert": alarmed and not state.silenced,
        "evacuate": stage in PEOPLE_OUT or _maybe_flooded(state) or ((gas or state.strayed) and not state.silenced),
        "request": _request(draft, zone),
        "manual-only": bool(blocks(draft, zone))
        and zone.zone.release is not None
        and state.trigger is not Trigger.MANUAL,
        "routed": state.routing == ACKNOWLEDGED,
        "delays": state.delays,
        "door-open": wired(draft, zone, Family.DOOR) is Tri.YES,
        "trouble": any(trip.shown for trip in draft.trips),
    }


def _maybe_flooded(state: ZoneState) -> bool:
    """The hold time of a release that the field never confirmed is over: people stay out until somebody looks and resets."""
    return state.stage is Stage.DISCHARGED and not state.proven


def _gas(draft: Draft, zone: ZoneRules) -> bool:
    return any(draft.heads[h.index].level >= Level.PRE_ALARM for h in zone.sensing if h.physics is Physics.GAS)


def _request(draft: Draft, zone: ZoneRules) -> bool:
    """A person is asked for something and has not answered."""
    racks = (draft.racks[rack] for rack in zone.racks)
    waiting = any(rack.asked and not rack.vouched and rack.isolation is not Isolation.PROVEN for rack in racks)
    state = draft.zones[zone.index]
    return waiting or state.way_blocked or (state.hand_over_ms != NEVER and not state.handed_over)
