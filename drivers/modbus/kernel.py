"""Requests out and replies in, compiled: all plain Modbus TCP connections of a process in one call.

It takes nothing but what is right in every byte: a reply is compared with the head that was made ready for its request (transaction,
protocol id, length, unit, function, byte count), its values are copied, and the next request of the run is sent. Whatever else comes to
pass (an exception, a wrong byte, bytes behind the last reply, a closed connection, an error of the system) is left as it lies, and the
connection is told to be ODD: the checker in `frame`, which stays the judge, then looks at the same bytes.

Tables are int64: `links` has one row a connection, at the number of its descriptor, `rows` one for each request of a run. Addresses
are those of memory that `exchange` keeps alive; times are nanoseconds of CLOCK_MONOTONIC.
"""

import platform
from typing import Any

import numpy as np

from drivers.compiled.door import short_kernel
from drivers.modbus.compiled import carray, function, pointer
from drivers.modbus.cycles import (
    CYCLE_COLUMNS,
    CYCLE_COUNT,
    CYCLE_ROWS,
    FOR_EVER,
    READS,
    STEPS,
    first_due,
    last_wait,
    learn,
    move_on,
    pick,
    take_in,
    take_numbers,
)

(
    STATE, BUFFER, ROOM, END, ROWS, POSITION, LAST, TAKEN, COUNT, FIRST, HOLD, SINCE, WAIT, SENT, NEWS, CYCLES, CYCLES_COUNT, CYCLE,
    NUMBER, LEARNED, CLOCK,
) = range(21)  # fmt: skip
"""Columns of `links`. `END`: bytes that wait in the buffer. Rows `POSITION` to `LAST` are in flight, of `COUNT` in the run; those before
`TAKEN` are whole batches that were answered. Row n has the transaction `FIRST` + n. With `HOLD` nothing more is sent. `SINCE`: when the last
answer came or the request went; `WAIT`: the longest wait in this batch. `SENT`: bytes of a request that the system took. `NEWS`: told
already. `CYCLES`: cycles that go on by themselves (see `cycles`), 0 where Python says what is asked; `CYCLES_COUNT` of them, number
`CYCLE` has its turn. `NUMBER`: where the next transaction stands; `LEARNED`: what is known of the device; `CLOCK`: its plant's clock."""

LINK_COLUMNS = 21

IDLE, DUE, RESTING, ASKED, ODD, UNREAD, UNSENT = range(7)
"""`STATE`: nothing in flight; a batch to be sent; nothing in flight until a cycle is due; a batch in flight; bytes that are not plainly
right; nothing could be read (the end of the connection, or an error); not all of a request could be sent. The last three wait for Python."""

REQUEST, REQUEST_BYTES, HEAD, HEAD_BYTES, TO, PAYLOAD, BATCH_END, TELL, WAITED, AT, STEP, STEP_END = range(12)
"""Columns of `rows`. `HEAD`: what the right answer begins with; `TO`: where its values go; `BATCH_END`: the row behind its batch; `TELL`:
Python is to hear of that batch at once, and of those before it. The last row of a batch tells the longest wait and when all of it was
answered, and, in a cycle that goes on by itself, which steps take in what it brought."""

ROW_COLUMNS = 12

TICK, SPEED = range(2)
"""Columns of a plant's clock: its milliseconds when the exchange was called, and the bits of how fast it is."""

SECONDS, NANOSECONDS, CALLED, FIRST_DUE = range(4)
"""Cells of the exchange's clock: what the system says; when the plants' clocks were looked at; when something is due next."""

SLOW_NS = 2_000_000
"""Of a device whose answers take longer Python hears at once: its values must not lie in the room while the next answer is awaited."""

NEAR_NS = 500_000
"""A device that was quicker than this the last time answers before a turn of the loop would be over: its answer is awaited in here."""

MOST_EVENTS = 64
EVENT_BYTES, EVENT_DATA = (12, 4) if platform.machine() in {"x86_64", "AMD64"} else (16, 8)
"""struct epoll_event is packed on x86-64 alone; where its data, the descriptor, stands in it."""

_CLOCK_MONOTONIC = 1
_MSG_NOSIGNAL = 0x4000
_MORE, _WRONG = 0, -1

_recv = function("recv", "intp", "int32", "intp", "uintp", "int32")
_send = function("send", "intp", "int32", "intp", "uintp", "int32")
_epoll_wait = function("epoll_wait", "int32", "int32", "intp", "int32", "int32")
_clock_gettime = function("clock_gettime", "int32", "int32", "intp")
_memcmp = function("memcmp", "int32", "intp", "intp", "uintp")
_memmove = function("memmove", "intp", "intp", "intp", "uintp")


@short_kernel
def _now(clock: Any) -> Any:
    _clock_gettime(_CLOCK_MONOTONIC, clock.ctypes.data)
    return clock[SECONDS] * 1_000_000_000 + clock[NANOSECONDS]


@short_kernel
def _stamp(address: Any, transaction: Any) -> Any:
    octets = carray(pointer(address), 2, np.uint8)
    octets[0] = transaction >> 8
    octets[1] = transaction & 0xFF


@short_kernel
def _ask(links: Any, fd: Any, now: Any) -> Any:
    """Send the batch that begins at the position: transactions into its requests and into the heads of their answers first."""
    link = links[fd]
    rows = carray(pointer(link[ROWS]), (link[COUNT], ROW_COLUMNS), np.int64)
    first = link[POSITION]
    size = 0
    link[LAST] = rows[first, BATCH_END]
    for row in range(first, link[LAST]):
        _stamp(rows[row, REQUEST], link[FIRST] + row)
        _stamp(rows[row, HEAD], link[FIRST] + row)
        size += rows[row, REQUEST_BYTES]
    link[STATE] = ASKED
    link[SINCE] = now
    link[WAIT] = 0
    sent = _send(fd, rows[first, REQUEST], size, _MSG_NOSIGNAL)
    if sent != size:
        link[STATE] = UNSENT
        link[SENT] = max(sent, 0)


@short_kernel
def _begin(links: Any, fd: Any, now: Any) -> None:
    """Ask the first batch of the cycle whose turn it is, if one is due."""
    link = links[fd]
    number = pick(link[CYCLES], link[CYCLES_COUNT], now)
    if number < 0:
        return
    cycle = carray(pointer(link[CYCLES] + number * 8 * CYCLE_COLUMNS), CYCLE_COLUMNS, np.int64)
    link[CYCLE], link[ROWS], link[COUNT] = number, cycle[CYCLE_ROWS], cycle[CYCLE_COUNT]
    link[POSITION] = link[TAKEN] = 0
    link[FIRST] = take_numbers(link[NUMBER], link[COUNT])
    _ask(links, fd, now)


@short_kernel
def _take_in(link: Any, rows: Any, now: Any, clock: Any, plants: Any) -> None:
    """A batch of a cycle that goes on by itself is answered as a whole: its values, their age, what it teaches, and when it is due again."""
    cycle = carray(pointer(link[CYCLES] + link[CYCLE] * 8 * CYCLE_COLUMNS), CYCLE_COLUMNS, np.int64)
    last, plant = rows[link[POSITION] - 1], plants[link[CLOCK]]
    learn(link[LEARNED], link[WAIT], now)
    take_in(
        cycle[STEPS], last[STEP], last[STEP_END], plant[TICK], np.int64(plant[SPEED]).view(np.float64), clock[CALLED]
    )
    cycle[READS] += link[POSITION] - link[TAKEN]
    link[TAKEN] = link[POSITION]
    if link[TAKEN] == link[COUNT]:
        move_on(link[CYCLES] + link[CYCLE] * 8 * CYCLE_COLUMNS, now)
        link[POSITION] = link[TAKEN] = link[COUNT] = 0


@short_kernel
def _go_on(links: Any, fd: Any, now: Any) -> Any:
    """Ask what follows in cycles that go on by themselves; whether there is news."""
    link = links[fd]
    if link[HOLD] != 0:
        link[STATE] = IDLE
        return True
    if link[COUNT] != 0:
        _ask(links, fd, now)
    else:
        link[STATE] = RESTING
        _begin(links, fd, now)
    return link[STATE] > ASKED


@short_kernel
def _fit(row: Any, address: Any, size: Any) -> Any:
    """Bytes of the reply to this row's request at an address where `size` bytes are; _MORE if more have to come, or _WRONG."""
    if _memcmp(row[HEAD], address, min(size, row[HEAD_BYTES])) != 0:
        return _WRONG
    whole = row[HEAD_BYTES] + row[PAYLOAD]
    return whole if size >= whole else _MORE


@short_kernel
def _hear(links: Any, fd: Any, clock: Any, plants: Any) -> Any:
    """Read what came on a connection, take the replies that are right, and send the next batch of the run; whether there is news."""
    link = links[fd]
    got = _recv(fd, link[BUFFER] + link[END], link[ROOM] - link[END], 0)
    if got <= 0:
        link[STATE] = UNREAD
        return True
    link[END] += got
    if link[STATE] != ASKED:
        link[STATE] = ODD
        return True
    rows = carray(pointer(link[ROWS]), (link[COUNT], ROW_COLUMNS), np.int64)
    now = _now(clock)
    position, at, used = link[POSITION], 0, _MORE
    while position < link[LAST]:
        row = rows[position]
        used = _fit(row, link[BUFFER] + at, link[END] - at)
        if used <= 0:
            break
        _memmove(row[TO], link[BUFFER] + at + row[HEAD_BYTES], row[PAYLOAD])
        at += used
        position += 1
    if at > 0:
        link[WAIT] = max(link[WAIT], now - link[SINCE])
        link[SINCE] = now
        link[END] -= at
        link[POSITION] = position
        _memmove(link[BUFFER], link[BUFFER] + at, link[END])
    if used == _WRONG or (position == link[LAST] and link[END] > 0):
        link[STATE] = ODD
    elif position == link[LAST]:
        rows[position - 1, WAITED] = link[WAIT]
        rows[position - 1, AT] = now
        if link[CYCLES] != 0:
            _take_in(link, rows, now, clock, plants)
            return _go_on(links, fd, now)
        link[TAKEN] = position
        if position < link[COUNT] and link[HOLD] == 0:
            _ask(links, fd, now)
            return rows[position - 1, TELL] != 0 or rows[position - 1, WAITED] > SLOW_NS or link[STATE] != ASKED
        link[STATE] = IDLE
    return link[STATE] != ASKED


@short_kernel
def _news(links: Any, fd: Any, told: Any, news: Any) -> Any:
    """Tell of a connection, once; how many are told of now."""
    if links[fd, NEWS] != 0:
        return news
    links[fd, NEWS] = 1
    told[news] = fd
    return news + 1


@short_kernel
def _first_due(links: Any, connections: Any) -> Any:
    due = FOR_EVER
    for fd in connections:
        if links[fd, STATE] == RESTING:
            due = min(due, first_due(links[fd, CYCLES], links[fd, CYCLES_COUNT]))
    return due


@short_kernel
def _is_near(links: Any, connections: Any, now: Any) -> Any:
    """Whether an answer is nearly there: of a device that was quick the last time, and was asked, or heard, just now."""
    for fd in connections:
        link = links[fd]
        if link[STATE] == ASKED and now - link[SINCE] < NEAR_NS and last_wait(link[LEARNED]) < NEAR_NS:
            return True
    return False


@short_kernel
def exchange(
    poller: Any, links: Any, connections: Any, events: Any, told: Any, clock: Any, plants: Any, budget_ns: Any
) -> Any:
    """Send what is DUE on the `connections`, then read and go on until nothing is left or near, or the time is up.

    Gives how many connections have something to tell; they stand in `told`. While there is any, no answer is awaited. `plants` are the
    plants' clocks as they were when `clock` says.
    """
    news = 0
    for fd in connections:
        if links[fd, STATE] == DUE:
            _ask(links, fd, _now(clock))
        elif links[fd, STATE] == RESTING:
            _begin(links, fd, _now(clock))
        if links[fd, STATE] == UNSENT:
            news = _news(links, fd, told, news)
    now = began = _now(clock)
    moved = True
    while (moved or (news == 0 and _is_near(links, connections, now))) and now - began < budget_ns:
        moved = False
        for place in range(_epoll_wait(poller, events.ctypes.data, MOST_EVENTS, 0)):
            fd = carray(pointer(events.ctypes.data + place * EVENT_BYTES + EVENT_DATA), 1, np.int32)[0]
            if links[fd, STATE] >= ODD:  # Python has to look first
                continue
            moved = True
            if _hear(links, fd, clock, plants):
                news = _news(links, fd, told, news)
        now = _now(clock)
    clock[FIRST_DUE] = _first_due(links, connections)
    return news
