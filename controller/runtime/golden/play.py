"""Playing the known inputs through every kernel that the daemon uses, as lines of text: one a kernel and moment, numbers written exactly."""

import dataclasses
import select
import socket
from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from controller.core.chain import InputDigest
from controller.core.detect.detector import Detector
from controller.core.image import ages_ms
from controller.core.inputs import InputReader
from controller.runtime.golden import plant
from drivers.modbus import kernel
from drivers.modbus.errors import Where
from drivers.modbus.exchange import BUDGET_NS, Run
from drivers.modbus.frame import BUFFER_BYTES, Batch, Framing, ask_read
from drivers.modbus.unpack import Unpacker
from drivers.points import BlockBuffer, DataType, Order, RegisterBlock, Scaling, Table

EVERY = 8
"""Every so many scans all readings are written."""
_TRANSACTION = 0x1234
_REPLY = bytes((0x12, 0x34, 0, 0, 0, 11, 17, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8))
"""MBAP head with that transaction, unit 17, function 3, eight bytes of values (Modbus Application Protocol 1.1b3, 6.3)."""
REGISTERS = bytes.fromhex(
    "0000 8000 7fff ffff 0001 fffe 4148 0000 c2f6 e979 7fc0 0000 7f80 0000 ff7f ffff 8000 0001 3ff0 0000 0000 0000 7ff8 0000"
)
"""Numbers of every type and their odd ones: zero, the ends of the ranges, NaN, infinity."""


def everything() -> None:
    """Call every kernel that the daemon uses, for the sake of being called."""
    for _ in lines():
        pass


def lines() -> Iterator[str]:
    """What all kernels say."""
    yield from detection()
    yield from decoding()
    yield from exchange()


def detection() -> Iterator[str]:
    """Image, ages, digest of the inputs, detector and what decide sees of it over the stream."""
    layout = plant.layout()
    detector, digest, reader = Detector(layout), InputDigest(), InputReader(layout)
    max_age_ms = np.full(layout.n_points, 5000, np.int64)
    for image in plant.images(layout):
        changed = digest.update(image)
        readings = detector.advance(image, changed)
        inputs = reader.read(image, readings, detector.weighed, changed)
        if image.scan % EVERY == EVERY - 1:
            yield f"image {image.scan} quality {_numbers(image.quality)} ages {ages_ms(image, max_age_ms)}"
            for field in dataclasses.fields(readings):
                yield f"readings {image.scan} {field.name} {_numbers(getattr(readings, field.name))}"
            yield f"weighed {image.scan} {detector.weighed!r}"
            yield f"inputs {image.scan} {_numbers(np.array(inputs.heads).ravel())} {_numbers(np.array(inputs.calm))}"
    yield f"digest {digest.hexdigest()}"


def decoding() -> Iterator[str]:
    """Registers of every type and order, by the compiled decoder."""
    for block in blocks():
        points = BlockBuffer.empty(block.count)
        Unpacker(block, np.frombuffer(REGISTERS, np.uint8).copy(), points)(1, 77)
        yield decoded(block, points)


def blocks() -> Iterator[RegisterBlock]:
    """The blocks that the registers are read as."""
    scaling = Scaling(0.1, -40.0, (0x8000,))
    for data_type, order in product(DataType, Order):
        if data_type is not DataType.BIT:
            count = len(REGISTERS) // 2 // data_type.registers
            name = f"{data_type}-{order}"
            place = (name, "d", 1, Table.INPUT, 0, count, data_type)
            yield RegisterBlock(*place, period_s=1.0, max_age_s=9.0, scaling=scaling, order=order)


def decoded(block: RegisterBlock, points: BlockBuffer) -> str:
    """The line of a decoded block."""
    return f"decode {block.name} {_numbers(points.value)} {_numbers(points.quality)}"


def exchange() -> Iterator[str]:
    """A request out and its reply in, over a pair of sockets."""
    ours, theirs = socket.socketpair()
    with ours, theirs, select.epoll() as poller:
        ours.setblocking(False)
        fd = ours.fileno()
        poller.register(fd, select.EPOLLIN)
        batch = Batch([ask_read(Where("golden", "d", "b"), 17, Table.HOLDING, 7, 4)], Framing.TCP)
        run = Run((batch,))
        buffer = np.zeros(BUFFER_BYTES, np.uint8)
        links, told = np.zeros((fd + 1, kernel.LINK_COLUMNS), np.int64), np.zeros(fd + 1, np.int64)
        events, clocks = np.zeros(kernel.MOST_EVENTS * kernel.EVENT_BYTES, np.uint8), np.zeros(4, np.int64)
        room = (events, told, clocks, np.zeros((1, 2), np.int64), BUDGET_NS)
        link = links[fd]
        link[kernel.BUFFER], link[kernel.ROOM] = buffer.ctypes.data, BUFFER_BYTES
        link[kernel.ROWS], link[kernel.COUNT], link[kernel.FIRST] = run.address, 1, _TRANSACTION
        link[kernel.STATE] = kernel.DUE
        kernel.exchange(poller.fileno(), links, np.array([fd], np.int64), *room)
        yield f"exchange request {theirs.recv(BUFFER_BYTES).hex()}"
        theirs.send(_REPLY)
        kernel.exchange(poller.fileno(), links, np.zeros(0, np.int64), *room)
        taken = link[kernel.TAKEN].item()
        yield f"exchange values {bytes(batch.data.tobytes()).hex()} state {link[kernel.STATE].item()} taken {taken}"


def _numbers(array: npt.NDArray[np.generic]) -> str:
    return " ".join(map(repr, array.tolist()))
