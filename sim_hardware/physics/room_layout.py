"""Where things stand in the arrays of a two-zone room, so that its kernels take few of them."""

from sim_hardware.physics.gas import SPECIES

UPPER, LOWER, LAYERS = range(3)
O2, AGENT, WATER, SMOKE, KINDS = range(SPECIES, SPECIES + 5)
"""What a layer holds besides the species of ``gas``: air-kg, and kg of smoke."""
VOLUME_U, MASS_U, MASS_L, PRESSURE, BURNT_W, ENTRAINED, OUT_U, OUT_L, STATE = range(9)
"""State: m3, air-kg, Pa over the outside at the floor; then of the last sub-step heat of flames (W), plume (kg/s) and outflows (m3/s)."""
ROOM_V, ROOM_H, ROOM_L, ROOM_W, AGENT_WEIGHT, ROOM = range(6)
"""Room: volume, height, length, width, and the agent's molar mass over that of air."""
(
    CONVECTIVE_W, RADIANT_W, FLAMES_W, MIXED_W, FIRE_M, FIRE_D, IMAGES, OUTSIDE_K, EXHAUST, EXHAUST_M, SUPPLY, SUPPLY_M,
    STALL_PA, DRAUGHT, RECIRCULATED, COOLING_W_PER_K, COOLING_MAX_W, SETPOINT_K, AGENT_IN, AGENT_W, SMOKE_IN, WATER_IN,
    SETTLES_PER_S, BURNING_W, FADE_PA, INPUTS,
) = range(26)  # fmt: skip
"""Inputs of a step: fire's heat by convection and radiation and the part that needs oxygen (W), heat mixed into the room (W), the fire's
base (m), diameter (m) and images, the outside; fans (m3/s and height), the pressures from which they
fade (`FADE_PA`) and at which they stall; a draught and the air
conditioner's recirculation (m3/s) with its cooling; agent (air-kg/s) and what it takes from the air (W), smoke (kg/s), water vapour
(air-kg/s), the rate at which smoke settles (1/s), and flames whose oxygen is used but
whose heat is counted elsewhere (W)."""
HEAT_IN, ENTHALPY_IN, LOST_OUTSIDE, MASS_IN, LEDGER = range(5)
"""J and air-kg since the start: heat of sources less cooling, net enthalpy through openings, heat out of the walls' backs, net mass."""
MEAN, UP, LOW, VIEWS = range(4)
DEGC = KINDS
VIEW = KINDS + 1
"""What can be seen of a room and its layers: fractions of each kind (smoke: kg/m3), then the temperature."""
ZERO_DEGC_K = 273.15
