"""What messages mean for the points: quality, samples, sequence gaps, heartbeats. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from drivers.mqtt.payload import Payload, PayloadError, decode
from drivers.points import BlockBuffer, Quality, TopicBlock

HEARTBEAT_PERIODS = 3.0
LONGEST_SILENCE_S = 5.0
"""A heartbeat may stand still for three periods of its device's blocks, never longer than this (plant time)."""

RESTARTED_AFTER = 3
"""So many older messages in a row, each newer than the one before, are a source that has restarted with its clock: then it is heard again."""


@dataclass(frozen=True, slots=True)
class _Point:
    block: TopicBlock
    index: int


@dataclass(slots=True)
class _Course:
    """How far a topic has come: its newest message, and the older ones that came after it."""

    newest: Payload
    older: Payload | None = None
    older_in_a_row: int = 0


@dataclass(slots=True)
class _Pulse:
    """A device's heartbeat: its counter, and when it last moved."""

    limit_ms: float
    seq: int | None = None
    moved_ms: int = 0
    alive: bool = True


class Intake:
    """Fills the buffers of a link's blocks. `gaps` counts messages that a sequence says were lost, `errors` payloads refused.

    `buffers` are by block, if somebody has made room for them.
    """

    def __init__(
        self,
        blocks: Iterable[TopicBlock],
        heartbeats: Mapping[str, str],
        buffers: Mapping[str, BlockBuffer] | None = None,
    ) -> None:
        blocks = tuple(blocks)
        given = buffers or {}
        self.buffers: Mapping[str, BlockBuffer] = {
            b.name: given.get(b.name) or BlockBuffer.empty(b.count) for b in blocks
        }
        self.gaps = 0
        self.errors = 0
        self.last_error = ""
        self._points: dict[str, list[_Point]] = {}
        self._courses: dict[str, _Course] = {}
        self._members: dict[str, list[TopicBlock]] = {}
        for block in blocks:
            self._members.setdefault(block.device, []).append(block)
            for index, topic in enumerate(block.topics):
                self._points.setdefault(topic, []).append(_Point(block, index))
        self._device_of_pulse = {topic: device for device, topic in heartbeats.items() if topic}
        self._pulses = {device: _Pulse(self._limit_ms(device)) for device in self._device_of_pulse.values()}

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that is wanted."""
        return (*self._points, *self._device_of_pulse)

    def shortest_limit_s(self) -> float:
        """Plant seconds of the strictest heartbeat."""
        return min((pulse.limit_ms / 1e3 for pulse in self._pulses.values()), default=LONGEST_SILENCE_S)

    def connected(self, now_ms: int) -> None:
        """A new connection: devices get one limit to be heard, sequences go on."""
        for pulse in self._pulses.values():
            pulse.moved_ms, pulse.alive = now_ms, True

    def take(self, topic: str, data: bytes, received_ms: int, *, retained: bool, replaced: int = 0) -> None:
        """Take in one message. `replaced` is how many of this topic were passed over for it."""
        try:
            payload = decode(data)
        except PayloadError as error:
            self._refuse(topic, str(error), retained=retained)
            return
        self.hear(topic, payload, received_ms, retained=retained, replaced=replaced)

    def hear(self, topic: str, payload: Payload, received_ms: int, *, retained: bool, replaced: int = 0) -> None:
        """Take in what a message says: `take` behind the decoding."""
        if (device := self._device_of_pulse.get(topic)) is not None and not retained:
            self._beat(self._pulses[device], payload.seq, received_ms)
        if topic not in self._points:
            return
        if retained:
            self._last_known(topic, payload)
        elif self._is_new(topic, payload, replaced):
            self._store(topic, payload, received_ms)

    def check(self, now_ms: int) -> bool:
        """Make the points of devices whose heartbeat stands still BAD; whether there are any."""
        silent = False
        for device, pulse in self._pulses.items():
            if now_ms - pulse.moved_ms > pulse.limit_ms:
                silent = True
                pulse.alive = False
                self._fail(device)
        return silent

    def fail_all(self) -> None:
        """The broker is gone: every point is BAD."""
        for device in self._members:
            self._fail(device)

    def _limit_ms(self, device: str) -> float:
        period_s = max((block.period_s for block in self._members.get(device, ())), default=LONGEST_SILENCE_S)
        return 1e3 * min(HEARTBEAT_PERIODS * period_s, LONGEST_SILENCE_S)

    def _beat(self, pulse: _Pulse, seq: int, received_ms: int) -> None:
        if seq != pulse.seq:
            pulse.seq, pulse.moved_ms, pulse.alive = seq, received_ms, True

    def _is_new(self, topic: str, payload: Payload, replaced: int) -> bool:
        """Whether this is a newer message than the last; a source that restarted counts from the start again."""
        course = self._courses.get(topic)
        if course is None:
            self._courses[topic] = _Course(payload)
            return True
        if payload.seq > course.newest.seq:
            self.gaps += max(payload.seq - course.newest.seq - 1 - replaced, 0)
        elif payload.seq == course.newest.seq or not _has_restarted(course, payload):
            return False
        course.newest, course.older, course.older_in_a_row = payload, None, 0
        return True

    def _store(self, topic: str, payload: Payload, received_ms: int) -> None:
        for point in self._points[topic]:
            pulse = self._pulses.get(point.block.device)
            value = payload.fields.get(point.block.field)
            buffer, index = self.buffers[point.block.name], point.index
            good = value is not None and (pulse is None or pulse.alive)
            buffer.value[index] = value if good else np.nan
            buffer.quality[index] = Quality.GOOD if good else Quality.BAD
            buffer.sample[index] += 1
            buffer.received_ms[index] = received_ms

    def _last_known(self, topic: str, payload: Payload) -> None:
        """A retained value may be of any age: it is shown, and never good. It does not replace a live one."""
        for point in self._points[topic]:
            buffer, value = self.buffers[point.block.name], payload.fields.get(point.block.field)
            if buffer.quality[point.index] != Quality.GOOD and value is not None:
                buffer.value[point.index] = value
                buffer.quality[point.index] = Quality.UNKNOWN

    def _refuse(self, topic: str, what: str, *, retained: bool) -> None:
        self.errors += 1
        self.last_error = f"{topic}: {what}"
        if not retained:
            for point in self._points.get(topic, ()):
                self.buffers[point.block.name].value[point.index] = np.nan
                self.buffers[point.block.name].quality[point.index] = Quality.BAD

    def _fail(self, device: str) -> None:
        for block in self._members.get(device, ()):
            self.buffers[block.name].value.fill(np.nan)
            self.buffers[block.name].quality.fill(Quality.BAD)


def _has_restarted(course: _Course, payload: Payload) -> bool:
    """Whether a lower sequence is one that began anew: in a later time, or, where the clock began anew too, several times in a row."""
    if payload.t_ms > course.newest.t_ms:
        return True
    older = course.older
    rising = older is not None and payload.seq > older.seq and payload.t_ms > older.t_ms
    course.older, course.older_in_a_row = payload, course.older_in_a_row + 1 if rising else 1
    return course.older_in_a_row >= RESTARTED_AFTER
