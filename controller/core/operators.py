"""What operators say, carried out. Acknowledge, silence and reset are separate acts; nothing here can release agent (rule 5)."""

from msgspec.structs import replace

from controller.core.commands import (
    Acknowledge,
    AnyCommand,
    ConfirmIsolated,
    Disable,
    Enable,
    HandOver,
    Occupied,
    Reset,
    Silence,
)
from controller.core.draft import Draft
from controller.core.events import Kind
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
from controller.core.zone.ladder import hand_over
from controller.core.zone.machine import Signal, step
from controller.core.zone.signals import wired
from controller.site.model import Family, Physics

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
        case Disable() | Enable():
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
        case ConfirmIsolated():
            return _vouch(draft, command.rack)
        case _:
            zone = next((z for z in draft.rules.zones if z.name == command.zone), None)
            return _to_zone(draft, command, zone) if zone else f"no zone is called {command.zone!r}"


def _to_zone(draft: Draft, command: Acknowledge | Silence | Reset | Occupied | HandOver, zone: ZoneRules) -> str:
    match command:
        case Acknowledge():
            draft.zone(zone.index, acknowledged=True)
        case Silence():
            draft.zone(zone.index, silenced=True)
        case Occupied():
            draft.zone(zone.index, occupied=command.occupied)
        case HandOver():
            if draft.zones[zone.index].hand_over_ms == NEVER:
                hand_over(draft, zone, f"asked by {command.operator}")
            draft.zone(zone.index, handed_over=True)
        case Reset():
            return _reset(draft, zone)
    return ""


def _reset(draft: Draft, zone: ZoneRules) -> str:
    """Clear the zone's latches. What is still true latches again in this very scan. Refused while a release runs."""
    state = draft.zones[zone.index]
    if state.stage not in RESETTABLE:
        return f"stage is {state.stage}: reset is possible after the hold time, or before release once aborted"
    if state.stage is not Stage.QUIESCENT and step(state.stage, frozenset({Signal.RESET})) is None:
        return f"stage {state.stage} has no reset"
    if wired(draft, zone, Family.CALL_POINT) is Tri.YES:
        return "the call point is still operated, a reset would release again: restore it first"
    for head in zone.sensing:
        draft.heads[head.index] = HeadLatch()
        draft.resets.append(head.index)
    draft.openings -= sum(draft.racks[rack].counted for rack in zone.racks)
    for rack in zone.racks:
        draft.racks[rack] = RackState()
    for output in draft.layout.outputs:
        if output.zone == zone.index:
            draft.outputs[output.index] = replace(draft.outputs[output.index], adopted=-1)
    draft.zones[zone.index] = ZoneState(
        since_ms=draft.tick_ms, occupied=state.occupied, availability=state.availability
    )
    draft.tell(Kind.STAGE, zone.name, zone.name, Stage.QUIESCENT, Signal.RESET)
    return ""


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
    if any(subject in zone.release_outputs and _is_committed(draft, zone) for zone in draft.rules.zones):
        return f"{subject} is releasing agent, or a person has asked for it: that is not stopped from here (rule 4)"
    if subject not in draft.disabled:
        draft.disabled = (*draft.disabled, subject)
    return ""


def _is_committed(draft: Draft, zone: ZoneRules) -> bool:
    """Nothing stops the zone's release any more: agent is on its way, or a person wants it."""
    state = draft.zones[zone.index]
    return state.stage in AGENT_IN_ROOM or (state.stage in BEFORE_FLOODING and state.trigger is Trigger.MANUAL)


def _enable(draft: Draft, subject: str) -> str:
    if subject not in draft.disabled:
        return f"{subject!r} is not disabled"
    draft.disabled = tuple(name for name in draft.disabled if name != subject)
    return ""


def _vouch(draft: Draft, rack: str) -> str:
    """A person says that a rack is isolated (rule 7): taken only where isolation is wanted or asked for."""
    if rack not in draft.layout.racks:
        return f"no rack is called {rack!r}"
    index = draft.layout.racks.index(rack)
    if draft.racks[index].isolation is Isolation.NONE:
        return f"the isolation of {rack} is not asked for"
    draft.rack(index, vouched=True)
    return ""
