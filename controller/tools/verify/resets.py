"""P6: from every state that was reached, people who do their part come back to a quiet zone."""

from collections.abc import Iterator

from controller.core.commands import HandOver, Reset
from controller.core.state import State
from controller.site.model import Role
from controller.tools.verify.canonical import FAR_MS, NOW_MS, all_run_out, later
from controller.tools.verify.explore import Broken, Explorer
from controller.tools.verify.parts import WHO
from controller.tools.verify.world import Vector

MOST_STEPS = 60
"""More boundaries than a release has between its first alarm and the end of its hold time, retries and reserve bank included."""
_BY_HAND = {Role.SELECTOR, Role.DAMPER}
"""What a person can move where the site cannot."""


def stuck(explorer: Explorer) -> Iterator[Broken]:
    """The first state, in the order of their discovery, from which no way back was found."""
    quiet: set[State] = set()
    for state in explorer.seen:
        way, is_open = _way_back(explorer, state, quiet)
        if not is_open:
            what = f"no way to reset: with all inputs at rest the zone ends in {way[-1].zones[0].stage}, and no reset is taken there"
            yield Broken("P6", what, explorer.path_to(state))
            return
        quiet.update(way)


def _way_back(explorer: Explorer, state: State, quiet: set[State]) -> tuple[list[State], bool]:
    """States on the way to a quiet zone, and whether it is reached: all at rest, time passes, the zone is handed over and reset.

    The reset is tried where nothing moves any more; only where none is taken there, in each state on the way.
    """
    way: list[State] = []
    while len(way) < MOST_STEPS and (not way or state != way[-1]):
        if state in quiet:
            return way, True
        way.append(state)
        state = _on(explorer, state)
    for place in range(len(way), 0, -1):
        if _is_reset(explorer, way[place - 1]):
            return way[:place], True
    return way, _is_reset(explorer, _helped(explorer, way[-1]))


def _helped(explorer: Explorer, state: State) -> State:
    """Where a release waits for its way in vain, a person opens the selector and closes the dampers by hand, as is asked: it ends."""
    outputs, rest = explorer.world.layout.outputs, explorer.world.vectors[0]
    says = list(rest.inputs.feedback)
    for output in outputs:
        if output.zone == 0 and output.output.role in _BY_HAND:
            says[output.index] = 1
    shown = Vector((), rest.inputs._replace(feedback=tuple(says)))
    for _ in range(MOST_STEPS):
        decision = explorer.decide(state, shown)
        after = explorer.canon.of(decision.state)
        if after == state and not NOW_MS < decision.wake_ms < FAR_MS:
            break
        state = after if after != state else explorer.canon.of(later(state, decision.wake_ms - NOW_MS))
    return state


def _is_reset(explorer: Explorer, state: State) -> bool:
    """Whether the zone is quiet once what runs has run out and a person has taken it over and reset it."""
    rest, zone = explorer.world.vectors[0], explorer.world.layout.zones[0]
    over = explorer.decide(all_run_out(state), rest, HandOver(operator=WHO, zone=zone)).state
    return _is_quiet(explorer.decide(over, rest, Reset(operator=WHO, zone=zone)).state)


def _on(explorer: Explorer, state: State) -> State:
    """The state after the next boundary, with every input at rest; the exploration has seen most of them."""
    after, wake_ms = explorer.at_rest(state)
    if after != state:
        return after
    if NOW_MS < wake_ms < FAR_MS:
        return explorer.canon.of(later(state, wake_ms - NOW_MS))
    return all_run_out(state)


def _is_quiet(state: State) -> bool:
    zone = state.zones[0]
    latched = any(latch.level for latch in state.heads)
    open_racks = any(rack.cool or rack.runaway for rack in state.racks)
    return zone.stage == "quiescent" and not (latched or open_racks or zone.strayed)
