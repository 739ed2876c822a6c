"""The chemistries: reaction sets of the literature with their sources, and what cells of the kind do around them.

Sources: Hatchard 2001 and Kim 2007 (LCO; three public codes agree on every number), Kurzawski 2020 as LIM1TR's public
example has it (LCO of the stack of Torres-Castro 2020), Feng 2015/16 (NMC 25 Ah, as read in one public model), Peng and
Jiang 2016 (LFP, from memory: assumed). Efficiency of the internal short and the spreads of heat and body share are fitted on
half of the cell types of the NREL/NASA databank (``tests/validation/databank.py``); the body share itself is assumed.
"""

from typing import Final

from sim_hardware.physics.chemistry import Chemistry, Reaction

__all__ = ["CHEMISTRIES", "LCO", "LCO_LIM1TR", "LFP", "NMC", "ONE_STEP"]

OCV_LCO = (3.00, 3.50, 3.60, 3.66, 3.72, 3.78, 3.85, 3.93, 4.01, 4.09, 4.18)
OCV_NMC = (3.00, 3.43, 3.53, 3.59, 3.64, 3.70, 3.79, 3.89, 3.98, 4.07, 4.18)
OCV_LFP = (2.60, 3.18, 3.24, 3.27, 3.28, 3.29, 3.30, 3.32, 3.33, 3.335, 3.42)
GAS_SHARES = (0.23, 0.33, 0.0, 0.31, 0.13)
"""H2, CO, VOC, CO2, hydrocarbons of runaway gas (mock-up of one LFP/NMC class)."""
GAS_SHARES_NMC = (0.33, 0.287, 0.0, 0.27, 0.113)
GAS_SHARES_LFP = (0.38, 0.266, 0.0, 0.25, 0.104)
"""Hydrogen of NCM523 and LFP as a test of 90 and 100 Ah cells gave it (second-hand); the rest as above (assumed)."""
VENT_GAS_M3_PER_AH = (0.055e-3, 0.08e-3, 0.15e-3, 0.075e-3, 0.03e-3)
"""From first vent to runaway: an eighth of the gas of runaway but for hydrocarbons (assumed), and a fifth of the
electrolyte as vapour of 90 g/mol."""

LCO: Final = Chemistry(
    name="lco",
    sei=Reaction(1.667e15, 1.3508e5, 2.57e5, 610.4, 0.15),
    anode=Reaction(2.5e13, 1.3508e5, 1.714e6, 610.4, 0.75),
    cathode=Reaction(6.667e13, 1.396e5, 3.14e5, 1221.0, 0.04),
    electrolyte=Reaction(5.14e25, 2.74e5, 1.55e5, 406.9, 1.0),
    film_start=0.033,
    film_scale=0.033,
    vent_degc=120.0,
    vent_empty_degc=120.0,
    collapse_degc=165.0,
    collapse_empty_degc=165.0,
    isc_efficiency=0.70,
    reactivity_spread=0.20,
    body_share=0.45,
    body_spread=0.10,
    ocv_v=OCV_LCO,
    j_per_m3_k=2.14e6,
    runaway_gas_m3_per_ah=2.0e-3,
    runaway_gas_shares=GAS_SHARES,
    vent_gas_m3_per_ah=VENT_GAS_M3_PER_AH,
)
"""LCO/graphite 18650, Hatchard and Kim. Efficiency of the short and the spreads are the databank's (validation); 45 % in the
body is assumed for large prismatic cells (cylindrical ones: 10 to 49 %, typically 25 %). The vent at 120 degC is assumed
(LFP prismatic cells vent at 125 to 145, soft cells from 110); the separator (PP) collapses at 165 degC (from memory). Gas
1.5 to 2.2 L/Ah (from memory, assumed)."""

LCO_LIM1TR: Final = Chemistry(
    name="lco-lim1tr",
    sei=Reaction(7.454e15, 1.34995e5, 6.35e5, 24.73, 1.0),
    anode=Reaction(1.550e13, 1.35e5, 2.2871e6, 375.7, 0.472, diffusion_a_per_s=1.164e4, diffusion_ea_j_per_mol=3.5e4),
    cathode=Reaction(
        3.343e11, 1.2252e5, 1.732229e6, 313.6, 0.04, diffusion_a_per_s=382.0, diffusion_ea_j_per_mol=2.9e4
    ),
    sei_order=0.5,
    film_scale=0.01447,
    film_limit=0.0839,
    vent_degc=120.0,
    vent_empty_degc=120.0,
    collapse_degc=1e6,
    collapse_empty_degc=1e6,
    isc_efficiency=0.0,
    body_share=1.0,
    ocv_v=OCV_LCO,
    j_per_m3_k=1815.76 * 778.0,
    vent_latent_j_per_m3=0.0,
    runaway_gas_m3_per_ah=2.0e-3,
    runaway_gas_shares=GAS_SHARES,
    vent_gas_m3_per_ah=VENT_GAS_M3_PER_AH,
)
"""LCO of LIM1TR's three-reaction example, turned from masses of species into fractions: c = rho / rho_0.

SEI of 24.73 kg/m3 with order 0.5; 241.3 kg/m3 of LiC6 that react with 134.5 kg/m3 of carbonate, of which the cathode
leaves 47.2 % (assumed: the faster cathode takes its share first; rate constants are divided by that share); barrier
exp(-72.5 min(0.953 u, 0.08)) of the reacted share u; cathode as a (1 - a) with a = Co3O4 / its end value, 0.04 at the
start. Diffusion limits of both electrodes. It has no electrical term: its heats count the lithium once; a short (4.2 V,
8 mohm = 2,205 W) is set from outside."""

ONE_STEP: Final = Chemistry(
    name="one-step",
    sei=Reaction(),
    anode=Reaction(),
    cathode=Reaction(1e9, 1.1e5, 1.44e6, 630.0, 0.0),
    autocatalytic=False,
    empty_content=1.0,
    reactive_degc=-300.0,
    vent_degc=1e6,
    vent_empty_degc=1e6,
    collapse_degc=1e6,
    collapse_empty_degc=1e6,
    isc_efficiency=0.0,
    body_share=1.0,
    ocv_v=OCV_LCO,
    j_per_m3_k=1800.0 * 800.0,
    vent_latent_j_per_m3=0.0,
    runaway_gas_m3_per_ah=2.0e-3,
    runaway_gas_shares=GAS_SHARES,
    vent_gas_m3_per_ah=VENT_GAS_M3_PER_AH,
)
"""LIM1TR's propagation example: one first-order reaction of 35 % of the mass. For comparison with it, not for a plant."""

NMC: Final = Chemistry(
    name="nmc",
    sei=Reaction(1.667e15, 1.3508e5, 2.57e5, 391.14, 0.15, 50.0),
    anode=Reaction(0.035, 3.3e4, 1.714e6, 391.14, 1.0, 50.0),
    separator=Reaction(1.5e50, 4.2e5, -2.332e5, 68.44, 1.0, 120.0),
    electrolyte=Reaction(3e15, 1.7e5, 8.0e5, 420.0, 1.0, 140.0),
    cathode=Reaction(1.75e9, 1.1495e5, 7.7e4, 696.29, 0.001, 180.0),
    cathode_2=Reaction(1.077e12, 1.5888e5, 8.4e4, 696.29, 0.001, 220.0),
    sei_regrowth=5.0,
    film_is_sei=True,
    film_scale=1.0,
    anode_hot_a_per_s=5.0,
    anode_hot_degc=260.0,
    reactive_degc=50.0,
    vent_degc=130.0,
    vent_empty_degc=130.0,
    collapse_degc=260.0,
    collapse_empty_degc=260.0,
    isc_efficiency=0.60,
    reactivity_spread=0.20,
    body_share=0.45,
    body_spread=0.10,
    ocv_v=OCV_NMC,
    j_per_m3_k=1800.0 * 1200.0,
    runaway_gas_m3_per_ah=2.0e-3,
    runaway_gas_shares=GAS_SHARES_NMC,
    vent_gas_m3_per_ah=VENT_GAS_M3_PER_AH,
)
"""NMC 25 Ah prismatic, Feng. The anode starts at 1 (assumed). The ceramic-coated separator melts from 120 degC but holds
to 260 degC (assumed: the temperature of Feng's switch at the anode), where the internal short comes. Its efficiency is
assumed: with 60 % the cell of the battery room, whose reactions give 0.83 of the stored energy, has the databank's mean of
1.42."""

LFP: Final = Chemistry(
    name="lfp",
    sei=LCO.sei,
    anode=Reaction(2.5e13, 1.3508e5, 1.714e6, 122.1, 0.75),
    cathode=Reaction(2.0e8, 1.03e5, 1.947e5, 960.0, 0.04),
    electrolyte=LCO.electrolyte,
    film_start=0.033,
    film_scale=0.033,
    vent_degc=145.0,
    vent_empty_degc=125.0,
    collapse_degc=147.1,
    collapse_empty_degc=205.0,
    collapse_power=2.05,
    collapse_tau_s=6.0,
    isc_efficiency=0.40,
    reactivity_spread=0.20,
    body_share=0.55,
    body_spread=0.10,
    vent_latent_j_per_m3=3.65e6,
    runaway_degc=130.0,
    nominal_v=3.2,
    ocv_v=OCV_LFP,
    j_per_m3_k=2.14e6,
    runaway_gas_m3_per_ah=0.5e-3,
    runaway_gas_shares=GAS_SHARES_LFP,
    vent_gas_m3_per_ah=(0.014e-3, 0.02e-3, 0.15e-3, 0.019e-3, 0.008e-3),
)
"""LFP prismatic, assumed throughout. Cathode of Peng and Jiang 2016 and gas of 0.5 L/Ah are from memory; the rest of the
set is LCO's with a fifth of the anode's content (calibrated: the highest temperatures of Zeng 2026, 230 to 349 degC, leave
no room for more). Vent temperatures charged and empty are Zeng's; what follows is calibrated on Zeng's times from vent to
runaway: the separator holds the longer the emptier the cell, 147.1 degC charged, 205 degC empty, with the power 2.05;
latent heat; 6 s, 40 % and 55 % for the height of the pulse of 12 to 25 K/s."""

CHEMISTRIES: Final[dict[str, Chemistry]] = {one.name: one for one in (LCO, LCO_LIM1TR, ONE_STEP, NMC, LFP)}
