"""The detector: banks of kernels over the image, and what they say of every head and rack."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from controller.core.chain import InputDigest
from controller.core.detect.air_bank import GasBank
from controller.core.detect.bank import Bank
from controller.core.detect.banks import lay_out_banks
from controller.core.detect.fusion import Fusion, Weighed
from controller.core.detect.readings import Readings, evidence_of
from controller.core.events import Evidence
from controller.core.image import NOTHING, Changes, Image, asked_by, freeze
from controller.core.layout import Layout
from drivers.points import BlockBuffer


class Detector:
    """Judges every head of a site. All its memory is private; the same images give the same readings, bit for bit."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._banks = lay_out_banks(layout)
        self._readings = Readings.empty(layout)
        self._fusion = Fusion(layout)
        self._stale = False
        """Something was let go of or left out since: weigh anew, though the image be the same."""
        self._asks = _asks(layout, self._banks)
        self._all_anew = True
        """The next image with anything new is for all banks, whoever's points that is."""
        self._has_agent: tuple[bool, ...] = ()

    def advance(self, image: Image, changed: Changes | None = None) -> Readings:
        """Take in one image: one kernel call for each bank at whose points anything is new; then weigh.

        `changed` says where the image differs from the one before; None: not known, so every bank looks by itself.
        """
        if changed is NOTHING and not self._stale:
            return self._readings
        asked = -1
        if changed is not None and not self._all_anew:
            asked = asked_by(self._asks, changed.points)
        self._stale = self._all_anew = False
        for number, bank in enumerate(self._banks):
            if asked >> number & 1 and bank.advance(image):
                bank.reduce(self._readings)
        self._fusion.advance(image, self._readings)
        return self._readings

    @property
    def weighed(self) -> tuple[Weighed, ...]:
        """What the heads of every zone say together; the very same object while nothing changed."""
        return self._fusion.zones

    def leave_out(self, names: tuple[str, ...]) -> None:
        """Say which heads a person has taken out of service: they are not weighed."""
        self._stale = self._fusion.leave_out(names) or self._stale

    def agent_in(self, zones: Sequence[bool]) -> None:
        """Say, by zone, where agent has been let go since the last reset: heads that it poisons are not believed there, which is a fault."""
        if self._has_agent == tuple(zones):
            return
        self._has_agent, self._all_anew = tuple(zones), True
        for bank in self._banks:
            if isinstance(bank, GasBank):
                bank.mask(zones)

    def evidence(self, head_index: int) -> Evidence:
        """Why a head reads as it does. A number that does not exist (no value, no threshold) is 0: JSON has no NaN."""
        return evidence_of(self._layout, self._readings, head_index)

    def reset(self, head_index: int) -> None:
        """Let go of what a head keeps as evidence (died after a rise, dying together), and its zone; what is still true stays."""
        for bank in self._banks:
            bank.forget(head_index)
            bank.reduce(self._readings)
        self._fusion.forget(head_index)
        self._stale = self._all_anew = True


def _asks(layout: Layout, banks: Sequence[Bank]) -> npt.NDArray[np.int32]:
    """By point of the image: the banks that look at it, a bit each."""
    asks = np.zeros(layout.n_points, np.int32)
    for number, bank in enumerate(banks):
        asks[bank.index[bank.index >= 0]] |= 1 << number
    return asks


def warm_up(layout: Layout) -> None:
    """Compile every kernel, or load it from the cache, with the dtypes of real images."""
    detector, digest = Detector(layout), InputDigest()
    image = None
    for scan in range(2):  # the second image is compared with the first
        image = freeze(scan, 0, [BlockBuffer.empty(layout.n_points)], layout.max_age_ms, (), image)
        detector.advance(image, digest.update(image))
