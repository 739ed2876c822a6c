"""One conversation with the units behind an endpoint: bytes in, replies out, each as late as its device answers."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from controller.site.model import Framing
from sim_hardware.wires.answer import Exc, Store, answer, is_write, refusal
from sim_hardware.wires.streams import AnyFraming, stream

BROADCAST = 0
"""Unit that means all units of a serial line; none answers (MODBUS over Serial Line 1.02, 2.1)."""


class Field(Protocol):
    """What has units to ask: a plant, a recording, a bulk of registers."""

    @property
    def memories(self) -> Mapping[str, Store]:
        """By device."""
        ...

    def answers(self, device: str) -> float | None:
        """Seconds by which a device answers late; None if it does not answer."""
        ...


class Endpoint:
    """The units (number to device name) of one port or serial line. `requests` counts all that came, also those that nobody answers."""

    def __init__(self, plant: Field, units: Mapping[int, str], framing: AnyFraming) -> None:
        self._plant = plant
        self._units = units
        self._stores = {unit: plant.memories[device] for unit, device in units.items()}
        self.framing = framing
        self.requests = 0

    def late_s(self, unit: int) -> float | None:
        """How late the reply comes; None if none comes. For a unit that is not there a gateway answers, a line does not."""
        device = self._units.get(unit)
        if device is not None:
            return self._plant.answers(device)
        return 0.0 if self.framing == Framing.TCP else None

    def reply(self, unit: int, pdu: bytes) -> bytes:
        """The reply PDU of a unit."""
        store = self._stores.get(unit)
        return refusal(pdu, Exc.NO_UNIT) if store is None else answer(pdu, store)

    def is_broadcast(self, unit: int) -> bool:
        """Whether a request is for all units."""
        return unit == BROADCAST and self.framing == Framing.RTU

    def tell_all(self, pdu: bytes) -> None:
        """Let every unit that is not dead carry out a write."""
        if is_write(pdu):
            for unit, device in self._units.items():
                if self._plant.answers(device) is not None:
                    answer(pdu, self._stores[unit])


class Session:
    """Answers what comes in by `take` through `write`, with one call for all that can be answered at once.

    Replies of one unit come in the order of its requests. A late unit does not hold up the others; what it is asked is read, or carried
    out, when it answers. On RTU a pause of `pause_s` between two arrivals ends a frame.
    """

    def __init__(self, endpoint: Endpoint, write: Callable[[bytes], None], pause_s: float) -> None:
        self._endpoint = endpoint
        self._write = write
        self._pause_s = pause_s
        self._loop = asyncio.get_running_loop()
        self._stream = stream(endpoint.framing)
        self._heard_s = 0.0
        self._late: dict[int, deque[tuple[int, bytes]]] = {}
        self._due_s: dict[int, float] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    def take(self, data: bytes) -> bool:
        """Answer what `data` completes; False if no later byte can have a meaning and the connection should be closed."""
        now_s = self._loop.time()
        if self._stream.rest and now_s - self._heard_s >= self._pause_s:
            self._stream.silence()
        self._heard_s = now_s
        requests = self._stream.feed(data)
        endpoint, frame = self._endpoint, self._stream.frame
        endpoint.requests += len(requests)
        replies: list[bytes] = []
        for transaction, unit, pdu in requests:
            late_s = endpoint.late_s(unit)
            if late_s == 0.0 and unit not in self._late:
                replies.append(frame(transaction, unit, endpoint.reply(unit, pdu)))
            elif late_s is not None:
                self._put_off(transaction, unit, pdu, now_s + late_s)
            elif endpoint.is_broadcast(unit):
                endpoint.tell_all(pdu)
        if replies:
            self._write(b"".join(replies))
        return not self._stream.broken

    def end(self) -> None:
        """The connection is gone: nothing late is answered any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _put_off(self, transaction: int, unit: int, pdu: bytes, due_s: float) -> None:
        """Answer later, not before the request of this unit that came before."""
        self._late.setdefault(unit, deque()).append((transaction, pdu))
        self._due_s[unit] = max(due_s, self._due_s.get(unit, 0.0))
        timer: asyncio.TimerHandle

        def answer_late() -> None:
            self._timers.discard(timer)
            self._answer_late(unit)

        timer = self._loop.call_at(self._due_s[unit], answer_late)
        self._timers.add(timer)

    def _answer_late(self, unit: int) -> None:
        """Answer the first that waits, whichever timer this is: two that are due at once fire in any order."""
        waiting = self._late[unit]
        transaction, pdu = waiting.popleft()
        if not waiting:
            del self._late[unit]
        if self._endpoint.late_s(unit) is not None:
            self._write(self._stream.frame(transaction, unit, self._endpoint.reply(unit, pdu)))
