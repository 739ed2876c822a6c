"""What every bank of the detector offers: heads of related families, advanced together by one kernel call a scan."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from controller.core.detect.readings import Readings
from controller.core.image import Image
from controller.site.model import Family


class Bank(Protocol):
    """The heads of some families of a site with all their memory."""

    @property
    def families(self) -> tuple[Family, ...]:
        """What its heads sense."""

    @property
    def index(self) -> npt.NDArray[np.int32]:
        """Places in the image of all points that it looks at; -1: none. Without anything new at them nothing changes in the bank."""

    def advance(self, image: Image) -> bool:
        """Take in an image by one kernel call; returns whether anything was new (if not, nothing has changed)."""

    def reduce(self, readings: Readings) -> None:
        """Write what the bank says of its heads, and of their racks if it knows of them; other heads stay as they are."""

    def forget(self, head_index: int) -> None:
        """Let go of what a head keeps as evidence of the past; nothing happens for a head of another bank."""

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All its memory in a fixed order: for checksums and golden vectors."""
