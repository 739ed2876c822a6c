"""Which implementations of a Modbus TCP server there are, by the name that the command line gives them."""

from collections.abc import Mapping

from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.pymodbus_server import PymodbusServer

AnyServer = ModbusServer | PymodbusServer
OWN = "own"
SERVERS: Mapping[str, type[AnyServer]] = {OWN: ModbusServer, "pymodbus": PymodbusServer}
"""The own one bears any number of requests in flight; pymodbus is the plain second implementation."""
