"""What stands in the battery room, and the positions of its actuators."""

from dataclasses import dataclass, field

import numpy as np

from sim_hardware.physics.arrays import Bools, Floats


@dataclass(frozen=True, slots=True)
class BatteryRoomGeometry:
    """What stands in the room. The defaults are an assumed UPS room of 8 racks with 1,024 prismatic cells of 65 Ah.

    A cell of 0.45 l (148 x 91 x 33 mm, 1.1 kg) has the energy density of the 18650 for which the reactions are given:
    their heat is 0.64 times the electrical energy stored; with 0.7 of that from the collapse a cell sets free 1.28 times what
    it stores (databank: 1.42 +- 0.27), as not all of the reactions end.
    """

    racks: int = 8
    modules: int = 8
    cells: int = 16
    volume_m3: float = 160.0
    wall_m2: float = 216.0
    height_m: float = 3.0
    rack_pitch_m: float = 0.8
    chemistry: str = "lco"
    """A name of ``kinetics.CHEMISTRIES``."""
    capacity_ah: float = 65.0
    cell_volume_m3: float = 0.45e-3
    cell_thickness_m: float = 0.033
    cell_width_m: float = 0.148
    cell_resistance_ohm: float = 0.6e-3
    start_soc: float = 0.95
    start_degc: float = 24.0
    contact_m2k_per_w: float = 4e-3
    """Between two cells: faces that touch (stack of Torres-Castro 2020), and calibrated to stand for the lumped cells' own resistance too
    (docs/validation/plant.md); an air gap of 5 mm has 0.1 (at 100 degC; hotter ones radiate more), a sheet its own."""
    barrier_m2k_per_w: float = 0.0
    """Fire barrier between modules: thickness over conductivity of a sheet; 0 is none."""
    n_dampers: int = 4
    hvac_w_per_k: float = 6000.0
    hvac_max_w: float = 20000.0
    agent: str = "fk-5-1-12"
    """A name of ``agents.AGENTS``."""
    agent_design_pct: float = 6.2
    agent_bar: float = 25.0
    water: str = "rack"
    """How coolant comes: a name of ``falling_water.WATERS``."""
    heat_head_rti: float = 30.0
    heat_heads_m: tuple[tuple[float, float], ...] = ((-2.5, 1.5), (-2.5, -1.5), (2.5, 1.5), (2.5, -1.5))
    """Ceiling positions (x along the row, y across it) from the middle of the row of racks."""
    smoke_delays_s: tuple[float, ...] = (38.0, 46.0)
    smoke_lag_s: float = 5.0
    """Pipes and chamber of the aspirating detectors: calibrated to smoke 24 to 94 s after the first runaway."""


def _zeros(count: int) -> Floats:
    return np.zeros(count)


@dataclass(slots=True)
class BatteryRoomInputs:
    """Positions of the actuators as the field has them; set before each advance. ``for_geometry`` makes the arrays."""

    string_current_a: Floats = field(default_factory=lambda: _zeros(8))
    """Wanted current of each rack's string, + charges."""
    charger_stopped: Bools = field(default_factory=lambda: np.zeros(8, dtype=np.bool_))
    breaker_open: Bools = field(default_factory=lambda: np.zeros(8, dtype=np.bool_))
    exhaust_fraction: float = 0.0
    damper_open_fraction: Floats = field(default_factory=lambda: np.ones(4))
    relief_open: float = 0.0
    hvac_on: bool = True
    curtain_fraction: float = 0.0
    """0 up, 1 down."""
    water_barrier_fraction: float = 0.0
    agent_valve_open: bool = False
    reserve_valve_open: bool = False
    extended_valve_open: bool = False
    agent_available: bool = True
    """False: the bank's valve opens but nothing comes out."""
    coolant_flow_lpm: Floats = field(default_factory=lambda: _zeros(8))
    door_open: bool = False
    ambient_degc: float = 22.0

    @classmethod
    def for_geometry(cls, geometry: BatteryRoomGeometry) -> "BatteryRoomInputs":
        """Normal positions for a room of this size: no current, HVAC on, dampers open, all else closed."""
        return cls(
            string_current_a=_zeros(geometry.racks),
            charger_stopped=np.zeros(geometry.racks, dtype=np.bool_),
            breaker_open=np.zeros(geometry.racks, dtype=np.bool_),
            damper_open_fraction=np.ones(geometry.n_dampers),
            coolant_flow_lpm=_zeros(geometry.racks),
        )
