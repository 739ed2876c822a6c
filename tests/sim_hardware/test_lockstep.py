from __future__ import annotations

import pytest
from msgspec.structs import replace

from controller.core.commands import Reset
from controller.core.events import Kind
from controller.core.image import Image
from controller.core.layout import lay_out
from controller.core.rules import ResponseSettings
from controller.site.model import Site
from drivers.points import Quality
from sim_hardware.drill.virtual import run_virtual
from sim_hardware.faults.spec import parse_fault
from sim_hardware.lockstep import LockStep, Moment, Result, run
from sim_hardware.report.make import judge_row
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.model import Act, Scenario
from tests.sim_hardware.wire_sites import mixed_wires

FIRE_KINDS = {Kind.LEVEL, Kind.STAGE, Kind.REQUEST, Kind.TROUBLE, Kind.RESPONSE, Kind.REFUSED}


def _told(result: Result, *kinds: Kind) -> list[tuple[str, str]]:
    return [(event.subject, event.what) for event in result.events if event.kind in kinds]


def test_ten_quiet_minutes_with_a_discharge_tell_nothing(hall: Site) -> None:
    result = run(hall, loader.load("quiet"), duration_s=600.0)
    assert result.scans == 6000
    assert _told(result, *FIRE_KINDS) == []
    assert result.truth.battery[0].current_a == [-65.0] * 8


def test_other_wires_carry_the_same_values(hall: Site) -> None:
    """A serial line is a link like any other; identity registers hold in the plant; a float64 in another order keeps its value."""
    plain_images: list[Image] = []
    other_images: list[Image] = []
    quiet = loader.load("quiet")
    run(hall, quiet, duration_s=5.0, observer=lambda moment: plain_images.append(moment.image))
    other = run(mixed_wires(), quiet, duration_s=5.0, observer=lambda moment: other_images.append(moment.image))
    assert _told(other, *FIRE_KINDS) == []
    layout = lay_out(hall)
    assert (other_images[-1].quality == Quality.GOOD).all()
    assert other_images[-1].value == pytest.approx(plain_images[-1].value, abs=0.051)  # heat: 0.1 K in the hall
    heat = layout.point("heat-temperature[0]")
    assert other_images[-1].value[heat] * 10 != round(other_images[-1].value[heat] * 10)


def test_the_same_seed_gives_the_same_journal_and_another_seed_another(hall: Site) -> None:
    first, again, other = (run(hall, duration_s=65.0, seed=seed).chain for seed in (1, 1, 2))
    assert first == again != other


def test_a_runaway_is_isolated_released_upon_and_cooled(hall: Site) -> None:
    def released(moment: Moment) -> bool:
        return any(event.kind is Kind.STAGE and event.what == "released" for event in moment.events)

    coarse = replace(hall, site=replace(hall.site, scan_s=0.5))  # quick; the drill runs at 100 ms
    result = run(coarse, loader.load("runaway"), stop=released)
    at_s = {(event.subject, event.what): event.tick_ms / 1000 for event in reversed(result.events)}
    truth = result.truth.battery[0]
    assert result.scans < 1800, "agent was never let go"
    assert at_s["rack-4", "isolate-proven"] < at_s["hall", "activated"] < at_s["hall", "releasing"]
    assert at_s["hall", "releasing"] - at_s["hall", "activated"] == pytest.approx(30.0, abs=1.0)
    assert at_s["hall", "coolant-flowing"] - at_s["hall", "activated"] < 10.0
    assert truth.first_runaway_s[3] is not None
    assert [count > 0 for count in truth.runaway] == [False, False, False, True, False, False, False, False]
    assert truth.coolant_lpm[3] > 0.0
    assert truth.current_a[3] == 0.0


def test_after_a_reset_the_breaker_stays_open_until_a_person_closes_it(hall: Site) -> None:
    faults = [parse_fault("offset:h2-4:3000@5-15"), parse_fault("offset:co-4:3000@5-15")]
    acts = (Act(command=Reset(operator="Kim", zone="hall"), after_s=30.0),)
    scenario = Scenario(name="reset", title="Gas, and a reset", site="hall.toml", duration_s=0.0, acts=acts)
    lockstep = LockStep(hall, scenario, faults=faults)
    told: list[tuple[str, str]] = []
    for _ in range(400):
        told += [(e.subject, e.what) for e in lockstep.step().events if e.kind is not Kind.DIGEST]
    assert told.index(("rack-4", "isolate-proven")) < told.index(("hall", "quiescent"))
    after = told[told.index(("hall", "quiescent")) :]
    assert ("breaker-4", "inactive") in after  # the trip command is let go of
    assert ("breaker-4", "retry") not in after  # and nothing tries to close it
    assert ("breaker-4", "feedback_disagrees") in after  # the string is off its bus: somebody has to look
    assert lockstep.plant.truth().positions["breaker-4"] == 1.0
    assert lockstep.plant.truth().positions["charger-stop-4"] == 0.0
    lockstep.plant.close_breaker("breaker-4")
    told = [(e.subject, e.what) for _ in range(10) for e in lockstep.step().events]
    assert ("breaker-4", "feedback_disagrees:cleared") in told


def test_what_is_switched_off_is_not_done(hall: Site) -> None:
    nothing = ResponseSettings(isolate=False, extinguish=False, cool=False)
    result = run(hall, loader.load("runaway"), duration_s=90.0, settings=nothing)
    assert ("cell-temperature-4", "pre-alarm") in _told(result, Kind.LEVEL)
    assert result.truth.positions["breaker-4"] == 0.0


def test_a_dead_device_and_one_that_is_too_late_are_bad_at_once(hall: Site) -> None:
    faults = [parse_fault(text) for text in ("device-dead:gas@2", "device-late:heat:0.5@2", "device-late:bms-1:0.1@2")]
    lockstep = LockStep(hall, faults=faults)
    moment = [lockstep.step() for _ in range(50)][-1]
    layout = moment.plant.layout
    qualities = {
        name: set(moment.image.quality[layout.first[name] : layout.first[name] + 4].tolist())
        for name in ("gas-h2", "heat-temperature", "bms-1-temperature")
    }
    assert qualities == {
        "gas-h2": {Quality.BAD}, "heat-temperature": {Quality.BAD}, "bms-1-temperature": {Quality.GOOD},
    }  # fmt: skip


def test_a_sample_of_the_bms_counts_once_however_often_it_is_looked_at(hall: Site) -> None:
    lockstep = LockStep(hall)
    samples = []
    for _ in range(60):
        moment = lockstep.step()
        samples.append(int(moment.image.sample[moment.plant.layout.first["bms-2-temperature"]]))
    assert samples[-1] - samples[0] == 5


def test_modules_stay_up_while_the_controller_kicks_them(hall: Site) -> None:
    assert run(hall, duration_s=20.0).truth.fallen_modules == []


def test_how_long_must_be_said(hall: Site) -> None:
    with pytest.raises(ValueError, match="remedy"):
        run(hall)


@pytest.mark.parametrize(
    ("row", "duration_s"),
    [
        ("a BMS lies as a whole", 65.0),
        ("H2 in a rack: stuck high", 30.0),
        ("hold: stuck on", 25.0),
        ("mode-key: stuck at manual", 25.0),
        ("call-point: its normally open contact is stuck", 25.0),
        ("the manifold's pressure switch is stuck on, and smoke rises", 55.0),
    ],
)
def test_rows_of_the_false_alarm_table(hall: Site, row: str, duration_s: float) -> None:
    scenario = loader.load("false-alarm")
    entry = next(entry for entry in scenario.rows if entry.name == row)
    assert entry.tells or entry.reaches != "normal"
    judged = judge_row(entry, run_virtual(hall, replace(scenario, rows=()), 1, duration_s, faults=entry.faults))
    assert judged.passed, judged
