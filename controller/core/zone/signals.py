"""What the release machine is told each scan: heads, contacts, clocks and people, judged for one zone."""

from collections.abc import Iterator

from controller.core.chatter import is_restless
from controller.core.draft import Draft
from controller.core.events import Evidence, Feature, Kind, Level
from controller.core.rules import ZoneRules
from controller.core.state import (
    BEFORE_FLOODING,
    NEVER,
    Stage,
    Tri,
    Trigger,
    ZoneState,
)
from controller.core.zone.after import run_after
from controller.core.zone.coincidence import (
    Pair,
    absent,
    availability,
    confirmed,
    release_window_ms,
    sick_members,
)
from controller.core.zone.contacts import wired
from controller.core.zone.machine import Signal, step
from controller.core.zone.selector import MAIN, RESERVE, bank_used, in_the_way, take_pipe
from controller.core.zone.strategies import held_ms, operated, people, prolong_until_ms
from controller.core.zone.works import blocks_of_works
from controller.site.model import Family, Release

HANDS = {
    Signal.MANUAL: (Family.CALL_POINT,),
    Signal.ABORT: (Family.ABORT,),
    Signal.HOLD: (Family.HOLD, Family.ABORT),
    Signal.PROLONG: (Family.ABORT,),
}
"""Signals that a person gives, and the contacts that give them."""
BLOCKED = "blocked mechanically"
DECIDE = "Open its selector valve by hand, or turn the key to the reserve bank, or release at the cylinders."
STOPPED_BY_HAND = {Stage.HELD: "held by hand", Stage.ABORTED: "aborted by hand: reset first"}
STRAYED = "discharge switch on without release"
RETRY_PAUSE_MS = 2000
"""The actuator is let go for so long before it is tried again (assumed: longer than a solenoid's drop-out)."""
EXHAUST_OFF_MS = 15_000
"""A release waits at most so long for exhaust to be proven off (assumed: a large fan has run down); agent late is worse than agent thin."""


def blocks(draft: Draft, zone: ZoneRules) -> tuple[str, ...]:
    """Why the zone's release is not automatic now; empty: it is. A key or an occupied contact in fault counts as "not automatic"."""
    release = zone.zone.release
    if release is None:
        return ("no agent",)
    state = draft.zones[zone.index]
    found = []
    if zone.wired.get(Family.MODE_KEY) and wired(draft, zone, Family.MODE_KEY) is not Tri.YES:
        found.append("manual-only by key")
    if wired(draft, zone, Family.OCCUPIED) is not Tri.NO or state.occupied:
        found.append("occupied")
    if zone.name in draft.disabled or any(
        output in draft.disabled for output in (*zone.agent_outputs, release.selector)
    ):
        found.append("disabled")
    if state.strayed:
        found.append(STRAYED)
    if wired(draft, zone, Family.LOW_AGENT) is Tri.YES:
        found.append("low agent")
    if is_blocked(draft, zone):
        found.append(BLOCKED)
    found.extend(blocks_of_works(state))
    sick = sick_members(draft.layout, zone.index, zone.pairs, draft.inputs, draft.disabled)
    if release.faulty_member == "block" and any(True for _ in sick):
        found.append("faulty member (site policy: block)")
    return tuple(found)


def is_blocked(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the agent's mechanical block says, by both of its contacts, that it is closed. One in fault is a trouble and blocks nothing."""
    return wired(draft, zone, Family.MECHANICAL_BLOCK) is Tri.YES


def inhibits(draft: Draft, zone: ZoneRules, release: Release) -> tuple[str, ...]:
    """What stands between the end of an automatic pre-warning and the agent (rule 6). A person's hand passes all of it."""
    state = draft.zones[zone.index]
    found = []
    if state.purged_ms == NEVER:
        found.append("exhaust first: gas above the limit or not known")
    elif not draft.reached(state.purged_ms + EXHAUST_OFF_MS):
        names = (draft.layout.outputs[e].name for e in zone.exhausts if draft.inputs.feedback[e] == 1)
        found.extend(f"exhaust not proven off: {name}" for name in names)
    if release.damper_unproven == "block":
        found.extend(
            f"damper not proven: {draft.layout.outputs[d].name}" for d in zone.dampers if draft.inputs.feedback[d] != 1
        )
    return tuple(found)


def run_zone(draft: Draft, zone: ZoneRules) -> None:
    """Let the release machine take this scan's signals; tells every move with its evidence, and why nothing moves."""
    release = zone.zone.release
    if release is not None:
        _watch_agent(draft, zone, release)
        _purge(draft, zone, release)
    take_pipe(draft, zone)
    why_not = blocks(draft, zone)
    pair = _coincidence(draft, zone, release)
    held_back = _held_back(draft, zone, release, pair, why_not)
    if held_back != draft.zones[zone.index].inhibits:
        draft.zone(zone.index, inhibits=held_back)
        draft.tell(Kind.INHIBIT, zone.name, zone.name, "; ".join(held_back) or "none")
    signals = frozenset(_signals(draft, zone, release, pair, why_not))
    move = step(draft.zones[zone.index].stage, signals)
    if move is not None:
        _enter(draft, zone, move, pair)
    _ask_for_the_way(draft, zone)
    if release is not None:
        run_after(draft, zone, release, blocked=is_blocked(draft, zone))
    _tell_availability(draft, zone, why_not)


def _watch_agent(draft: Draft, zone: ZoneRules, release: Release) -> None:
    """Agent that flows before Haechi let it go, or anew after the hold time: people out, exhaust off, nothing automatic.

    And a call point at rest is remembered.
    """
    state = draft.zones[zone.index]
    called = wired(draft, zone, Family.CALL_POINT)
    if not state.call_point_rested and called is Tri.NO:
        draft.zone(zone.index, call_point_rested=True)
    elif state.call_point_rested and called is Tri.YES and is_blocked(draft, zone):
        draft.zone(zone.index, call_point_rested=False)
    rested = state.stage is Stage.DISCHARGED and (state.switch_rested or draft.inputs.discharged[zone.index] == Tri.NO)
    if rested != state.switch_rested:
        draft.zone(zone.index, switch_rested=rested)
    awaits_none = rested or state.stage in BEFORE_FLOODING
    if state.strayed or not awaits_none or draft.inputs.discharged[zone.index] != Tri.YES:
        return
    draft.zone(zone.index, strayed=True, acknowledged=False, silenced=False)
    evidence = Evidence(release.discharged, Feature.CONTACT, release.discharged, float(Tri.YES), 1.0)
    draft.tell(Kind.INPUT, zone.name, release.discharged, "on without release", evidence=(evidence,))


def _purge(draft: Draft, zone: ZoneRules, release: Release) -> None:
    """Before an automatic release exhaust has its turn: while gas is high or not known, within the bound; then it must be off."""
    state = draft.zones[zone.index]
    counting = state.stage is Stage.WAITING or (state.stage is Stage.ACTIVATED and state.trigger is Trigger.AUTOMATIC)
    gas_high = draft.inputs.gas_high[zone.index] != Tri.NO
    over = counting and (not gas_high or _has_waited(draft, state, round(release.purge_limit_s * 1000)))
    if over != (state.purged_ms != NEVER):
        draft.zone(zone.index, purged_ms=draft.tick_ms if over else NEVER)


def _has_waited(draft: Draft, state: ZoneState, limit_ms: int) -> bool:
    return limit_ms <= 0 or (state.stage is Stage.WAITING and draft.reached(state.since_ms + limit_ms))


def _coincidence(draft: Draft, zone: ZoneRules, release: Release | None) -> Pair | None:
    if release is None or not draft.rules.settings.extinguish:
        return None
    return confirmed(zone.pairs, draft.heads, draft.disabled, draft.reached, release_window_ms(zone.zone))


def _held_back(
    draft: Draft, zone: ZoneRules, release: Release | None, pair: Pair | None, why_not: tuple[str, ...]
) -> tuple[str, ...]:
    """Reasons to show: rule 3 is fulfilled but release is not automatic, or an automatic release waits."""
    state = draft.zones[zone.index]
    if release is None:
        return ()
    if is_blocked(draft, zone) and wired(draft, zone, Family.CALL_POINT) is Tri.YES:
        return (BLOCKED,)
    if state.stage in STOPPED_BY_HAND:
        return (STOPPED_BY_HAND[state.stage],)
    if pair is not None and state.stage in {Stage.QUIESCENT, Stage.PRE_ACTIVATED}:
        return why_not
    if state.stage in {Stage.ACTIVATED, Stage.WAITING}:
        of_air = inhibits(draft, zone, release) if state.trigger is Trigger.AUTOMATIC else ()
        return of_air + in_the_way(draft, zone, reserve=state.reserve)
    return ()


def _signals(
    draft: Draft, zone: ZoneRules, release: Release | None, pair: Pair | None, why_not: tuple[str, ...]
) -> list[Signal]:
    state = draft.zones[zone.index]
    found = []
    if any(draft.heads[head].level >= Level.ALARM for head in zone.arming):
        found.append(Signal.FIRST_ALARM)
    if release is None:
        return found
    if pair is not None and not why_not:
        found.append(Signal.CONFIRMED)
    if why_not and state.trigger is Trigger.AUTOMATIC:
        found.append(Signal.NOT_AUTOMATIC)
    if is_blocked(draft, zone):
        found.append(Signal.BLOCKED)
    if _manual(draft, zone, state):
        found.append(Signal.MANUAL)
    if state.provable and draft.inputs.discharged[zone.index] == Tri.YES:
        found.append(Signal.PROOF)
    found += people(draft, zone, release)
    return found + _timers(draft, draft.zones[zone.index], release)


def _manual(draft: Draft, zone: ZoneRules, state: ZoneState) -> bool:
    """The call point; once the main bank was used, only together with the key on the reserve bank."""
    if is_blocked(draft, zone) or not draft.rules.settings.extinguish:
        return False
    if state.stage in BEFORE_FLOODING and not state.call_point_rested:
        return False  # it was operated while the agent was blocked: whoever opens the block must not let it go
    if wired(draft, zone, Family.CALL_POINT) is not Tri.YES:
        return False
    if state.stage in {Stage.WAITING, Stage.UNCONFIRMED} and in_the_way(draft, zone, reserve=_reserve_key(draft, zone)):
        return False
    if state.stage in {Stage.UNCONFIRMED, Stage.DISCHARGED}:
        return not state.reserve and state.call_point_rested and _reserve_key(draft, zone)
    return not (state.stage is Stage.ACTIVATED and state.trigger is Trigger.MANUAL)


def _reserve_key(draft: Draft, zone: ZoneRules) -> bool:
    return wired(draft, zone, Family.RESERVE_KEY) is Tri.YES and len(zone.release_outputs) > 1


def _timers(draft: Draft, state: ZoneState, release: Release) -> list[Signal]:
    if state.stage is Stage.WAITING:
        return [] if state.inhibits else [Signal.OVER]
    if state.due_ms == NEVER or not draft.reached(state.due_ms):
        return []
    if state.stage is Stage.ACTIVATED and state.inhibits:
        return [Signal.OVER_INHIBITED]
    if state.stage is Stage.RELEASING and state.attempt >= release.attempts:
        return [Signal.OVER_LAST_TRY]
    return [Signal.OVER]


def _enter(draft: Draft, zone: ZoneRules, move: tuple[Stage, Signal], pair: Pair | None) -> None:
    """Enter a stage: its timer, its trigger, its event with evidence."""
    stage, signal = move
    before = draft.zones[zone.index]
    trigger = _trigger(before, signal)
    due_ms = _due_ms(draft, zone, stage, trigger)
    if signal is Signal.MANUAL and before.stage is Stage.ACTIVATED:
        due_ms = min(due_ms, before.due_ms)
    if zone.zone.release is not None:
        devices_ms = held_ms(draft, zone.zone.release, before, signal)
        due_ms = due_ms if devices_ms == NEVER else devices_ms
    state = draft.zone(
        zone.index,
        stage=stage,
        since_ms=draft.tick_ms,
        due_ms=due_ms,
        left_ms=draft.left_ms(before.due_ms) if stage is Stage.HELD else 0,
        trigger=trigger if stage not in {Stage.QUIESCENT, Stage.PRE_ACTIVATED} else Trigger.NONE,
        proven=before.proven or signal is Signal.PROOF,
    )
    if signal is Signal.MANUAL:
        # A person's new word: also the reserve bank after a restart that found the main bank dropped.
        state = draft.zone(zone.index, reserve=_reserve_key(draft, zone), attempt=0, spent=False, proven=False)
    if signal is Signal.CONFIRMED and zone.zone.release is not None:
        state = draft.zone(zone.index, prolong_until_ms=prolong_until_ms(draft, zone.zone.release))
    if stage is Stage.ACTIVATED and before.activated_ms == NEVER:
        state = draft.zone(zone.index, activated_ms=draft.tick_ms)
    if stage is Stage.RELEASING:
        _start_releasing(draft, zone, state)
    text = f"{signal}{', ' + trigger if trigger else ''}{', reserve bank' if state.reserve else ''}"
    draft.tell(Kind.STAGE, zone.name, zone.name, stage, text, _evidence(draft, zone, signal, pair))


def _ask_for_the_way(draft: Draft, zone: ZoneRules) -> None:
    """A person is asked as soon as something stands between the bank and a room that waits; told once while it lasts."""
    state = draft.zones[zone.index]
    way = in_the_way(draft, zone, reserve=state.reserve) if state.stage is Stage.WAITING else ()
    if bool(way) == state.way_blocked:
        return
    draft.zone(zone.index, way_blocked=bool(way), acknowledged=state.acknowledged and not way)
    if way:
        text = f"Agent cannot go into {zone.name}: {'; '.join(way)}. {DECIDE}"
        draft.tell(Kind.REQUEST, zone.name, zone.name, "way-blocked", text)


def _start_releasing(draft: Draft, zone: ZoneRules, state: ZoneState) -> None:
    """The switch proves release only if it is open now; later tries keep the first answer."""
    open_now = draft.inputs.discharged[zone.index] == Tri.NO
    provable = state.provable if state.attempt else open_now
    rested = state.call_point_rested and state.attempt > 0
    draft.zone(zone.index, attempt=state.attempt + 1, provable=provable or open_now, call_point_rested=rested)
    bank = RESERVE if state.reserve else MAIN
    if zone.selector >= 0 and bank not in state.let_go:
        draft.zone(zone.index, let_go=(*state.let_go, bank))


def _trigger(before: ZoneState, signal: Signal) -> Trigger:
    if signal is Signal.MANUAL:
        return Trigger.MANUAL
    return Trigger.AUTOMATIC if signal is Signal.CONFIRMED else before.trigger


def pre_warning_ms(release: Release, trigger: Trigger) -> int:
    """How long people have between activation and agent (rule 13)."""
    return round((release.manual_delay_s if trigger is Trigger.MANUAL else release.pre_warning_s) * 1000)


def _due_ms(draft: Draft, zone: ZoneRules, stage: Stage, trigger: Trigger) -> int:
    release = zone.zone.release
    if release is None:
        return NEVER
    if stage is Stage.ACTIVATED:
        return draft.tick_ms + pre_warning_ms(release, trigger)
    duration_s = {
        Stage.RELEASING: release.confirm_s,
        Stage.RETRYING: RETRY_PAUSE_MS / 1000,
        Stage.UNCONFIRMED: release.flooding_s,
        Stage.RELEASED: release.flooding_s,
        Stage.HOLD_TIME: release.hold_time_s,
    }.get(stage)
    return NEVER if duration_s is None else draft.tick_ms + round(duration_s * 1000)


def _evidence(draft: Draft, zone: ZoneRules, signal: Signal, pair: Pair | None) -> tuple[Evidence, ...]:
    """Why the zone moved (rule 12): a person's contact, the field's switch, the pair of rule 3, or every head in fire alarm."""
    if signal in HANDS:
        contacts = [head for family in HANDS[signal] for head in zone.wired.get(family, ())]
        pressed = [head for head in contacts if draft.inputs.wired[head] == Tri.YES]
        return tuple(draft.contact(h) for h in pressed)
    if signal is Signal.PROOF and zone.zone.release is not None:
        switch = zone.zone.release.discharged
        return (Evidence(switch, Feature.CONTACT, switch, float(draft.inputs.discharged[zone.index]), 1.0),)
    if signal is Signal.CONFIRMED and pair is not None:
        latches = [draft.heads[head.index] for head in pair]
    else:
        latches = [draft.heads[h.index] for h in zone.sensing if draft.heads[h.index].level >= Level.ALARM]
    return tuple(latch.evidence for latch in latches if latch.evidence is not None)


def _hand_on_it(draft: Draft, zone: ZoneRules) -> tuple[str, ...]:
    """A hold or abort device that stops the release, or would: pressed, or stuck (rule 9)."""
    stage = draft.zones[zone.index].stage
    if stage in STOPPED_BY_HAND:
        return (STOPPED_BY_HAND[stage],)
    return tuple(f"{family} operated" for family in operated(draft, zone) if stage in BEFORE_FLOODING)


def _no_way_out(draft: Draft, zone: ZoneRules) -> tuple[str, ...]:
    """What the detectors see would not reach the valve: channels do not read back, no actuator is in place, or what it awaits cannot show."""
    output = draft.layout.output(zone.release_outputs[0])
    gone = absent(draft.layout, zone.index, draft.inputs)
    unread = gone if len(gone) == len(zone.wired.get(Family.ACTUATOR_IN_PLACE, ())) else ()
    unread += (f"{output.name} not readable",) if Tri.UNKNOWN in draft.inputs.channels[output.index] else ()
    unread += tuple(_unprovable(draft, zone))
    return unread if zone.selector < 0 else unread + bank_used(draft, zone, reserve=False)


def _unprovable(draft: Draft, zone: ZoneRules) -> Iterator[str]:
    """What an automatic release waits for and can never see: a selector, or a damper where the site lets dampers block."""
    release = zone.zone.release
    dampers = zone.dampers if release is not None and release.damper_unproven == "block" else ()
    for index in (zone.selector, *dampers) if zone.selector >= 0 else dampers:
        name = draft.layout.outputs[index].name
        if index in dampers and name in draft.disabled:
            yield f"damper disabled: {name}"
        if draft.inputs.feedback[index] < 0 or Tri.UNKNOWN in draft.inputs.channels[index]:
            yield f"{name} not readable"


def _tell_availability(draft: Draft, zone: ZoneRules, why_not: tuple[str, ...]) -> None:
    if zone.zone.release is None:
        return
    blocked = why_not + _no_way_out(draft, zone) + _hand_on_it(draft, zone)
    now = availability(draft.layout, zone.index, zone.pairs, draft.inputs, draft.disabled, blocked)
    if now != draft.zones[zone.index].availability:
        draft.zone(zone.index, availability=now)
        if not is_restless(draft, zone.index):
            draft.tell(Kind.AVAILABILITY, zone.name, zone.name, now)
