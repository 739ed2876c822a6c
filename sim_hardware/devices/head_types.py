"""Gas heads by their principle: what each does to the truth before it is shown, in figures of data sheets."""

import math
from dataclasses import dataclass

import numpy as np

from controller.site.model import Family, Principle
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.flammable import LOWER_LIMIT
from sim_hardware.physics.gas import CO, H2, SPECIES, THC, VOC

LN_10 = math.log(10.0)


@dataclass(frozen=True, slots=True, eq=False)
class HeadType:
    """A head that shows ppm of one gas.

    ``response[species]`` (of ``gas``) is what it shows for 1 ppm of each. Drift is the most that a head of the series shows in a year; how much
    a particular one has, and which way, is drawn once.
    """

    response: Floats
    dead_s: float = 0.0
    """Through filter, membrane and flame arrester before anything shows."""
    t90_s: float = 10.0
    """From then on to 90 % of a step."""
    overload_ppm: float = math.inf
    """Beyond it the element shows no more (twice the measuring range, assumed), so that the way back does not take for ever."""
    zero_ppm_per_year: float = 0.0
    span_per_year: float = 0.0
    humid_loss: float = 0.0
    """Share of the reading that is lost at 90 % relative humidity, against dry air."""
    needs_o2: bool = False
    halogens_kill: bool = False

    @property
    def tau_s(self) -> float:
        """Time constant of the first-order lag."""
        return self.t90_s / LN_10


def shows(h2: float = 0.0, co: float = 0.0, voc: float = 0.0, thc: float = 0.0) -> Floats:
    """What a head shows for 1 ppm of hydrogen, carbon monoxide, vapour of electrolyte and hydrocarbons."""
    response = np.zeros(SPECIES)
    response[[H2, CO, VOC, THC]] = h2, co, voc, thc
    return response


SOLID_STATE_H2 = HeadType(
    response=shows(h2=1.0), dead_s=2.0, t90_s=10.0, overload_ppm=80e3, zero_ppm_per_year=3.0, span_per_year=0.05
)
"""Palladium alloy in a rack: selective for hydrogen; T90 and drift assumed."""
ELECTROCHEMICAL_CO = HeadType(
    response=shows(co=1.0, h2=0.25),
    dead_s=2.0,
    t90_s=25.0,
    overload_ppm=20e3,
    zero_ppm_per_year=2.0,
    span_per_year=0.10,
)
"""Carbon monoxide cell. T90 below 15 s bare (Alphasense CO-B4 data sheet), about 25 s behind a filter (assumed); hydrogen reads below 10 %
(the same, four electrodes) to 60 % (Biosystems PhD manual): 25 % assumed; sensitivity drifts below 10 % a year (CO-B4)."""
ELECTROCHEMICAL_H2 = HeadType(
    response=shows(h2=1.0, co=0.20),
    dead_s=2.0,
    t90_s=40.0,
    overload_ppm=20e3,
    zero_ppm_per_year=5.0,
    span_per_year=0.10,
)
"""Hydrogen cell: slower, and reads carbon monoxide (assumed, of usual data sheets)."""
PHOTOIONISATION = HeadType(
    response=shows(voc=1.0),
    dead_s=1.0,
    t90_s=8.0,
    overload_ppm=20e3,
    zero_ppm_per_year=2.0,
    span_per_year=0.20,
    humid_loss=0.30,
)
"""Lamp of 10.6 eV: blind for hydrogen, carbon monoxide (14.0 eV) and methane; loses up to 60 % of its reading from dry to 90 % relative
humidity uncompensated (RAE Systems TN-163), half of that by compensation (assumed)."""
CATALYTIC = HeadType(
    response=LOWER_LIMIT[H2] / LOWER_LIMIT,
    dead_s=2.0,
    t90_s=15.0,
    overload_ppm=80e3,
    zero_ppm_per_year=400.0,
    span_per_year=0.20,
    needs_o2=True,
    halogens_kill=True,
)
"""Pellistor calibrated on hydrogen (40,000 ppm: 100 % of its lower limit). It shows every fuel by its share of its own lower limit
(assumed); needs 10 % oxygen, its zero drifts by 1 % of the limit a year (assumed)."""

TYPES: dict[tuple[Family, Principle], HeadType] = {
    (Family.H2, Principle.SOLID_STATE): SOLID_STATE_H2,
    (Family.H2, Principle.ELECTROCHEMICAL): ELECTROCHEMICAL_H2,
    (Family.H2, Principle.CATALYTIC): CATALYTIC,
    (Family.CO, Principle.ELECTROCHEMICAL): ELECTROCHEMICAL_CO,
    (Family.VOC, Principle.PHOTOIONISATION): PHOTOIONISATION,
}
"""What the plant has of each family of gas."""
USUAL: dict[Family, Principle] = {
    Family.H2: Principle.SOLID_STATE,
    Family.CO: Principle.ELECTROCHEMICAL,
    Family.VOC: Principle.PHOTOIONISATION,
}
"""Of a head whose site does not say."""


def head_type(family: Family, principle: Principle | None) -> HeadType:
    """The head of a family. Raises ValueError for a principle that none of the family has."""
    found = TYPES.get((family, principle or USUAL[family]))
    if found is None:
        known = ", ".join(p for f, p in TYPES if f is family)
        raise ValueError(f"no {principle} head for {family}; remedy: one of {known}")
    return found
