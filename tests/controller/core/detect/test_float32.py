"""float32 is enough for the slow bias, whose memory of a day is the hardest: it ends within 0.03 K of where it should."""

import numpy as np
import pytest

from controller.core.detect import cell_params as par
from controller.core.detect import cell_tile
from controller.core.detect import tiles as at


@pytest.mark.parametrize("dt_ms", [100.0, 1000.0, 10000.0])
def test_the_slow_bias_settles_where_float64_would_have_it(dt_ms: float) -> None:
    state, scratch = np.zeros(int(at.STATE), np.float32), np.zeros(int(at.SCRATCH), np.float32)
    params = np.zeros(par.COUNT, np.float32)
    params[[par.BIAS_TAU_MS, par.SUSPICIOUS, par.SCALE_FLOOR]] = 86400e3, 2.0, 0.3
    state[int(at.AGE_MS) : int(at.AGE_MS) + at.CHUNK] = 86400e3
    bias = state[int(at.BIAS) : int(at.BIAS) + at.CHUNK]
    bias[:] = np.linspace(0.5, 1.5, at.CHUNK)
    exact = bias.astype(np.float64)
    scratch[int(at.FRESH) : int(at.FRESH) + at.CHUNK] = 1.0
    scratch[int(at.DT_MS) : int(at.DT_MS) + at.CHUNK] = dt_ms
    scratch[int(at.X) : int(at.X) + at.CHUNK] = 1.0
    began = exact.copy()
    for _ in range(20_000):
        cell_tile.compare(state, scratch, np.uintp(0), np.uintp(0), params)
        exact += dt_ms / (86400e3 + dt_ms + 1.0) * (1.0 - exact)
    assert np.abs(bias - exact).max() < 0.03
    far = np.abs(began - 1.0) > 0.1
    assert (np.abs(bias - 1.0) < np.abs(began - 1.0))[far].all()
