"""Breadth first through all states of a part of a site: every step is a call of the `decide` that runs in the daemon."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from controller.core import decide as deciding
from controller.core.commands import AnyCommand, Force, Work
from controller.core.draft import Draft
from controller.core.operators import obey, subject, tag
from controller.core.state import State, TripState
from controller.site.model import Role
from controller.tools.verify.alike import Mirror
from controller.tools.verify.canonical import FAR_MS, NOW_MS, Canon, later, run_out
from controller.tools.verify.words import BEFORE
from controller.tools.verify.world import Vector, World

JUST_BEFORE_MS = 100
"""Time stops once a scan before each boundary as well: what begins then ends after what the boundary ends."""


class Step(NamedTuple):
    """One decision: the state before, what the environment showed, what a person said, what came out."""

    world: World
    before: State
    vector: Vector
    command: AnyCommand | None
    decision: deciding.Decision


class Move(NamedTuple):
    """How one state came from another, for the timeline: time that passed, and what was shown or said."""

    waited_ms: int
    text: str
    vector: Vector | None = None
    command: AnyCommand | None = None


class Broken(NamedTuple):
    """A property that does not hold: what was seen, and the shortest way there."""

    number: str
    what: str
    path: tuple[tuple[Move, State], ...]


Check = Callable[[Step], Iterator[tuple[str, str]]]
"""Looks at one step; gives (property, what is wrong)."""
PairCheck = Callable[[Step, Step], Iterator[tuple[str, str]]]
"""Looks at two steps from one state: with abort, hold or a command, and without."""


@dataclass(slots=True)
class Explored:
    """What an exploration found. `whole`: nothing was left out for lack of time or room."""

    part: str
    states: int = 0
    transitions: int = 0
    vectors: int = 0
    whole: bool = True
    broken: dict[str, Broken] = field(default_factory=dict)


class Explorer:
    """Explores one world from its first state. `most_states` and `out_of_time` bound it; then it is not whole.

    `stop_at`: a property whose first counter-example is enough. `mirror`: states that are each other's mirror images are one.
    """

    def __init__(
        self,
        world: World,
        checks: tuple[Check, ...],
        with_hands: tuple[PairCheck, ...] = (),
        with_words: tuple[PairCheck, ...] = (),
        *,
        most_states: int = 200_000,
        out_of_time: Callable[[], bool] = lambda: False,
        tell: Callable[[int, int, int], None] = lambda *_: None,
        stop_at: str = "",
        mirror: Mirror | None = None,
    ) -> None:
        self.world, self._checks = world, checks
        self._with_hands, self._with_words = with_hands, with_words
        self._most, self._out_of_time, self._tell = most_states, out_of_time, tell
        self._stop_at = {stop_at}
        works = any(isinstance(word, (Work, Force)) for word in world.said)
        mirrored = mirror.of if mirror else None
        self.canon = Canon(world.rules, free_clocks=world.free_clocks, works=works, mirrored=mirrored)
        self.seen: dict[State, tuple[State | None, Move]] = {}
        self._at_rest: dict[State, tuple[State, int]] = {}
        self._open: deque[State] = deque()
        self._wired = world.vectors[0].inputs.wired
        shared = len(world.layout.zones) > 1
        self._selectors = [(o.zone, o.index) for o in world.of_role((Role.SELECTOR,))] if shared else []
        self.result = Explored(world.name, vectors=len(world.vectors))

    def run(self, *starts: State) -> Explored:
        """Explore until nothing is open."""
        first = deciding.first_state(self.world.layout)
        for state in starts or (first,):
            self._add(self.canon.of(replace(state, tick_ms=NOW_MS)), None, Move(0, "start"))
        while self._open and not self._stop_at <= self.result.broken.keys():
            if len(self.seen) > self._most or self._out_of_time():
                self.result.whole = False
                break
            self._expand(self._open.popleft())
            self._tell(len(self.seen), len(self._open), self.result.transitions)
        self.result.states = len(self.seen)
        return self.result

    def decide(self, state: State, vector: Vector, command: AnyCommand | None = None) -> deciding.Decision:
        """One decision now. Troubles that would ripen under this vector stand already, so that time waits for none of them."""
        self.result.transitions += 1
        said = () if command is None else (command,)
        place = (1, NOW_MS)
        full = self._whole(state, vector)
        decision = deciding.decide(self.world.rules, full, vector.inputs, said, place, self.world.evidence)
        if any(not trip.shown for trip in decision.state.trips):
            known = {(t.trip, t.subject) for t in vector.shown}
            fresh = tuple(
                TripState(t.trip, t.subject, t.since_ms, shown=True)
                for t in decision.state.trips
                if (t.trip, t.subject) not in known
            )
            vector.shown += fresh
            full = replace(full, trips=vector.shown)
            decision = deciding.decide(self.world.rules, full, vector.inputs, said, place, self.world.evidence)
        return decision

    def _whole(self, state: State, vector: Vector) -> State:
        """The state as `decide` finds it: contacts at rest before, the troubles that stand, and the other room of a shared bank."""
        if not self._selectors:
            return replace(state, wired=self._wired, trips=vector.shown)
        beside, mine = vector.beside, state.zones[0]
        outputs = list(state.outputs)
        for zone, selector in self._selectors:
            outputs[selector] = replace(outputs[selector], since_ms=beside.told_ms if zone else beside.own_told_ms)
        # The pipe is one room's: that each takes it only while the other has it not is a property of its own (P5).
        other = replace(beside.zone, selected=False) if mine.selected else beside.zone
        return replace(state, wired=self._wired, trips=vector.shown, zones=(mine, other), outputs=tuple(outputs))

    def at_rest(self, state: State) -> tuple[State, int]:
        """The state after a scan with every input at rest, and when time alone moves it on; decided once a state."""
        if state not in self._at_rest:
            decision = self.decide(state, self.world.vectors[0])
            self._at_rest[state] = self.canon.upright(decision.state), decision.wake_ms
        return self._at_rest[state]

    def path_to(self, state: State) -> tuple[tuple[Move, State], ...]:
        """The way by which a state was first reached: moves, each with the state that it led to."""
        back: list[tuple[Move, State]] = []
        here: State | None = state
        while here is not None:
            parent, move = self.seen[here]
            back.append((move, here))
            here = parent
        return tuple(reversed(back))

    # --- one state

    def _expand(self, state: State) -> None:
        steps = self._show_all(state)
        for step in steps:
            if step.vector.calm >= 0:
                self._compare(step, steps[step.vector.calm], self._with_hands)
        for command in self.world.said:
            for silent in steps[: self.world.said_under]:
                self._say(state, command, silent)
        if self.world.free_clocks:
            for text, after in run_out(state):
                self._add(self.canon.mirrored(after), state, Move(0, text))
        if self.world.restarts:
            self._restart(state)

    def _show_all(self, state: State) -> list[Step]:
        """Every vector is shown to the state. Where one moves nothing, time may pass under it."""
        steps: list[Step] = []
        waits: set[int] = set()
        for vector in self.world.vectors:
            decision = self.decide(state, vector)
            step = Step(self.world, state, vector, None, decision)
            steps.append(step)
            upright = self.canon.upright(decision.state)
            after = self.canon.mirrored(upright)
            self._judge(step, after)
            if vector.place == 0:
                self._at_rest[state] = upright, decision.wake_ms
            if after != state:
                self._add(after, state, Move(0, vector.text, vector))
            elif upright == state and NOW_MS < decision.wake_ms < FAR_MS and decision.wake_ms not in waits:
                waits.add(decision.wake_ms)
                self._wait(state, vector, decision.wake_ms - NOW_MS)
        return steps

    def _wait(self, state: State, vector: Vector, wait_ms: int) -> None:
        """Nothing moves before the boundary: time goes there, and once to the scan before it."""
        starts_clocks = state.zones[0].stage in BEFORE
        for waited_ms in (wait_ms - JUST_BEFORE_MS, wait_ms) if starts_clocks else (wait_ms,):
            if waited_ms > 0:
                self._add(self.canon.of(later(state, waited_ms)), state, Move(waited_ms, vector.text, vector))

    def _says_nothing(self, state: State, command: AnyCommand, vector: Vector) -> bool:
        """Whether the core takes nothing from a word here: it is refused, or all is so already. Then the step is the one without it."""
        full = self._whole(state, vector)
        draft = Draft(self.world.rules, full, vector.inputs, (1, NOW_MS), self.world.evidence)
        obey(draft, command)
        said = draft.state()
        return not (draft.unlatched or draft.resets or draft.writes) and said == replace(
            full, tick_ms=NOW_MS, wired=said.wired, host=said.host
        )

    def _say(self, state: State, command: AnyCommand, silent: Step) -> None:
        if self._says_nothing(state, command, silent.vector):
            return
        decision = self.decide(state, silent.vector, command)
        step = Step(self.world, state, silent.vector, command, decision)
        after = self.canon.of(decision.state)
        self._judge(step, after)
        self._compare(step, silent, self._with_words)
        text = f"{command.operator} says {tag(command)} {subject(command)}"
        self._add(after, state, Move(0, f"{text} ({silent.vector.text})", silent.vector, command))

    def _restart(self, state: State) -> None:
        """The controller starts anew on the latched state; the release channels read as commanded, or have dropped meanwhile."""
        outputs = self.world.layout.outputs
        held = tuple((1 - o.output.normal,) * len(o.channels) for o in outputs)
        dropped = tuple((o.output.normal,) * len(o.channels) for o in outputs)
        for text, channels in (("held", held), ("dropped", dropped)):
            inputs = self.world.vectors[0].inputs._replace(channels=channels)
            after = deciding.take_up(replace(state, wired=self._wired), inputs, self.world.rules, NOW_MS)
            settled = replace(after, outputs=state.outputs)
            self._add(self.canon.of(settled), state, Move(0, f"restart, release channels {text}"))

    # --- book-keeping

    def _judge(self, step: Step, after: State) -> None:
        for check in self._checks:
            for name, what in check(step):
                self._break(name, what, step, after)

    def _compare(self, step: Step, other: Step, checks: tuple[PairCheck, ...]) -> None:
        for check in checks:
            for name, what in check(step, other):
                self._break(name, what, step, self.canon.of(step.decision.state))

    def _break(self, name: str, what: str, step: Step, after: State) -> None:
        if name in self.result.broken:
            return
        said = (
            ""
            if step.command is None
            else f"{step.command.operator} says {tag(step.command)} {subject(step.command)}; "
        )
        last = (Move(0, f"{said}{step.vector.text}", step.vector, step.command), after)
        self.result.broken[name] = Broken(name, what, (*self.path_to(step.before), last))

    def _add(self, state: State, parent: State | None, move: Move) -> None:
        if state not in self.seen:
            self.seen[state] = (parent, move)
            self._open.append(state)
