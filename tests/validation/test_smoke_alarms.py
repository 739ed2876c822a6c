"""The chapter of the recorded smoke-alarm tests, on a house that was made up."""

from pathlib import Path

import pytest

from tests.validation import smoke_alarms
from tests.validation.fires import DataMissingError

HEADER = [
    "TIME",
    *(f"SM{name}_1" for name in smoke_alarms.STATIONS),
    *(f"TC{name}_1" for name in smoke_alarms.STATIONS),
]


def house(folder: Path, photoelectric_s: float, density_per_s: float = 0.002) -> Path:
    """Smoke that grows from 20 s on everywhere, and one alarm of each kind a station."""
    (folder / smoke_alarms.FOLDER).mkdir()
    lines = [",".join(HEADER)]
    for time_s in range(0, 200, 2):
        density = max(0.0, time_s - 20.0) * density_per_s
        lines.append(",".join(map(str, [time_s, *[density] * 5, *[22.0] * 5])))
    alarms = ["alarm,time_s"]
    for test in smoke_alarms.TESTS:
        (folder / smoke_alarms.FOLDER / f"{test}.csv").write_text("\n".join(lines), encoding="utf-8")
        alarms += [f"{test}-Pho1{name},{photoelectric_s}" for name in smoke_alarms.STATIONS]
        alarms += [f"{test}-Ion2{name},22" for name in smoke_alarms.STATIONS]
    (folder / smoke_alarms.FOLDER / "activation_times.csv").write_text("\n".join(alarms), encoding="utf-8")
    return folder


def test_alarms_are_put_beside_those_that_were_recorded(tmp_path: Path) -> None:
    found = smoke_alarms.chapter(house(tmp_path, 60.0))
    assert not found.missed
    assert "| SDC02 | A | 34 s | 44 s | 54 s | none | 60 s | 22 s |" in found.text


def test_an_alarm_that_comes_too_late_is_a_miss(tmp_path: Path) -> None:
    assert len(smoke_alarms.chapter(house(tmp_path, 23.0)).missed) == 2 * len(smoke_alarms.TESTS)


def test_what_is_told_before_the_first_alarm_of_the_house_is_a_miss(tmp_path: Path) -> None:
    folder = house(tmp_path, 60.0, density_per_s=0.05)
    file = folder / smoke_alarms.FOLDER / "activation_times.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",22", ",55"), encoding="utf-8")
    assert [row.seen for row in smoke_alarms.chapter(folder).missed] == ["20"]


def test_recordings_that_are_not_there_are_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="remedy"):
        smoke_alarms.chapter(tmp_path)
