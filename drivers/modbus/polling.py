"""What a link asks its devices, turn by turn, and what becomes of the answers. No I/O; times are seconds of a steady clock.

Called from the connection's own call-backs, so that no task is woken between two requests.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from drivers.link import LinkError, NotConnectedError, TickMs
from drivers.modbus.errors import DeviceRefusedError, StrayBytesError, TransactionError, UnitError, Where
from drivers.modbus.frame import Batch, Framing, ask_read, batches
from drivers.modbus.intake import Intakes, Reading, blocks_of
from drivers.modbus.learned import Learned
from drivers.modbus.plan import DeviceLimits, PlanError, Request, confusable, plan_link
from drivers.modbus.schedule import Cycle, Schedule
from drivers.modbus.standing import Standing
from drivers.points import BlockBuffer, RegisterBlock

STRETCH = 8
"""Requests whose values are decoded together where a block goes on from one to the next: few enough that a slow unit's values do not wait."""

FAR_AHEAD = 32
"""Most turns that a connection may take without a question."""

GATEWAY_CODES = frozenset({10, 11})
"""Exceptions by which a gateway says that the device behind it is out (Modbus Application Protocol 1.1b3, 7)."""

ADDRESS_CODES = frozenset({1, 2, 3, 4})
"""Exceptions that one register may cause for all that are read with it (the same)."""

PARDONS = 3
"""How often a device keeps its values when what went wrong may be another's doing: that unit's poll, a write to it, and its read-back."""

_OF_OTHERS = (NotConnectedError, TransactionError, UnitError, StrayBytesError)
"""Errors that may be another device's doing, or the gateway's."""


class Polling:
    """Implements `drivers.modbus.wire.Turns` for one link: plans, schedule, intake.

    `blocks` by name; `devices` by the name that blocks give; periods are plant time and pass `speed` times as fast.
    `heard` is called with every good answer, `note` with every refusal.
    """

    def __init__(
        self,
        name: str,
        framing: Framing,
        blocks: Mapping[str, RegisterBlock],
        devices: Mapping[str, DeviceLimits],
        tick_ms: TickMs,
        speed: float,
        heard: Callable[[], None],
        note: Callable[[LinkError], None],
        buffers: Mapping[str, BlockBuffer] | None = None,
    ) -> None:
        self._name = name
        self._framing = framing
        self._blocks = dict(blocks)
        self._devices = dict(devices)
        self._tick_ms = tick_ms
        self._speed = speed
        self._ms_per_s = 1e3 * speed
        self._heard = heard
        self._note = note
        self.intakes = Intakes(self._blocks.values(), buffers)
        self._members: dict[str, list[str]] = {}
        for block in self._blocks.values():
            self._members.setdefault(block.device, []).append(block.name)
        self.learned = {device: Learned() for device in self._members}
        self.schedule = Schedule[Reading](self._cycles(), 0.0)
        self._reads = 0
        self._standing: Standing | None = None
        self._is_heard = False
        self._cycle: Cycle[Reading] | None = None
        self._started_s = 0.0
        self._pardoned: Counter[str] = Counter()

    @property
    def requests(self) -> tuple[Request, ...]:
        """The read plan of all devices."""
        return tuple(request for device in self._members for request in self._plan(device))

    # --- the plan ---------------------------------------------------------------------------------------------------

    def start(self, now_s: float) -> None:
        """All is due now."""
        self.schedule = Schedule(self._cycles(), now_s)
        self._standing = None

    def connected(self) -> None:
        """There is a new connection, on which nothing was answered yet."""
        self._is_heard = False

    def asked(self, device: str) -> Iterator[Request]:
        """What the device is asked at present."""
        for cycle in self.schedule.cycles(device):
            for reading in cycle.turns:
                yield from reading.requests

    def readings(self, device: str, requests: Iterable[Request]) -> list[Reading]:
        """Requests with all that can be made ready for them, in batches of the device's depth."""
        requests, depth = tuple(requests), 1 if self._framing is Framing.RTU else self._devices[device].depth
        stretch = max(STRETCH // depth, 1) * depth
        readings = []
        for first in range(0, len(requests), stretch):
            some = requests[first : first + stretch]
            asks = [
                ask_read(Where(self._name, device, f"{r.table}@{r.address}"), r.unit, r.table, r.address, r.count)
                for r in some
            ]
            readings += self.intakes.readings(some, batches(asks, self._framing, depth))
        return readings

    def _plan(self, device: str, names: Iterable[str] | None = None) -> tuple[Request, ...]:
        limits = self._devices[device]
        blocks = (self._blocks[name] for name in names or self._members[device])
        has_transactions = self._framing is Framing.TCP
        return plan_link(blocks, limits.max_registers, limits.max_gap, has_transactions=has_transactions)

    def _cycles(self) -> list[Cycle[Reading]]:
        """A cycle for each device and period."""
        cycles = []
        for device in self._members:
            by_period: dict[float, list[Request]] = {}
            for request in self._plan(device):
                by_period.setdefault(request.period_s, []).append(request)
            cycles += [
                Cycle(device, self.readings(device, requests), period_s / self._speed)
                for period_s, requests in by_period.items()
            ]
        return cycles

    # --- turns ------------------------------------------------------------------------------------------------------

    def next(self, now_s: float) -> Batch | float:
        """See `Turns.next`."""
        self._cycle = cycle = self.schedule.pick(now_s)
        if cycle is None:
            return self.schedule.next_due_s()
        self._started_s = now_s
        return cycle.turn.batch

    def ahead(self) -> Sequence[Batch]:
        """See `Turns.ahead`: the rest of a cycle, where there is no other that might have its turn in between."""
        cycle = self._cycle
        if cycle is None or not self.schedule.is_alone:
            return ()
        return [reading.batch for reading in cycle.turns[cycle.position + 1 : cycle.position + 1 + FAR_AHEAD]]

    def answered(self, batches: Sequence[Batch], waits_s: Sequence[float], times_s: Sequence[float]) -> None:
        """See `Turns.answered`."""
        cycle = self._cycle
        if cycle is None:  # cannot be: what was polled was picked
            return
        received_ms, now_s = self.dating(), times_s[-1]  # some were answered a while ago: they are as old as that
        readings = cycle.turns[cycle.position : cycle.position + len(batches)]
        for reading, at_s in zip(readings, times_s, strict=True):
            reading.take(received_ms(at_s))
            self._reads += len(reading.requests)
        self._is_heard = True
        self._heard()
        self._pardoned.pop(cycle.device, None)
        self.learned[cycle.device].good(waits_s, now_s)
        if batches[0].refused:
            self._refused(cycle, readings[0], now_s)
        else:
            self.schedule.done(cycle, self._started_s, now_s, len(batches))
        self._started_s = now_s  # of the next turn of the cycle, if it is ahead

    def standing(self) -> Standing | None:
        """See `Turns.standing`: all cycles, where they are one device's, nothing is odd about it and every one is at its beginning."""
        if not self._is_heard or not self._is_plain():
            return None
        if self._standing is None:
            (device,) = self._members
            cycles = self.schedule.cycles(device)
            self._standing = Standing(cycles, self.learned[device], self._tick_ms, self._speed, self._left)
        return self._standing

    def _is_plain(self) -> bool:
        if self._framing is not Framing.TCP or len(self._members) != 1:
            return False
        (device,) = self._members
        cycles = self.schedule.cycles(device)
        for cycle in cycles:
            if cycle.position:
                return False
        return self._standing is not None or all(reading.is_plain for cycle in cycles for reading in cycle.turns)

    def _left(self, number: int, place: int, times_s: Sequence[float], since_s: float) -> None:
        """See `standing.Left`."""
        standing = self._standing
        if standing is None:  # cannot be: it is that which calls
            return
        self._reads += standing.reads
        self.schedule.late_cycles += standing.late_cycles
        if number >= 0:
            (device,) = self._members
            self._cycle = cycle = self.schedule.cycles(device)[number]
            cycle.position, self._started_s = place, since_s
            received_ms = self.dating()
            for reading, at_s in zip(cycle.turns, times_s, strict=False):
                reading.was_taken(received_ms(at_s))

    def dating(self) -> Callable[[float], int]:
        """Make what gives the plant time of a moment of the loop's clock, a little before now.

        The plant's clock is looked at first, and nothing is rounded up: a value may be taken for older than it is, never for younger.
        """
        tick_ms, clock_s, ms_per_s = self._tick_ms(), time.monotonic(), self._ms_per_s
        return lambda at_s: tick_ms + math.floor((at_s - clock_s) * ms_per_s)

    @property
    def reads(self) -> int:
        """Requests answered."""
        return self._reads + (0 if self._standing is None else self._standing.reads)

    @property
    def late_cycles(self) -> int:
        """Cycles skipped because the device or the bus was too slow."""
        return self.schedule.late_cycles + (0 if self._standing is None else self._standing.late_cycles)

    def is_wanted(self) -> bool:
        """See `Turns.is_wanted`: a poll does not grow old."""
        return True

    def down(self) -> None:
        """The connection cannot be had: nothing is known, and every cycle begins afresh."""
        self.intakes.fail_all()
        for device in self._members:
            self.schedule.restart(device)

    def _refused(self, cycle: Cycle[Reading], reading: Reading, now_s: float) -> None:
        """A refusal costs the blocks of its request alone; from a gateway it says that the device is out."""
        batch = reading.batch
        refused = [(r, code) for r, code in zip(reading.requests, batch.codes, strict=True) if code]
        for ask, code in zip(batch.asks, batch.codes, strict=True):
            if code:
                self._note(DeviceRefusedError(str(ask.where), code))
        if any(code in GATEWAY_CODES for _, code in refused):
            self.failed(cycle.device, now_s, self._started_s)
            return
        together: set[str] = set()
        for request, code in refused:
            names = blocks_of(request)
            self.intakes.fail(names)
            together |= names if code in ADDRESS_CODES and len(names) > 1 else set()
        self.schedule.done(cycle, self._started_s, now_s)
        if together:
            self._part(cycle)

    def _part(self, cycle: Cycle[Reading]) -> None:
        """From now on every block of the cycle by itself, so that one bad register does not blind its neighbours.

        Not where the reply to one block would then pass for another's: such blocks stay together, and BAD.
        """
        names = sorted({name for reading in cycle.turns for request in reading.requests for name in blocks_of(request)})
        try:
            requests = [request for name in names for request in self._plan(cycle.device, (name,))]
        except PlanError:  # a counter that lies far from its block, with nothing around it that may be read as well
            return
        others = [r for r in self.asked(cycle.device) if blocks_of(r).isdisjoint(names)]
        if self._framing is Framing.RTU and confusable([*requests, *others]) is not None:
            return
        cycle.turns = self.readings(cycle.device, requests)
        cycle.position = 0
        self._standing = None

    # --- failures ---------------------------------------------------------------------------------------------------

    def poll_failed(self, error: LinkError, now_s: float) -> None:
        """The turn that was in flight ended with `error`: it costs the device that was asked.

        Unless the error says nothing of that device: the peer may have closed its connection before it asked it at all, and a reply with
        another transaction or from another unit is another device's, late or doubled. Then the device keeps its values and is asked
        again, `PARDONS` times at most until it answers: one that makes its gateway hang up or lie is as dead as a silent one.
        """
        if self._cycle is None:
            return
        device = self._cycle.device
        if isinstance(error, _OF_OTHERS) and self._pardoned[device] < PARDONS:
            self._pardoned[device] += 1
            self.learned[device].failed(now_s)
            self.schedule.prefer(self._cycle)
            return
        self.failed(device, now_s, self._started_s)

    def failed(self, device: str, now_s: float, since_s: float) -> None:
        """The device, asked at `since_s`, has no good value any more and rests."""
        self.learned[device].failed(now_s)
        self.schedule.failed(device, since_s, now_s)
        self.intakes.fail(self._members[device])
