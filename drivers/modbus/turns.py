"""Whose turn it is on a link: writes first, then what is due. Called from the connection's call-backs: a write wakes no task."""

from collections.abc import Callable, Sequence

from drivers.link import LinkError, NotConnectedError
from drivers.modbus.errors import DeviceRefusedError
from drivers.modbus.frame import Batch, Framing
from drivers.modbus.intake import Reading
from drivers.modbus.polling import Polling
from drivers.modbus.standing import Standing
from drivers.modbus.wire import Once
from drivers.modbus.writing import Job, Writes


class LinkTurns:
    """Implements `drivers.modbus.wire.Turns`: the writes of a link one at a time, each read back at once, and its polls between them.

    `note` is called with every error that somebody still waited for.
    """

    def __init__(self, polling: Polling, writes: Writes, framing: Framing, note: Callable[[LinkError], None]) -> None:
        self._polling = polling
        self._writes = writes
        self._framing = framing
        self._note = note
        self._backs: dict[str, Reading] = {}
        """By place, what reads a write back: made at the first write."""
        self._job: Job | None = None
        self._once: Once | None = None
        self._began_s = 0.0

    def next(self, now_s: float) -> Batch | float | None:
        """See `Turns.next`: writes go first."""
        if self._once is not None:
            if (batch := self._once.next(now_s)) is not None:
                return batch
            self.failed(None, now_s)  # its writer gave up while it waited for its unit's silence
        if (job := self._writes.next()) is None:
            return self._polling.next(now_s)
        self._job, self._began_s = job, now_s
        back = self._back(job)
        self._once = Once(
            self._write(job, back.batch),
            back.batch,
            lambda at_s: back.take(self._polling.dating()(at_s)),
            lambda: not job.done.done(),
        )
        return self._once.next(now_s)

    def ahead(self) -> Sequence[Batch]:
        """See `Turns.ahead`."""
        return self._polling.ahead() if self._once is None else self._once.ahead()

    def answered(self, batches: Sequence[Batch], waits_s: Sequence[float], times_s: Sequence[float]) -> None:
        """See `Turns.answered`."""
        once, job = self._once, self._job
        if once is None or job is None:
            self._polling.answered(batches, waits_s, times_s)
            return
        once.answered(batches, waits_s, times_s)
        if once.is_answered:
            self._once = None
            self._settle(job, DeviceRefusedError(str(job.ask.where), once.code) if once.code else None)

    def standing(self) -> Standing | None:
        """See `Turns.standing`: what is polled, while nobody writes."""
        return None if self._once is not None or self._writes.is_waiting() else self._polling.standing()

    def is_wanted(self) -> bool:
        """See `Turns.is_wanted`."""
        return self._once is None or self._once.is_wanted()

    @property
    def is_writing(self) -> bool:
        """Whether a write, or its read-back, has its turn."""
        return self._once is not None

    def failed(self, error: LinkError | None, now_s: float) -> None:
        """The connection has ended during a write, by `error` if there is one. The one who asked hears of it."""
        once, job, self._once = self._once, self._job, None
        if once is None or job is None:  # cannot be: only a write fails here
            return
        if error is not None and not isinstance(error, NotConnectedError):
            self._note(error)
            self._polling.failed(job.device, now_s, self._began_s)
            job.settle(error)
            return
        what = "what it had been told was read back" if once.is_written else "the device was asked"
        self._settle(job, error or NotConnectedError(str(job.ask.where), f"the connection went before {what}"))

    def stop(self) -> None:
        """The link stops, whatever has its turn."""
        once, self._once = self._once, None
        if once is not None and self._job is not None:
            place = str(self._job.ask.where)
            self._job.settle(NotConnectedError(place, "the link stops; whether it was written is not known"))

    def _settle(self, job: Job, error: LinkError | None) -> None:
        if error is not None and not job.done.done():  # somebody still waits
            self._note(error)
        job.settle(error)

    def _write(self, job: Job, back: Batch) -> Batch:
        """The request of a write; kept with its order, with what the wire has made ready for it.

        It shares the room of what reads it back, though its echo brings no values: so a quick device's two answers are heard of together.
        """
        if job.order.batch is None:
            job.order.batch = Batch((job.ask,), self._framing, back.room)
        return job.order.batch

    def _back(self, job: Job) -> Reading:
        """What reads a write back; where no transaction tells replies apart, with the request that polls the point anyway.

        Then a late reply to it can only pass for itself in a later poll. And no poll's late reply can pass for the read-back: a unit answers
        one request after the other, so what it owed came before its echo of the write, which nothing but a write can pass for.
        """
        if self._framing is Framing.TCP:
            place = job.order.place
            if place not in self._backs:
                (self._backs[place],) = self._polling.readings(job.device, (job.order.request,))
            return self._backs[place]
        (wanted,) = job.order.request.parts
        request = next(
            request
            for request in self._polling.asked(job.device)
            for part in request.parts
            if part.block.name == wanted.block.name and part.first <= wanted.first < part.first + part.count
        )
        return self._polling.readings(job.device, (request,))[0]
