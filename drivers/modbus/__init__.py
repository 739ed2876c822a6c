"""Modbus: read plan, frames without I/O, and two wires for them: sockets and serial lines."""
