"""`haechi-sim serve`: the plant of a site as real Modbus units, on TCP, TLS and serial lines, and on a real MQTT broker, in plant time."""

import asyncio
import signal
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from sim_hardware.devices.plant import Plant
from sim_hardware.devices.wiring import STEP_MS
from sim_hardware.faults.placing import Placing
from sim_hardware.wires.served import Served
from sim_hardware.wires.servers import OWN, modbus_servers, publishers, serial_servers

TRUTH_MS = 1000
"""Plant time between two snapshots of the truth."""
LONGEST_CATCH_UP_MS = 5000
"""A plant that is later than this takes its steps in pieces, so that its sockets go on answering."""


@dataclass(frozen=True, slots=True)
class PlantClock:
    """Plant time: (CLOCK_MONOTONIC - epoch) * speed, in milliseconds."""

    epoch_ns: int
    speed: float = 1.0

    def tick_ms(self) -> int:
        """Now."""
        return int((time.monotonic_ns() - self.epoch_ns) * self.speed) // 1_000_000

    def wall_s(self, plant_ms: float) -> float:
        """Wall seconds that `plant_ms` of plant time take."""
        return plant_ms / 1000 / self.speed


@dataclass(frozen=True, slots=True)
class Ends:
    """The plant's ends of wires, as far as the site file, which knows the controller's ends, does not tell.

    `folder` is that of the site file, in which its files are found; `ttys` are by the name of their serial link; `tls` is the context of
    Modbus links with transport security.
    """

    folder: Path = Path()
    ttys: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None


class Server:
    """A plant on its wires, from `start` to `stop`; `run` moves its time. Endpoints are those of the site.

    Where a fault of the wire is foreseen, a proxy (`placing`) stands at the endpoint and the server behind it. `broker` (host:port) is
    the real one where the site's MQTT endpoints are proxies, too. Raises FaultError for faults of a broker without it, ValueError for
    links whose end is not among `ends`, LinkError and OSError for files of theirs that cannot be used.
    """

    def __init__(
        self,
        plant: Served,
        clock: PlantClock,
        truth: IO[bytes] | None = None,
        modbus_server: str = OWN,
        broker: str = "",
        ends: Ends | None = None,
    ) -> None:
        ends = ends or Ends()
        self._plant = plant
        self._clock = clock
        self._truth = truth
        self._truth_ms = 0
        site = plant.layout.site
        self.placing = Placing(site, plant.faulting.on_wires if isinstance(plant, Plant) else (), broker)
        self.modbus = modbus_servers(plant, modbus_server, self.placing.endpoints, ends.tls)
        self.serial = serial_servers(plant, ends.ttys)
        self.mqtt = publishers(site, broker, ends.folder)
        self._tasks: list[asyncio.Task[None]] = []
        self.behind_ms = 0
        """How late the plant was at most."""

    async def start(self) -> None:
        """Open all ports, go to the brokers. Raises RuntimeError for a port that cannot be had, and keeps none then."""
        try:
            for server in (*self.modbus.values(), *self.serial.values()):
                await server.start()
            await self.placing.start({endpoint: server.port for endpoint, server in self.modbus.items()})
            self.placing.advance(self._plant.tick_ms / 1000)
        except BaseException:
            await self.stop()
            raise
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(publisher.run()) for publisher in self.mqtt.values()]

    async def run(self) -> None:
        """Move the plant's time on, for ever, until cancelled."""
        while True:
            now_ms = self._clock.tick_ms()
            behind_ms = now_ms - self._plant.tick_ms
            self.behind_ms = max(self.behind_ms, behind_ms)
            self._advance_to(min(now_ms, self._plant.tick_ms + LONGEST_CATCH_UP_MS))
            self.placing.advance(self._plant.tick_ms / 1000)
            for message in self._plant.drain():
                self.mqtt[self._plant.layout.site.devices[message.device].link].offer(message)
            due_ms = self._plant.tick_ms + STEP_MS - self._clock.tick_ms()
            await asyncio.sleep(max(0.0, self._clock.wall_s(due_ms)))

    async def stop(self) -> None:
        """Close all ports and leave the brokers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.placing.stop()
        for server in (*self.modbus.values(), *self.serial.values()):
            await server.stop()

    def _advance_to(self, tick_ms: int) -> None:
        """Move the plant on; with a truth to tell, stop at each second for a snapshot."""
        if self._truth is None or not isinstance(self._plant, Plant):
            self._plant.advance_to(tick_ms)
            return
        while self._truth_ms <= tick_ms:
            self._plant.advance_to(self._truth_ms)
            self._truth.write(msgspec.json.encode(self._plant.truth()) + b"\n")
            self._truth.flush()
            self._truth_ms += TRUTH_MS
        self._plant.advance_to(tick_ms)


async def serve(
    plant: Served,
    clock: PlantClock,
    truth: Path | None = None,
    ready: Callable[[str], None] = print,
    modbus_server: str = OWN,
    broker: str = "",
    ends: Ends | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets one line when all ports are open, and one at the end that counts the faults of wires."""
    with truth.open("wb") if truth else nullcontext() as stream:
        server = Server(plant, clock, stream, modbus_server, broker, ends)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await server.start()
        moving = loop.create_task(server.run())
        waiting = loop.create_task(stop.wait())
        try:
            ready(
                f"ready: {len(server.modbus)} Modbus endpoints, {len(server.mqtt)} brokers, {len(server.serial)} serial lines, "
                f"plant time {plant.tick_ms} ms"
            )
            await asyncio.wait({moving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            moving.cancel()
            waiting.cancel()
            results = await asyncio.gather(moving, waiting, return_exceptions=True)
            await server.stop()
        if applied := server.placing.applied():
            ready("faults of wires: " + ", ".join(f"{kind} {count}" for kind, count in sorted(applied.items())))
        for error in results:
            if isinstance(error, Exception):
                raise error
