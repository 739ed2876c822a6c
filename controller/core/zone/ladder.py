"""The response ladder of a zone beside the release: watch, isolate, cool, hand over, guard. Abort, hold and inhibits do not reach it."""

from controller.core.draft import Draft
from controller.core.events import Evidence, Kind, Level
from controller.core.inputs import WHOLE_HEAD
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER, NO_EXHAUST, PEOPLE_OUT, Isolation, RackState, Tri
from controller.core.zone.blind import ask_to_cool, named_without_bms
from controller.core.zone.contacts import wired
from controller.core.zone.isolation import (
    asked_to_open,
    can_open,
    not_proven,
    opens,
    others_go_dark,
    shown_fed,
    shown_open,
    still_open,
)
from controller.core.zone.standing import first_shown_ms, keep_first_times, of_one_event, stands
from controller.core.zone.weighing import doubts, level_of, weighed
from controller.site.model import Family, Physics, Principle

NO_BREAKER = "the rack has no breaker that Haechi can open"
UPS_CARRIES = "the UPS carries the load"
OTHERS_GO_DARK = "others would go dark"


def run_ladder(draft: Draft, zone: ZoneRules) -> None:
    """Advance isolation and cooling of every rack of the zone, then hand over and guard; tells what starts and ends."""
    keep_first_times(draft, zone)
    for rack in zone.racks:
        _isolate(draft, zone, rack)
    _cool(draft, zone)
    ask_to_cool(draft, zone)
    _hand_over(draft, zone)
    _guard(draft, zone)
    _tell_active(draft, zone)


# ---- isolate


def _isolate(draft: Draft, zone: ZoneRules, rack: int) -> None:
    state = draft.racks[rack]
    evidence = _naming(draft, zone, rack)
    if state.isolation is Isolation.NONE and evidence and draft.rules.settings.isolate:
        state = _want_isolation(draft, zone, rack, evidence)
    _await_proof(draft, zone, rack, state)


def _naming(draft: Draft, zone: ZoneRules, rack: int) -> tuple[Evidence, ...]:
    """Evidence at pre-alarm that names this rack. Gas drifts to neighbours: a gas head names its rack only where its family is highest.

    BMS and gas may name it together as well, before either of them is at pre-alarm alone.
    """
    found = []
    for head in draft.rules.rack_heads[rack]:
        latch = draft.heads[head.index]
        if latch.level < Level.PRE_ALARM or latch.evidence is None:
            continue
        if head.physics is Physics.GAS and not _leads(draft, zone, head.index):
            continue
        found.append(latch.evidence)
    together = weighed(draft, zone)
    if not found and together.rack == rack and together.level >= Level.PRE_ALARM:
        return together.evidence
    return tuple(found)


def _leads(draft: Draft, zone: ZoneRules, head: int) -> bool:
    """Whether no head of the same gas reached pre-alarm earlier in this event: the rack where the gas came from shows it first."""
    family, mine = draft.layout.heads[head].head.family, draft.heads[head]
    since_ms = first_shown_ms(mine)
    if since_ms == NEVER:
        return False
    for rival in zone.sensing:
        latch = draft.heads[rival.index]
        if rival.head.family is not family or rival.index == head or latch.level < Level.PRE_ALARM:
            continue
        if latch.evidence is None or mine.evidence is None or not of_one_event(draft, zone, rival, since_ms):
            continue
        if (first_shown_ms(latch), -latch.evidence.value) < (since_ms, -mine.evidence.value):
            return False
    return True


def why_ask(draft: Draft, zone: ZoneRules, rack: int) -> str:
    """Why a person is asked to open the rack's isolation set; empty: it opens by itself.

    A person is asked beyond the site's limit of openings, while the UPS carries the load, and where something else would go dark.
    """
    breakers = len(draft.rules.breakers[rack])
    if not can_open(draft, rack):
        return NO_BREAKER
    if _must_ask(draft, zone):
        return UPS_CARRIES
    if others_go_dark(draft, rack):
        return OTHERS_GO_DARK
    if draft.openings + breakers > draft.layout.site.site.max_automatic_openings:
        return f"{draft.openings} breakers were opened already" + (
            f", it takes {breakers} more" if breakers > 1 else ""
        )
    return ""


def _want_isolation(draft: Draft, zone: ZoneRules, rack: int, evidence: tuple[Evidence, ...]) -> RackState:
    """Open the rack's isolation set by ourselves, or ask a person."""
    ask = why_ask(draft, zone, rack)
    if ask:
        return _ask_to_open(draft, zone, rack, ask, evidence)
    name, breakers = draft.layout.racks[rack], len(draft.rules.breakers[rack])
    draft.openings += breakers
    draft.tell(Kind.RESPONSE, zone.name, name, "isolate-wanted", opens(draft, rack), evidence)
    return draft.rack(rack, isolation=Isolation.WANTED, isolation_ms=draft.tick_ms, counted=breakers)


def _must_ask(draft: Draft, zone: ZoneRules) -> bool:
    """The site wants a person to decide about opening a string while the UPS carries the load; not known counts as yes."""
    ask = draft.layout.site.site.while_discharging == "ask"
    return ask and wired(draft, zone, Family.DISCHARGING) is not Tri.NO


def _ask_to_open(draft: Draft, zone: ZoneRules, rack: int, why: str, evidence: tuple[Evidence, ...]) -> RackState:
    name = draft.layout.racks[rack]
    draft.tell(Kind.REQUEST, zone.name, name, "open-breaker", f"{asked_to_open(draft, rack)}: {why}.", evidence)
    draft.zone(zone.index, acknowledged=False)
    return draft.rack(rack, isolation=Isolation.ASKED, isolation_ms=draft.tick_ms, asked=True)


def _await_proof(draft: Draft, zone: ZoneRules, rack: int, state: RackState) -> None:
    """Proven is what the breakers' own contacts say, now; a person is asked when any of the set stays silent."""
    if state.isolation is Isolation.NONE:
        return
    name = draft.layout.racks[rack]
    _remember_opened(draft, rack)
    if shown_open(draft, rack):
        if state.isolation is not Isolation.PROVEN:
            draft.rack(rack, isolation=Isolation.PROVEN)
            draft.tell(Kind.RESPONSE, zone.name, name, "isolate-proven", "isolated from the bus, string still live")
        return
    if state.isolation is Isolation.PROVEN and shown_fed(draft, rack):
        state = draft.rack(rack, isolation=Isolation.WANTED, isolation_ms=draft.tick_ms, asked=False, vouched=False)
        draft.tell(Kind.RESPONSE, zone.name, name, "isolate-lost", "the breaker contact shows closed again")
    cooling = zone.zone.cooling
    ask_after_ms = round((cooling.ask_after_s if cooling else zone.zone.isolation_limit_s) * 1000)
    late = draft.reached(state.isolation_ms + ask_after_ms)
    if state.isolation is Isolation.WANTED and not state.asked and not state.vouched and late:
        draft.rack(rack, asked=True)
        draft.zone(zone.index, acknowledged=False)
        draft.tell(Kind.REQUEST, zone.name, name, "confirm-isolated", not_proven(draft, rack))


def _remember_opened(draft: Draft, rack: int) -> None:
    opened = still_open(draft, rack)
    if opened != draft.racks[rack].opened:
        draft.rack(rack, opened=opened)


# ---- cool


def _cool(draft: Draft, zone: ZoneRules) -> None:
    if zone.zone.cooling is None or not draft.rules.settings.cool:
        return
    for rack in zone.racks:
        if not draft.racks[rack].runaway:
            evidence = _runaway(draft, zone, rack) or named_without_bms(draft, zone, rack)
            if evidence:
                _want_coolant(draft, zone, rack, evidence)
    for rack in zone.racks:
        _allow_coolant(draft, zone, rack)
    state = draft.zones[zone.index]
    if state.cool_ms != NEVER and state.flowing_ms == NEVER and _wet(draft, zone):
        draft.zone(zone.index, flowing_ms=draft.tick_ms)
        draft.tell(Kind.RESPONSE, zone.name, zone.name, "coolant-flowing")


def _runaway(draft: Draft, zone: ZoneRules, rack: int) -> tuple[Evidence, ...]:
    """Runaway of a rack is confirmed by its BMS together with any other physics at pre-alarm: one lying BMS brings no water.

    Nor does an advisory beside it that a work permit has sharpened: that isolates, and no more.
    """
    heads = [h for h in draft.rules.rack_heads[rack] if draft.heads[h.index].runaway and h.name not in draft.disabled]
    if not heads:
        return ()
    for head in zone.sensing:
        if head.physics is not Physics.BMS and stands(draft, zone, head):
            latches = [draft.heads[h.index] for h in (*heads, head)]
            return tuple(latch.evidence for latch in latches if latch.evidence is not None)
    return ()


def _want_coolant(draft: Draft, zone: ZoneRules, rack: int, evidence: tuple[Evidence, ...]) -> None:
    """Want coolant on the rack and its neighbours, and their isolation first (rule 7), beyond the limit of openings: fire is proven.

    While the UPS carries the load, or where others would go dark, and the site wants a person asked, only the burning rack is opened
    without one: the load may hang on its neighbours.
    """
    if draft.zones[zone.index].cool_ms == NEVER:
        draft.zone(zone.index, cool_ms=draft.tick_ms)
    draft.rack(rack, runaway=True)
    draft.tell(Kind.RESPONSE, zone.name, draft.layout.racks[rack], "cool-wanted", evidence=evidence)
    for wet in (rack, *draft.rules.neighbours[rack]):
        state = draft.racks[wet]
        if state.cool_wanted_ms == NEVER:
            state = draft.rack(wet, cool_wanted_ms=draft.tick_ms)
        if state.isolation in {Isolation.NONE, Isolation.ASKED} and draft.rules.settings.isolate:
            _isolate_for_coolant(draft, zone, wet, evidence, may_ask=wet != rack)


def _isolate_for_coolant(
    draft: Draft, zone: ZoneRules, rack: int, evidence: tuple[Evidence, ...], *, may_ask: bool
) -> None:
    ask = UPS_CARRIES if may_ask and _must_ask(draft, zone) else ""
    ask = OTHERS_GO_DARK if may_ask and not ask and others_go_dark(draft, rack) else ask
    ask = ask if can_open(draft, rack) else NO_BREAKER
    if not ask:
        draft.rack(rack, isolation=Isolation.WANTED, isolation_ms=draft.tick_ms, asked=False)
        what = "; ".join(filter(None, ("before coolant (rule 7)", opens(draft, rack))))
        draft.tell(Kind.RESPONSE, zone.name, draft.layout.racks[rack], "isolate-wanted", what)
    elif draft.racks[rack].isolation is Isolation.NONE:
        _ask_to_open(draft, zone, rack, ask, evidence)


def _allow_coolant(draft: Draft, zone: ZoneRules, rack: int) -> None:
    """Rule 7: water only where the isolation is proven by the breaker contacts, or a person vouches for it.

    It starts on contacts that say "open" in this scan. A contact that is lost later stops no running water; one that says "closed" does.
    """
    state = draft.racks[rack]
    proven = state.isolation is Isolation.PROVEN and (state.cool or shown_open(draft, rack))
    allowed = state.cool_wanted_ms != NEVER and (proven or state.vouched)
    if allowed == state.cool:
        return
    draft.rack(rack, cool=allowed)
    draft.tell(Kind.RESPONSE, zone.name, draft.layout.racks[rack], "cool-allowed" if allowed else "cool-stopped")


def _wet(draft: Draft, zone: ZoneRules) -> bool:
    """The meter shows flow, and the valve of a rack in runaway is open as far as it can say so: a neighbour's flow is not enough."""
    burning = [r for r in zone.racks if draft.racks[r].cool and draft.racks[r].runaway]
    return draft.inputs.flowing[zone.index] == Tri.YES and any(_valves_open(draft, r) for r in burning)


def _valves_open(draft: Draft, rack: int) -> bool:
    outputs = (draft.layout.outputs[valve] for valve in draft.rules.valves[rack])
    return all(draft.inputs.feedback[o.index] == 1 for o in outputs if o.output.feedback is not None)


# ---- hand over and guard


def _hand_over(draft: Draft, zone: ZoneRules) -> None:
    state = draft.zones[zone.index]
    if state.hand_over_ms != NEVER or state.first_fire_ms == NEVER or state.guard_ms != NEVER:
        return
    if draft.reached(state.first_fire_ms + round(zone.zone.hand_over_after_s * 1000)):
        hand_over(draft, zone, "not controlled in the site's time limit")


def hand_over(draft: Draft, zone: ZoneRules, why: str) -> None:
    """Ask for the brigade, with what it must know: hot racks, isolation, agent, water."""
    draft.zone(zone.index, hand_over_ms=draft.tick_ms, acknowledged=False)
    hot = [draft.layout.racks[r] for r in zone.racks if not draft.inputs.calm[r]]
    live = [draft.layout.racks[r] for r in zone.racks if draft.racks[r].isolation is not Isolation.PROVEN]
    state = draft.zones[zone.index]
    text = (
        f"Hand over to the fire brigade: {why}. Hot or without live sensors: {', '.join(hot) or 'none'}. "
        f"Not isolated: {', '.join(live) or 'none'} (isolated strings are still live inside). "
        f"Agent: {state.stage}. Water: {'flowing' if state.flowing_ms != NEVER else 'none'}."
    )
    draft.tell(Kind.REQUEST, zone.name, zone.name, "hand-over", text)


def _guard(draft: Draft, zone: ZoneRules) -> None:
    """Controlled: no head reads fire, every rack calm, no gas above normal, on live sensors, for the site's time. Until it burns again."""
    state, cooling = draft.zones[zone.index], zone.zone.cooling
    if cooling is None or state.first_fire_ms == NEVER:
        return
    if state.guard_ms != NEVER:
        _watch_reignition(draft, zone)
        return
    if _burning(draft, zone) or not _gas_is_gone(draft, zone) or not all(draft.inputs.calm[r] for r in zone.racks):
        draft.zone(zone.index, calm_since_ms=NEVER)
    elif state.calm_since_ms == NEVER:
        draft.zone(zone.index, calm_since_ms=draft.tick_ms)
    elif draft.reached(state.calm_since_ms + round(cooling.guard_hold_s * 1000)):
        draft.zone(zone.index, guard_ms=draft.tick_ms)
        text = f"Controlled. Re-ignition watch for {cooling.guard_watch_h:g} h; extract by hand only."
        draft.tell(Kind.RESPONSE, zone.name, zone.name, "guard-started", text)


def _gas_is_gone(draft: Draft, zone: ZoneRules) -> bool:
    """No gas head above normal, none dead. A catalyst after agent can say nothing and is not asked, while another head can (decision 0018)."""
    gas = [h for h in zone.sensing if h.physics is Physics.GAS]
    agent_was_in = draft.zones[zone.index].stage in NO_EXHAUST
    asked = [h for h in gas if not (agent_was_in and h.head.principle is Principle.CATALYTIC)]
    readings = [draft.inputs.heads[h.index] for h in asked]
    return bool(asked or not gas) and not any(r.level or r.fault >= WHOLE_HEAD for r in readings)


def _watch_reignition(draft: Draft, zone: ZoneRules) -> None:
    """What heads read now, not what they have latched: a sensor that dies during the watch is a trouble, not a fire."""
    burning = _burning(draft, zone)
    if not burning:
        return
    draft.zone(zone.index, guard_ms=NEVER, calm_since_ms=NEVER, acknowledged=False, silenced=False)
    evidence = tuple(draft.evidence(h.index) for h in burning)
    draft.tell(Kind.RESPONSE, zone.name, zone.name, "guard-lost", "Not controlled any more.", evidence)


def _tell_active(draft: Draft, zone: ZoneRules) -> None:
    state, level = draft.zones[zone.index], level_of(draft, zone)
    doubted = doubts(draft, zone)
    on = {
        "watch": level >= Level.ADVISORY or bool(doubted),
        "isolate": level >= Level.PRE_ALARM and draft.rules.settings.isolate,
        "extinguish": state.stage in PEOPLE_OUT,
        "cool": state.cool_ms != NEVER,
        "hand-over": state.hand_over_ms != NEVER,
        "guard": state.guard_ms != NEVER,
    }
    active = tuple(name for name, is_on in on.items() if is_on)
    if active != state.active:
        for name in on:
            if (name in active) != (name in state.active):
                why = doubted if name == "watch" and name in active else ()
                draft.tell(Kind.RESPONSE, zone.name, name, "started" if name in active else "ended", evidence=why)
        draft.zone(zone.index, active=active)


def _burning(draft: Draft, zone: ZoneRules) -> list[HeadLayout]:
    """Heads that read pre-alarm or more now, whatever they have latched."""
    return [h for h in zone.sensing if draft.inputs.heads[h.index].level >= Level.PRE_ALARM]
