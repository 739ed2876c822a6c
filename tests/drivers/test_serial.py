"""Our serial link on real ttys, against a unit that does everything wrong."""

import asyncio
import os
import random
import termios
import time
from collections.abc import AsyncIterator, Callable
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from drivers.link import Link, LinkState, NotConnectedError, PointWrite, TimedOutError
from drivers.modbus import polling, tty
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits, plan
from drivers.modbus.poller import ModbusLink
from drivers.modbus.serial import BABBLE_S, SILENT_CHARACTERS, SerialWire, longest_exchange_s, serial_connector
from drivers.points import Identity, Quality, RegisterBlock
from tests.drivers.field import running, stalls, tick_ms, until
from tests.drivers.line import Line, RtuAnswer, RtuAsk, Slave, rtu, slave
from tests.drivers.test_plan import block
from tests.drivers.test_tcp import bad, good

pytestmark = pytest.mark.needs("socat")

TIMEOUT_S = 0.1
PERIOD_S = 0.02
BAUD = 115200
PATIENT_S = 6.0
"""A deadline so long that what happens well before it did not wait for it, however loaded the machine is."""


@pytest_asyncio.fixture
async def unit(line: Line) -> AsyncIterator[Slave]:
    async with slave(line) as unit:
        yield unit


def link_on(
    line: Line,
    *blocks: RegisterBlock,
    timeout_s: float = TIMEOUT_S,
    baud: int = BAUD,
    spacing_s: float = 0.0,
) -> ModbusLink:
    units = {b.unit: spacing_s for b in blocks}
    connect = serial_connector("bus", line.ours, baud, "none", 1, timeout_s, units)
    named = {b.name: b for b in blocks}
    devices = {b.device: DeviceLimits() for b in blocks}
    wire_s = longest_exchange_s(baud)
    return ModbusLink("bus", connect, Framing.RTU, named, devices, timeout_s, tick_ms, read_only=False, wire_s=wire_s)


def right_values(link: Link, b: RegisterBlock) -> bool:
    """Whether every GOOD value of a block is that of its own register (see `RtuAsk.reply`)."""
    buffer = link.buffers[b.name]
    known = buffer.quality == Quality.GOOD
    right = 1000 * b.unit + b.address + np.arange(b.count)
    return bool((buffer.value[known] == right[known]).all())


async def watch(link: Link, blocks: list[RegisterBlock], seconds: float) -> None:
    """Look at every value for some time: none may be another register's."""
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        assert all(right_values(link, b) for b in blocks)
        await asyncio.sleep(0.001)


# --- silence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("baud", "spacing_s"), [(9600, 0.0), (BAUD, 0.0), (BAUD, 0.03)])
async def test_silence_before_every_request(line: Line, unit: Slave, baud: int, spacing_s: float) -> None:
    silence_s = max(spacing_s, SILENT_CHARACTERS * 11 / baud if baud <= 19200 else 0.00175)
    link = link_on(line, block("a", 0, 4, period_s=0.001), timeout_s=1.0, baud=baud, spacing_s=spacing_s)
    async with running(link):
        await until(lambda: len(unit.heard) > 20)
    gaps_s = [heard.at_s - sent_s for sent_s, heard in zip(unit.sent_s, unit.heard[1:], strict=False)]
    assert min(gaps_s) >= silence_s
    assert min(gaps_s) < silence_s + 0.02


async def test_one_request_in_flight_whatever_the_depth(line: Line, unit: Slave) -> None:
    async def slowly(ask: RtuAsk) -> bytes:
        await asyncio.sleep(0.01)
        return ask.reply()

    unit.answer = slowly
    blocks = [block(f"b{n}", 100 * n, 4 + n, period_s=PERIOD_S) for n in range(4)]
    link = link_on(line, *blocks, timeout_s=1.0)
    async with running(link):
        await until(lambda: len(unit.heard) > 20)
    for (asked, following), sent_s in zip(pairwise(unit.heard), unit.sent_s, strict=False):
        assert asked.at_s < sent_s < following.at_s


# --- replies that are not the one right answer ----------------------------------------------------------------------

WRONG: dict[str, Callable[[RtuAsk], bytes]] = {
    "fewer registers": lambda ask: ask.reply(extra=-1),
    "more registers": lambda ask: ask.reply(extra=3),
    "another function": lambda ask: ask.reply(function=4),
    "another unit": lambda ask: ask.reply(unit=ask.unit + 1),
    "bad CRC": lambda ask: ask.reply()[:-1] + bytes((ask.reply()[-1] ^ 1,)),
    "a value changed on the way": lambda ask: ask.reply()[:4] + b"\x7f" + ask.reply()[5:],
    "junk before": lambda ask: b"\xa5\x5a" + ask.reply(),
    "a stray 0 before": lambda ask: b"\0" + ask.reply(),
    "garbage": lambda ask: b"\xde\xad\xbe\xef" * 5,
    "exception 0": lambda ask: rtu(bytes((ask.unit, ask.function | 0x80, 0))),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_reply_costs_the_device_alone(line: Line, unit: Slave, name: str) -> None:
    blocks = [block("h", 0, 4, period_s=PERIOD_S), block("other", 500, 2, unit=2, device="e", period_s=PERIOD_S)]
    link = link_on(line, *blocks, timeout_s=TIMEOUT_S)
    async with running(link):
        await until(lambda: good(link, "h") and good(link, "other"))

        async def answer(ask: RtuAsk) -> bytes:
            return WRONG[name](ask) if ask.unit == 1 else ask.reply()

        unit.answer = answer
        await until(lambda: bad(link, "h"))
        heard = int(link.buffers["other"].sample[0])
        await until(lambda: int(link.buffers["other"].sample[0]) > heard + 3)
        assert good(link, "other")
        await watch(link, blocks, 0.3)
        assert link.health().errors > 0
        assert link.health().timeouts == 0
        assert "bus/d/" in link.health().last_error
        unit.answer = Slave.answer
        assert await until(lambda: good(link, "h")) < 5
        assert link.health().generation == 1, "the tty stays open"


async def test_junk_behind_a_reply_is_told_and_costs_no_value(line: Line, unit: Slave) -> None:
    async def answer(ask: RtuAsk) -> bytes:
        return ask.reply() + b"\xa5\x5a"

    blocks = [block("h", 0, 4, period_s=PERIOD_S)]
    link = link_on(line, *blocks)
    async with running(link):
        await until(lambda: good(link, "h"))
        unit.answer = answer
        heard = int(link.buffers["h"].sample[0])
        await until(lambda: int(link.buffers["h"].sample[0]) > heard + 3)
        assert good(link, "h")
        assert "a5 5a" in link.health().last_error
        assert link.health().generation == 1


async def test_noise_on_an_idle_line_is_told_once_and_costs_no_value(line: Line, unit: Slave) -> None:
    blocks = [block("h", 0, 4, period_s=1.0)]
    link = link_on(line, *blocks, timeout_s=0.2)
    async with running(link):
        await until(lambda: good(link, "h"))
        unit.send(b"\0")
        await until(lambda: link.health().errors == 1)
        unit.send(b"\0\0\xff")
        heard = int(link.buffers["h"].sample[0])
        await until(lambda: int(link.buffers["h"].sample[0]) > heard)
        assert good(link, "h")
        assert link.health().errors == 1
        assert "expected silence" in link.health().last_error


async def test_a_refusal_costs_its_block_alone(line: Line, unit: Slave) -> None:
    async def refuse(ask: RtuAsk) -> bytes:
        return rtu(bytes((ask.unit, ask.function | 0x80, 2))) if ask.address < 100 else ask.reply()

    blocks = [block("h", 0, 4, period_s=PERIOD_S), block("far", 300, 5, period_s=PERIOD_S)]
    link = link_on(line, *blocks)
    async with running(link):
        await until(lambda: good(link, "h") and good(link, "far"))
        unit.answer = refuse
        await until(lambda: bad(link, "h"))
        await watch(link, blocks, 0.2)
        assert good(link, "far")


@pytest.mark.parametrize("count", [4, 5])
async def test_blocks_part_after_a_refusal_only_if_their_replies_differ(line: Line, unit: Slave, count: int) -> None:
    """One bad register refuses what is read with it; two blocks of one size then stay together, and BAD."""

    async def refuse(ask: RtuAsk) -> bytes:
        has_bad = ask.address <= 2 < ask.address + ask.count
        return rtu(bytes((ask.unit, ask.function | 0x80, 2))) if has_bad else ask.reply()

    unit.answer = refuse
    blocks = [block("h", 0, 4, period_s=PERIOD_S), block("next", 6, count, period_s=PERIOD_S)]
    link = link_on(line, *blocks)
    async with running(link):
        await until(lambda: bad(link, "h") and len(unit.heard) > 10)
        await watch(link, blocks, 0.2)
        assert good(link, "next") == (count != 4)
        assert bad(link, "h")
        assert "exception 2" in link.health().last_error


# --- late replies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [1.5, 2.6, 4.0])
async def test_a_late_unit_never_displaces_a_value(line: Line, unit: Slave, late: float) -> None:
    """The rig that displaced the values of every client measured: answers come when others are asked for."""
    blocks = [block(f"b{n}", 100 * n, 4 + n, period_s=PERIOD_S) for n in range(4)]
    blocks.append(block("quick", 0, 4, unit=2, device="e", period_s=PERIOD_S))
    link = link_on(line, *blocks, timeout_s=TIMEOUT_S)
    lateness = {1: late * TIMEOUT_S}

    async def answer(ask: RtuAsk) -> bytes:
        await asyncio.sleep(lateness.get(ask.unit, 0.0))
        return ask.reply()

    async with running(link):
        await until(lambda: all(good(link, b.name) for b in blocks))
        unit.answer = answer
        await until(lambda: all(bad(link, f"b{n}") for n in range(4)))
        await watch(link, blocks, 3.0)
        assert link.health().timeouts > 1
        lateness.clear()
        assert await until(lambda: all(good(link, b.name) for b in blocks)) < 5
        await watch(link, blocks, 0.2)
        assert link.health().generation == 1, "a time-out does not close the tty"


def moody(seed: int) -> RtuAnswer:
    """Every fourth answer is late, by one to five time-outs: it comes in a rest, in quarantine, or when something else was asked."""
    chance = random.Random(seed)

    async def answer(ask: RtuAsk) -> bytes:
        await asyncio.sleep(chance.choice((0.0, 0.0, 0.0, chance.uniform(1.0, 5.0) * TIMEOUT_S)))
        return ask.reply()

    return answer


async def watch_moods(link: Link, blocks: list[RegisterBlock]) -> None:
    """Look on for some seconds, and until enough was late and enough was read in between."""
    ends_s = time.monotonic() + 60
    await watch(link, blocks, 4.0)
    while link.health().timeouts < 5 or link.health().reads < 10:
        assert time.monotonic() < ends_s, link.health()
        await watch(link, blocks, 0.5)


@pytest.mark.parametrize("seed", range(2))
async def test_a_moody_unit_never_displaces_a_value(line: Line, unit: Slave, seed: int) -> None:
    unit.answer = moody(seed)
    blocks = [block(f"b{n}", 100 * n, 4 + n, period_s=PERIOD_S) for n in range(4)]
    link = link_on(line, *blocks)
    async with running(link):
        await watch_moods(link, blocks)
        assert link.health().generation == 1


async def test_the_moody_unit_displaces_values_where_nothing_protects_them(
    line: Line, unit: Slave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rig has teeth: without quarantine and with requests of one size it shows other registers' values as good."""
    monkeypatch.setattr(SerialWire, "_quarantine_s", lambda wire: wire._silence_s)
    monkeypatch.setattr(polling, "plan_link", lambda blocks, registers, gap, **_: plan(blocks, registers, gap))
    unit.answer = moody(0)
    blocks = [block(f"b{n}", 100 * n, 4, period_s=PERIOD_S) for n in range(4)]
    link = link_on(line, *blocks)
    async with running(link):
        await until(lambda: not all(right_values(link, b) for b in blocks), 60)


async def test_identity_registers_protect_blocks_of_one_size(line: Line, unit: Slave) -> None:
    """The last register of each block holds what no other does; replies are those of the next block."""

    async def displaced(ask: RtuAsk) -> bytes:
        return ask.reply(shift=100)

    blocks = [
        block(f"b{n}", 100 * n, 4, period_s=PERIOD_S, identity=Identity(100 * n + 4, 1004 + 100 * n)) for n in range(3)
    ]
    link = link_on(line, *blocks)
    async with running(link):
        await until(lambda: all(good(link, b.name) for b in blocks))
        assert {(a.address, a.count) for a in unit.heard} == {(0, 5), (100, 5), (200, 5)}
        unit.answer = displaced
        await until(lambda: all(bad(link, b.name) for b in blocks))
        await watch(link, blocks, 0.5)
        assert "identity register is 1" in link.health().last_error
        unit.answer = Slave.answer
        assert await until(lambda: all(good(link, b.name) for b in blocks)) < 5


async def test_nothing_is_sent_until_the_late_unit_has_fallen_silent(line: Line, unit: Slave) -> None:
    late_s = 2.5 * TIMEOUT_S

    async def answer(ask: RtuAsk) -> bytes:
        await asyncio.sleep(late_s if ask.unit == 1 else 0.0)
        return ask.reply()

    blocks = [block("h", 0, 4, period_s=PERIOD_S), block("other", 0, 4, unit=2, device="e", period_s=PERIOD_S)]
    link = link_on(line, *blocks, timeout_s=TIMEOUT_S)
    async with running(link):
        await until(lambda: good(link, "h") and good(link, "other"))
        unit.answer = answer
        async with stalls() as stalled:
            await until(lambda: link.health().timeouts >= 8, 30)
    waits_s = [b.at_s - a.at_s for a, b in pairwise(unit.heard) if a.unit == 1 and b.at_s - a.at_s > TIMEOUT_S]
    assert all(wait_s >= 2 * TIMEOUT_S - stalled.longest_s for wait_s in waits_s)
    # A late reply may first pass for the answer to the next request of its own unit; once one was heard as late, it is known for good.
    learned = list(dropwhile(lambda wait_s: wait_s < late_s, waits_s))
    assert len(learned) >= 3
    for wait_s in learned:
        assert wait_s - late_s >= TIMEOUT_S - stalled.longest_s, "a late reply begins the silence anew"


async def test_a_late_echo_never_vouches_for_a_write(line: Line, unit: Slave) -> None:
    """The read-back of a write is what the register holds, whatever came late before."""
    held = dict.fromkeys(range(20), 0)

    async def answer(ask: RtuAsk) -> bytes:
        if ask.function == 6:
            await asyncio.sleep(1.5 * TIMEOUT_S)
            held[ask.address] = ask.count
            return ask.reply()
        words = b"".join(held[ask.address + n].to_bytes(2, "big") for n in range(ask.count))
        return rtu(bytes((ask.unit, ask.function, len(words))) + words)

    unit.answer = answer
    link = link_on(line, block("w", 0, 1, period_s=PERIOD_S), block("v", 10, 2, period_s=PERIOD_S))
    async with running(link):
        await until(lambda: good(link, "w") and good(link, "v"))
        for value in (7.0, 8.0):
            with pytest.raises(TimedOutError):
                await link.write(PointWrite("w", 0, value))
            await until(lambda: good(link, "w") and good(link, "v"))
            assert link.buffers["w"].value[0] == held[0] == value
            assert link.buffers["v"].value.tolist() == [0, 0]


async def test_a_write_is_read_back_with_the_request_that_polls_it(line: Line, unit: Slave) -> None:
    link = link_on(line, block("h", 0, 10, period_s=60.0), block("w", 300, 4, period_s=60.0))
    async with running(link):
        await until(lambda: good(link, "h") and good(link, "w"))
        await link.write(PointWrite("w", 2, 5.0))
    assert [(a.function, a.address, a.count) for a in unit.heard[-2:]] == [(6, 302, 5), (3, 300, 4)]


async def test_a_write_has_time_for_what_a_slow_line_takes(line: Line, unit: Slave) -> None:
    """At 2400 baud the answer with 100 registers takes 0.9 s on the wire: longer than all time-outs of a write together."""

    async def answer(ask: RtuAsk) -> bytes:
        await asyncio.sleep(0.6 if ask.function == 3 else 0.0)
        return ask.reply()

    unit.answer = answer
    link = link_on(line, block("w", 0, 100, period_s=PERIOD_S), baud=2400)
    async with running(link):
        await until(lambda: len(unit.heard) > 1)
        await link.write(PointWrite("w", 2, 5.0))
        assert link.health().errors == 0, link.health().last_error


# --- the adapter ----------------------------------------------------------------------------------------------------


async def test_an_adapter_pulled_out_and_plugged_in_again(line: Line) -> None:
    blocks = [block("h", 0, 4, period_s=PERIOD_S)]
    link = link_on(line, *blocks)
    async with running(link):
        async with slave(line):
            await until(lambda: good(link, "h"))
            await line.unplug()
            assert await until(lambda: bad(link, "h")) < 1
        with pytest.raises(NotConnectedError):
            await link.write(PointWrite("h", 0, 1.0))
        await until(lambda: "plug the adapter in" in link.health().last_error)
        assert link.health().state is not LinkState.UP
        await asyncio.sleep(1.0)
        await line.plug()
        async with slave(line):
            assert await until(lambda: good(link, "h")) < 5
            assert link.health().generation == 2


async def test_an_adapter_pulled_out_in_mid_request(line: Line, unit: Slave) -> None:
    async def mute(_ask: RtuAsk) -> bytes:
        return b""

    link = link_on(line, block("h", 0, 4, period_s=PERIOD_S), timeout_s=PATIENT_S)
    unit.answer = mute
    async with running(link):
        await until(lambda: len(unit.heard) == 1, PATIENT_S + 5)
        await line.unplug()
        assert await until(lambda: link.health().errors > 0) < PATIENT_S / 2
        assert link.health().timeouts == 0


async def test_what_is_no_tty_is_told(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("no tty")
    link = link_on(Line(tmp_path), block("h", 0, 4))
    async with running(link):
        await until(lambda: link.health().errors > 0)
        assert "is no tty" in link.health().last_error


async def test_a_babbling_line_is_opened_anew_and_told(line: Line, unit: Slave) -> None:
    link = link_on(line, block("h", 0, 4, period_s=PERIOD_S), timeout_s=1.0)
    async with running(link):
        await until(lambda: good(link, "h"))
        began_s = time.monotonic()
        while not (bad(link, "h") and "never falls silent" in link.health().last_error):
            unit.send(b"\0")
            await asyncio.sleep(0.02)
            assert time.monotonic() - began_s < 2 * BABBLE_S + 10, link.health()
        assert time.monotonic() - began_s >= BABBLE_S
        assert await until(lambda: good(link, "h")) < 5


@pytest.mark.parametrize("moment_s", [0.0, 0.05, 0.15, 0.25, 0.4, 0.6])
async def test_cancelling_ends_at_once_and_leaves_nothing_open(line: Line, unit: Slave, moment_s: float) -> None:
    """In the first silence, in a request, in quarantine, in a rest."""

    async def mute(_ask: RtuAsk) -> bytes:
        return b""

    unit.answer = mute
    link = link_on(line, block("h", 0, 4, period_s=PERIOD_S), timeout_s=0.2)
    task = asyncio.create_task(link.run())
    await asyncio.sleep(moment_s)
    tty = os.path.realpath(line.ours)  # noqa: ASYNC240 (a test)
    async with stalls() as stalled:
        began_s = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert time.monotonic() - began_s - stalled.total_s < 0.1
    assert tty not in [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]  # noqa: ASYNC240


async def test_opening_and_closing_leaves_nothing_open(line: Line) -> None:
    connect = serial_connector("bus", line.ours, BAUD, "even", 1, 0.001, {})
    before = _descriptors()
    for _ in range(100):
        wire = await connect(lambda _error: None)
        assert await wire.ready()
        wire.close()
        wire.close()
        assert not await wire.ready()
    assert _descriptors() == before


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("parity", "stop_bits", "flags"),
    [("none", 2, termios.CSTOPB), ("even", 1, termios.PARENB), ("odd", 1, termios.PARENB | termios.PARODD)],
)
async def test_how_a_line_is_set(
    line: Line, monkeypatch: pytest.MonkeyPatch, parity: str, stop_bits: int, flags: int
) -> None:
    """A pseudo-terminal would refuse parity, so what a real tty is told is looked at here."""
    told: list[list[Any]] = []
    monkeypatch.setattr(tty, "_PSEUDO_TERMINALS", range(0))
    monkeypatch.setattr(termios, "tcsetattr", lambda _descriptor, _when, attributes: told.append(attributes))
    tty.close_tty(tty.open_tty("bus", line.ours, 9600, parity, stop_bits))
    ((arrives, leaves, control, local, *speeds, _),) = told
    assert control == termios.CREAD | termios.CLOCAL | termios.CS8 | flags
    assert (arrives, leaves, local) == (termios.INPCK if parity != "none" else 0, 0, 0)
    assert speeds == [termios.B9600, termios.B9600]
