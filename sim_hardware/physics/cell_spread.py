"""How much heat a cell sets free, and where it goes: what the databank teaches, and the spread from cell to cell.

Fitted on half of the cell types of the NREL/NASA Battery Failure Databank (251 tests at 95 % state of charge or more of 26
types of 18650, 21700 and D size) and shown on the other half in the validation (``tests/validation/databank.py``, which
fits anew and refuses to agree with other numbers than these).
"""

import numpy as np

from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.chemistry import Chemistry

SPREAD_LIMIT = 3.0
"""Standard deviations at which the spread is cut (assumed)."""
BODY_RANGE = (0.05, 1.0)
REACTIVITY_RANGE = (0.3, 2.0)
"""What no cell goes beyond (assumed)."""


def spread_heat(state: Floats, kind: Chemistry, rng: np.random.Generator) -> None:
    """Make the cells of ``state`` differ in the share of heat in the body, in the short's heat and in reactive content."""
    count = state.shape[1]

    def draw() -> Floats:
        return rng.standard_normal((count,)).clip(-SPREAD_LIMIT, SPREAD_LIMIT)

    state[cell.BODY] = (kind.body_share + kind.body_spread * draw()).clip(*BODY_RANGE)
    state[cell.EFFICIENCY] = (kind.isc_efficiency + kind.isc_spread * draw()).clip(0.0, 1.0)
    state[cell.REACTIVITY] = (1.0 + kind.reactivity_spread * draw()).clip(*REACTIVITY_RANGE)
