"""How near to its lower flammable limit a mixture of gases is, and whether it can burn at all."""

import numpy as np

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.gas import CO, CO2, H2, SPECIES, THC, VOC


def _by_species(h2: float, co: float, voc: float, co2: float, thc: float) -> Floats:
    values = np.zeros(SPECIES)
    values[H2], values[CO], values[VOC], values[CO2], values[THC] = h2, co, voc, co2, thc
    return values


LOWER_LIMIT = _by_species(0.040, 0.125, 0.038, np.inf, 0.036)
"""Volume fraction in air at 25 degC: H2 4.0 and CO 12.5 % (Zabetakis 1965, from memory); electrolyte vapour as dimethyl and ethyl
methyl carbonate, hydrocarbons as half methane, half ethylene by Le Chatelier (assumed)."""
UPPER_LIMIT = _by_species(0.75, 0.74, 0.13, np.inf, 0.21)
"""Volume fraction above which a gas alone is too rich to burn (as above)."""
LIMITING_O2 = _by_species(0.050, 0.055, 0.10, 0.0, 0.11)
"""Oxygen below which no mixture with nitrogen burns (NFPA 69, from memory)."""
WARMER_PER_K = 7.8e-4
"""The lower limit falls by this share a kelvin (Burgess and Wheeler for hydrocarbons: from memory)."""
LIMITS_DEGC = 25.0


@raising_kernel
def lower_limit_share(fractions: Floats, temp_degc: float) -> float:
    """Share of the lower flammable limit: ``sum(y_i/L_i)`` (Le Chatelier), 1 where the mixture begins to burn.

    ``fractions[species]`` are of the room's air; what does not burn (carbon dioxide) counts as nothing.
    """
    share = 0.0
    for s in range(fractions.shape[0]):
        share += fractions[s] / LOWER_LIMIT[s]
    return share / (1.0 - WARMER_PER_K * (temp_degc - LIMITS_DEGC))


def lower_limit_of(shares: Floats, temp_degc: float = LIMITS_DEGC) -> float:
    """Lower flammable limit of a gas of these ``shares[species]`` (sum up to 1) as a volume fraction in air."""
    return 1.0 / float(lower_limit_share(shares, temp_degc))


@raising_kernel
def is_flammable(fractions: Floats, o2: float, temp_degc: float) -> bool:
    """Whether the air (volume fractions, ``o2`` with them) can burn: above its lower limit, below its upper, oxygen enough.

    Upper limit and limiting oxygen of a mixture are those of its fuels, weighted by Le Chatelier and by volume.
    """
    if lower_limit_share(fractions, temp_degc) < 1.0:
        return False
    fuel, rich, least_o2 = 0.0, 0.0, 0.0
    for s in range(fractions.shape[0]):
        if LOWER_LIMIT[s] < np.inf:
            fuel += fractions[s]
            rich += fractions[s] / UPPER_LIMIT[s]
            least_o2 += fractions[s] * LIMITING_O2[s]
    return bool(rich < 1.0 and o2 >= least_o2 / fuel)
