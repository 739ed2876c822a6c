"""Units in which recordings come, and how they become the unit that a head's family is judged in.

degC, V, ppm, %/m of obscuration, % of relative humidity. Obscuration O over one metre follows from the optical density D = -log10 of the
transmitted share: O = 100 (1 - 10^-D); from decibel: D = dB/10; from extinction k (natural logarithm): O = 100 (1 - e^-k); from one foot:
the shares of 3.28 feet multiply.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from controller.site.model import Family

Numbers = npt.NDArray[np.float64]
Conversion = Callable[[Numbers], Numbers]

_FOOT_M = 0.3048
_LFL_H2_PPM_PER_PERCENT = 400.0
"""One percent of hydrogen's lower flammable limit of 4 vol%."""


def _linear(factor: float, offset: float = 0.0) -> Conversion:
    return lambda numbers: numbers * factor + offset


def _same(numbers: Numbers) -> Numbers:
    return numbers


def _fahrenheit(numbers: Numbers) -> Numbers:
    return (numbers - 32.0) / 1.8


def _density(numbers: Numbers) -> Numbers:
    return 100.0 * (1.0 - np.power(10.0, -np.clip(numbers, -2.0, 300.0)))


def _decibel(numbers: Numbers) -> Numbers:
    return _density(numbers / 10.0)


def _extinction(numbers: Numbers) -> Numbers:
    return _density(numbers / np.log(10.0))


def _per_foot(numbers: Numbers) -> Numbers:
    return 100.0 * (1.0 - np.power(np.clip(1.0 - numbers / 100.0, 0.0, 100.0), 1.0 / _FOOT_M))


_TEMPERATURE: Mapping[str, Conversion] = {"degc": _same, "degf": _fahrenheit, "k": _linear(1.0, -273.15)}
_GAS: Mapping[str, Conversion] = {
    "ppm": _same, "ppb": _linear(1e-3), "%vol": _linear(1e4), "%": _linear(1e4), "mol/mol": _linear(1e6),
}  # fmt: skip
UNITS: Mapping[Family, Mapping[str, Conversion]] = {
    Family.CELL_TEMPERATURE: _TEMPERATURE,
    Family.CELL_VOLTAGE: {"v": _same, "mv": _linear(1e-3)},
    Family.H2: {**_GAS, "%lfl": _linear(_LFL_H2_PPM_PER_PERCENT)},
    Family.CO: _GAS,
    Family.VOC: _GAS,
    Family.SMOKE: {
        "%/m": _same, "%/ft": _per_foot, "db/m": _decibel, "1/m": _density, "od/m": _density, "ext/m": _extinction,
    },
    Family.HEAT: _TEMPERATURE,
    Family.CLIMATE_TEMPERATURE: _TEMPERATURE,
    Family.CLIMATE_HUMIDITY: {"%": _same, "1": _linear(100.0)},
}  # fmt: skip
"""By family: units in small letters, the family's own one first."""
