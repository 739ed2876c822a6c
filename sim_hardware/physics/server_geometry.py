"""What stands in the server room, and the positions of its actuators."""

from dataclasses import dataclass, field

import numpy as np

from sim_hardware.physics.arrays import Floats


@dataclass(frozen=True, slots=True)
class ServerRoomGeometry:
    """What stands in the room; the defaults are an assumed room of 120 m2 with 24 places that are measured."""

    sensors: int = 24
    volume_m3: float = 360.0
    wall_m2: float = 372.0
    start_degc: float = 24.0
    it_load_w: float = 40000.0
    hvac_w_per_k: float = 20000.0
    hvac_max_w: float = 60000.0
    recirculation_m3_per_s: float = 2.75
    """Air that the cabinets blow into the hot aisle and the air conditioning draws from it: 40 kW at 12 K."""
    n_dampers: int = 2
    agent: str = "fk-5-1-12"
    """A name of ``agents.AGENTS``."""
    agent_design_pct: float = 5.6
    agent_bar: float = 25.0
    smoke_places: tuple[str, ...] = ("return", "ceiling")
    """Where each aspirating detector draws: `PLACES`."""
    smoke_delays_s: tuple[float, ...] = (40.0, 50.0)
    smoke_lag_s: float = 5.0
    aisle_spread_k: float = 2.5
    exhaust_per_h: float = 6.0


PLACES = ("return", "hot-aisle", "ceiling", "cold-aisle")
"""Return grille of the air conditioning, middle of the hot aisle, below the ceiling, in front of the cabinets."""


def _open_dampers() -> Floats:
    return np.ones(2)


@dataclass(slots=True)
class ServerRoomInputs:
    """Positions of the actuators as the field has them; set before each advance."""

    exhaust_fraction: float = 0.0
    damper_open_fraction: Floats = field(default_factory=_open_dampers)
    relief_open: float = 0.0
    hvac_on: bool = True
    agent_valve_open: bool = False
    reserve_valve_open: bool = False
    extended_valve_open: bool = False
    agent_available: bool = True
    door_open: bool = False
    ambient_degc: float = 22.0
    water_mm_per_min: float = 0.0
    """Density of the sprinklers above the cabinets."""
