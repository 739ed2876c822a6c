"""Chapter: a whole rack against the container tests of UL FSRI (2020): times of test 2, order of events of tests 1 and 3."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.falling_water import WATERS
from sim_hardware.physics.flammable import lower_limit_share
from sim_hardware.physics.presets import RUNAWAY_DRILL
from tests.validation.chapter import Chapter, Row, of_kind
from tests.validation.graph import Colour, Graph, Series

FOLDER = "battery_room"
VENT_TO_RUNAWAY_S, RUNAWAY_TO_SMOKE_S, VENT_TO_SMOKE_S = 329.0, 47.0, 376.0
"""Test 2, minutes 22:44, 28:13 and 29:00 after the heater was switched on (its runaway stands in the authors' slides, not in the
list of events, which has the smoke alarm 376 s after the vent)."""
WITHIN = 0.25
MODULE_TO_MODULE_S = (300.0, 600.0)
SMOKE_PCT_PER_M = 3.3
AGENT_AFTER_S, WATER_AFTER_S = 80.0, 120.0
SETTLES_S = 60.0
"""Water needs so long to cool what was hot before."""
COOL_DEGC = 30.0
SPRINKLER_MM_PER_MIN = 20.0
STEP_S = 0.5
NEVER_S = float("nan")
ROOM = BatteryRoomGeometry(agent_design_pct=8.0)
"""The plant's room with the agent of test 2; it is the calibration's, as it is the drills'."""
CONTAINER = replace(ROOM, volume_m3=33.0, wall_m2=67.0)
"""The same racks in the box of the scenarios `fsri-1` to `-3`: gas collects in it as it did there."""
MODULES_WITHIN = 1
Event = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Ours:
    """A run of the drill's short: when what happened (s of plant time), and the first runaway in each module of its rack."""

    at_s: Mapping[str, float]
    by_module_s: tuple[float, ...]
    """From the lowest to the highest; NaN for one that did not run away."""
    modules_after: int
    """Modules of the rack whose first cell ran away after the suppression began."""
    lit_s: float
    """When gas below the ceiling first deflagrated; NaN if it did not."""
    room_limit_share: float
    """Highest share of the lower flammable limit in the room's air."""
    under_water_degc: float
    """Hottest mean of the room's air from `SETTLES_S` after the suppression came until gas deflagrates; 0 without suppression."""

    @property
    def modules_s(self) -> list[float]:
        """The modules that ran away, in the order of time."""
        return sorted(at_s for at_s in self.by_module_s if at_s > 0.0)

    def gap_s(self, first: str, then: str) -> float:
        """Seconds from one event to another, NaN if one did not come."""
        return self.at_s.get(then, float("nan")) - self.at_s.get(first, float("nan"))


def recorded(data: Path, test: int) -> list[Event]:
    """Events of a test in order, s after the heater was switched on ("Ignition" there). Raises FileNotFoundError."""
    with (data / FOLDER / f"FSRI_Experiment_{test}_Events.csv").open(encoding="utf-8-sig", newline="") as lines:
        events = [(row["Event"], _clock_s(row["Time"])) for row in csv.DictReader(lines)]
    start_s = dict(events)["Ignition"]
    return sorted(((name, at_s - start_s) for name, at_s in events), key=lambda event: event[1])


def _clock_s(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return 3600.0 * int(hours) + 60.0 * int(minutes) + int(seconds)


def modules_of(events: Sequence[Event], unit: str) -> list[tuple[int, float]]:
    """Number and time of the modules of a unit that ran away, in order."""
    mine = [(name, at_s) for name, at_s in events if name.startswith(f"{unit} Unit, Module")]
    return [(int(name.split()[-1]), at_s) for name, at_s in mine]


def gaps_s(times_s: Sequence[float]) -> list[float]:
    """Times between consecutive events."""
    return [float(gap) for gap in np.diff(sorted(times_s))]


def run(suppression: str = "none", until_s: float = 5400.0, geometry: BatteryRoomGeometry = ROOM) -> Ours:
    """The drill's short in a room with "none", "agent" (80 s after runaway), or water (120 s after it) by a name of `WATERS`."""
    room = BatteryRoom(replace(geometry, water=suppression if suppression in WATERS else "rack"), 1)
    RUNAWAY_DRILL.apply(room)
    room.inputs.string_current_a[:] = 1.0
    rack = RUNAWAY_DRILL.rack
    signs: dict[str, Callable[[], bool]] = {
        "vent": lambda: bool(room.vented[rack].any()),
        "runaway": lambda: bool(room.runaway[rack].any()),
        "smoke": lambda: float(room.smoke_pct_per_m.min()) > SMOKE_PCT_PER_M,
        "flammable": lambda: float(room.rack_lower_limit_share[rack]) > 1.0,
        "next module": lambda: int(room.runaway[rack].any(axis=1).sum()) > 1,
        "next rack": lambda: int(room.runaway.any(axis=(1, 2)).sum()) > 1,
    }
    at_s: dict[str, float] = {}
    highest = hottest = 0.0
    while room.time_s < until_s:
        room.advance(STEP_S)
        at_s |= {name: room.time_s for name, seen in signs.items() if name not in at_s and seen()}
        _suppress(room, suppression, at_s)
        if room.time_s > at_s.get("suppression", float("inf")) + SETTLES_S and not room.deflagrations:
            hottest = max(hottest, room.room_temp_degc)
        highest = max(highest, float(lower_limit_share(room.room.gas, room.room_temp_degc)))
    times = room.runaway_time_s[rack]
    first = np.where(np.isnan(times), np.inf, times).min(axis=1)
    began_s = at_s.get("suppression", float("inf"))
    lit_s = room.deflagrations[0].time_s if room.deflagrations else NEVER_S
    by_module_s = tuple(np.where(np.isinf(first), np.nan, first).tolist())
    return Ours(at_s, by_module_s, int((np.isfinite(first) & (first > began_s)).sum()), lit_s, highest, hottest)


def _suppress(room: BatteryRoom, suppression: str, at_s: dict[str, float]) -> None:
    after_s = AGENT_AFTER_S if suppression == "agent" else WATER_AFTER_S
    if suppression == "none" or "suppression" in at_s or room.time_s < at_s.get("runaway", float("inf")) + after_s:
        return
    at_s["suppression"] = room.time_s
    if suppression == "agent":
        room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
        room.inputs.damper_open_fraction[:] = 0.0
    elif suppression == "rack":
        room.inputs.coolant_flow_lpm[RUNAWAY_DRILL.rack] = WATERS["rack"].lpm
    else:
        floor_m2 = room.geometry.volume_m3 / room.geometry.height_m
        falls = SPRINKLER_MM_PER_MIN * floor_m2 / room.geometry.racks
        room.inputs.coolant_flow_lpm[:] = falls if suppression == "sprinkler" else WATERS["mist"].lpm
        room.inputs.hvac_on = False


def calibration_rows(ours: Ours, agent: Ours, test_2: Sequence[Event]) -> list[Row]:
    """The times of test 2."""
    found = []
    for what, asked, first, then in (
        ("vent to runaway", VENT_TO_RUNAWAY_S, "vent", "runaway"),
        ("runaway to smoke alarm", RUNAWAY_TO_SMOKE_S, "runaway", "smoke"),
        ("vent to smoke alarm", VENT_TO_SMOKE_S, "vent", "smoke"),
    ):
        got = ours.gap_s(first, then)
        found.append(Row(what, f"{asked:.0f} s ± 25 %", f"{got:.0f} s", abs(got / asked - 1.0) <= WITHIN))
    low, high = MODULE_TO_MODULE_S
    unit = [gap for name in ("Initiating", "Left") for gap in gaps_s([t for _, t in modules_of(test_2, name)][:6])]
    for words, one in (("no suppression", ours), ("agent", agent)):
        gap = median(gaps_s(one.modules_s)) if len(one.modules_s) > 1 else float("nan")
        what = f"module to module, median, {words} (test 2, within a unit: {median(unit) / 60.0:.1f} min)"
        found.append(Row(what, "5 to 10 min", f"{gap / 60.0:.1f} min", low <= gap <= high))
    after = agent.modules_after
    found.append(Row("propagation goes on under the agent", "yes", f"{after} modules after it", after > 0))
    return of_kind("calibrated", found)


def order_rows(ours: Ours, water: Ours, tests: Mapping[int, Sequence[Event]]) -> list[Row]:
    """The order that tests 1 (none) and 3 (water) saw, each checked in the recording and in the run with the same suppression."""
    found = []
    for number, one in ((1, ours), (3, water)):
        found += [_first_row(number, one, tests[number]), _above_row(number, one, tests[number])]
    at_3 = dict(tests[3])
    wet = [name for name, at_s in tests[3] if at_3["Sprinkler"] < at_s < at_3["Sprinklers Off"] and "Module" in name]
    after = water.modules_after
    what = f"test 3: modules run away under water (there: {len(wet)})"
    return [*found, Row(what, "yes", f"{after} modules after it", bool(wet) and after > 0)]


def air_row(water: Ours) -> Row:
    """The air under the water of test 3, which proves something only while modules go on running away."""
    hot, burns = water.under_water_degc, water.modules_after > 0
    what = "test 3: air under water until gas deflagrates (20 mm/min)"
    return Row(what, "below 30 °C", f"{hot:.1f} °C at most", burns and hot < COOL_DEGC)


def before_lit_rows(boxed: Mapping[int, Ours], tests: Mapping[int, Sequence[Event]]) -> list[Row]:
    """Where among the modules of the first unit the gas deflagrated, in runs in the container."""
    found = []
    for number in (1, 3):
        lit_s = dict(tests[number])["Deflagration"]
        there = sum(at_s < lit_s for _, at_s in modules_of(tests[number], "Initiating"))
        here = sum(at_s < boxed[number].lit_s for at_s in boxed[number].modules_s)
        what = f"test {number}: modules that run away before gas deflagrates"
        met = bool(np.isfinite(boxed[number].lit_s)) and abs(here - there) <= MODULES_WITHIN
        found.append(Row(what, f"{there} ± {MODULES_WITHIN}", f"{here}", met))
    return found


def lit_rows(boxed: Mapping[int, Ours], tests: Mapping[int, Sequence[Event]]) -> list[Row]:
    """Whether gas deflagrates in the container with a test's suppression, as it did in every test; when is told, not judged."""
    found = []
    for number, one in boxed.items():
        there_s = dict(tests[number])["Deflagration"] - dict(tests[number])["Venting"]
        here_s = one.lit_s - one.at_s["vent"]
        what = f"test {number}: gas deflagrates (there {there_s / 60.0:.1f} min after the vent)"
        found.append(
            Row(what, "yes", f"{here_s / 60.0:.1f} min" if np.isfinite(here_s) else "never", bool(np.isfinite(here_s)))
        )
    return found


def _first_row(number: int, one: Ours, test: Sequence[Event]) -> Row:
    first, beside = modules_of(test, "Initiating"), modules_of(test, "Left")
    vent, runaway, *others = (one.at_s.get(name, NEVER_S) for name in ("vent", "runaway", "next module", "next rack"))
    there = in_turn([dict(test)["Venting"], first[0][1], min(first[1][1], beside[0][1])])
    here = all(in_turn([vent, runaway, other]) for other in others)
    what = f"test {number}: vent, first module, then next module and unit beside"
    return Row(what, "in this order", _times([vent, runaway, *others]), there and here)


def _above_row(number: int, one: Ours, test: Sequence[Event]) -> Row:
    first, *others = modules_of(test, "Initiating")
    there = [float(module) for module, _ in others if module > first[0]]
    here = one.by_module_s[RUNAWAY_DRILL.module :]
    what = (
        f"test {number}: modules above the first ({first[0]}) follow in turn ({', '.join(f'{k:.0f}' for k in there)})"
    )
    return Row(what, "in turn", _times(here), in_turn(there) and in_turn(here))


def in_turn(times_s: Sequence[float]) -> bool:
    """Whether there are at least two, all came (none is NaN), and each came later than the one before."""
    return len(times_s) > 1 and bool(np.isfinite(times_s).all() and (np.diff(times_s) > 0.0).all())


def _times(times_s: Sequence[float]) -> str:
    return ", ".join(f"{at_s / 60.0:.0f} min" if np.isfinite(at_s) else "never" for at_s in times_s)


TEXT = """
UL FSRI, 2020: a container with units of nine modules of 18650 cells side by side; a heater starts one cell; test 1 without suppression,
test 2 with FK-5-1-12 (8 %), test 3 with sprinklers (20 mm/min). Ours: the plant's room of 160 m3, 1,024 prismatic cells, agent of the same
8 %, the short of the drill `runaway` (seed 1), float charge. The container's modules are not known well enough to rebuild them: **test 2
is the calibration** of
the short's power (vent to runaway), of the pipes of the aspirating detectors (smoke; the test had a spot alarm) and of the shares of
flame and ejecta heat that hit the neighbouring modules (module to module). The first rows show that one set of parameters holds these
times, not that they were foretold. Tests 1 and 3 are used for the order of events only, where their sources agree; the smoke and
runaway times of test 3 conflict between its sources and are not used.

- Recorded from module to module within the first unit, tests 1, 2, 3, min: {gaps}.
- Ours without suppression: {ours_gaps}; under the agent: {agent_gaps}.
- The unit beside followed within 6 to 15 min there, where units touch; here the next rack, 0.8 m from middle to middle and with a casing
  of its own, after {rack:.0f} min.
- The plant's gas, room and what lights it were never set on a deflagration: it comes when flames or a cell above 560 °C meet gas within
  its limits. The rows about it are those of runs in the container's 33 m3; in the room, five times as large, it comes {lit_free:.0f} min after
  the vent without suppression and {lit_agent:.0f} min under the agent.
- The air of the rack is flammable (Le Chatelier) from {flammable:.0f} s after the vent on; the mean of the room
  reaches {free:.0f} % of the lower limit without suppression and {inert:.0f} % under the agent in the times shown.
- The order of test 1 is judged on the run without suppression, that of test 3 on the run with water; an event that never comes is a miss.
- Water: the test's fell from the ceiling, 20 mm/min, and so does that of the run that test 3 is compared with: it runs off closed casings
  (assumed) and cools the air only. Three modules ran away under the test's and four after it was shut. Coolant of the drills comes from
  nozzles at the rack, {lpm:.0f} l/min: with it the module that burns is lost and the next one stays cold
  ({rack_modules} lost in {until:.0f} min). With mist, {mist:.0f} modules ran away after it came, gas {mist_lit}, and the
  air stayed below {mist_degc:.0f} °C.
"""


def chapter(data: Path) -> Chapter:
    """Tests 1 to 3 beside three runs of the plant. Raises FileNotFoundError without the lists of events."""
    tests = {number: recorded(data, number) for number in (1, 2, 3)}
    ours, agent, water = run(), run("agent", 9000.0), run("sprinkler")
    boxed = {number: run(how, geometry=CONTAINER) for number, how in ((1, "none"), (2, "agent"), (3, "sprinkler"))}
    at_rack, mist = run("rack"), run("mist")
    rows = [*calibration_rows(ours, agent, tests[2]), *order_rows(ours, water, tests)]
    rows += [air_row(water), *lit_rows(boxed, tests), *before_lit_rows(boxed, tests)]
    recorded_gaps = [gaps_s([at_s for _, at_s in modules_of(test, "Initiating")][:6]) for test in tests.values()]
    text = TEXT.format(
        gaps="; ".join(_minutes(gaps) for gaps in recorded_gaps),
        ours_gaps=_minutes(gaps_s(ours.modules_s)),
        agent_gaps=_minutes(gaps_s(agent.modules_s)),
        rack=ours.gap_s("runaway", "next rack") / 60.0,
        flammable=ours.gap_s("vent", "flammable"),
        free=100.0 * ours.room_limit_share,
        inert=100.0 * agent.room_limit_share,
        lit_free=(ours.lit_s - ours.at_s["vent"]) / 60.0,
        lit_agent=(agent.lit_s - agent.at_s["vent"]) / 60.0,
        lpm=WATERS["rack"].lpm,
        rack_modules=len(at_rack.modules_s),
        mist=mist.modules_after,
        mist_lit="deflagrated" if np.isfinite(mist.lit_s) else "did not deflagrate",
        mist_degc=np.ceil(mist.under_water_degc),
        until=90.0,
    )
    return Chapter("The container tests", text, rows, {"fsri.svg": _plot(ours, agent, tests)})


def _minutes(gaps: Sequence[float]) -> str:
    return ", ".join(f"{gap / 60.0:.1f}" for gap in gaps)


def _plot(ours: Ours, agent: Ours, tests: Mapping[int, Sequence[Event]]) -> str:
    def steps(name: str, times_s: Sequence[float], colour: Colour) -> Series:
        since = np.array(sorted(times_s)) - min(times_s)
        return Series(name, since / 60.0, np.arange(1.0, len(times_s) + 1.0), colour)

    lines = [
        steps("ours", ours.modules_s, 1),
        steps("ours, agent", agent.modules_s, 2),
        steps("test 1", [at_s for _, at_s in modules_of(tests[1], "Initiating")], 3),
        steps("test 2", [at_s for _, at_s in modules_of(tests[2], "Initiating")], 4),
    ]
    return Graph("Modules of the first unit that ran away, since the first", "min", "modules", lines).svg()
