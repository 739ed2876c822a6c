"""How the outputs of the test site stand in their modules, for all of them at once: a field looks at them in every scan."""

import numpy as np
import numpy.typing as npt

from controller.core.layout import Layout
from controller.site.model import Role


class Outputs:
    """Channels, normal levels and feedback contacts of all outputs as arrays. `valves`: feedbacks of coolant; `banks`: indices of releases."""

    def __init__(self, layout: Layout) -> None:
        widest = max(len(output.channels) for output in layout.outputs)
        last = [output.channels + output.channels[-1:] * (widest - len(output.channels)) for output in layout.outputs]
        self._channels = np.array(last, dtype=np.int32)  # (outputs, channels), the last channel repeated
        self._normal = np.array([float(output.output.normal) for output in layout.outputs])[:, None]
        self._feedback = np.array([output.feedback for output in layout.outputs], dtype=np.int32)
        self.valves = [o.feedback for o in layout.outputs if o.output.role is Role.COOLANT]
        self.banks = [o.index for o in layout.outputs if o.is_release]

    def standing(self, value: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Per output, whether every channel of it stands away from its normal level. `value`: the points of the image."""
        away: npt.NDArray[np.bool_] = (value[self._channels] != self._normal).all(axis=1)
        return away

    def differs(self, value: npt.NDArray[np.float64], standing: npt.NDArray[np.bool_]) -> set[int]:
        """Indices of the outputs whose feedback says something else."""
        return set(np.flatnonzero((self._feedback >= 0) & (value[self._feedback] != standing)).tolist())
