"""Noise of the plant as a pure function of (seed, point, sample): runs do not depend on timing or order (design, decided)."""

import math

import numpy as np
import numpy.typing as npt

from drivers.compiled.door import short_kernel

CLIP_SIGMA = 2.0
"""Noise is bounded: the band-limited front end of a field device has no tails (assumed)."""


@short_kernel
def _mix(x: np.uint64) -> np.uint64:
    """SplitMix64: one round turns a counter into 64 independent bits."""
    x += np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@short_kernel
def _fill(
    seed: int,
    point: npt.NDArray[np.int64],
    sample: int,
    sigma: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
) -> None:
    scale = 1.0 / 9007199254740992.0
    for i in range(values.shape[0]):
        if sigma[i] <= 0.0:
            continue
        bits = _mix(_mix(_mix(np.uint64(seed)) ^ np.uint64(point[i])) ^ np.uint64(sample))
        u = (float(bits >> np.uint64(11)) + 1.0) * scale
        v = float(_mix(bits) >> np.uint64(11)) * scale
        gauss = math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)
        values[i] += sigma[i] * min(CLIP_SIGMA, max(-CLIP_SIGMA, gauss))


def add_noise(
    seed: int, first: int, sample: int, sigma: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> None:
    """Add to `values` (count,) the noise of points `first`, `first + 1`, ... at their sample number `sample`.

    `sigma` (count,) is the standard deviation in the values' unit, 0 for none; noise is clipped at `CLIP_SIGMA` of it.
    """
    _fill(seed, np.arange(first, first + values.size), sample, sigma, values)


@short_kernel
def measure(
    seed: int,
    point: npt.NDArray[np.int64],
    sample: int,
    sigma: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    dies: npt.NDArray[np.float64],
    burnt: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.float64],
    measured: npt.NDArray[np.float64],
) -> None:
    """Write to `measured` what the heads of `point` make of `truth` (all (count,)): their noise (`add_noise`), the ends of their ranges.

    A head whose truth has once been above `dies` is `burnt` from then on, and shows nothing (NaN).
    """
    for i in range(truth.shape[0]):
        measured[i] = truth[i]
    _fill(seed, point, sample, sigma, measured)
    for i in range(truth.shape[0]):
        measured[i] = np.minimum(np.maximum(measured[i], low[i]), high[i])
        burnt[i] = burnt[i] or truth[i] > dies[i]
        if burnt[i]:
            measured[i] = np.nan


@short_kernel
def uniform(seed: int, point: int, sample: int) -> float:
    """One number in [0, 1), the same for the same arguments."""
    bits = _mix(_mix(_mix(np.uint64(seed)) ^ np.uint64(point)) ^ np.uint64(sample))
    return float(bits >> np.uint64(11)) / 9007199254740992.0
