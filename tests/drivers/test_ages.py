"""How old a value is: as old as the moment at which its answer was read, whatever Python was doing then."""

import asyncio
import random
import time
from typing import Any

import numpy as np
import pytest

from drivers.link import PointWrite
from drivers.modbus.cycles import DUE_AT
from drivers.modbus.kernel import ASKED, CYCLES, STATE
from drivers.modbus.serial import SerialWire
from drivers.points import DataType, Quality, RegisterBlock, Table
from tests.drivers.field import running, tick_ms, until
from tests.drivers.line import Line, slave
from tests.drivers.test_plan import block
from tests.drivers.test_serial import link_on
from tests.drivers.test_standing import Hand, reply
from tests.drivers.test_tcp import good, link_to

HELD_UP_S = 0.1
HELD_UP_MS = int(HELD_UP_S * 1e3)


async def test_a_read_back_is_as_old_as_the_moment_at_which_it_came() -> None:
    """Not as the one at which Python heard of it: a stalled loop makes no value younger."""
    link = link_to(1, block("h", 0, 4))
    writing = asyncio.create_task(link._writes.ask(PointWrite("h", 1, 7.0)))
    await asyncio.sleep(0)
    now_s = time.monotonic()
    write = link._turns.next(now_s)
    (back,) = link._turns.ahead()
    back.data[:] = 0, 7
    link._turns.answered((write,), (0.01,), (now_s - 2 * HELD_UP_S,))  # type: ignore[arg-type]
    link._turns.answered((back,), (0.01,), (now_s - HELD_UP_S,))
    await writing
    buffer = link.buffers["h"]
    assert (buffer.value[1], buffer.quality[1]) == (7, Quality.GOOD)
    assert HELD_UP_MS <= tick_ms() - buffer.received_ms[1] < 2 * HELD_UP_MS


def test_no_value_is_younger_than_it_is_by_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant time in whole milliseconds, moments between them, at any speed."""
    chance = random.Random(3)
    for _ in range(500):
        now_s, speed = chance.uniform(0.0, 1e3), chance.choice((0.1, 1.0, 10.0, 60.0))
        link = link_to(1, block("h", 0, 4), speed=speed)
        link._polling._tick_ms = lambda now_s=now_s, speed=speed: int(now_s * 1e3 * speed)  # type: ignore[misc]
        monkeypatch.setattr(time, "monotonic", lambda now_s=now_s: now_s)
        came_s = now_s - chance.uniform(0.0, 0.1)
        late_ms = came_s * 1e3 * speed - link._polling.dating()(came_s)
        assert -1e-6 <= late_ms < 2.0


async def test_what_the_kernel_had_taken_of_a_cycle_keeps_its_age_when_python_goes_on() -> None:
    """A block in three requests is as old as the first of them, though a write takes its connection over in between."""
    long = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 300, DataType.UINT16, 1.0, 5.0)
    hand, held = Hand(1, stands=True, blocks=(long,)), np.arange(400, dtype=np.uint16)
    async with running(hand.link):
        await until(lambda: hand.wire is not None and hand.wire.cells[STATE] == ASKED)
        wire = hand.wire
        assert wire is not None
        for _ in range(hand.requests()):
            hand.say(reply(hand.next(), held, 0))
        assert wire.cells[CYCLES] != 0
        wire._standing.cells[0, DUE_AT] = 0  # type: ignore[union-attr]
        before = int(hand.link.buffers["b"].sample[0])
        hand.say(reply(hand.next(), held, 0))
        came_ms = tick_ms()
        assert wire.cells[CYCLES] != 0
        assert wire.cells[STATE] == ASKED
        writing = asyncio.create_task(hand.link.write(PointWrite("b", 2, 2.0)))
        await asyncio.sleep(HELD_UP_S)
        hand.say(reply(hand.next(), held, 0))
        assert wire.cells[CYCLES] == 0
        asked = hand.next()
        hand.say(asked.frame(asked.body))
        hand.say(reply(hand.next(), held, 0))
        await writing
        hand.say(reply(hand.next(), held, 0))
        buffer = hand.link.buffers["b"]
        assert int(buffer.sample[0]) > before
        assert (buffer.received_ms[3:] <= came_ms).all()
    hand.theirs.close()


@pytest.mark.needs("socat")
async def test_an_answer_on_a_tty_is_as_old_as_the_moment_at_which_it_was_read(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is held up between the read and the task that hands it on."""
    read, read_ms = SerialWire._read, list[int]()

    def held_up(wire: SerialWire) -> None:
        asked = wire._batch
        read(wire)
        if asked is not None and wire._batch is None:
            read_ms.append(tick_ms())
            time.sleep(HELD_UP_S)

    monkeypatch.setattr(SerialWire, "_read", held_up)
    link: Any = link_on(line, block("h", 0, 4, period_s=60.0), timeout_s=1.0)
    async with slave(line), running(link):
        await until(lambda: good(link, "h"))
        assert (link.buffers["h"].received_ms <= read_ms[0]).all()
        assert link.health().latency_p99_ms < HELD_UP_MS
