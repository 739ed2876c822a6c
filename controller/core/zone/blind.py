"""Which rack burns, where its BMS cannot say so (docs/decisions/0019): fire proven without it, and gas that names the rack.

All of it must hold: every head of the rack that could confirm runaway is silent, flat or out of service; two independent heads that are
neither BMS nor gas stand in fire alarm as rule 3 asks; and hydrogen with one more gas of this rack, one of them in alarm, came first, by a
clear lead. Short of that a person is asked in time.
"""

from collections.abc import Sequence

from controller.core.draft import Draft
from controller.core.events import Evidence, Kind, Level
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER
from controller.core.zone.coincidence import Pair, confirmed
from controller.core.zone.standing import stands, window_ms
from controller.core.zone.weighing import weighed
from controller.site.model import Family, Physics
from controller.site.pairs import sees_runaway

LEAD_MS = 10_000
"""The gas of the burning rack is so much earlier than that of any other (assumed; 40 s and more in the plant's runs with eight racks)."""
AGREEING = 2
"""Gases that must name the same rack: vent gas is hydrogen with carbon monoxide and vapours, charging lead-acid is hydrogen alone."""


def named_without_bms(draft: Draft, zone: ZoneRules, rack: int) -> tuple[Evidence, ...]:
    """The evidence that this rack burns although its BMS does not say so; empty: it is not named."""
    pair = fire_without_bms(draft, zone)
    unseen = blind(draft, zone, rack)
    if pair is None or not unseen:
        return ()
    return (*unseen, *leading_gas(draft, zone, rack), *_of(draft, pair)) if leading_gas(draft, zone, rack) else ()


def fire_without_bms(draft: Draft, zone: ZoneRules) -> Pair | None:
    """Two independent heads, neither of them BMS or gas, stand in fire alarm within the window of rule 3."""
    return confirmed(zone.proving, draft.heads, draft.disabled, draft.reached, window_ms(zone))


def blind(draft: Draft, zone: ZoneRules, rack: int) -> tuple[Evidence, ...]:
    """Why no head of the rack could confirm a runaway now; empty: one could, or the rack has none."""
    heads = [h for h in draft.rules.rack_heads[rack] if sees_runaway(h.head)]
    doubts = {doubt.head: doubt for doubt in weighed(draft, zone).doubts}
    why = [_why_blind(draft, head, doubts) for head in heads]
    return () if None in why else tuple(reason for reason in why if reason is not None)


def _why_blind(draft: Draft, head: HeadLayout, doubts: dict[str, Evidence]) -> Evidence | None:
    if head.name in draft.disabled:
        return draft.evidence(head.index)
    return doubts.get(head.name)


def leading_gas(draft: Draft, zone: ZoneRules, rack: int) -> tuple[Evidence, ...]:
    """The gas of this rack, if hydrogen and another gas were here first and one of them is in alarm; empty: it names nothing."""
    return _leading(draft, _smelling(draft, zone), rack)


def _leading(draft: Draft, smelling: Sequence[HeadLayout], rack: int) -> tuple[Evidence, ...]:
    leading = [h for h in smelling if h.rack == rack and _leads_clearly(draft, smelling, h)]
    families = {h.head.family for h in leading}
    strong = any(draft.heads[h.index].level >= Level.ALARM for h in leading)
    contradicted = {h.head.family for h in smelling if h.rack not in {rack, -1}} - families
    if Family.H2 not in families or len(families) < AGREEING or not strong or contradicted:
        return ()
    return _of(draft, leading)


def _smelling(draft: Draft, zone: ZoneRules) -> tuple[HeadLayout, ...]:
    """Gas heads in service that are at pre-alarm, or were within the window: gas of another day names no rack."""
    return tuple(head for head in zone.sensing if head.physics is Physics.GAS and stands(draft, zone, head))


def _leads_clearly(draft: Draft, smelling: Sequence[HeadLayout], head: HeadLayout) -> bool:
    since_ms = draft.heads[head.index].pre_alarm_ms
    rivals = (h for h in smelling if h.head.family is head.head.family and h.rack != head.rack)
    return all(draft.heads[rival.index].pre_alarm_ms >= since_ms + LEAD_MS for rival in rivals)


def _of(draft: Draft, heads: list[HeadLayout] | Pair) -> tuple[Evidence, ...]:
    latches = (draft.heads[head.index] for head in heads)
    return tuple(latch.evidence for latch in latches if latch.evidence is not None)


def ask_to_cool(draft: Draft, zone: ZoneRules) -> None:
    """A rack may burn that no BMS can confirm, and it has not been named for a while: a person decides, within the time budget."""
    state, cooling = draft.zones[zone.index], zone.zone.cooling
    if cooling is None or state.asked_to_cool or state.first_fire_ms == NEVER:
        return
    unseen = [rack for rack in zone.racks if blind(draft, zone, rack)]
    gas_heads = _smelling(draft, zone)
    smelling = [rack for rack in zone.racks if _leading(draft, gas_heads, rack)]
    burning = any(draft.racks[rack].runaway for rack in zone.racks)
    if burning or not _may_burn(draft, zone, unseen, smelling):
        if state.unnamed_ms != NEVER:
            draft.zone(zone.index, unnamed_ms=NEVER)
        return
    if state.unnamed_ms == NEVER:
        state = draft.zone(zone.index, unnamed_ms=draft.tick_ms)
    if draft.reached(state.unnamed_ms + round(cooling.ask_after_s * 1000)):
        draft.zone(zone.index, asked_to_cool=True, acknowledged=False)
        gas = tuple(evidence for rack in smelling for evidence in leading_gas(draft, zone, rack))
        unsure = tuple(evidence for rack in unseen for evidence in blind(draft, zone, rack))
        text = _text(draft, unseen, smelling)
        draft.tell(Kind.REQUEST, zone.name, zone.name, "cool-by-hand", text, (*gas, *unsure))


def _may_burn(draft: Draft, zone: ZoneRules, unseen: list[int], smelling: list[int]) -> bool:
    """Gas names a rack whose BMS is blind; or fire is proven, and gas names a rack or a BMS is blind."""
    if set(unseen) & set(smelling):
        return True
    return bool(unseen or smelling) and fire_without_bms(draft, zone) is not None


def _text(draft: Draft, unseen: list[int], smelling: list[int]) -> str:
    def names(racks: list[int]) -> str:
        return ", ".join(draft.layout.racks[rack] for rack in racks) or "none"

    return (
        f"Fire alarm, and no rack is confirmed to burn: no water goes by itself. BMS silent or flat: {names(unseen)}. Gas came first "
        f"from: {names(smelling)}. Look which rack burns (camera, thermal camera), open its breaker and its coolant valve by hand, "
        "or hand the zone over to the fire brigade."
    )
