"""A fault bound to points of one block."""

import zlib
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from controller.site.model import Family
from sim_hardware.faults import distort
from sim_hardware.faults.distort import Distort, Floats, Param
from sim_hardware.faults.kinds import FaultKind
from sim_hardware.faults.spec import FaultError, FaultSpec

LYING_VOLTAGE_V_PER_S = -0.02
_SWAPS: dict[str, tuple[Distort, float]] = {"degC": (distort.fahrenheit, 1.8), "V": (distort.scaled, 1000.0)}
"""By the unit of a block: what it is taken for, and the factor."""


@dataclass(slots=True)
class BoundFault:
    """A fault that distorts points `places` (indices in one block). Keeps what `stuck` shows."""

    spec: FaultSpec
    distort: Distort | None
    places: npt.NDArray[np.intp]
    param: Param
    held: Floats | None = None

    def apply(self, values: Floats, now_s: float, sample: int) -> None:
        """Distort `values` of the block in place, if the fault holds at `now_s`."""
        if self.distort is None or not self.spec.holds(now_s):
            self.held = None
            return
        if self.held is None:
            self.held = values[self.places].copy()
            if self.spec.kind == "stuck" and self.spec.param is not None:
                self.held[:] = self.spec.param
        base = self.held if self.spec.kind in {"stuck", "bms-lies"} else values[self.places]
        values[self.places] = self.distort(base, now_s - self.spec.at_s, sample, self.param)


def bind(
    spec: FaultSpec, kind: FaultKind, family: Family | None, unit: str, places: list[int], high: Floats
) -> BoundFault:
    """`spec` at `places` of a block that shows `unit`; `high` (count,) are the ends of its points' ranges. Raises FaultError."""
    indices = np.array(places, np.intp)
    param: Param = kind.default if spec.param is None else spec.param
    if spec.kind == "bms-lies" and family is Family.CELL_VOLTAGE:
        param = LYING_VOLTAGE_V_PER_S
    elif spec.kind == "out-of-range" and spec.param is None:
        ends = high[indices]
        param = np.where(np.isfinite(ends), distort.BEYOND * ends, distort.ABSURD)
    elif spec.kind == "unit-swap" and spec.param is None:
        if unit not in _SWAPS:
            raise FaultError(
                f"fault unit-swap: {spec.target} shows {unit or 'no unit'}; remedy: say the factor as PARAM"
            )
        function, param = _SWAPS[unit]
        return BoundFault(spec, function, indices, param)
    elif spec.kind == "noise":  # two targets do not share theirs
        return BoundFault(spec, partial(distort.noise, seed=zlib.crc32(spec.target.encode())), indices, param)
    return BoundFault(spec, kind.distort, indices, param)
