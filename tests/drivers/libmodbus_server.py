"""libmodbus as a server: `python -m tests.drivers.libmodbus_server tcp PORT`, or `rtu TTY UNIT`; prints a line when it serves.

Holding register n holds n, input register n 1000 + n; coils are off, discrete inputs on. The library is called through ctypes, so that no
compiler and no headers are needed.
"""

import ctypes
import socket
import sys

_POINTS = 300
_LONGEST = 260
_ON_ERROR_LINK = 2


class _Mapping(ctypes.Structure):
    """modbus_mapping_t (modbus.h of libmodbus 3.1)."""

    _fields_ = [
        ("numbers", ctypes.c_int * 8),
        ("bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("registers", ctypes.POINTER(ctypes.c_uint16)),
    ]


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libmodbus.so.5", use_errno=True)
    for name in ("modbus_new_tcp", "modbus_new_rtu"):
        getattr(library, name).restype = ctypes.c_void_p
    library.modbus_mapping_new.restype = ctypes.POINTER(_Mapping)
    library.modbus_new_rtu.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char, ctypes.c_int, ctypes.c_int]
    library.modbus_connect.argtypes = [ctypes.c_void_p]
    library.modbus_set_slave.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.modbus_tcp_listen.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.modbus_tcp_accept.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)]
    library.modbus_receive.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.modbus_reply.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(_Mapping)]
    return library


def main(kind: str, place: str, unit: str = "1") -> None:
    """Serve until killed."""
    library = _library()
    mapping = library.modbus_mapping_new(_POINTS, _POINTS, _POINTS, _POINTS)
    for n in range(_POINTS):
        mapping.contents.input_bits[n] = 1
        mapping.contents.registers[n] = n
        mapping.contents.input_registers[n] = 1000 + n
    if kind == "rtu":
        context = library.modbus_new_rtu(place.encode(), 115200, b"N", 8, 1)
        library.modbus_set_slave(context, int(unit))
        assert library.modbus_connect(context) == 0, "the tty cannot be opened"
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        _serve(library, context, mapping)
        return
    context = library.modbus_new_tcp(b"127.0.0.1", int(place))
    listening = ctypes.c_int(library.modbus_tcp_listen(context, 1))
    assert listening.value >= 0, "the port cannot be had"
    listener = socket.socket(fileno=listening.value)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    listener.detach()
    while True:
        library.modbus_tcp_accept(context, ctypes.byref(listening))
        _serve(library, context, mapping)


def _serve(library: ctypes.CDLL, context: int, mapping: object) -> None:
    """Answer until the client has gone."""
    query = ctypes.create_string_buffer(_LONGEST)
    while (count := library.modbus_receive(context, query)) >= 0:
        if count:
            library.modbus_reply(context, query, count, mapping)


if __name__ == "__main__":
    main(*sys.argv[1:])
