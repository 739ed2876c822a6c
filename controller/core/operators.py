"""What operators say, carried out. Acknowledge, silence and reset are separate acts; nothing here can release agent (rule 5)."""

from collections.abc import Sequence

from msgspec.structs import replace

from controller.core.commands import (
    Acknowledge,
    AnyCommand,
    ConfirmIsolated,
    Delays,
    Disable,
    Enable,
    Extract,
    Force,
    HandOver,
    Occupied,
    Reset,
    Silence,
    Work,
)
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.force import force
from controller.core.inputs import FIRE_2
from controller.core.layout import OutputLayout
from controller.core.rules import ZoneRules
from controller.core.state import (
    AGENT_IN_ROOM,
    BEFORE_FLOODING,
    NEVER,
    HeadLatch,
    Isolation,
    RackState,
    Stage,
    Tri,
    Trigger,
    ZoneState,
)
from controller.core.zone.after import begin_extract, end_extract, no_extract
from controller.core.zone.alarms import investigate
from controller.core.zone.coincidence import confirmed
from controller.core.zone.contacts import wired
from controller.core.zone.delays import switch
from controller.core.zone.ladder import hand_over
from controller.core.zone.machine import Signal, step
from controller.core.zone.selector import is_bound, would_free, would_let_go
from controller.core.zone.signals import STRAYED, blocks
from controller.core.zone.walk_test import not_tried
from controller.core.zone.works import LONGEST_MIN, OUTPUT_TEST, WALK_TEST, begin, end, is_under, not_at_rest
from controller.site.model import Family, Physics, Role

ALWAYS_NEEDED = frozenset({Role.FAULT_RELAY, Role.SOUNDER})
OPENED = frozenset({Isolation.WANTED, Isolation.PROVEN})
WATER = frozenset({Role.COOLANT, Role.PUMP, Role.WATER_BARRIER})
RESETTABLE = frozenset({Stage.QUIESCENT, Stage.PRE_ACTIVATED, Stage.ABORTED, Stage.DISCHARGED})


def obey(draft: Draft, command: AnyCommand) -> None:
    """Carry out one command, or refuse it with the reason; both go into the journal with the operator's name."""
    refusal = _carry_out(draft, command)
    kind = Kind.REFUSED if refusal else Kind.COMMAND
    draft.tell(kind, "", subject(command), tag(command), refusal, operator=command.operator)


def tag(command: AnyCommand) -> str:
    """The command's name on the wire."""
    return str(type(command).__struct_config__.tag)


def subject(command: AnyCommand) -> str:
    """What a command is about: a zone, rack, head or output."""
    match command:
        case Disable() | Enable() | Force():
            return command.subject
        case ConfirmIsolated():
            return command.rack
        case _:
            return command.zone


def _carry_out(draft: Draft, command: AnyCommand) -> str:
    """Returns the reason of a refusal, or an empty text."""
    match command:
        case Disable():
            return _disable(draft, command.subject)
        case Enable():
            return _enable(draft, command.subject)
        case Force():
            return force(draft, command.subject, command.seconds)
        case ConfirmIsolated():
            return _vouch(draft, command.rack)
        case _:
            zone = next((z for z in draft.rules.zones if z.name == command.zone), None)
            return _to_zone(draft, command, zone) if zone else f"no zone is called {command.zone!r}"


def _to_zone(
    draft: Draft,
    command: Acknowledge | Silence | Reset | Occupied | HandOver | Work | Delays | Extract,
    zone: ZoneRules,
) -> str:
    match command:
        case Acknowledge():
            draft.zone(zone.index, acknowledged=True)
            investigate(draft, zone)
        case Silence():
            draft.zone(zone.index, silenced=True)
        case Occupied():
            return _occupy(draft, zone, command)
        case HandOver():
            _hand_over(draft, zone, command)
        case Work():
            return _work(draft, zone, command)
        case Delays():
            return switch(draft, zone, on=command.on)
        case Extract():
            return _extract(draft, zone, command)
        case Reset():
            return _reset(draft, zone)
    return ""


def _occupy(draft: Draft, zone: ZoneRules, command: Occupied) -> str:
    """Mark a room, or say that it is empty where that lets no release begin."""
    why_not = would_free(draft, zone) if command.occupied else _would_release(draft, zone)
    if not why_not:
        draft.zone(zone.index, occupied=command.occupied)
    return why_not


def _hand_over(draft: Draft, zone: ZoneRules, command: HandOver) -> None:
    if draft.zones[zone.index].hand_over_ms == NEVER:
        hand_over(draft, zone, f"asked by {command.operator}")
    draft.zone(zone.index, handed_over=True)


def _extract(draft: Draft, zone: ZoneRules, command: Extract) -> str:
    """Begin or end the extract after a discharge (rule 6)."""
    release = zone.zone.release
    if not command.on:
        if draft.zones[zone.index].extract_due_ms == NEVER:
            return f"no extract runs in {zone.name}"
        end_extract(draft, zone, f"ended by {command.operator}")
        return ""
    why_not = no_extract(draft, zone)
    if release is not None and not why_not:
        begin_extract(draft, zone, release, f"asked by {command.operator}")
    return why_not


def _work(draft: Draft, zone: ZoneRules, command: Work) -> str:
    """Begin or end work. Its end is refused where it would let a release begin (rule 5)."""
    if not 0 <= command.minutes <= LONGEST_MIN:
        return f"{command.minutes} minutes: announce 1 to {LONGEST_MIN}, or 0 to end it"
    if command.minutes:
        why_not = not_at_rest(draft, zone) if command.work in {WALK_TEST, OUTPUT_TEST} else would_free(draft, zone)
        if not why_not:
            begin(draft, zone, command.work, command.minutes)
        return why_not
    why_not = _would_release(draft, zone)
    if not why_not:
        tried = command.work == WALK_TEST and is_under(draft.zones[zone.index], WALK_TEST)
        end(draft, zone, command.work, not_tried(draft, zone) if tried else "")
    return why_not


def _reset(draft: Draft, zone: ZoneRules) -> str:
    """Clear the zone's latches. What is still true latches again in this very scan. Refused while a release runs."""
    state = draft.zones[zone.index]
    if state.stage not in RESETTABLE:
        return f"stage is {state.stage}: reset is possible after the hold time, or before release once aborted"
    if state.stage is not Stage.QUIESCENT and step(state.stage, frozenset({Signal.RESET})) is None:
        return f"stage {state.stage} has no reset"
    why_not = _locked(draft, zone) or _stands_against_reset(draft, zone)
    if why_not:
        return why_not
    for head in zone.sensing:
        draft.heads[head.index] = HeadLatch()
        draft.resets.append(head.index)
    draft.openings -= sum(draft.racks[rack].counted for rack in zone.racks)
    for rack in zone.racks:
        draft.racks[rack] = RackState()
    for output in draft.layout.outputs:
        if output.zone == zone.index:
            draft.outputs[output.index] = replace(draft.outputs[output.index], adopted=-1)
    draft.unlatched.add(zone.index)
    draft.zones[zone.index] = ZoneState(
        since_ms=draft.tick_ms,
        occupied=state.occupied,
        availability=state.availability,
        works=state.works,
        ran_out=state.ran_out,
        walked=state.walked,
        coincidence=state.coincidence,
        delays=state.delays,
        call_point_rested=state.call_point_rested or state.stage not in BEFORE_FLOODING,
    )
    draft.tell(Kind.STAGE, zone.name, zone.name, Stage.QUIESCENT, Signal.RESET)
    return ""


def _locked(draft: Draft, zone: ZoneRules) -> str:
    state, release = draft.zones[zone.index], zone.zone.release
    if release is None or state.activated_ms == NEVER:
        return ""
    ends_ms = state.activated_ms + round(release.reset_lock_s * 1000)
    return "" if draft.reached(ends_ms) else f"reset is locked for {(draft.left_ms(ends_ms) + 999) // 1000} s more"


def _stands_against_reset(draft: Draft, zone: ZoneRules) -> str:
    state = draft.zones[zone.index]
    if wired(draft, zone, Family.CALL_POINT) is Tri.YES:
        return "the call point is still operated, a reset would release again: restore it first"
    if is_under(state, WALK_TEST):
        return "a walk test runs, what burns would not show again: end it first"
    # A switch that has cleared is a block that this very reset would lift.
    cleared = draft.inputs.discharged[zone.index] != Tri.YES
    staying = [block for block in blocks(draft, zone) if not (cleared and block == STRAYED)]
    lifts = state.stage is not Stage.QUIESCENT or state.strayed
    if why_not := would_let_go(draft, zone):
        return why_not
    if lifts and not staying and _burns(draft, zone, (HeadLatch(),) * len(draft.heads)):
        return "two heads still read fire, a reset would release by itself: turn the key to manual or disable the zone first"
    # Burnt sensors never come back, so a burnt room may never count as controlled: then a person takes it over first, by name.
    answered_for = state.guard_ms != NEVER or state.handed_over
    if not answered_for and any(draft.racks[rack].cool for rack in zone.racks):
        return "a rack is being cooled, a reset would stop the water: wait until it is controlled, or hand the zone over first"
    return ""


def _would_release(draft: Draft, zone: ZoneRules) -> str:
    """Why what keeps a zone from automatic release is not lifted now: then a command would start the release (rule 5)."""
    if zone.zone.release is None:
        return ""
    stage = draft.zones[zone.index].stage
    if stage is Stage.QUIESCENT and not _burns(draft, zone, draft.heads, enabled=True):
        return ""
    return f"{zone.name} is {stage} and may release on this word: reset first, or use the wired key"


def _burns(draft: Draft, zone: ZoneRules, latches: Sequence[HeadLatch], *, enabled: bool = False) -> bool:
    """Whether two heads read what releases now, or have latched it; `enabled`: were none of them disabled."""
    heads = list(latches)
    for head in zone.sensing:
        reading = draft.inputs.heads[head.index]
        if reading.level >= Level.ALARM and not head.on_mqtt:
            runaway = bool(reading.runaway) or heads[head.index].runaway
            fire_2 = bool(reading.marks & FIRE_2) or heads[head.index].fire_2
            heads[head.index] = HeadLatch(level=reading.level, runaway=runaway, fire_2=fire_2)
    release = zone.zone.release
    window_ms = round(release.coincidence_window_s * 1000) if release else 0
    return confirmed(zone.pairs, heads, () if enabled else draft.disabled, draft.reached, window_ms) is not None


def _disable(draft: Draft, subject: str) -> str:
    known = (
        {z.name for z in draft.rules.zones}
        | {h.name for h in draft.layout.heads}
        | {o.name for o in draft.layout.outputs}
    )
    if subject not in known:
        return f"no zone, head or output is called {subject!r}"
    if any(h.name == subject and h.physics is Physics.WIRED for h in draft.layout.heads):
        return f"{subject} is a wired input: it is a person's own hand and cannot be disabled from here"
    for zone in draft.rules.zones:
        if (
            zone.zone.release is not None
            and subject
            and subject == zone.zone.release.selector
            and is_bound(draft, zone)
        ):
            return f"{subject} leads the agent into {zone.name}: it is not taken out of service now"
    if any(subject in zone.agent_outputs and _is_committed(draft, zone) for zone in draft.rules.zones):
        return f"{subject} is releasing agent, or a person has asked for it: that is not stopped from here (rule 4)"
    output = next((o for o in draft.layout.outputs if o.name == subject), None)
    frees = (would_free(draft, zone) for zone in draft.rules.zones if subject in _keeps_back(draft, zone))
    why_not = next(filter(None, frees), "") or (_needed(draft, output) if output else "")
    if why_not:
        return why_not
    if subject not in draft.disabled:
        draft.disabled = (*draft.disabled, subject)
    return ""


def _needed(draft: Draft, output: OutputLayout) -> str:
    """Why an output is not taken out of service now: it warns people, or it keeps a rack safe under water (rule 7)."""
    role, zone = output.output.role, draft.rules.zones[output.zone]
    if role in ALWAYS_NEEDED:
        return f"{output.name} tells people of alarms and troubles: it is not disabled from here (silence stops the sounders)"
    for rack, breakers in enumerate(draft.rules.breakers):
        if output.index in breakers and draft.racks[rack].isolation in OPENED:
            return f"{draft.layout.racks[rack]} is being kept isolated by {output.name}: reset first"
    if role in WATER and any(draft.racks[rack].cool for rack in zone.racks):
        return f"{output.name} is needed, a rack is being cooled: wait until it is controlled, then reset"
    return ""


def _is_committed(draft: Draft, zone: ZoneRules) -> bool:
    """Nothing stops the zone's release any more: agent is on its way, or a person wants it."""
    state = draft.zones[zone.index]
    return state.stage in AGENT_IN_ROOM or (state.stage in BEFORE_FLOODING and state.trigger is Trigger.MANUAL)


def _enable(draft: Draft, subject: str) -> str:
    if subject not in draft.disabled:
        return f"{subject!r} is not disabled"
    for zone in draft.rules.zones:
        if subject in _blocking_dampers(draft, zone):
            why_not = _is_awaited(draft, zone, subject)
        else:
            why_not = _would_release(draft, zone) if subject in _keeps_back(draft, zone) else ""
        if why_not:
            return why_not
    draft.disabled = tuple(name for name in draft.disabled if name != subject)
    return ""


def _keeps_back(draft: Draft, zone: ZoneRules) -> set[str]:
    """What keeps the zone from automatic release while it is disabled: the zone, its agent, members of its pairs, dampers that block."""
    names = {zone.name, *zone.agent_outputs, *(head.name for pair in zone.pairs for head in pair)}
    if zone.zone.release is not None and zone.zone.release.selector:
        names.add(zone.zone.release.selector)
    return names | _blocking_dampers(draft, zone)


def _blocking_dampers(draft: Draft, zone: ZoneRules) -> set[str]:
    release = zone.zone.release
    if release is None or release.damper_unproven != "block":
        return set()
    return {draft.layout.outputs[damper].name for damper in zone.dampers}


def _is_awaited(draft: Draft, zone: ZoneRules, damper: str) -> str:
    """Why a damper that blocks is not enabled now: it would close, and an automatic release go by this word (rule 5). Else it may be."""
    state = draft.zones[zone.index]
    if state.trigger is not Trigger.AUTOMATIC or state.stage not in {Stage.ACTIVATED, Stage.HELD, Stage.WAITING}:
        return ""
    return f"the release of {zone.name} would go once {damper} closes: close it by hand, or use the wired call point"


def _vouch(draft: Draft, rack: str) -> str:
    """A person says that a rack is isolated (rule 7): taken only where isolation is wanted or asked for."""
    if rack not in draft.layout.racks:
        return f"no rack is called {rack!r}"
    index = draft.layout.racks.index(rack)
    if draft.racks[index].isolation is Isolation.NONE:
        return f"the isolation of {rack} is not asked for"
    draft.rack(index, vouched=True)
    return ""
