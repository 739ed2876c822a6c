"""The rig: a server whose registers tell where they come from, a proxy that spoils the replies of one unit, links, and a witness.

Unit 1 is spoiled; unit 2 shares its endpoint, and its connection, unless unit 1 has one of its own (see `Wiring`). Unit 3 has an endpoint
of its own. The witness looks at the buffers at every call that the links make to their clock, that is before every decoding (and before every
call of the compiled exchange), so that no state of the buffers goes unseen.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from drivers.link import LinkError, LinkHealth, PointWrite
from drivers.modbus.frame import Framing
from drivers.modbus.kernel import CYCLES
from drivers.modbus.lane import Lane
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.serial import longest_exchange_s, serial_connector
from drivers.modbus.tcp import tcp_connector
from drivers.points import BlockBuffer, DataType, Quality, RegisterBlock, Table
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.faults.kinds import ENDPOINT_KINDS, ActiveFault
from sim_hardware.faults.proxy import ModbusProxy
from sim_hardware.wires.bulk import Bulk, content
from sim_hardware.wires.modbus_server import ModbusServer
from tests.wire_faults.adapter import adapter

TIMEOUT_S = 0.1
PERIOD_S = 0.01
BLOCKS = 6
LOOK_S = 0.002
HELD_UP_S = TIMEOUT_S / 4
"""A look that comes so late says that the machine holds the whole process up: what times out then is no link's fault."""
EXCUSED_S = 1.0
"""So long after it a unit may be out: its time-out, its rest, and its next answer."""

RECOVERY_S = 5.0
"""A device that answers again is good again within so much; from the last moment on at which the machine held the whole process up, for each
may time out a probe, after which the device rests for 2 s."""
PATIENCE_S = 60.0
"""However often the machine does that."""

SPOILED, NEIGHBOUR, APART = 1, 2, 3
WRITTEN = 1900
"""A register of the spoiled unit that is written all the time, and read by nobody but the writer."""


class Wiring(StrEnum):
    """How the spoiled unit is reached."""

    SHARED = "shared"
    """Over one connection with its neighbour: Python asks, turn by turn."""
    ALONE = "alone"
    """Over a connection of its own: the kernel asks its plain cycles by itself."""
    TTY = "tty"
    """Over a serial line with its neighbour."""


HANGING_UP = frozenset({"close-before-reply", "close-after-reply"})
BAUD = 115200


def is_of_endpoint(faults: Sequence[ActiveFault], wiring: Wiring) -> bool:
    """Whether the faults strike all units of the endpoint, or its connections as well: a serial line's adapter is then pulled out."""
    kinds = ENDPOINT_KINDS | HANGING_UP if wiring is Wiring.TTY else ENDPOINT_KINDS
    return any(fault.kind in kinds for fault in faults)


class Polled(Protocol):
    """What the rig needs of a link."""

    @property
    def buffers(self) -> Mapping[str, BlockBuffer]: ...

    async def run(self) -> None: ...


def blocks_of(unit: int, counts: Sequence[int] = tuple(range(20, 20 + BLOCKS))) -> dict[str, RegisterBlock]:
    """Blocks far apart, so that each is a request of its own."""
    return {
        f"u{unit}b{place}": RegisterBlock(
            f"u{unit}b{place}", f"d{unit}", unit, Table.HOLDING, 200 * place, count, DataType.UINT16, PERIOD_S, 3600.0
        )
        for place, count in enumerate(counts)
    }


@dataclass
class Witness:
    """Compares every good value with what its register holds. `displaced` tells of the first that is another's."""

    expected: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    watched: list[tuple[RegisterBlock, BlockBuffer]] = field(default_factory=list)
    displaced: str = ""
    looks: int = 0

    def watch(self, link: Polled, blocks: Mapping[str, RegisterBlock]) -> None:
        for name, block in blocks.items():
            self.expected[name] = content(block.unit, block.address, block.count).astype(np.float64)
            self.watched.append((block, link.buffers[name]))

    def look(self) -> None:
        self.looks += 1
        for block, buffer in self.watched:
            wrong = (buffer.quality == Quality.GOOD) & (buffer.value != self.expected[block.name])
            if wrong.any() and not self.displaced:
                place = int(np.flatnonzero(wrong)[0])
                self.displaced = (
                    f"{block.name}[{place}] is good and {buffer.value[place]}, its register holds "
                    f"{self.expected[block.name][place]}"
                )

    def tick_ms(self) -> int:
        """The links' clock."""
        self.look()
        return time.monotonic_ns() // 1_000_000


Make = Callable[[int, Witness, dict[str, RegisterBlock], Framing, int], Polled]
"""(port, witness, blocks, framing, depth) -> the link to be tried."""


def our_link(port: int, witness: Witness, blocks: dict[str, RegisterBlock], framing: Framing, depth: int) -> ModbusLink:
    connect = tcp_connector("bus", "127.0.0.1", port, framing, TIMEOUT_S)
    limits = {block.device: DeviceLimits(depth=depth) for block in blocks.values()}
    return ModbusLink("bus", connect, framing, blocks, limits, TIMEOUT_S, witness.tick_ms, read_only=False)


def link_on_tty(tty: str, witness: Witness, blocks: dict[str, RegisterBlock]) -> ModbusLink:
    connect = serial_connector("bus", tty, BAUD, "none", 1, TIMEOUT_S, {})
    limits = {block.device: DeviceLimits() for block in blocks.values()}
    timing = (TIMEOUT_S, witness.tick_ms)
    wire_s = longest_exchange_s(BAUD)
    return ModbusLink("bus", connect, Framing.RTU, blocks, limits, *timing, read_only=False, wire_s=wire_s)


@dataclass
class Writer:
    """Writes number after number into one register of the spoiled unit: what is reported done must stand there."""

    link: ModbusLink
    memory: DeviceMemory
    done: int = 0
    refused: int = 0
    lied: str = ""

    async def run(self) -> None:
        number = 0
        while True:
            number = number % 60_000 + 1
            try:
                await self.link.write(PointWrite("written", 0, number))
            except LinkError:
                self.refused += 1
                await asyncio.sleep(
                    2 * TIMEOUT_S
                )  # writes go first: one after the other would leave the polls no connection
                continue
            self.done += 1
            if (stands := int(self.memory.read(Table.HOLDING, WRITTEN, 1)[0])) != number:
                self.lied = self.lied or f"{number} was reported as written, the register holds {stands}"
            await asyncio.sleep(3 * PERIOD_S)


@dataclass
class Rig:
    """What runs: see the module."""

    proxy: ModbusProxy
    witness: Witness
    links: Mapping[int, Polled]
    """By unit."""
    tasks: tuple["asyncio.Task[None]", ...]
    blocks: dict[int, dict[str, RegisterBlock]]
    writer: Writer | None
    longest_recovery_s: float = 0.0
    faults: Sequence[ActiveFault] = ()
    wiring: Wiring = Wiring.SHARED
    stood: int = 0
    """Looks at which the kernel asked the spoiled unit by itself."""
    excused: int = 0
    """Looks at which another unit was not good, since the machine had held the process up."""
    held_up_s: float = -math.inf

    def good(self, unit: int) -> bool:
        link = self.links[unit]
        return all((link.buffers[name].quality == Quality.GOOD).all() for name in self.blocks[unit])

    def samples(self, unit: int) -> int:
        link = self.links[unit]
        return sum(int(link.buffers[name].sample[0]) for name in self.blocks[unit])

    def check(self) -> None:
        """What holds at every moment. Raises AssertionError."""
        self.witness.look()
        assert not self.witness.displaced, self.witness.displaced
        assert self.writer is None or not self.writer.lied, self.writer
        assert not any(task.done() for task in self.tasks), [task for task in self.tasks if task.done()]
        self.stood += self.stands()

    def stands(self) -> bool:
        """Whether the kernel asks the spoiled unit by itself."""
        wire = getattr(self.links[SPOILED], "_wire", None)
        return isinstance(wire, Lane) and wire.cells[CYCLES] != 0

    def is_well(self, samples: int) -> bool:
        """Whether all units of the endpoint are good, with more than so many samples, and asked as they are without a fault."""
        is_good = self.good(SPOILED) and self.good(NEIGHBOUR) and self.samples(SPOILED) > samples
        return is_good and (self.stands() or self.wiring is not Wiring.ALONE)

    def health(self, unit: int = SPOILED) -> LinkHealth:
        link = self.links[unit]
        assert isinstance(link, ModbusLink)
        return link.health()

    async def spoil(self, faults: Sequence[ActiveFault], seconds: float) -> None:
        """Let faults act on unit 1 for a while."""
        self.proxy.set_faults(SPOILED, faults)
        self.faults = faults
        now_s = time.monotonic()
        ends_s = now_s + seconds
        while now_s < ends_s:
            now_s = await self._look_again(now_s)
            self.check_others(now_s, [APART] if is_of_endpoint(faults, self.wiring) else [APART, NEIGHBOUR])

    async def _look_again(self, looked_s: float) -> float:
        """Check a little after the last look, and note whether the machine held the process up in between; the time."""
        await asyncio.sleep(LOOK_S)
        now_s = time.monotonic()
        if now_s - looked_s > LOOK_S + HELD_UP_S:
            self.held_up_s = now_s
        self.check()
        return now_s

    def check_others(self, now_s: float, units: Sequence[int]) -> None:
        """That these units are good, unless the machine has just held them up. Raises AssertionError."""
        bad = [unit for unit in units if not self.good(unit)]
        if bad and now_s < self.held_up_s + EXCUSED_S:
            self.excused += 1
            return
        assert not bad, f"unit {bad[0]} is no longer good: {self.faults}, {self.wiring}: {self.health(bad[0])}"

    async def recover(self) -> float:
        """Take the faults away and wait until all units are good with new samples; the seconds that it took (see `RECOVERY_S`)."""
        self.proxy.set_faults(SPOILED, ())
        began_s, before = time.monotonic(), self.samples(SPOILED)
        now_s = began_s
        while not self.is_well(before):
            said = f"not good again after {self.faults}, {self.wiring}"
            is_in_time = now_s < max(began_s, self.held_up_s) + RECOVERY_S and now_s < began_s + PATIENCE_S
            assert is_in_time, f"{said}: {self.health(SPOILED)}, {self.health(NEIGHBOUR)}"
            now_s = await self._look_again(now_s)
        took_s = time.monotonic() - max(began_s, self.held_up_s)
        self.longest_recovery_s = max(self.longest_recovery_s, took_s)
        return took_s


@asynccontextmanager
async def rig(
    framing: Framing,
    *,
    depth: int = 1,
    seed: int = 1,
    make: Make = our_link,
    counts: Sequence[int] | None = None,
    apart_framing: Framing | None = None,
    wiring: Wiring = Wiring.SHARED,
) -> AsyncIterator[Rig]:
    """A rig that runs, all units good."""
    bulk = Bulk(units=3, registers=2000)
    server = ModbusServer(bulk, "127.0.0.1", 0, bulk.units, framing.value)
    apart_framing = apart_framing or framing
    apart = ModbusServer(bulk, "127.0.0.1", 0, bulk.units, apart_framing.value)
    await server.start()
    await apart.start()
    proxy = ModbusProxy("127.0.0.1", server.port, framing=framing.value, seed=seed)
    await proxy.start()
    witness = Witness()
    blocks = {unit: blocks_of(unit, counts) if counts else blocks_of(unit) for unit in (SPOILED, NEIGHBOUR, APART)}
    # A count of its own, so that the requests of the unit differ.
    output = {"written": replace(blocks[SPOILED]["u1b0"], name="written", address=WRITTEN, count=1, period_s=1.0)}
    stack = AsyncExitStack()
    tty = await stack.enter_async_context(adapter(proxy.port)) if wiring is Wiring.TTY else ""
    is_alone = wiring is Wiring.ALONE
    asked = blocks[SPOILED] | output | ({} if is_alone else blocks[NEIGHBOUR])
    spoiled = link_on_tty(tty, witness, asked) if tty else make(proxy.port, witness, asked, framing, depth)
    links = {
        SPOILED: spoiled,
        NEIGHBOUR: make(proxy.port, witness, blocks[NEIGHBOUR], framing, depth) if is_alone else spoiled,
        APART: our_link(apart.port, witness, blocks[APART], apart_framing, depth),
    }
    for unit, link in links.items():
        witness.watch(link, blocks[unit])
    writer = Writer(spoiled, bulk.memories[bulk.units[SPOILED]]) if isinstance(spoiled, ModbusLink) else None
    runs = [*(link.run() for link in dict.fromkeys(links.values())), *([writer.run()] if writer else [])]
    tasks = tuple(asyncio.create_task(run) for run in runs)
    made = Rig(proxy, witness, links, tasks, blocks, writer, wiring=wiring)
    try:
        while not (made.good(APART) and made.is_well(0)):
            await asyncio.sleep(0.001)
            made.check()
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await stack.aclose()
        await proxy.stop()
        await server.stop()
        await apart.stop()
