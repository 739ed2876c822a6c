"""The conditions that the cause-and-effect matrix may name, from the state of zones and racks."""

from controller.core.draft import Draft
from controller.core.events import Level
from controller.core.matrix import ZONE_CONDITIONS
from controller.core.rules import ZoneRules
from controller.core.state import AGENT_IN_ROOM, NEVER, PEOPLE_OUT, Isolation, Stage, Tri, Trigger, ZoneState
from controller.core.zone.coincidence import FIRE_PHYSICS
from controller.core.zone.ladder import level_of
from controller.core.zone.signals import blocks, wired
from controller.site.model import Family, Physics

ENERGISED = frozenset({Stage.RELEASING, Stage.UNCONFIRMED, Stage.RELEASED})
AFTER_RELEASE = frozenset({Stage.RELEASED, Stage.HOLD_TIME, Stage.DISCHARGED})


def condition_vector(draft: Draft) -> tuple[list[bool], list[list[bool]]]:
    """All conditions in the order of `matrix.condition_names`; and the zones' parts apart, for the interlocks."""
    zones = [list(zone_conditions(draft, zone).values()) for zone in draft.rules.zones]
    racks = [
        flag for rack in draft.racks for flag in (rack.isolation in {Isolation.WANTED, Isolation.PROVEN}, rack.cool)
    ]
    fire = ZONE_CONDITIONS.index("fire")
    site = [any(trip.shown for trip in draft.trips), any(zone[fire] for zone in zones)]
    return [flag for zone in zones for flag in zone] + racks + site, zones


def zone_conditions(draft: Draft, zone: ZoneRules) -> dict[str, bool]:
    """The conditions of one zone by name, in the order of ZONE_CONDITIONS."""
    state = draft.zones[zone.index]
    level = level_of(draft, zone)
    stage = state.stage
    gas = _gas(draft, zone)
    called = wired(draft, zone, Family.CALL_POINT) is Tri.YES
    isolating = level >= Level.PRE_ALARM and draft.rules.settings.isolate
    past_warning = stage in AGENT_IN_ROOM | {Stage.DISCHARGED, Stage.WAITING}
    let_go = stage in ENERGISED and not state.spent
    alarmed = level >= Level.PRE_ALARM or called
    watering = any(draft.racks[rack].cool for rack in zone.racks)
    return {
        "watch": level >= Level.ADVISORY,
        "isolate": isolating,
        "gas": gas,
        "fire": called or _fire(draft, zone),
        "pre-activated": stage is not Stage.QUIESCENT,
        "activated": stage in PEOPLE_OUT,
        "curtain": past_warning and wired(draft, zone, Family.OBSTRUCTION) is not Tri.YES,
        "release": let_go and not state.reserve,
        "release-reserve": let_go and state.reserve,
        "released": stage in AFTER_RELEASE and state.proven,
        # Rule 6, exhaust's side: on with off-gas or fire, never from release to the end of hold.
        "exhaust": isolating and stage not in AGENT_IN_ROOM,
        "cool": state.cool_ms != NEVER,
        "supply": watering,
        "hand-over": state.hand_over_ms != NEVER,
        "guard": state.guard_ms != NEVER,
        "alert": alarmed and not state.silenced,
        "evacuate": stage in PEOPLE_OUT or ((gas or _maybe_flooded(state)) and not state.silenced),
        "request": _request(draft, zone),
        "manual-only": bool(blocks(draft, zone))
        and zone.zone.release is not None
        and state.trigger is not Trigger.MANUAL,
        "trouble": any(trip.shown for trip in draft.trips),
    }


def _fire(draft: Draft, zone: ZoneRules) -> bool:
    return any(draft.heads[h.index].level >= Level.ALARM for h in zone.sensing if h.physics in FIRE_PHYSICS)


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
    return waiting or (state.hand_over_ms != NEVER and not state.handed_over)
