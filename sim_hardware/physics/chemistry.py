"""What a cell's chemistry is to the kernels: reactions, cell-level data, and the flat vector of them.

One compiled kernel serves all chemistries: it has six slots (``SEI_R`` to ``CATHODE_2_R``), each with its Arrhenius pair,
heat, threshold and diffusion limit; a slot that a chemistry does not use has the rate 0. What differs in form (film on
the anode, order, autocatalysis) are numbers of the vector too. Heats are per cubic metre of cell.
"""

from dataclasses import dataclass

import numpy as np

from sim_hardware.physics.arrays import Floats

SEI_R, ANODE_R, SEPARATOR_R, ELECTROLYTE_R, CATHODE_R, CATHODE_2_R = (6 * slot for slot in range(6))
"""Where the block of each reaction begins in the vector."""
A, EA, HEAT, ABOVE, DIFFUSION_A, DIFFUSION_EA = range(6)
"""Places in a block: 1/s, J/mol, J/m3 of cell, degC from which it runs, and the limit by diffusion (1/s, J/mol)."""
(
    SEI_ORDER, SEI_REGROWTH, FILM_SCALE, FILM_LIMIT, FILM_IS_SEI, ANODE_HOT_A, ANODE_HOT_DEGC, AUTOCATALYTIC, EMPTY_CONTENT,
    REACTIVE_DEGC, VENT_DEGC, VENT_EMPTY_DEGC, COLLAPSE_DEGC, COLLAPSE_EMPTY_DEGC, COLLAPSE_TAU_S, VENT_TAU_S,
    RUNAWAY_DEGC, NOMINAL_V, COLLAPSE_POWER, OCV,
) = range(36, 56)  # fmt: skip
"""Places after the blocks; they are described at the fields of ``Chemistry``. ``OCV`` is the first of 11 points."""
OCV_POINTS = 11
LENGTH = OCV + OCV_POINTS


@dataclass(frozen=True, slots=True)
class Reaction:
    """One reaction: rate constant ``a_per_s exp(-ea/RT)``, heat ``heat_j_per_kg`` x ``content_kg_per_m3`` x progress.

    ``start`` is where its progress variable stands in a fresh cell, ``above_degc`` where it sets in. With
    ``diffusion_a_per_s`` above 0 the rate constant is 1 / (1/k + 1/k_diffusion) (Kurzawski 2020, Damkohler limit).
    """

    a_per_s: float = 0.0
    ea_j_per_mol: float = 0.0
    heat_j_per_kg: float = 0.0
    content_kg_per_m3: float = 0.0
    start: float = 0.0
    above_degc: float = -300.0
    diffusion_a_per_s: float = 0.0
    diffusion_ea_j_per_mol: float = 0.0

    @property
    def heat_j_per_m3(self) -> float:
        """Heat of a change of the progress by 1, per cubic metre of cell."""
        return self.heat_j_per_kg * self.content_kg_per_m3

    def block(self) -> tuple[float, ...]:
        """Its block of the vector."""
        return (
            self.a_per_s, self.ea_j_per_mol, self.heat_j_per_m3, self.above_degc, self.diffusion_a_per_s,
            self.diffusion_ea_j_per_mol,
        )  # fmt: skip


UNUSED = Reaction()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """A chemistry. Temperatures degC; shares by species are in the order H2, CO, VOC, CO2, THC (``gas``)."""

    name: str
    sei: Reaction
    anode: Reaction
    cathode: Reaction
    electrolyte: Reaction = UNUSED
    separator: Reaction = UNUSED
    """Melting: endothermic, its heat is negative."""
    cathode_2: Reaction = UNUSED
    sei_order: float = 1.0
    """Order of SEI decomposition in what is left: 1 or 0.5."""
    sei_regrowth: float = 0.0
    """SEI that grows again per anode reacted (Feng: 5)."""
    film_start: float = 0.0
    """Start of the film z on the anode through which its reaction tunnels, exp(-z / ``film_scale``)."""
    film_scale: float = 1.0
    film_limit: float = 1e9
    """Film from which the barrier grows no more (critical thickness, Shurtz 2018)."""
    film_is_sei: bool = False
    """The barrier is the SEI itself (Feng), not a film of its own that grows with the reaction (Hatchard)."""
    anode_hot_a_per_s: float = 0.0
    """Prefactor of the anode from ``anode_hot_degc`` on (Feng's switch)."""
    anode_hot_degc: float = 1e9
    autocatalytic: bool = True
    """The cathode reactions go with a (1 - a), else with 1 - a."""
    empty_content: float = 0.0
    """Share of the heat of anode and cathode that an empty cell has; between, linear with state of charge (assumed:
    only lithium that is in the anode can react there, and only a delithiated cathode gives off oxygen)."""
    reactive_degc: float = 70.0
    """Below this no reaction is computed."""
    vent_degc: float
    """The safety vent opens, cell charged; ``vent_empty_degc`` discharged, between linear with state of charge."""
    vent_empty_degc: float
    collapse_degc: float
    """The separator is gone and the cell shorts through its whole area, charged; ``collapse_empty_degc`` discharged."""
    collapse_empty_degc: float
    collapse_power: float = 1.0
    """It goes from the one to the other with (1 - state of charge) to this power."""
    collapse_tau_s: float = 8.0
    """Time in which the collapsed cell gives out its electrical energy (Feng 2015: 5 to 10 s)."""
    isc_efficiency: float
    """Share of the stored electrical energy that the collapse turns into heat (Coman 2017 calls it efficiency); the rest
    is in active material that is thrown out or isolated before it is discharged."""
    isc_spread: float = 0.0
    """Its standard deviation from cell to cell."""
    reactivity_spread: float = 0.0
    """Standard deviation of the reactive content from cell to cell, relative."""
    body_share: float
    """Share of the heat after runaway and collapse that stays in the cell's body; the rest leaves with ejecta and gas."""
    body_spread: float = 0.0
    """Its standard deviation from cell to cell."""
    vent_latent_j_per_m3: float = 1.3e7
    """Heat taken by electrolyte that flashes at the vent: 8 % of 406.9 kg/m3 at 0.4 MJ/kg (assumed): a dip of some
    kelvin."""
    vent_tau_s: float = 5.0
    runaway_degc: float = 150.0
    """No runaway is counted below (assumed)."""
    nominal_v: float = 3.7
    """Mean voltage that turns ampere-hours into stored energy."""
    ocv_v: tuple[float, ...]
    """Open-circuit voltage at 0, 10 .. 100 % state of charge (assumed curves of the usual form)."""
    j_per_m3_k: float
    """Heat capacity of the cell."""
    runaway_gas_m3_per_ah: float
    runaway_gas_shares: tuple[float, float, float, float, float]
    vent_gas_m3_per_ah: tuple[float, float, float, float, float]
    """Gas from the first vent to the runaway, by species."""

    def __post_init__(self) -> None:
        """Refuse what would make kernels read nonsense."""
        if len(self.ocv_v) != OCV_POINTS:
            raise ValueError(f"chemistry {self.name}: ocv_v has {len(self.ocv_v)} points; give {OCV_POINTS}")
        if self.sei_order not in (0.5, 1.0):
            raise ValueError(f"chemistry {self.name}: sei_order {self.sei_order} is not solved; give 0.5 or 1")

    def vector(self) -> Floats:
        """The flat parameters that kernels take (``kin``), by the places above."""
        blocks = (self.sei, self.anode, self.separator, self.electrolyte, self.cathode, self.cathode_2)
        flat = [value for reaction in blocks for value in reaction.block()]
        flat += [
            self.sei_order, self.sei_regrowth, self.film_scale, self.film_limit, float(self.film_is_sei),
            self.anode_hot_a_per_s, self.anode_hot_degc, float(self.autocatalytic), self.empty_content,
            self.reactive_degc, self.vent_degc, self.vent_empty_degc, self.collapse_degc, self.collapse_empty_degc,
            self.collapse_tau_s, self.vent_tau_s, self.runaway_degc, self.nominal_v,
            self.collapse_power, *self.ocv_v,
        ]  # fmt: skip
        return np.array(flat)
