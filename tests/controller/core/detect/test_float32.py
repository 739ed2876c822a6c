"""float32 is enough for the slow bias, whose memory of a day is the hardest: after days it ends within 0.06 K of where it should."""

import numpy as np
import numpy.typing as npt
import pytest

from controller.core.detect import cell_params as par
from controller.core.detect import cell_tile
from controller.core.detect import tiles as at
from controller.core.detect.compile import jit

DAY_MS = 86400e3
ALLOWED_K = 0.06
"""A step at 0.1 s is lost below it: half of the last bit of 1 K is 6e-8, and 1.2e-6 of 0.05 K is the same."""


@jit
def repeat(s: npt.NDArray[np.float32], w: npt.NDArray[np.float32], p: npt.NDArray[np.float32], count: int) -> None:
    for _ in range(count):
        cell_tile.compare(s, w, np.uintp(0), np.uintp(0), p)


def error_k(dt_ms: float, tau_days: float, days: float) -> float:
    """How far the kernel's bias is from the true one, at worst, after so many days of samples 1 K from the module; it began at 0.5 to 1.5 K."""
    state, scratch = np.zeros(int(at.STATE), np.float32), np.zeros(int(at.SCRATCH), np.float32)
    params = np.zeros(par.COUNT, np.float32)
    params[[par.BIAS_TAU_MS, par.SUSPICIOUS, par.SCALE_FLOOR, par.MOVED]] = tau_days * DAY_MS, 2.0, 0.3, 1.0
    state[int(at.AGE_MS) : int(at.AGE_MS) + at.CHUNK] = tau_days * DAY_MS
    bias = state[int(at.BIAS) : int(at.BIAS) + at.CHUNK]
    bias[:] = np.linspace(0.5, 1.5, at.CHUNK)
    scratch[int(at.FRESH) : int(at.FRESH) + at.CHUNK] = 1.0
    scratch[int(at.DT_MS) : int(at.DT_MS) + at.CHUNK] = dt_ms
    scratch[int(at.X) : int(at.X) + at.CHUNK] = 1.0
    samples = round(days * DAY_MS / dt_ms)
    exact = 1.0 + (bias.astype(np.float64) - 1.0) * (1.0 - dt_ms / (tau_days * DAY_MS + dt_ms + 1.0)) ** samples
    repeat(state, scratch, params, samples)
    return float(np.abs(bias - exact).max())


@pytest.mark.parametrize("dt_ms", [100.0, 1000.0, 10000.0])
def test_the_slow_bias_settles_where_float64_would_have_it(dt_ms: float) -> None:
    assert error_k(dt_ms, 1.0, 3.0) < ALLOWED_K


def test_the_same_measure_fails_where_float32_is_not_enough() -> None:
    assert error_k(100.0, 10.0, 5.0) > ALLOWED_K
