"""The working copy of the state while one scan is decided. It never leaves `decide`: what comes out is frozen again."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from controller.core.events import Event, Evidence, Feature, Kind, Write
from controller.core.inputs import Inputs
from controller.core.layout import Layout
from controller.core.rules import Rules
from controller.core.state import NEVER, RackState, State, ZoneState


class Draft:
    """State, inputs and time of one scan, and what it tells and writes."""

    def __init__(
        self, rules: Rules, state: State, inputs: Inputs, place: tuple[int, int], evidence: Callable[[int], Evidence]
    ) -> None:
        self.rules = rules
        self.layout: Layout = rules.layout
        self.inputs = inputs
        self.scan, self.tick_ms = place
        self.evidence = evidence
        self.before = state
        self.heads = list(state.heads)
        self.zones = list(state.zones)
        self.racks = list(state.racks)
        self.outputs = list(state.outputs)
        self.row_since_ms = list(state.row_since_ms)
        self.row_drove_ms = dict(state.row_drove_ms)
        self.chatter = {head: (changes, since_ms, told) for head, changes, since_ms, told in state.chatter}
        self.trips = state.trips
        self.disabled = state.disabled
        self.openings = state.openings
        self.forced = state.forced
        self.resets: list[int] = []
        self.unlatched: set[int] = set()
        """Zones that were reset in this scan: what rows of the matrix have latched in them is let go."""
        self.events: list[Event] = []
        self.writes: list[Write] = []
        self.wake_ms = NEVER

    def reached(self, due_ms: int) -> bool:
        """Whether the scan's time has come to `due_ms`. The only way to ask.

        `wake_ms` keeps the earliest tick asked for that is still to come (NEVER: none): there time alone may change what is decided.
        """
        if self.tick_ms >= due_ms:
            return True
        if self.wake_ms == NEVER or due_ms < self.wake_ms:
            self.wake_ms = due_ms
        return False

    def left_ms(self, due_ms: int) -> int:
        """What is left until `due_ms`, for a word to people or for a clock that is stopped here and now; it decides nothing by itself."""
        return max(due_ms - self.tick_ms, 0)

    def tell(
        self,
        kind: Kind,
        zone: str,
        subject: str,
        what: str,
        text: str = "",
        evidence: tuple[Evidence, ...] = (),
        operator: str = "",
    ) -> None:
        """Add an event of this scan."""
        self.events.append(
            Event(self.scan, self.tick_ms, kind, zone, subject, what, text=text, evidence=evidence, operator=operator)
        )

    def contact(self, head_index: int) -> Evidence:
        """A wired input's present state as evidence: 0 off, 1 on, 2 in fault."""
        head = self.layout.heads[head_index]
        point = self.layout.point_name(int(head.points[0]))
        return Evidence(head.name, Feature.CONTACT, point, float(self.inputs.wired[head_index]), 1.0)

    def zone(self, index: int, **changes: Any) -> ZoneState:
        """Change fields of a zone's state."""
        self.zones[index] = replace(self.zones[index], **changes)
        return self.zones[index]

    def rack(self, index: int, **changes: Any) -> RackState:
        """Change fields of a rack's state."""
        self.racks[index] = replace(self.racks[index], **changes)
        return self.racks[index]

    @property
    def lost(self) -> tuple[str, ...]:
        """Zones whose state was lost and for which nobody has said since that they are empty."""
        if not self.before.lost:
            return ()
        names = self.layout.zones
        return tuple(name for name in self.before.lost if self.zones[names.index(name)].occupied)

    def state(self) -> State:
        """The state after this scan, frozen."""
        return State(
            tick_ms=self.tick_ms,
            heads=tuple(self.heads),
            zones=tuple(self.zones),
            racks=tuple(self.racks),
            outputs=tuple(self.outputs),
            wired=self.inputs.wired,
            row_since_ms=tuple(self.row_since_ms),
            row_drove_ms=tuple(sorted(self.row_drove_ms.items())),
            chatter=tuple((head, *counted) for head, counted in sorted(self.chatter.items())),
            trips=self.trips,
            disabled=self.disabled,
            host=self.inputs.host,
            openings=self.openings,
            forced=self.forced,
            lost=self.lost,
        )
