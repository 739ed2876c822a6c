"""The head that ours is measured against: a fixed 58 degC element that the recorded air heats, as its time index says."""

import math

import numpy as np
import numpy.typing as npt

ELEMENT_DEGC = 58.0
RTI = 50.0
"""Response time index, (m s)^0.5. Assumed: the upper end of the fast response class of heat detectors and sprinklers."""
VELOCITIES_M_PER_S = (1.0, 0.5)
"""Air speed at the head. Assumed: the ceiling jet of 20 to 100 kW at 3 m. Recorded are speeds in doors and stairs alone, not under
a ceiling. The first is the one that counts: the faster the air, the earlier the element answers, the harder it is to keep up with."""
STEP_S = 1.0


def element_degc(
    time_s: npt.NDArray[np.float64], air_degc: npt.NDArray[np.float64], velocity_m_per_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times every second and the element's temperature then: dT/dt = sqrt(v) / RTI * (T_air - T).

    Exact for air that keeps its temperature through a step. The element begins as warm as the air; between rows the air is interpolated.
    """
    at_s = np.arange(time_s[0], time_s[-1] + STEP_S / 2, STEP_S)
    air = np.interp(at_s, time_s, air_degc)
    share = -math.expm1(-STEP_S * math.sqrt(velocity_m_per_s) / RTI)
    element = np.empty_like(air)
    element[0] = air[0]
    for i in range(1, air.size):
        element[i] = element[i - 1] + share * (air[i] - element[i - 1])
    return at_s, element


def answers_at_s(
    time_s: npt.NDArray[np.float64], air_degc: npt.NDArray[np.float64], velocity_m_per_s: float
) -> float | None:
    """When the element reaches its temperature; None: never in this recording."""
    at_s, element = element_degc(time_s, air_degc, velocity_m_per_s)
    reached = np.flatnonzero(element >= ELEMENT_DEGC)
    return float(at_s[reached[0]]) if reached.size else None
