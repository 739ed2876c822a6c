"""`python -m tests.golden`: write the golden vectors of the daemon's start, without any compiled code.

Detector, ages and digest run as plain Python (the kernels' own source, interpreted; tests/naive holds the twins that say what that source must
mean); registers are decoded by numpy; the exchange is the frame of the specification, byte by byte.
"""

import sys
from collections.abc import Iterator

import numpy as np

from controller.runtime.golden import play
from controller.runtime.golden.check import VECTORS
from drivers.compiled.door import interpreted
from drivers.modbus import kernel
from drivers.modbus.decode import WIRE, Decoder, raw_of
from drivers.points import BlockBuffer


def lines() -> Iterator[str]:
    """The golden vectors."""
    with interpreted(), np.errstate(all="ignore"):
        yield from play.detection()
    for block in play.blocks():
        points = BlockBuffer.empty(block.count)
        words = np.frombuffer(play.REGISTERS, WIRE)[: block.count * block.data_type.registers]
        Decoder(block, points)(raw_of(block, words), 1, 77)
        yield play.decoded(block, points)
    # MBAP: transaction, protocol 0, six bytes follow, unit 17; function 3, address 7, four registers (Modbus Application Protocol 1.1b3).
    yield "exchange request 123400000006110300070004"
    yield f"exchange values 0102030405060708 state {kernel.IDLE} taken 1"


def main() -> int:
    """Write the file."""
    print("haechi: the kernels run as plain Python, which takes a minute ...", flush=True)
    VECTORS.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
    print(f"haechi: {VECTORS.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
