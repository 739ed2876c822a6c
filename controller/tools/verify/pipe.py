"""What must hold of the way from a bank to a room: selectors, the pipe, the bank itself; in verification's own words."""

from collections.abc import Iterator

from controller.core.layout import OutputLayout
from controller.site.model import Role
from controller.tools.verify.canonical import NOW_MS
from controller.tools.verify.explore import Step

AIR_S = 30.0
"""A room whose way is free keeps the pipe for its exhaust's bound and so much longer; then it lets another have it (decision 0033)."""


def _selectors(step: Step) -> Iterator[OutputLayout]:
    yield from step.world.of_role((Role.SELECTOR,))


def selectors_lead_here(step: Step) -> bool:
    """Whether the room's selector shows open and those of the others show closed; always where the bank is the room's own."""
    return all(step.vector.inputs.feedback[o.index] == (0 if o.zone else 1) for o in _selectors(step))


def is_pipe_taken(step: Step) -> bool:
    """Whether another room has the pipe."""
    return step.vector.beside.zone.selected and not step.before.zones[0].selected


def is_bank_used(step: Step) -> bool:
    """Whether another room has let this room's bank go, and it is the other room's too."""
    release = step.world.release
    if release is None:
        return False
    reserve = step.decision.state.zones[0].reserve
    name = release.reserve_output if reserve else release.output
    mine = next((o.channels for o in step.world.layout.outputs if o.name == name), ())
    role = Role.AGENT_RESERVE if reserve else Role.AGENT
    is_shared = any(o.zone and o.channels == mine for o in step.world.of_role((role,)))
    return is_shared and ("reserve" if reserve else "main") in step.vector.beside.zone.let_go


def is_led_here(step: Step) -> bool:
    """Whether nothing stands between the bank and the room."""
    return selectors_lead_here(step) and not is_pipe_taken(step) and not is_bank_used(step)


def shows_the_way(step: Step) -> bool:
    """Whether what stands between the bank and the room is shown."""
    shown = step.decision.state.zones[0].inhibits
    return any(word in name for name in shown for word in ("selector", "pipe", "bank"))


def one_room_at_a_time(step: Step) -> Iterator[tuple[str, str]]:
    """The pipe is one room's, agent goes by a free way from a full bank, and nobody keeps the pipe in vain from another, or leaves it free."""
    if not step.world.of_role((Role.SELECTOR,)):
        return
    before, after = step.before.zones[0], step.decision.state.zones[0]
    beside = step.vector.beside.zone
    if after.selected and is_pipe_taken(step):
        yield "P5", "the room takes the pipe that another room has"
    if before.stage in {"activated", "waiting"} and after.stage == "releasing":
        if is_pipe_taken(step):
            yield "P5", "agent goes by a pipe that another room has"
        if is_bank_used(step):
            yield "P5", "agent goes from a bank that another room has let go"
    waits = before.stage == after.stage == "waiting"
    if waits and not before.selected and not after.selected and not beside.selected and beside.stage != "waiting":
        yield "P4", "the room waits, nobody has or awaits the pipe, and it does not take it"
    if waits and after.selected and _is_in_vain(step):
        yield "P4", "the room keeps the pipe in vain, and another room waits for it"


def _is_in_vain(step: Step) -> bool:
    """Whether the room has had the pipe for longer than its selector, its exhaust and its dampers may take, while another waits for it."""
    release, beside = step.world.release, step.vector.beside
    if release is None or beside.zone.stage != "waiting" or beside.zone.selected or step.before.zones[0].let_go:
        return False
    confirm_s = max((o.output.confirm_s for o in _selectors(step) if not o.zone), default=0.0)
    bound_ms = round((confirm_s + release.purge_limit_s + AIR_S) * 1000)
    since_ms = max(step.before.zones[0].since_ms, beside.own_told_ms)
    return step.before.zones[0].selected and since_ms + bound_ms <= NOW_MS
