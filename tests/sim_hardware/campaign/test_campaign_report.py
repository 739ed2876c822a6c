"""What a campaign tells: shares, distributions, drawings and tables."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from msgspec.structs import replace
from pyarrow import parquet

from sim_hardware.campaign.draw import bins_of, draw_distribution
from sim_hardware.campaign.model import Failed, Order
from sim_hardware.campaign.page import page
from sim_hardware.campaign.summary import CaseSummary, Distribution, summarise
from sim_hardware.campaign.tables import runs_table, tables, write_csv, write_parquet
from sim_hardware.scenarios.model import Row
from tests.sim_hardware.campaign import samples

CASE = samples.case()


def summary() -> CaseSummary:
    """Ten runs: eight in time, one late, one that never saw a sign; the eleventh failed; spread never, but once without end."""
    runs = [samples.outcome(seed, 7.0 + 0.1 * seed, spread_s=5.0) for seed in range(8)]
    runs += [samples.outcome(8, 12.0, missed=(0,)), samples.outcome(9, None, missed=(0,))]
    runs[3] = replace(runs[3], figures={**runs[3].figures, "spread_s": None}, infinite=("spread_s",))
    done = {run.order: run for run in reversed(runs)}
    failed = {Order("spark", 10): Failed("spark", 10, "its worker ended: <lightning>", 3)}
    return summarise((CASE,), range(10, -1, -1), done, failed)[0]


def well_formed(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 - our own drawing


def test_shares() -> None:
    first, second, unlit = summary().shares
    assert (first.met, first.runs, first.missed_seeds) == (8, 10, (8, 9))
    assert first.interval == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson's, for 8 of 10
    assert second.met == unlit.met == 10
    assert not summary().passed


def test_distributions() -> None:
    found = {one.metric: one for one in summary().distributions}
    sign = found["first_sign_s"]
    assert (sign.never, len(sign.values)) == (1, 9)
    assert sign.quantile(0.5) == pytest.approx(7.4)
    assert sign.median_interval == pytest.approx((7.1, 7.7))
    spread = found["spread_s"]
    assert (spread.never, spread.values[-1], spread.finite) == (2, math.inf, (5.0,) * 7)
    assert not spread.varies
    assert next(iter(found)) == "first_sign_s"  # what criteria are about comes first


@pytest.mark.parametrize(
    "values",
    [(1.0, 1.5), tuple(k / 7 for k in range(500)), (0.0, 1.0, 1.0, 2.0, 9.0), (-5.0, 1e6), (1e-9, 2e-9), (0.0, 1e-300)],
)
def test_bins_hold_every_value_once(values: tuple[float, ...]) -> None:
    bins = bins_of(values)
    assert sum(bins.counts) == len(values)
    assert 2 <= len(bins.counts) <= 34
    assert bins.start <= values[0] < bins.start + bins.width * (1 + 1e-9)


def test_counts_have_a_bar_each() -> None:
    assert bins_of((0.0, 1.0, 1.0, 3.0)) == (-0.5, 1.0, (1, 2, 0, 1))


def test_a_drawing_shows_limits_outside_its_values() -> None:
    found = Distribution("guard_s", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, math.inf), 2)
    drawn = draw_distribution("Time < to guard", "감시까지", found, 10, (12.0, 200.0, -1e9))
    texts = {text.text for text in well_formed(drawn).iter("{http://www.w3.org/2000/svg}text")}
    assert {"Time < to guard", "limit 12", "10", "limit 200 →", "← limit -1e+09", "0 %", "100 %"} <= texts
    assert "감시까지 · 7 of 10 runs · 2 never · 1 without end" in texts
    places = [float(x) for x in re.findall(r'points="(.*?)"', drawn)[0].replace(",", " ").split()[::2]]
    assert places == sorted(places)
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_the_page_needs_nothing_from_elsewhere_and_is_well_formed() -> None:
    text = page((summary(),), "10 drills took no time")
    assert set(re.findall(r"[a-z]+://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|<link|<img|@import|url\(", text)
    for drawing in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        well_formed(drawing)
    for words in (
        "셀 하나를 수 초간 가열",
        "8 of 10",
        "8, 9",
        "&lt;lightning&gt;",
        "--virtual --seed 8",
        "missed · 불합격",
    ):
        assert words in text


def test_a_table_of_runs_has_a_line_a_row() -> None:
    rows = [msgspec.convert({"name": f"row {k}", "faults": [], "highest": "fire"}, Row) for k in range(3)]
    cases = [replace(CASE, name=f"spark/row {k}", row=row) for k, row in enumerate(rows)]
    ends = [samples.outcome(seed, case=case.name) for case in cases for seed in range(5)]
    ends[7] = replace(ends[7], missed=(0,))
    text = page(summarise(cases, range(5), {end.order: end for end in ends}, {}), "15 drills took no time")
    assert [text.count(words) for words in ("row 1", "4 of 5", "5 of 5", "normal to fire", "<svg")] == [1, 1, 2, 3, 0]
    assert "<td>15</td><td>14</td>" in text


def test_tables_are_the_same_in_both_formats(tmp_path: Path) -> None:
    for name, table in tables((summary(),)).items():
        write_csv(table, tmp_path / f"{name}.csv")
        write_parquet(table, tmp_path / f"{name}.parquet")
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            plain = list(csv.DictReader(stream))
        typed = parquet.read_table(tmp_path / f"{name}.parquet").to_pylist()
        assert plain == [{key: "" if cell is None else str(cell) for key, cell in row.items()} for row in typed]


def test_the_table_of_runs_has_journals_and_reasons() -> None:
    table = runs_table((summary(),))
    assert table["seed"].values == list(range(11))
    assert table["journal"].values[8:] == [f"{8:064x}", f"{9:064x}", None]
    assert table["failure"].values[9:] == [None, "its worker ended: <lightning>"]
    assert table["spread_s"].values[2:5] == [5.0, math.inf, 5.0]
