"""What an adapter without protections does: pymodbus as most programs use it. It displaces values, and the witness must see it."""

import asyncio
from collections.abc import Mapping

import numpy as np
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from drivers.modbus.decode import Decoder
from drivers.modbus.frame import Framing
from drivers.points import BlockBuffer, RegisterBlock
from tests.wire_faults.rig import PERIOD_S, TIMEOUT_S, Witness


class Unprotected:
    """Polls its blocks one after the other, keeps its connection after a time-out, and takes what the library gives."""

    def __init__(self, port: int, witness: Witness, blocks: dict[str, RegisterBlock], framing: Framing) -> None:
        self._port = port
        self._witness = witness
        self._blocks = blocks
        self._framer = FramerType.SOCKET if framing is Framing.TCP else FramerType.RTU
        self.buffers: Mapping[str, BlockBuffer] = {name: BlockBuffer.empty(b.count) for name, b in blocks.items()}

    async def run(self) -> None:
        client = AsyncModbusTcpClient(
            "127.0.0.1", port=self._port, framer=self._framer, timeout=TIMEOUT_S, retries=0, reconnect_delay=0
        )
        try:
            await client.connect()
            while True:
                for block in self._blocks.values():
                    await self._read(client, block)
                await asyncio.sleep(PERIOD_S)
        finally:
            client.close()

    async def _read(self, client: AsyncModbusTcpClient, block: RegisterBlock) -> None:
        try:
            reply = await client.read_holding_registers(block.address, count=block.count, device_id=block.unit)
        except ModbusException:
            return
        finally:
            # On Python 3.11 the library swallows a cancellation that comes with a reply.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError
        if reply.isError() or len(reply.registers) != block.count:
            return
        decoder = Decoder(block, self.buffers[block.name])
        decoder(
            np.array(reply.registers, np.uint16), int(self.buffers[block.name].sample[0]) + 1, self._witness.tick_ms()
        )
