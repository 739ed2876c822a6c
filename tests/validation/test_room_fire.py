"""The validation itself, on a fire that the test makes: no recording is needed."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from controller.core.events import Event, Evidence, Feature, Kind
from drivers.recording import read_recording
from tests.validation.__main__ import MISSING, main, run_fire
from tests.validation.fires import MAPPING, Fire, load_fire
from tests.validation.judge import LATEST_AFTER_REFERENCE_S, judge
from tests.validation.report import section
from tests.validation.wires import Run

BACKGROUND_S, IGNITION_S, END_S = 70.0, 10.0, 170.0
START_DEGC, RISE_DEGC, RISE_S = 22.0, 160.0, 150.0
BURNING, BESIDE = "living-room", "bedroom-2"


def made(folder: Path) -> Fire:
    """A t-squared rise of the ceiling over the fire, a slow and small one next door, the other rooms as they were."""
    time_s = np.arange(-BACKGROUND_S, END_S)
    since_s = np.clip(time_s - IGNITION_S, 0.0, None)
    hot = START_DEGC + RISE_DEGC * (since_s / RISE_S) ** 2
    names = {BURNING: "Living Room Temperature 2.41 m Above Floor", BESIDE: "Bedroom 2 Temperature 2.41 m Above Floor"}
    columns = ["Time", *(line.split('"')[1] for line in MAPPING.read_text().splitlines() if line.startswith('"'))]
    air = dict.fromkeys(columns[1:], np.full(time_s.size, START_DEGC))
    air |= {names[BURNING]: hot, names[BESIDE]: START_DEGC + 0.02 * since_s}
    file = folder / "made.csv.gz"
    with gzip.open(file, "wt", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(time_s, *(air[column].round(2) for column in columns[1:]), strict=True))
    return load_fire("Made: the ceiling warms with the square of time", file, IGNITION_S, END_S)


@pytest.mark.timeout(240)  # a busy machine makes several starts, see wires.START_S
def test_a_made_fire_alarms_in_its_room_alone_and_before_the_reference_head(tmp_path: Path) -> None:
    fire = made(tmp_path)
    verdict = run_fire(fire, 20.0)
    assert verdict.problems == ()
    by_name = {head.name: head for head in verdict.heads}
    burning = by_name[BURNING]
    # 35 degC is reached after 43 s of fire, in which 8 K/min over the window is long passed; 57 degC after 70 s.
    assert burning.feature is Feature.RATE
    assert burning.alarm_s == pytest.approx(IGNITION_S + 43 + 4, abs=4)
    assert burning.fixed_s == pytest.approx(IGNITION_S + 70 + 4, abs=4)
    assert burning.behind_s is not None
    assert burning.behind_s < 0
    assert [name for name, head in by_name.items() if head.alarm_s is not None] == [BURNING]
    assert "Passed." in section(verdict)


def told(fire: Fire, head: str, at_s: float, level: str = "alarm") -> Run:
    """What a journal would tell that holds nothing but one level."""
    evidence = Evidence(head, Feature.RATE, "ceiling[2]", 1.0, 0.1)
    event = Event(1, round((at_s - fire.begins_s) * 1000), Kind.LEVEL, "house", head, level, evidence=(evidence,))
    return Run((event,), round(fire.lasts_s * 1000), 200, 0, ())


def test_a_late_a_missing_and_an_early_alarm_are_problems(tmp_path: Path) -> None:
    fire = made(tmp_path)
    on_time = judge(fire, told(fire, BURNING, IGNITION_S + 60))
    assert on_time.problems == ()
    reference_s = on_time.heads[0].reference_s[0]
    assert reference_s is not None
    late = judge(fire, told(fire, BURNING, reference_s + LATEST_AFTER_REFERENCE_S + 1))
    assert late.problems == (f"{BURNING}: 61 s after the reference head, 60 s allowed",)
    elsewhere = judge(fire, told(fire, BESIDE, IGNITION_S + 60))
    assert elsewhere.problems == (f"{BURNING}: no alarm, while the reference head answers at {reference_s:.0f} s",)
    assert any("without fire" in problem for problem in judge(fire, told(fire, BURNING, IGNITION_S - 1)).problems)
    assert any("without fire" in p for p in judge(fire, told(fire, BURNING, -1, "advisory")).problems)


def test_a_run_with_troubles_late_scans_or_a_missing_end_proves_nothing(tmp_path: Path) -> None:
    fire = made(tmp_path)
    good = told(fire, BURNING, IGNITION_S + 60)
    trouble = Event(2, 1000, Kind.TROUBLE, "", "temperature", "device_lost")
    assert judge(fire, Run((*good.events, trouble), good.tick_ms, 200, 0, ())).problems
    assert judge(fire, Run(good.events, good.tick_ms, 200, 3, ())).problems
    assert judge(fire, Run(good.events, good.tick_ms - 10_000, 200, 0, ())).problems
    assert judge(fire, Run(good.events, good.tick_ms, 200, 0, ("entry 3",))).problems


def test_a_missing_folder_or_file_is_told_with_its_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == MISSING
    assert f"{tmp_path / 'nowhere' / 'room_fire'}: no such folder; remedy" in capsys.readouterr().err
    (tmp_path / "room_fire").mkdir()
    (tmp_path / "room_fire" / "FSRI_gas_burner_1_events.csv").write_text("Time,Event\n136,Ignition\n857,Stop Gas\n")
    assert main([str(tmp_path)]) == MISSING
    assert "FSRI_gas_burner_1.csv.gz: no such file; remedy" in capsys.readouterr().err


def test_every_head_of_the_site_has_its_column(tmp_path: Path) -> None:
    fire = made(tmp_path)
    assert len(fire.air_degc) == len(read_recording(fire.file, MAPPING).points) == 8
    assert fire.air_degc[BURNING].max() > 150.0
