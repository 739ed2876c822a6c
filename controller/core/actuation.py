"""Outputs: what to write and what to await. Decided here, carried out by the runtime.

An output is read before it is first written (UNREAD), written until its channels read back the wanted level (WRITING), confirmed by
the field's own feedback (CONFIRMING), and from then on watched. Levels are idempotent, so writing again is harmless; a release
output still gets its channels one after the other, arm before fire, each read back before the next (rule 5).
"""

from msgspec.structs import replace

from controller.core.draft import Draft
from controller.core.events import Kind, Write
from controller.core.layout import OutputLayout
from controller.core.state import NEVER, Drive, OutputState, Tri
from controller.site.model import Role

UNSETTLED = frozenset({Drive.WRITING, Drive.CONFIRMING, Drive.FAILED})
REWRITE_MS = 500
"""A level that does not read back is written again after this time (a little over two polls of a module at 0.2 s)."""


def act(draft: Draft, wanted: list[int]) -> None:
    """Advance every output towards its wanted level; adds writes and events to the draft. In shadow mode nothing is written."""
    shadow = draft.layout.site.site.mode == "shadow"
    for output in draft.layout.outputs:
        state = draft.outputs[output.index]
        if output.index != _holder(draft, output, wanted):
            draft.outputs[output.index] = replace(state, wanted=output.output.normal, drive=Drive.SETTLED, channel=-1)
            continue
        level = _wanted_level(output, state, wanted[output.index])
        if level != state.wanted:
            state = _command(draft, output, state, level, shadow=shadow)
        state = replace(state, drive=Drive.SETTLED) if shadow else _drive(draft, output, state)
        draft.outputs[output.index] = state


def _holder(draft: Draft, output: OutputLayout, wanted: list[int]) -> int:
    """Of the outputs on the same channels (one bank, several rooms) the one whose word counts: wanted, else still to drop, else the first."""
    twins = draft.rules.twins[output.index]
    if len(twins) == 1:
        return output.index
    normal = output.output.normal
    driving = (t for t in twins if wanted[t] != normal)
    dropping = (t for t in twins if draft.outputs[t].wanted != normal or draft.outputs[t].drive in UNSETTLED)
    return next(driving, next(dropping, twins[0]))


def holds(draft: Draft, output: OutputLayout) -> bool:
    """Whether the output speaks for its channels after this scan's act."""
    return output.index == _holder(draft, output, [state.wanted for state in draft.outputs])


def _wanted_level(output: OutputLayout, state: OutputState, driven_level: int) -> int:
    """A level adopted from the field at a cold start stands until the matrix drives the output or a reset drops it."""
    if driven_level == output.output.normal and state.adopted >= 0:
        return state.adopted
    return driven_level


def _command(draft: Draft, output: OutputLayout, state: OutputState, level: int, *, shadow: bool) -> OutputState:
    active = level != output.output.normal
    what = ("would-" if shadow else "") + ("activate" if active else "deactivate")
    kind = Kind.INTENT if output.is_release and active else Kind.OUTPUT
    draft.tell(kind, draft.layout.zones[output.zone], output.name, what)
    drive = Drive.UNREAD if state.drive is Drive.UNREAD else Drive.WRITING
    return replace(state, wanted=level, drive=drive, since_ms=draft.tick_ms, written_ms=NEVER, channel=-1, tries=0)


def _drive(draft: Draft, output: OutputLayout, state: OutputState) -> OutputState:
    read_back = draft.inputs.channels[output.index]
    if state.drive is Drive.UNREAD:
        if Tri.UNKNOWN in read_back:
            return state
        state = _adopt(draft, output, state, read_back)
    if Tri.UNKNOWN in read_back and state.drive is not Drive.WRITING:
        # Not heard is not another level: the lost module is a trouble of its own, and nothing can be written to it anyway.
        return state
    if any(level != state.wanted for level in read_back):
        return _write(draft, output, state, read_back)
    if state.drive is Drive.WRITING:
        state = replace(state, drive=Drive.CONFIRMING, since_ms=draft.tick_ms)
    return _confirm(draft, output, state)


def _adopt(draft: Draft, output: OutputLayout, state: OutputState, read_back: tuple[int, ...]) -> OutputState:
    """The field's own state is known now. A cold start does what the site says of it; never for agent, whose stage decides."""
    on_restart = output.output.on_restart
    start = read_back[0] if on_restart == "keep" else on_restart
    cold = state.since_ms == NEVER
    if cold and start != state.wanted and not output.is_release:
        draft.tell(Kind.OUTPUT, draft.layout.zones[output.zone], output.name, "adopted", f"found at {read_back[0]}")
        return replace(state, wanted=start, adopted=start, drive=Drive.CONFIRMING, since_ms=draft.tick_ms)
    return replace(state, drive=Drive.CONFIRMING, since_ms=draft.tick_ms)


def _write(draft: Draft, output: OutputLayout, state: OutputState, read_back: tuple[int, ...]) -> OutputState:
    """Write what does not read back yet; at most every REWRITE_MS, and for agent one channel at a time, arm before fire."""
    if state.drive is not Drive.WRITING:
        if state.drive is not Drive.FAILED:
            state = replace(state, drive=Drive.WRITING, since_ms=draft.tick_ms, written_ms=NEVER)
    elif draft.reached(state.since_ms + round(output.output.confirm_s * 1000) + 1):
        state = _failed(draft, output, state, "not-taken")
    places = [place for place, level in enumerate(read_back) if level != state.wanted]
    activating = state.wanted != output.output.normal
    if output.is_release and activating:
        # The next channel is due at once when the one before it has read back: that is progress, not a repetition.
        places = places[:1]
        if places[0] != state.channel:
            state = replace(state, channel=places[0], written_ms=NEVER)
    if state.written_ms != NEVER and not draft.reached(state.written_ms + REWRITE_MS):
        return state
    for place in places:
        draft.writes.append(
            Write(output.name, output.channels[place], state.wanted, intent=output.is_release and activating)
        )
    return replace(state, written_ms=draft.tick_ms)


def _confirm(draft: Draft, output: OutputLayout, state: OutputState) -> OutputState:
    """All channels read back. The field's feedback confirms; its silence is tried again, then told."""
    active = int(state.wanted != output.output.normal)
    says = draft.inputs.feedback[output.index]
    # Letting go of a trip command closes no breaker: a person does, at the switchgear (decision 0006).
    let_go = output.output.role is Role.BREAKER and not active
    if output.output.feedback is None or says == active or let_go:
        if state.drive in {Drive.CONFIRMING, Drive.FAILED}:
            what = "active" if active else "inactive"
            draft.tell(Kind.OUTPUT, draft.layout.zones[output.zone], output.name, what)
            return replace(state, drive=Drive.SETTLED, since_ms=draft.tick_ms, tries=0)
        return state
    if state.drive is not Drive.CONFIRMING:
        return state
    if not draft.reached(state.since_ms + round(output.output.confirm_s * 1000) + 1):
        return state
    if state.tries < output.output.retries:
        return _again(draft, output, state)
    return _failed(draft, output, state, "unconfirmed")


def _again(draft: Draft, output: OutputLayout, state: OutputState) -> OutputState:
    """The same level once more, to every channel: a module may have lost the relay but not the register."""
    draft.tell(Kind.OUTPUT, draft.layout.zones[output.zone], output.name, "retry")
    intent = output.is_release and state.wanted != output.output.normal
    draft.writes.extend(Write(output.name, channel, state.wanted, intent=intent) for channel in output.channels)
    return replace(state, since_ms=draft.tick_ms, written_ms=draft.tick_ms, tries=state.tries + 1)


def _failed(draft: Draft, output: OutputLayout, state: OutputState, what: str) -> OutputState:
    draft.tell(Kind.OUTPUT, draft.layout.zones[output.zone], output.name, what)
    return replace(state, drive=Drive.FAILED)
