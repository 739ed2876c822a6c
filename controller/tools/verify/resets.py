"""P6: from every state that was reached, people who do their part come back to a quiet zone."""

from collections.abc import Iterator

from controller.core.commands import HandOver, Reset
from controller.core.state import State
from controller.tools.verify.canonical import FAR_MS, NOW_MS, all_run_out, later
from controller.tools.verify.explore import Broken, Explorer
from controller.tools.verify.parts import WHO

MOST_STEPS = 60
"""More boundaries than a release has between its first alarm and the end of its hold time, retries and reserve bank included."""


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
    """States on the way to a quiet zone, and whether it is reached: all at rest, time passes, the zone is handed over and reset."""
    zone = explorer.world.layout.zones[0]
    way: list[State] = []
    for _ in range(MOST_STEPS):
        way.append(state)
        if state in quiet:
            return way, True
        rest = explorer.world.vectors[0]
        over = explorer.decide(all_run_out(state), rest, HandOver(operator=WHO, zone=zone)).state
        said = explorer.decide(over, rest, Reset(operator=WHO, zone=zone))
        if _is_quiet(said.state):
            return way, True
        state = _on(explorer, state)
    return way, False


def _on(explorer: Explorer, state: State) -> State:
    """The state after the next boundary, with every input at rest."""
    decision = explorer.decide(state, explorer.world.vectors[0])
    after = explorer.canon.of(decision.state)
    if after != state:
        return after
    if NOW_MS < decision.wake_ms < FAR_MS:
        return explorer.canon.of(later(state, decision.wake_ms - NOW_MS))
    return all_run_out(state)


def _is_quiet(state: State) -> bool:
    zone = state.zones[0]
    latched = any(latch.level for latch in state.heads)
    open_racks = any(rack.cool or rack.runaway for rack in state.racks)
    return zone.stage == "quiescent" and not (latched or open_racks or zone.strayed)
