"""What the compiler makes of the passes over tiles of cells: nothing that costs more than it says.

Two things cost half of the time once, and no other test sees them. A number that is kept or replaced at its own place becomes a masked store
(`vmaskmov`), which AMD's processors do in twelve cycles and more; storing something to the scratch first prevents it. And a kernel with
several loops, or that calls another one, may count references of its arrays, an atomic operation each.
"""

import re
from typing import Any

import numba
import numpy as np
import pytest

from controller.core.detect import cell_image, cell_middle, cell_tile
from controller.core.detect import tiles as at
from controller.core.image import Image
from controller.site.model import Family
from drivers.compiled.door import kernel_of
from tests.naive.rig import Rig, Spec

MASKED_STORE = re.compile(r"maskmov\w+\s+%[xy]mm\d+, %[xy]mm\d+, .+\)")
"""Its last operand is memory; a masked load, which costs no more than any, has it first (AT&T's order)."""
AT = np.uintp(0)
COUNT = np.uintp(at.CHUNK)


def passes() -> dict[Any, tuple[Any, ...]]:
    """The kernels that every point of every sample goes through, with arguments as `cell_kernel.advance` gives them."""
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 128, 16, "r1")})
    bank: Any = rig.detector._banks[0]
    image: Image = rig.image()
    s, w, m, r, p = bank.state, bank.scratch.points, bank.shared, bank.scratch.rows, bank.params[0]
    number = np.float32(1.0)
    return {
        cell_image.is_new: (AT, AT, COUNT, image.sample, bank.seen_sample),
        cell_image.is_good: (AT, AT, COUNT, image.quality, bank.seen_quality, bank.status),
        cell_image.is_old: (AT, AT, COUNT, image.sample, bank.seen_sample, image.quality, bank.seen_quality),
        cell_image.keep_samples: (AT, AT, COUNT, image.sample, bank.seen_sample),
        cell_image.see_all: (w, bank.code, AT, AT, COUNT, np.uint8(3), number),
        cell_image.take_values: (w, AT, AT, COUNT, image.value),
        cell_image.take_times: (w, AT, AT, AT, COUNT, image.received_ms, bank.last_ms),
        cell_tile.check: (s, w, AT, AT, p),
        cell_image.set_times: (w, AT, AT, AT, COUNT, image.received_ms, bank.last_ms),
        cell_middle.sort: (r, AT, bank.tiles.pairs, AT, AT),
        cell_middle.hand_out: (w, m, AT, AT, COUNT),
        cell_tile.follow: (s, w, AT, AT),
        cell_tile.smooth: (s, w, AT, AT, p),
        cell_tile.compare: (s, w, AT, AT, p),
        cell_tile.add_up: (s, w, AT, AT, p),
        cell_tile.steepen: (s, w, AT, AT, number),
        cell_tile.peak: (s, w, AT, AT, number, number),
        cell_tile.note: (s, w, AT, AT, p),
    }


@pytest.mark.parametrize(("function", "arguments"), passes().items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_pass_has_no_masked_stores_and_counts_no_references(function: Any, arguments: tuple[Any, ...]) -> None:
    kernel = kernel_of(function)
    njit: Any = numba.njit
    typeof: Any = numba.typeof
    alone: Any = njit(**kernel.options, no_cpython_wrapper=True, no_cfunc_wrapper=True)(kernel.py_func)
    code = alone._compiler.compile(tuple(typeof(argument) for argument in arguments), None).library.get_asm_str()
    assert function.__name__ in code
    assert not MASKED_STORE.findall(code)
    assert "NRT_incref" not in code
