"""Writes that wait for their turn on a link: one level each, written once, never repeated."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.link import LinkError, NotConnectedError, PointWrite, ReadOnlyError, RefusedError, TimedOutError
from drivers.modbus.decode import encode
from drivers.modbus.errors import Where
from drivers.modbus.frame import Ask, Batch, ask_write
from drivers.modbus.plan import Part, Request
from drivers.points import RegisterBlock, Table

WRITE_DEADLINE = 4
"""Deadline of a write in request timeouts: one in flight, a reconnection (or a quarantine), the write, its read-back."""

WRITABLE = frozenset({Table.COIL, Table.HOLDING})


ORDERS_KEPT = 64
"""Orders that are kept ready: most outputs know two levels."""


@dataclass(slots=True)
class Order:
    """What is to be written: its request, and the one that reads it back. `batch` is what the link makes of it when it is sent first."""

    place: str
    ask: Ask
    request: Request
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One write, and the one who waits for it."""

    order: Order
    done: "asyncio.Future[None]"

    @property
    def ask(self) -> Ask:
        """Its request."""
        return self.order.ask

    @property
    def device(self) -> str:
        """The device that is written to."""
        return self.ask.where.device

    def settle(self, error: LinkError | None) -> None:
        """Tell the one who waits, if it still does."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Writes:
    """The queue of a link. `rouse` wakes the link's owner; a read-only link takes no write at all."""

    def __init__(
        self,
        link: str,
        blocks: Mapping[str, RegisterBlock],
        timeout_s: float,
        rouse: Callable[[], None],
        *,
        read_only: bool,
    ) -> None:
        self._link = link
        self._blocks = blocks
        self._timeout_s = timeout_s
        self._rouse = rouse
        self._read_only = read_only
        self._jobs: deque[Job] = deque()
        self._orders: dict[PointWrite, Order] = {}

    def is_waiting(self) -> bool:
        """Whether a write waits for its turn."""
        return bool(self._jobs)

    def next(self) -> Job | None:
        """The oldest write that somebody still waits for."""
        while self._jobs:
            job = self._jobs.popleft()
            if not job.done.done():
                return job
        return None

    def refuse_all(self, why: str) -> None:
        """Refuse what waits: the link is down."""
        while self._jobs:
            job = self._jobs.popleft()
            job.settle(NotConnectedError(str(job.ask.where), why))

    def place(self, write: PointWrite) -> str:
        """Where a write goes, for people."""
        return str(self._where(write))

    async def ask(self, write: PointWrite) -> None:
        """Put a write into the queue and wait until it was read back. Raises `LinkError` within `WRITE_DEADLINE` request timeouts."""
        loop = asyncio.get_running_loop()
        job = Job(self._order(write), loop.create_future())
        self._jobs.append(job)
        self._rouse()
        if job.done.done():  # a quick device
            job.done.result()
            return
        deadline = loop.call_later(WRITE_DEADLINE * self._timeout_s, self._too_late, job)
        try:
            await job.done
        finally:
            deadline.cancel()
            if not job.done.cancel() and not job.done.cancelled():
                job.done.exception()  # fetched, even if this task is cancelled in the same moment

    @staticmethod
    def _too_late(job: Job) -> None:
        what = "not written and read back within its deadline; the link is too slow or down"
        job.settle(TimedOutError(job.order.place, what))

    def check(self, write: PointWrite) -> tuple[int, ...]:
        """The words of a write that may be made. Raises `ReadOnlyError` or `RefusedError`."""
        block, place = self._blocks[write.block], self.place(write)
        if self._read_only:
            raise ReadOnlyError(place, "the link is read-only; nothing was written")
        if block.table not in WRITABLE:
            raise ReadOnlyError(place, f"table {block.table} cannot be written; name a coil or a holding register")
        if not 0 <= write.index < block.count:
            raise RefusedError(place, f"the block has {block.count} points")
        try:
            return encode(block, write.value)
        except ValueError as error:
            raise RefusedError(place, str(error)) from error

    def _where(self, write: PointWrite) -> Where:
        return Where(self._link, self._blocks[write.block].device, f"{write.block}[{write.index}]")

    def _order(self, write: PointWrite) -> Order:
        """Raises what `check` raises."""
        if (order := self._orders.get(write)) is None:
            if len(self._orders) == ORDERS_KEPT:
                self._orders.clear()
            order = self._orders[write] = self._made(write)
        return order

    def _made(self, write: PointWrite) -> Order:
        block, words = self._blocks[write.block], self.check(write)
        address = block.address + write.index * block.data_type.registers
        back = Request(
            block.unit, block.table, address, len(words), block.period_s, (Part(block, write.index, 1, 0),), ()
        )
        return Order(self.place(write), ask_write(self._where(write), block.unit, block.table, address, words), back)
