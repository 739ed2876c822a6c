"""What faults do to the values of a sensor: small pure functions."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sim_hardware.devices.noise import add_noise

Floats = npt.NDArray[np.float64]
Param = float | Floats
Distort = Callable[[Floats, float, int, Param], Floats]
"""(values at the onset or now, seconds since the onset, sample number, param) -> values; all in engineering units."""

SPIKE_EVERY = 10
"""A spike comes on every tenth sample."""
BEYOND = 1.5
"""What is out of range shows so many times the end of its range..."""
ABSURD = 9999.0
"""...or this, where the range of its family is not known (registers show the end of what they can say)."""


def stuck(values: Floats, _since_s: float, _sample: int, _param: Param) -> Floats:
    """What it showed."""
    return values


def ramp(values: Floats, since_s: float, _sample: int, param: Param) -> Floats:
    """Drifts by `param` a second."""
    return values + param * since_s


def spike(values: Floats, _since_s: float, sample: int, param: Param) -> Floats:
    """Jumps by `param` on every tenth sample."""
    return values + param if sample % SPIKE_EVERY == 0 else values


def nan(values: Floats, _since_s: float, _sample: int, _param: Param) -> Floats:
    """No value."""
    return np.full_like(values, np.nan)


def offset(values: Floats, _since_s: float, _sample: int, param: Param) -> Floats:
    """`param` too high."""
    return values + param


def zero(values: Floats, _since_s: float, _sample: int, _param: Param) -> Floats:
    """Says no."""
    return np.zeros_like(values)


def noise(values: Floats, _since_s: float, sample: int, param: Param, seed: int = 0) -> Floats:
    """Noise of standard deviation `param`, a function of place, sample and `seed`."""
    noisy = values.copy()
    add_noise(seed, 0, sample, np.full_like(values, param), noisy)
    return noisy


def out_of_range(values: Floats, _since_s: float, _sample: int, param: Param) -> Floats:
    """Shows `param`."""
    return np.full_like(values, param)


def scaled(values: Floats, _since_s: float, _sample: int, param: Param) -> Floats:
    """`param` times the value: another unit of the same zero."""
    return values * param


def fahrenheit(values: Floats, _since_s: float, _sample: int, _param: Param) -> Floats:
    """Degrees Celsius shown as Fahrenheit."""
    return values * 1.8 + 32.0


def chatter(values: Floats, _since_s: float, sample: int, param: Param) -> Floats:
    """A contact that is the other way round for every second run of `param` samples."""
    return 1.0 - values if sample // max(int(np.max(param)), 1) % 2 else values
