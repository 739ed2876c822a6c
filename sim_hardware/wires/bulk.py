"""Units full of registers, and no plant: what benches and tests of clients read.

`python -m sim_hardware.wires.bulk` prints the port that it listens on as its first line, and serves until SIGTERM or SIGINT.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from drivers.points import DataType, RegisterBlock, Table
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.wires.servers import OWN, SERVERS, AnyServer

UNITS = 247
"""As many as a line may have (MODBUS over Serial Line 1.02, 2.2)."""
REGISTERS = 10_000


def content(unit: int, address: int, count: int) -> npt.NDArray[np.uint16]:
    """What holding registers `address` to `address + count - 1` of a unit hold: a hash of both, so that a value of any other place shows."""
    mixed = np.arange(address, address + count, dtype=np.uint32) | np.uint32(unit << 16)
    mixed *= np.uint32(0x9E3779B1)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA77)
    return (mixed >> np.uint32(16)).astype(np.uint16)


class Bulk:
    """Units 1 to `units`, each with `registers` writable holding registers that at first hold `content`; all answer at once."""

    def __init__(self, units: int = UNITS, registers: int = REGISTERS) -> None:
        self.units = {unit: f"unit-{unit}" for unit in range(1, units + 1)}
        self.memories = {name: _memory(name, unit, registers) for unit, name in self.units.items()}

    @staticmethod
    def answers(_device: str) -> float:
        """No unit is late."""
        return 0.0


def _memory(name: str, unit: int, registers: int) -> DeviceMemory:
    block = RegisterBlock(name, name, unit, Table.HOLDING, 0, registers, DataType.UINT16, 1.0, 3.0)
    memory = DeviceMemory(name, [block], frozenset({name}), max_gap=0)
    memory.store(Table.HOLDING, 0, content(unit, 0, registers))
    return memory


async def host(server: AnyServer) -> None:
    """Serve until SIGTERM or SIGINT. Raises RuntimeError if the port cannot be had."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await server.start()
    try:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await server.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="sim_hardware.wires.bulk", description="Units full of registers.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any that is free")
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--registers", type=int, default=REGISTERS)
    parser.add_argument("--framing", choices=("tcp", "rtu"), default="tcp")
    parser.add_argument("--server", choices=tuple(SERVERS), default=OWN, help="which implementation")
    parsed = parser.parse_args(arguments)
    bulk = Bulk(parsed.units, parsed.registers)
    server = SERVERS[parsed.server](bulk, parsed.host, parsed.port, bulk.units, parsed.framing)
    asyncio.run(host(server))


if __name__ == "__main__":
    main()
