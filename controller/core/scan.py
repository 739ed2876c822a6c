"""One scan of the core: detect, weigh, decide, map. The only door between the pure core and whoever drives it."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from controller.core.chain import InputDigest
from controller.core.commands import AnyCommand
from controller.core.decide import Decision, decide, first_state, take_up
from controller.core.detect.detector import Detector
from controller.core.detect.readings import Readings
from controller.core.events import Event, Kind, Level, Write
from controller.core.image import FOR_EVER, Image
from controller.core.inputs import InputReader, Inputs
from controller.core.layout import Layout
from controller.core.operators import subject, tag
from controller.core.rules import ResponseSettings, make_rules
from controller.core.state import NEVER, NO_EXHAUST, State, Tri
from controller.core.zone.works import left_out

DIGEST_SCANS = 600
"""Scans between two digests of the inputs in the journal: a minute at 100 ms."""

RESTART_GRACE_MS = 2000
"""A restart waits so long for the field's own state of its release channels before it takes them as dropped."""


class ScanResult(NamedTuple):
    """What one scan told and wants written; `state_changed` when the latched state is worth a commit."""

    events: tuple[Event, ...]
    writes: tuple[Write, ...]
    state: State
    state_changed: bool


class Controller:
    """The core of one site. Feed it images in order; it keeps the detector's arrays and the latched state, and nothing else.

    `state` is the latched state of an earlier run, or None for a site that has never run, or whose state is `lost`. Deterministic: the
    same images and commands give the same events, writes and states, bit for bit.
    """

    def __init__(
        self,
        layout: Layout,
        state: State | None = None,
        settings: ResponseSettings | None = None,
        *,
        lost: bool = False,
    ) -> None:
        self.layout = layout
        self.rules = make_rules(layout, settings)
        self.detector = Detector(layout)
        self.state = state or first_state(layout, lost=lost)
        self.inputs: Inputs | None = None
        self.readings: Readings | None = None
        self._reader = InputReader(layout)
        self._digest = InputDigest()
        self._resuming_since_ms: int | None = None
        self._resume = state is not None
        self._rests_until_ms = NEVER
        self._told: tuple[object, object] = None, None

    def scan(self, image: Image, commands: tuple[AnyCommand, ...] = ()) -> ScanResult:
        """Take one image and the commands that came with it; returns events, writes and the latched state."""
        changed = self._digest.update(image)
        self._tell_detector()
        self.readings = self.detector.advance(image, changed)
        inputs = self._reader.read(image, self.readings, self.detector.weighed, changed)
        taken_up: tuple[Event, ...] = ()
        if self._resume:
            before = self.state
            if not self._resumed(inputs, image.tick_ms):
                return ScanResult(_not_yet(image, commands), (), self.state, state_changed=False)
            taken_up = tuple(self._moved(before, image))
        same = inputs is self.inputs or inputs == self.inputs
        self.inputs = inputs
        digest = self._digest_event(image)
        if same and not commands and image.tick_ms < self._rests_until_ms:
            # Nothing that decide looks at has changed, time included: it would give the same state again, and no word.
            self.state = replace(self.state, tick_ms=image.tick_ms)
            return ScanResult(digest, (), self.state, state_changed=False)
        place = (image.scan, image.tick_ms)
        self._rests_until_ms = NEVER  # should deciding fail, the next scan decides
        decision = decide(self.rules, self.state, inputs, commands, place, self.detector.evidence)
        if decision.resets:
            # What the detector kept as evidence goes with the latch. Decided again, so that this scan shows what is still true.
            for head in decision.resets:
                self.detector.reset(head)
            self.readings = self.detector.advance(image)
            self.inputs = self._reader.read(image, self.readings, self.detector.weighed)
            decision = decide(self.rules, self.state, self.inputs, commands, place, self.detector.evidence)
        self._rests_until_ms = _rests_until(self.state, decision, commands)
        self.state = decision.state
        return ScanResult(taken_up + decision.events + digest, decision.writes, decision.state, state_changed=True)

    def _tell_detector(self) -> None:
        """What the latched state means for the detector; the same zones and disabled subjects mean the same."""
        told = self.state.zones, self.state.disabled
        if told[0] is not self._told[0] or told[1] is not self._told[1]:
            self.detector.agent_in([zone.stage in NO_EXHAUST for zone in self.state.zones])
            self.detector.leave_out(left_out(self.rules, self.state))
            self._told = told

    def close(self, image: Image) -> Event:
        """The last event of a run: the digest of all inputs so far."""
        return self._make_digest(image)

    def _resumed(self, inputs: Inputs, tick_ms: int) -> bool:
        """After a restart: wait for the field's own state of the release channels, then take the latched state up. True once that is done."""
        if self._resuming_since_ms is None:
            self._resuming_since_ms = tick_ms
        unknown = any(Tri.UNKNOWN in inputs.channels[o.index] for o in self.layout.outputs if o.is_release)
        if unknown and tick_ms - self._resuming_since_ms < RESTART_GRACE_MS:
            return False
        self.state = take_up(self.state, inputs, self.rules, tick_ms)
        self._resume = False
        return True

    def _moved(self, before: State, image: Image) -> Iterator[Event]:
        """A zone that a restart has moved to another stage, with the alarms behind it (rule 12)."""
        for zone, was, now in zip(self.rules.zones, before.zones, self.state.zones, strict=True):
            if was.stage is not now.stage:
                latches = (before.heads[h.index] for h in zone.sensing)
                evidence = tuple(x.evidence for x in latches if x.evidence is not None and x.level >= Level.ALARM)
                text = "restart: the whole pre-warning anew"
                place = (image.scan, image.tick_ms)
                yield Event(*place, Kind.STAGE, zone.name, zone.name, now.stage, text, evidence)

    def _digest_event(self, image: Image) -> tuple[Event, ...]:
        return (self._make_digest(image),) if image.scan % DIGEST_SCANS == 0 else ()

    def _make_digest(self, image: Image) -> Event:
        return Event(image.scan, image.tick_ms, Kind.DIGEST, "", "inputs", self._digest.hexdigest())


def _rests_until(before: State, decision: Decision, commands: tuple[AnyCommand, ...]) -> int:
    """The first tick at which deciding again, on the same inputs and without a command, may give anything new; NEVER: at once.

    A state that this scan changed may move the matrix in the next one, with the same inputs. One that came out as it went in, without a
    word, comes out again until time passes one of the limits that were asked for.
    """
    told = commands or decision.events or decision.writes or decision.resets
    if told or replace(before, tick_ms=decision.state.tick_ms) != decision.state:
        return NEVER
    return FOR_EVER if decision.wake_ms == NEVER else decision.wake_ms


def _not_yet(image: Image, commands: tuple[AnyCommand, ...]) -> tuple[Event, ...]:
    """Commands that come while the outputs are still being read after a restart are refused in sight, not lost."""
    why = "the controller has just started and still reads its outputs: say it again"
    return tuple(
        Event(
            image.scan, image.tick_ms, Kind.REFUSED, "", subject(command), tag(command), why, operator=command.operator
        )
        for command in commands
    )
