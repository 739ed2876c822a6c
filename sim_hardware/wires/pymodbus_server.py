"""The plant's Modbus TCP units on real sockets, over pymodbus: its server loop, our memory behind it.

The plain second implementation beside `modbus_server`; it does not bear more than one request in flight on a connection.
pymodbus 3.16 keeps a data store of its own, whose traps (a second call of an action after each write, exception 4 for an unknown
unit, coils counted in words) go away when the store is ours: a request goes straight to the unit's `DeviceMemory`.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from controller.site.model import Framing
from drivers.points import Table
from sim_hardware.devices.memory import AddressError
from sim_hardware.wires.answer import Store
from sim_hardware.wires.session import Field
from sim_hardware.wires.streams import AnyFraming

TABLE_OF_FUNCTION = {
    1: Table.COIL, 5: Table.COIL, 15: Table.COIL,
    2: Table.DISCRETE,
    3: Table.HOLDING, 6: Table.HOLDING, 16: Table.HOLDING, 22: Table.HOLDING, 23: Table.HOLDING,
    4: Table.INPUT,
}  # fmt: skip
"""Table that a function code reads or writes (Modbus Application Protocol 1.1b3, 6)."""
BIT_TABLES = frozenset({Table.COIL, Table.DISCRETE})

# A client that asks for what is not there is the client's business; pymodbus would print every packet before it.
logging.getLogger("pymodbus_internal").setLevel(logging.CRITICAL)
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

# pymodbus wants devices of its own kind at construction; they are replaced before the first request.
_PLACEHOLDER = SimDevice(id=1, simdata=[SimData(0, count=1, values=0, datatype=DataType.REGISTERS)])


class _Units(SimCore):
    """pymodbus's data store, on the plant's memories: unit number to device name."""

    def __init__(self, plant: Field, units: Mapping[int, str]) -> None:
        super().__init__([_PLACEHOLDER])
        self._plant = plant
        self._units = units

    def device_ids(self) -> list[int]:
        return list(self._units)

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        memory = await self._memory(device_id)
        table = TABLE_OF_FUNCTION[func_code]
        try:
            words = memory.view(table, address, count).tolist()
        except AddressError:
            return ExcCodes.ILLEGAL_ADDRESS
        return [bool(word) for word in words] if table in BIT_TABLES else words

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        memory = await self._memory(device_id)
        try:
            memory.write(TABLE_OF_FUNCTION[func_code], address, values)
        except AddressError:
            return ExcCodes.ILLEGAL_ADDRESS
        return None

    async def _memory(self, unit: int) -> Store:
        """The unit's memory, as late as its device answers."""
        if unit not in self._units:
            raise NoSuchIdException(f"unit {unit}")  # pymodbus answers with exception 11
        device = self._units[unit]
        if late_s := self._plant.answers(device):
            await asyncio.sleep(late_s)
        return self._plant.memories[device]


class PymodbusServer:
    """All units of one endpoint. A dead device stays silent; the other units of its endpoint go on."""

    def __init__(
        self, plant: Field, host: str, port: int, units: Mapping[int, str], framing: AnyFraming = "tcp"
    ) -> None:
        self._plant = plant
        self._units = units
        self._framer = FramerType.SOCKET if framing == Framing.TCP else FramerType.RTU
        self._address = (host, port)
        self._server: ModbusTcpServer | None = None
        self.requests = 0

    @property
    def port(self) -> int:
        """The port that is listened on; before `start`, the one that was asked for."""
        if self._server is None:
            return self._address[1]
        return cast("int", cast("asyncio.Server", self._server.transport).sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises RuntimeError if the port cannot be had."""
        server = ModbusTcpServer([_PLACEHOLDER], framer=self._framer, address=self._address, trace_pdu=self._look)
        server.context = _Units(self._plant, self._units)
        await server.serve_forever(background=True)
        self._server = server

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None

    def _look(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Count requests, and drop those for a dead device: pymodbus does not answer what is no request any more."""
        if sending:
            return pdu
        self.requests += 1
        device = self._units.get(pdu.dev_id)
        is_dead = device is not None and self._plant.answers(device) is None
        return None if is_dead else pdu  # type: ignore[return-value]
