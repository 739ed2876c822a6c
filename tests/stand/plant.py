"""The plant of the stand: what `haechi-sim serve` serves, with a socket beside it by which a test plays people and faults."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from controller.site.loader import load
from controller.site.model import Site
from drivers.points import RegisterBlock, Table
from sim_hardware.devices.plant import Plant
from sim_hardware.faults.spec import parse_fault
from sim_hardware.serve import PlantClock, serve


class WatchedPlant(Plant):
    """Keeps every change of every coil with its time, whoever made it: a write from the wire or the module itself."""

    def __init__(self, site: Site, seed: int) -> None:
        super().__init__(site, seed)
        coils = [b for b in self.layout.blocks if isinstance(b, RegisterBlock) and b.table is Table.COIL]
        self._watched = {b.name: self.memories[b.device].view(b.table, b.address, b.count) for b in coils}
        self._seen = {name: view.tolist() for name, view in self._watched.items()}
        self.changes: list[tuple[int, str, int, int]] = []
        """(plant time, block, place, level)."""
        for block in coils:
            self.memories[block.device].on_write = lambda *_: self.look()

    def look(self) -> None:
        """Note what has changed since the last look."""
        for name, view in self._watched.items():
            levels = view.tolist()
            for place, (before, now) in enumerate(zip(self._seen[name], levels, strict=True)):
                if before != now:
                    self.changes.append((self.tick_ms, name, place, now))
            self._seen[name] = levels

    def _step(self) -> None:
        super()._step()
        self.look()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What a test asks of the plant; the answer is always the plant as it stands."""
        match order["do"]:
            case "input":
                self.set_input(order["head"], order["value"])
            case "fault":
                now_s = self.tick_ms / 1000
                end = f"-{now_s + order['for_s']}" if order.get("for_s") else ""
                self.add_fault(parse_fault(f"{order['fault']}@{now_s}{end}"))
        truth = self.truth()
        return {
            "tick_ms": self.tick_ms,
            "coils": self._seen,
            "changes": self.changes,
            "positions": truth.positions,
            "fallen": truth.fallen_modules,
            "agent_left_kg": truth.battery[0].agent_left_kg,
            "coolant_lpm": truth.battery[0].coolant_lpm,
        }


def serve_plant(site: Path, control: Path, epoch_ns: int, speed: float) -> None:
    """Serve until SIGTERM; `control` takes one JSON order a line."""
    asyncio.run(_serve(WatchedPlant(load(site), 1), control, PlantClock(epoch_ns, speed)))


async def _serve(plant: WatchedPlant, control: Path, clock: PlantClock) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(json.dumps(plant.obey(json.loads(line))).encode() + b"\n")
        writer.close()

    server = await asyncio.start_unix_server(talk, control)
    try:
        await serve(plant, clock)
    finally:
        server.close()
