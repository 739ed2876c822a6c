"""Failures of cells and rooms, drawn by parameters: what begins when, in which cell, chemistry, charge and weather, seen by which BMS.

The reporting part is told apart by parameters, never by seed alone: a chemistry, a kind of BMS and a band of severity that the tuning part
has not.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from sim_hardware.faults.spec import FaultSpec
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.episode import Item
from sim_hardware.scenarios.model import Ambient, Initiation, Load, Outage, PlantSettings, Scenario
from sim_hardware.scenarios.nuisances import draw
from tests.validation.detection.calm_drills import CALM
from tests.validation.detection.field import Course, Part
from tests.validation.detection.play import HALL, play, script_site
from tests.validation.detection.rooms import BMS, FULL, RACK, ROOM, SPARSE, Bms, RoomKind, battery_room, server_room

CELLS = 16
BEFORE_S = 900.0
"""Quiet before anything begins, in which slow baselines settle."""
AFTER_RUNAWAY_S = 120.0
DT_S = 1.0
CHEMISTRIES = ("lco", "lfp", "nmc")
HELD_OUT_CHEMISTRY, HELD_OUT_BMS = "nmc", SPARSE
HELD_OUT_BAND = (1.0 / 3.0, 2.0 / 3.0)
"""Middle third of each kind's severity, on its own scale."""
BREAK_THROUGH_W, BREAK_THROUGH_SHARE = 900.0, 0.9
"""What a slow short becomes in the end: that of the scenario `slow-internal-short`."""
SHORT_CELL_AH, NOMINAL_V, CAPACITY_AH = 2.0, 3.7, 65.0
COOLING_FAILED = 0.2
"""Share of episodes in which the air conditioning stands still (assumed)."""
TWENTY_OHM = (15.0, 27.0)
"""The class of short that the target names, ohm on a cell of 2 Ah."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One drawn failure. `severity` is its place (0 mild to 1) in the range of its kind, `figures` what was drawn, for people."""

    kind: str
    seed: int
    chemistry: str
    soc: float
    bms: Bms
    severity: float
    figures: Mapping[str, float]
    items: tuple[Item, ...]
    length_s: float

    @property
    def is_reported(self) -> bool:
        """Whether it belongs to the reporting part."""
        low, high = HELD_OUT_BAND
        mine = self.chemistry == HELD_OUT_CHEMISTRY or self.bms is HELD_OUT_BMS
        return mine or low <= self.severity < high


@dataclass(frozen=True, slots=True)
class Played:
    """A failure as the heads will see it, and when what happened (s of the episode; NaN: never)."""

    failure: Failure
    course: Course
    onset_s: float
    vent_s: float
    runaway_s: float
    gas_s: float
    """When gas first reached a head in the rack: 1 ppm of anything there."""


GAS_PPM = 1.0


def _rng(kind: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(kind.encode()), 7])


def _between(low: float, high: float, share: float) -> float:
    """Even over the logarithm."""
    return low * math.exp(share * math.log(high / low))


def draw_failure(kind: str, seed: int) -> Failure:
    """The failure `seed` of one of `KINDS`."""
    rng = _rng(kind, seed)
    chemistry, bms = str(rng.choice(CHEMISTRIES)), BMS[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
    soc, severity = float(rng.uniform(0.4, 1.0)), float(rng.uniform())
    cell = int(rng.integers(CELLS))
    outside = float(rng.uniform(-10.0, 35.0))
    life: list[Item] = [Load(at_s=0.0, zone=ROOM, current_a=float(rng.choice((0.0, 1.0))))]
    life.append(Ambient(at_s=0.0, zone=ROOM, mean_degc=outside))
    if rng.random() < COOLING_FAILED:
        life.append(Outage(at_s=0.0, zone=ROOM))
    makers = {SLOW_SHORT: _slow_short, HEATING: _heating, OVERCHARGE: _overcharge, NAIL: _nail}
    items, figures, length_s = makers[kind](rng, severity, cell)
    if kind != OVERCHARGE and rng.random() < 0.5:
        # A discharge and its recharge somewhere in the course: what all cells share must not hide the one.
        at_s = float(rng.uniform(0.0, length_s))
        life += draw("charge-cycle", seed, script_site(battery_room(CELLS)), ROOM, at_s)
    if kind in LEAST_SOC:
        soc = max(soc, LEAST_SOC[kind])
    figures = {**figures, "outside_degc": outside}
    return Failure(kind, seed, chemistry, soc, bms, severity, figures, (*life, *items), length_s)


def _place(cell: int) -> dict[str, object]:
    return {"zone": ROOM, "rack": RACK, "module": 0, "cell": cell}


def _slow_short(rng: np.random.Generator, severity: float, cell: int) -> tuple[list[Item], dict[str, float], float]:
    """10 to 100 ohm on a cell of 2 Ah, as so many watts in the plant's cell by capacity; it breaks through after 30 to 90 minutes."""
    ohm = _between(10.0, 100.0, 1.0 - severity)
    power_w = NOMINAL_V**2 / ohm * CAPACITY_AH / SHORT_CELL_AH
    lasts_s = float(rng.uniform(1800.0, 5400.0))
    place = _place(cell)
    items: list[Item] = [
        Initiation(kind="internal-short", at_s=BEFORE_S, power_w=power_w, **place),  # type: ignore[arg-type]
        Initiation(
            kind="internal-short", at_s=BEFORE_S + lasts_s, power_w=BREAK_THROUGH_W,
            stored_fraction=BREAK_THROUGH_SHARE, **place,  # type: ignore[arg-type]
        ),
    ]  # fmt: skip
    return items, {"ohm": ohm, "power_w": power_w, "lasts_s": lasts_s}, BEFORE_S + lasts_s + 1500.0


def _heating(rng: np.random.Generator, severity: float, cell: int) -> tuple[list[Item], dict[str, float], float]:
    """50 to 400 W from outside on one to four neighbours, for an hour at most."""
    power_w, count = _between(50.0, 400.0, severity), int(rng.integers(1, 5))
    first = min(cell, CELLS - count)
    items: list[Item] = [
        Initiation(kind="heater", at_s=BEFORE_S, power_w=power_w, duration_s=3600.0, **_place(first + k))  # type: ignore[arg-type]
        for k in range(count)
    ]
    return items, {"power_w": power_w, "heated": float(count)}, BEFORE_S + 3600.0


def _overcharge(rng: np.random.Generator, severity: float, cell: int) -> tuple[list[Item], dict[str, float], float]:
    """A charger of 0.3 to 1.5 C that does not stop at full."""
    current_a = _between(0.3, 1.5, severity) * CAPACITY_AH
    over = Initiation(kind="overcharge", zone=ROOM, rack=RACK, at_s=BEFORE_S, current_a=current_a)
    return [over], {"current_a": current_a}, BEFORE_S + 2.2 * 3600.0


def _nail(rng: np.random.Generator, severity: float, cell: int) -> tuple[list[Item], dict[str, float], float]:
    return [Initiation(kind="nail", at_s=BEFORE_S, **_place(cell))], {}, BEFORE_S + 600.0  # type: ignore[arg-type]


SLOW_SHORT, HEATING, OVERCHARGE, NAIL = "slow internal short", "external heating", "overcharge", "nail"
LEAST_SOC = {OVERCHARGE: 0.85, NAIL: 1.0}
KINDS = (SLOW_SHORT, HEATING, OVERCHARGE)
"""Those of which a thousand are drawn; of others fifty."""


def play_failure(failure: Failure) -> Played:
    """Run the failure through the plant's physics."""
    settings = PlantSettings(
        chemistry=failure.chemistry, start_soc=failure.soc, volume_m3=HALL.volume_m3, wall_m2=HALL.wall_m2
    )
    played = play(
        battery_room(CELLS), failure.items, seed=failure.seed, length_s=failure.length_s, dt_s=DT_S, settings=settings,
        after_runaway_s=AFTER_RUNAWAY_S,
    )  # fmt: skip
    at_head = np.flatnonzero(played.truth[:, 2 * CELLS : 2 * CELLS + 3].max(axis=1) > GAS_PPM)
    gas_s = float(at_head[0]) * DT_S if at_head.size else math.nan
    return Played(failure, Course([Part(played.truth, DT_S)]), BEFORE_S, played.vent_s, played.runaway_s, gas_s)


# --- the library's scenarios ----------------------------------------------------------------------------------------------


DRAWN = frozenset({"slow-internal-short", "external-heating", "overcharge"})
"""Scenarios that stand for a kind of which a thousand are drawn."""


def library() -> dict[str, tuple[RoomKind, Scenario]]:
    """Every scenario of the library with something that fails or burns, by name, with the kind of room where it does (rest: `calm_drills`)."""
    found = {}
    for path in sorted(loader.FOLDER.glob("*.toml")):
        scenario = loader.load(path.stem)
        initiations = [item for item in scenario.initiations if item.kind not in {"gas", "dust", "aerosol", "steam"}]
        if initiations and path.stem not in {*DRAWN, *CALM}:
            serves = initiations[0].zone == "server"
            found[path.stem] = (server_room() if serves else battery_room(CELLS, FULL)), scenario
    return found


def play_scenario(kind: RoomKind, scenario: Scenario, seed: int) -> Played:
    """A scenario's plant side in a room of ours: what begins in the first rack that it names, with its faults of that rack's BMS."""
    zone = next(item.zone for item in scenario.initiations)
    rack = next((item.rack for item in scenario.initiations if item.rack), "")
    items: list[Item] = [
        _moved(item, kind)
        for group in (scenario.load, scenario.cycles, scenario.ambient, scenario.outages, scenario.initiations)
        for item in group
        if item.zone == zone and getattr(item, "rack", rack) in {rack, ""}
    ]
    onset_s = min(item.at_s for item in scenario.initiations)
    faults = tuple(_faults(scenario, rack, BEFORE_S - onset_s))
    start_soc = scenario.plant[zone].start_soc if zone in scenario.plant else None
    chemistry = scenario.plant[zone].chemistry if zone in scenario.plant else None
    settings = PlantSettings(
        chemistry=chemistry, start_soc=start_soc, volume_m3=HALL.volume_m3, wall_m2=HALL.wall_m2
    ) if kind.cells else None  # fmt: skip
    length_s = min(scenario.duration_s, onset_s + 5400.0)
    shifted = tuple(_later(item, BEFORE_S - onset_s) for item in items)
    played = play(
        kind, shifted, seed=seed, length_s=length_s + BEFORE_S - onset_s, dt_s=DT_S, settings=settings,
        after_runaway_s=300.0,
    )  # fmt: skip
    failure = Failure(scenario.name, seed, chemistry or "lco", start_soc or 0.95, FULL, 0.5, {}, shifted, length_s)
    at_head = (
        np.flatnonzero(played.truth[:, 2 * CELLS : 2 * CELLS + 3].max(axis=1) > GAS_PPM) if kind.cells else np.zeros(0)
    )
    gas_s = float(at_head[0]) * DT_S if at_head.size else math.nan
    course = Course([Part(played.truth, DT_S, faults=faults)])
    return Played(failure, course, BEFORE_S, played.vent_s, played.runaway_s, gas_s)


def _moved(item: Item, kind: RoomKind) -> Item:
    changes: dict[str, object] = {"zone": ROOM}
    if isinstance(item, Initiation):
        changes |= {"rack": RACK if item.rack else "", "module": 0}
    return replace(item, **changes)


def _later(item: Item, by_s: float) -> Item:
    times = {name: max(0.0, getattr(item, name) + by_s) for name in ("at_s", "until_s") if hasattr(item, name)}
    return replace(item, **times)


def _faults(scenario: Scenario, rack: str, by_s: float) -> list[FaultSpec]:
    """The faults of the rack's BMS, at its heads of ours."""
    number = rack.rpartition("-")[2]
    ours = {f"cell-temperature-{number}": "t", f"cell-voltage-{number}": "v", f"bms-{number}": "bms"}
    return [
        FaultSpec(
            kind=fault.kind, target=ours[fault.target], param=fault.param, at_s=max(0.0, fault.at_s + by_s),
            until_s=fault.until_s + by_s,
        )
        for fault in scenario.faults
        if fault.target in ours
    ]  # fmt: skip
