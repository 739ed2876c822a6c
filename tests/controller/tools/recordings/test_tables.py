"""`haechi replay` over tables: alarms when they are, quiet when they are not, and a plain word for everything that is wrong."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.cli.main import main
from controller.cli.recorded import replay_table, suggest_map

HEAT = '[time]\ncolumn = "Time"\n[columns]\n"T*" = "heat degC"\n'


def replay(folder: Path, text: str | bytes, plan: str = HEAT, *words: str) -> int:
    file, plan_file = folder / "recording.csv", folder / "map.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    plan_file.write_text(plan, encoding="utf-8")
    return main(["replay", str(file), "--map", str(plan_file), *words])


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def ramp(n: int = 400, begin: int = 100, per_s: float = 0.5) -> list[float]:
    return [22.0 + max(0, i - begin) * per_s for i in range(n)]


def rows(values: list[float], form: str = "{t},{v:.2f}\n", header: str = "Time,T1\n") -> str:
    return header + "".join(form.format(t=t, v=v) for t, v in enumerate(values))


def test_a_fire_alarms_at_its_time_with_its_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path, rows(ramp()), HEAT, "--json") == 0
    lines = said(capsys)
    alarm = next(line for line in lines if line["level"] == "alarm" and line["kind"] == "level")
    assert alarm["head"] == "T1"
    assert 100 < alarm["time"] < 175  # 57 degC after 70 s of rise
    assert alarm["line"] == alarm["time"] + 2
    (why,) = alarm["evidence"]
    assert why["column"] == "T1"
    assert why["value"] >= why["threshold"] > 0
    assert why["weight"] > 0


def test_normal_life_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path, rows([22.0 + 0.3 * math.sin(i / 7) for i in range(2000)]), HEAT, "--json") == 0
    assert said(capsys) == []


def clock(t: int) -> str:
    return f"{t // 3600 % 24}:{t // 60 % 60:02}:{t % 60:02}"


SAME = [
    ("semicolon and comma", rows(ramp(), "{t};{v:.2f}\n", "Time;T1\n").replace(".", ","), "s"),
    ("tabs", rows(ramp(), "{t}\t{v:.2f}\n", "Time\tT1\n"), "s"),
    ("preamble and units", "Logger 9\n\n" + rows(ramp(), header="Time,T1\n[s],[degC]\n"), "s"),
    ("quotes", rows(ramp(), '"{t}","{v:.2f}"\n', '"Time","T1"\n'), "s"),
    ("milliseconds", rows(ramp(), "{t}000,{v:.2f}\n"), "ms"),
    ("minutes", "Time,T1\n" + "".join(f"{t / 60:.6f},{v:.2f}\n" for t, v in enumerate(ramp())), "min"),
    ("clock", "Time,T1\n" + "".join(f"{clock(t + 86300)},{v:.2f}\n" for t, v in enumerate(ramp())), "h:m:s"),
    ("newest first", "Time,T1\n" + "".join(reversed(rows(ramp()).splitlines(keepends=True)[1:])), "s"),
    ("gaps of text", rows(ramp()).replace("50,22.00\n", "50,---\n", 1), "s"),
    ("rows without time", rows(ramp()).replace("\n60,", "\n,", 1), "s"),
    ("a row twice", rows(ramp()).replace("\n70,22.00\n", "\n70,22.00\n70,22.00\n", 1), "s"),
    ("a late row", rows(ramp()).replace("\n70,22.00\n71,22.00\n", "\n71,22.00\n70,22.00\n", 1), "s"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "unit"), SAME, ids=[name for name, _, _ in SAME])
def test_the_same_fire_however_it_is_written(
    name: str, text: str, unit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(tmp_path, rows(ramp()), HEAT, "--json") == 0
    wanted = [(line["elapsed_s"], line["level"]) for line in said(capsys) if line["kind"] == "level"]
    assert wanted
    assert replay(tmp_path, text, HEAT.replace('column = "Time"', f'column = "Time"\nunit = "{unit}"'), "--json") == 0
    assert [(round(line["elapsed_s"]), line["level"]) for line in said(capsys) if line["kind"] == "level"] == wanted


def test_kelvin_fahrenheit_and_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = "2024-03-05 06:{m:02}:{s:02},{k:.2f},{f:.2f}\n"
    text = "when,K,F\n" + "".join(
        form.format(m=t // 60, s=t % 60, k=v + 273.15, f=v * 1.8 + 32) for t, v in enumerate(ramp())
    )
    plan = '[time]\ncolumn = "when"\nunit = "ymd"\n[columns]\nK = "heat K"\nF = "heat degF"\n'
    assert replay(tmp_path, text, plan, "--json") == 0
    lines = [line for line in said(capsys) if line["kind"] == "level"]
    times = {(line["head"], line["time"]) for line in lines if line["level"] == "alarm"}
    assert {head for head, _ in times} == {"K", "F"}
    assert len({time for _, time in times}) == 1
    assert next(iter(times))[1].startswith("2024-03-05T06:0")


def test_columns_by_number_without_header_and_rows_of_several_sensors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "".join(
        f"{1458031648545 + 1000 * t}, {n}, {v if n == 2 else 22.0:.2f}\n"
        for t, v in enumerate(ramp())
        for n in (1, 2, 3)
    )
    plan = '[time]\ncolumn = "#1"\nunit = "ms"\n[table]\nsplit = "#2"\n[columns]\n"#3" = "heat degC"\n'
    assert replay(tmp_path, text, plan, "--json") == 0
    assert {line["head"] for line in said(capsys) if line["kind"] != "zone"} == {"#3 @2"}


def test_each_cycle_is_a_run_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Time,T1\n" + rows(ramp(), header="") + rows(ramp(), header="")
    assert replay(tmp_path, text, HEAT, "--json") == 0
    lines = [line for line in said(capsys) if line["level"] == "alarm" and line["kind"] == "level"]
    assert [line["run"] for line in lines] == [1, 2]
    assert lines[0]["time"] == lines[1]["time"]


def test_a_sensor_that_falls_silent_or_talks_rubbish_is_faulty_and_never_normal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Time,T1,T2\n" + "".join(
        f"{t},{'22.0' if t < 100 else ''},{'ERR' if 50 <= t < 60 else '22.1'}\n" for t in range(200)
    )
    assert replay(tmp_path, text, HEAT, "--json") == 0
    faults = [(line["head"], line["time"], line["fault"]) for line in said(capsys) if line["kind"] == "fault"]
    assert ("T2", 50, "whole") in faults
    assert ("T2", 60, "none") in faults
    assert ("T1", 130, "whole") in faults  # half a minute after its last value


def test_a_gap_in_the_recording_is_told_when_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Time,T1\n" + "".join(f"{t},22.0\n" for t in range(300) if not 100 <= t < 200)
    assert replay(tmp_path, text, HEAT, "--json") == 0
    faults = [(line["elapsed_s"], line["fault"]) for line in said(capsys)]
    assert faults == [(129.001, "whole"), (200.0, "none")]


def test_two_kinds_of_heads_are_weighed_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Time,T1,S1\n" + "".join(f"{t},{v:.2f},{(v - 22) / 4:.3f}\n" for t, v in enumerate(ramp()))
    plan = HEAT + 'S1 = "smoke %/m"\n'
    assert replay(tmp_path, text, plan, "--json") == 0
    zone = [line for line in said(capsys) if line["kind"] == "zone"]
    assert zone[-1]["level"] == "alarm"
    assert {why["head"] for why in zone[-1]["evidence"]} == {"T1", "S1"}


def test_other_settings_show_what_comes_later_and_what_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(
        "[settings.heat]\nadvisory = 60.0\npre_alarm = 80.0\nalarm = 900.0\nrate_pre_alarm = 5.0\nrate_alarm = 9.0\n"
    )
    assert replay(tmp_path, rows(ramp()), HEAT, "--settings", str(other)) == 0
    out = capsys.readouterr().out
    assert "gone     T1: alarm" in out
    assert "later    T1: advisory" in out
    assert replay(tmp_path, rows(ramp()), HEAT, "--settings", str(other), "--json") == 0
    assert {line["settings"] for line in said(capsys)} == {"map", "other.toml"}


def test_cells_of_a_module_and_their_voltages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = (
        "Time," + ",".join(f"Cell {n} T" for n in range(8)) + "," + ",".join(f"Cell {n} V" for n in range(8)) + "\n"
    )
    text = header + "".join(
        f"{t}," + ",".join(f"{25 + (max(0, t - 300) * 0.05 if n == 3 else 0) + 0.1 * ((t + n) % 2):.1f}" for n in range(8))
        + "," + ",".join("3.3" for _ in range(8)) + "\n" for t in range(900)
    )  # fmt: skip
    where = "rack=r1 group=m1 device=bms"
    plan = f'[time]\ncolumn = "Time"\n[columns]\n"Cell * T" = "cell-temperature degC {where}"\n"Cell * V" = "cell-voltage V {where}"\n'
    assert replay(tmp_path, text, plan, "--json") == 0
    lines = said(capsys)
    assert any(line["level"] != "normal" and line["evidence"][0]["column"] == "Cell 3 T" for line in lines)
    assert {line["head"] for line in lines if line["kind"] != "zone"} == {"cell-temperature r1 m1"}


BAD = [
    ("", ["no column is a head"]),
    ('[time]\ncolumn = "Tim"\n[columns]\n"T9" = "heat degC"\n', ["'Time'", "no column 'T9'"]),
    ('[time]\nunit = "sec"\n[columns]\nT1 = "heats degC"\nTime = "heat degX"\n', ["no column has the time", "'sec'", "heats", "degX"]),
    ('[time]\ncolumn = "Time"\n[columns]\nT1 = "door"\n', ["wired"]),
    ('[time]\ncolumn = "Time"\nunit = "ymd"\n[columns]\nT1 = "heat"\n', ["no time can be read as 'ymd'", "recording.csv:2 has '0'"]),
    ('[time]\ncolumn = "Time"\n[columns]\nT1 = "heat"\n"T*" = "heat"\n', ["already"]),
    ('[time]\ncolumn = "Time"\n[columns]\nT1 = "cell-temperature group=a"\n', ["group 'a' has 1 columns"]),
    ('[time]\ncolumn = "Time"\n[columns]\nT1 = "heat"\n[settings.heat]\nadvisory = 90.0\n[settings.cat]\nx = 1\n', ["settings.cat"]),
    ('[time]\ncolumn = "Time"\n[columns]\nT1 = "heat"\n[settings.heat]\nadvisory = 90.0\n', ["advisory 90 is above"]),
    ("[time\n", ["not TOML"]),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "says"), BAD)
def test_a_bad_map_is_refused_with_all_its_problems(
    plan: str, says: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(tmp_path, rows(ramp(20)), plan) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    for part in says:
        assert part in streams.err
    assert "emedy" in streams.err


def test_what_was_odd_about_the_recording_is_told_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path, rows(ramp()).replace("\n60,", "\n,", 1), HEAT, "--json") == 0
    streams = capsys.readouterr()
    assert "line 62: no time can be read" in streams.err
    assert all(json.loads(line)["kind"] in {"level", "fault", "zone"} for line in streams.out.splitlines())


SUGGESTED = [
    ("t_ms,Temp,Smoke [%/m]\n0,20.1,0.01\n100,20.2,0.01\n", ['unit = "ms"', '"Temp" = "heat degC"', '"Smoke [%/m]" = "smoke %/m"']),
    ("Date;Uhr\n02.12.2013 21:15;20,5\n02.12.2013 21:16;20,6\n", ['unit = "dmy"', 'delimiter = ";"', 'decimal = ","', '# "Uhr" = "?"']),
    ("Date,Time,RH\n3/5/2024,1:00:00 PM,45\n3/5/2024,1:01:00 PM,45\n", ['column = ["Date", "Time"]', 'unit = "mdy"', "climate-humidity %"]),
    ("1700000000,3.31,25.0\n1700000001,3.32,25.1\n", ['column = "#1"', "since 1970", '# "#2" = "?"']),
    ("Time,Cell 1 Voltage,Cell 1 Temp\n0,3300,298.1\n1,3301,298.2\n", ['"cell-voltage mV"', '"cell-temperature K"']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), SUGGESTED)
def test_a_first_map_is_guessed_and_can_be_read_again(
    text: str, says: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, plan = tmp_path / "r.csv", tmp_path / "m.toml"
    file.write_text(text)
    assert main(["replay", str(file), "--suggest"]) == 0
    out = capsys.readouterr().out
    for part in says:
        assert part in out
    plan.write_text(out)
    wanted = 0 if any(line.startswith('"') for line in out.splitlines()) else 2
    assert main(["replay", str(file), "--map", str(plan)]) == wanted


UGLY = st.one_of(
    st.floats(-1e3, 1e3).map(lambda x: f"{x:.3f}"), st.floats().map(repr), st.integers().map(str),
    st.sampled_from(["", "NaN", "ERR", '"', '"1,5"', "1e999", "-", "2024-01-01", "12:00", "\x00", "é", "1;2"]), st.text(max_size=6),
)  # fmt: skip


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    header=st.booleans(), delimiter=st.sampled_from([",", ";", "\t", "|", " "]), end=st.sampled_from(["\n", "\r\n", "\r"]),
    table=st.lists(st.tuples(st.one_of(st.integers(-5, 2000).map(str), UGLY), UGLY, UGLY), max_size=60),
    junk=st.sampled_from(["", "\ufeff", "Logger\n\n", "# x\n# y\n"]),
    unit=st.sampled_from(["s", "ms", "d", "ymd", "dmy", "h:m:s", "excel"]), order=st.sampled_from(["auto", "restart", "sort", "skip"]),
    split=st.booleans(), suggest=st.booleans(),
)  # fmt: skip
def test_no_table_however_ugly_ends_in_a_traceback(
    header: bool, delimiter: str, end: str, table: list[tuple[str, ...]], junk: str, unit: str, order: str, split: bool,
    suggest: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    text = junk + (delimiter.join(("Time", "T1", "T2")) + end if header else "") + end.join(map(delimiter.join, table))
    plan = f'[time]\ncolumn = "#1"\nunit = "{unit}"\norder = "{order}"\n'
    plan += ('[table]\nsplit = "#3"\n' if split else "") + '[columns]\n"#2" = "heat degC"\n'
    raw = text.encode("utf-8", "surrogatepass")
    if suggest:
        (tmp_path / "recording.csv").write_bytes(raw)
        assert suggest_map(tmp_path / "recording.csv") in {0, 2}
        capsys.readouterr()
        return
    (tmp_path / "recording.csv").write_bytes(raw)
    (tmp_path / "map.toml").write_text(plan)
    code = replay_table(tmp_path / "recording.csv", tmp_path / "map.toml", None, as_json=True)
    streams = capsys.readouterr()
    assert code in {0, 2}
    assert code == 0 or "emedy" in streams.err
    for line in streams.out.splitlines():
        assert json.loads(line)["zone"] == "room"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=400))
def test_no_bytes_end_in_a_traceback(raw: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path, raw, '[time]\nstep_s = 1.0\n[columns]\n"#1" = "smoke 1/m"\n', "--json") in {0, 2}


HOUR = ramp(600)


@pytest.mark.parametrize("absurd", ["2e12", "1e300", "-1e300", "2e10"])
def test_one_impossible_time_hides_no_fire(absurd: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path, rows(HOUR).replace("\n50,", f"\n{absurd},", 1), HEAT) == 0
    streams = capsys.readouterr()
    assert "-> alarm" in streams.out
    assert "In all (600 rows, 10 min):" in streams.out
    assert "line 52: " in streams.err


def test_time_that_stands_still_or_is_short_or_impossible_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(tmp_path, rows(HOUR, "7,{v:.2f}\n"), HEAT) == 0
    streams = capsys.readouterr()
    assert "time stands still in 599 of 600 rows" in streams.err
    assert "every head stays normal" not in streams.out
    assert "T1: NO PRE-ALARM, but its last value 271.5 stands beyond the pre-alarm threshold 52, for 0 s" in streams.out
    assert replay(tmp_path, rows(HOUR), HEAT.replace('"Time"', '"Time"\nunit = "ms"')) == 0
    streams = capsys.readouterr()
    assert "only 0.599 s long" in streams.err
    assert "(600 rows, 0.599 s)" in streams.out
    assert "every head stays normal" not in streams.out
    absurd = "Time,T1\n" + "".join(f"{(t + 1) * 1e18:.0f},{v}\n" for t, v in enumerate(HOUR))
    assert replay(tmp_path, absurd, HEAT) == 2
    assert "no time can be read as 's'" in capsys.readouterr().err
    assert replay(tmp_path, absurd.replace("\n", "\n0,22\n", 1), HEAT) == 0
    streams = capsys.readouterr()
    assert "600 times in all" in streams.err
    assert "only 0 s long" in streams.err


def test_the_length_is_said_beside_lines_for_programs_and_a_quiet_hour_is_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(tmp_path, rows(HOUR), HEAT, "--json") == 0
    assert "recording.csv: 600 rows, 10 min" in capsys.readouterr().err
    assert replay(tmp_path, rows([22.0] * 600), HEAT) == 0
    streams = capsys.readouterr()
    assert "nothing: every head stays normal" in streams.out
    assert streams.err == ""


def test_korean_text_of_windows_is_read_and_an_unknown_encoding_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = rows(ramp(), header="시간,온도 1\n")
    plan = HEAT.replace("Time", "시간").replace("T*", "온도 1")
    assert replay(tmp_path, text.encode("cp949"), plan) == 0
    streams = capsys.readouterr()
    assert "온도 1: normal -> alarm" in streams.out
    assert streams.err == ""
    assert replay(tmp_path, rows(ramp(), header="Time,T °C\n").encode("latin-1")) == 0
    streams = capsys.readouterr()
    assert "T °C: normal -> alarm" in streams.out
    assert "read as Latin-1" in streams.err


def test_quiet_gives_the_sums_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path, rows(ramp()), HEAT, "--quiet") == 0
    out = capsys.readouterr().out
    assert "->" not in out
    assert "T1: advisory at" in out


def test_bad_settings_and_missing_files_are_named_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    assert replay(tmp_path, rows(ramp()), HEAT, "--settings", str(other)) == 2
    assert "other.toml: no such file; remedy: " in capsys.readouterr().err
    other.write_text("[settings.heat]\nalarm = 'x'\n")
    assert replay(tmp_path, rows(ramp()), HEAT, "--settings", str(other)) == 2
    err = capsys.readouterr().err
    assert "other.toml cannot be used" in err
    assert "map.toml" not in err
    assert main(["replay", str(tmp_path / "recording.csv"), "--map", str(tmp_path / "none.toml")]) == 2
    assert "none.toml: no such file; remedy: haechi replay FILE --suggest" in capsys.readouterr().err


def test_what_is_only_guessed_of_a_column_is_left_to_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.csv"
    file.write_text(
        "Time\tSMA_1\tSMD_1\t연기 [%/m]\t수소 (ppm)\t일산화탄소 [ppm]\tRauch 1/m\tQ [%/m]\tTemperatur [°C]\t온도 (℃)\n"
        + "".join(f"{t}\t0.1\t4.0\t0.1\t2\t3\t0.01\t0.2\t21.5\t21.4\n" for t in range(9))
    )
    assert main(["replay", str(file), "--suggest"]) == 0
    out = capsys.readouterr().out
    assert 'delimiter = "\\t"' in out
    assert '\n# "SMA_1" = "smoke %/m"' in out
    assert '\n# "SMD_1" = "smoke %/m"' in out
    for line in (
        '"연기 [%/m]" = "smoke %/m"', '"수소 (ppm)" = "h2 ppm"', '"일산화탄소 [ppm]" = "co ppm"',
        '"Q [%/m]" = "smoke %/m"', '"Temperatur [°C]" = "heat degC"', '"온도 (℃)" = "heat degC"',
    ):  # fmt: skip
        assert f"\n{line}" in out


@pytest.mark.parametrize(("form", "order"), [("{d:02}/{m:02}/2024", "dmy"), ("{m:02}/{d:02}/2024", "mdy")])
@pytest.mark.parametrize("days", [(4, 5, 6), (4, 5, 13)])
@pytest.mark.parametrize("newest_first", [False, True])
def test_day_and_month_are_told_apart_by_all_dates(
    form: str, order: str, days: tuple[int, ...], newest_first: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.csv"
    dates = [form.format(d=day, m=month) for month in (3, 4) for day in days for _ in range(150)]
    dates = dates[::-1] if newest_first else dates
    file.write_text("Date,Temp [°C]\n" + "".join(f"{date} 12:00:00,20.5\n" for date in dates))
    assert main(["replay", str(file), "--suggest"]) == 0
    assert f'unit = "{order}"' in capsys.readouterr().out


def test_a_map_that_is_wrong_in_two_ways_is_told_both_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_text("t,h2\n" + "".join(f"{k},20.0\n" for k in range(30)))
    (tmp_path / "map.toml").write_text('[time]\ncolumn = "t"\nunit = "fortnights"\n[columns]\nh3 = "h2 ppm"\n')
    assert main(["replay", str(tmp_path / "x.csv"), "--map", str(tmp_path / "map.toml")]) == 2
    said = capsys.readouterr().err
    assert "'fortnights' is not known" in said
    assert "the recording has no column 'h3'" in said
