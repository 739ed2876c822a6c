"""P6: from every state that was reached, people who do their part come back to a quiet zone."""

from collections.abc import Iterator

from controller.core.commands import HandOver, Reset
from controller.core.state import State
from controller.tools.verify.canonical import FAR_MS, NOW_MS, later, run_out
from controller.tools.verify.explore import Broken, Explorer
from controller.tools.verify.parts import WHO

MOST_STEPS = 60
"""More boundaries than a release has between its first alarm and the end of its hold time, retries and reserve bank included."""


def stuck(explorer: Explorer) -> Iterator[Broken]:
    """The first state, in the order of their discovery, from which no way back was found."""
    quiet: set[State] = set()
    for state in explorer.seen:
        way = _way_back(explorer, state, quiet)
        if way:
            quiet.update(way)
        else:
            what = f"no way to reset: with all inputs at rest, stage {state.zones[0].stage} stays, whatever is said"
            yield Broken("P6", what, explorer.path_to(state))
            return


def _way_back(explorer: Explorer, state: State, quiet: set[State]) -> list[State]:
    """States on the way to a quiet zone: everything at rest, time passes, the zone is handed over and reset. Empty: there is none."""
    zone = explorer.world.layout.zones[0]
    way: list[State] = []
    for _ in range(MOST_STEPS):
        way.append(state)
        if state in quiet:
            return way
        rest = explorer.world.vectors[0]
        said = explorer.decide(
            explorer.decide(state, rest, HandOver(operator=WHO, zone=zone)).state, rest, Reset(operator=WHO, zone=zone)
        )
        if _is_quiet(said.state):
            return way
        state = _on(explorer, state)
    return []


def _on(explorer: Explorer, state: State) -> State:
    """The state after the next boundary, with every input at rest."""
    decision = explorer.decide(state, explorer.world.vectors[0])
    after = explorer.canon.of(decision.state)
    if after != state:
        return after
    if NOW_MS < decision.wake_ms < FAR_MS:
        return explorer.canon.of(later(state, decision.wake_ms - NOW_MS))
    for _, over in run_out(state):
        return over
    return state


def _is_quiet(state: State) -> bool:
    zone = state.zones[0]
    latched = any(latch.level for latch in state.heads)
    open_racks = any(rack.cool or rack.runaway for rack in state.racks)
    return zone.stage == "quiescent" and not (latched or open_racks or zone.strayed)
