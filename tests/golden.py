"""`python -m tests.golden`: write the golden vectors of the daemon's start.

What the detector says of every head and rack is written by the slow twins of tests/naive, registers by numpy, the exchange byte by byte from
the specification. What is left (ages, the digest of the inputs, the countdown of racks, the weighing of zones: their twins work at another
level) is said by numba's code as it compiles it here and now, never by the library that the vectors will check.
"""

import sys
from collections.abc import Iterator

import numpy as np

from controller.core.events import Feature
from controller.core.trips import NIGHT
from controller.runtime.golden import plant, play
from controller.runtime.golden.check import VECTORS
from drivers.compiled import library
from drivers.modbus import kernel
from drivers.modbus.decode import WIRE, Decoder, raw_of
from drivers.points import BlockBuffer
from tests.naive.air import AirTwin
from tests.naive.cells import NaiveCells

HEADS = ("level", "runaway", "fault", "point", "feature", "value", "threshold", "weight")
RACKS = ("rack_hottest_degc", "rack_slope_degc_per_s", "rack_live_fraction")


def lines() -> Iterator[str]:
    """The golden vectors."""
    library.unload()
    told = dict(twin_lines())
    for line in play.detection():
        yield told.get(" ".join(line.split()[:3]), line)
    yield from plain_lines()


def twin_lines() -> Iterator[tuple[str, str]]:
    """What the slow twins say of the stream: the beginning of a line, and the whole of it."""
    layout = plant.layout()
    cells, air = NaiveCells(layout), AirTwin(layout, NIGHT)
    places = {feature: number for number, feature in enumerate(Feature)}
    for image in plant.images(layout):
        # No head but one of cells knows runaway.
        said = cells.advance(image) | {index: (read[0], 0, *read[1:-1]) for index, read in air.advance(image).items()}
        if image.scan % play.EVERY != play.EVERY - 1:
            continue
        columns = list(zip(*(said[index] for index in sorted(said)), strict=True))
        table = dict(zip(HEADS, columns, strict=True)) | dict(zip(RACKS, zip(*cells.racks(), strict=True), strict=True))
        table["feature"] = tuple(places[feature] for feature in table["feature"])
        for name, values in table.items():
            start = f"readings {image.scan} {name}"
            kind = float if name in {"value", "threshold", "weight", *RACKS} else int
            yield start, f"{start} {' '.join(repr(kind(value)) for value in values)}"


def plain_lines() -> Iterator[str]:
    """Those of registers and exchange."""
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
    VECTORS.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
    print(f"haechi: {VECTORS.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
