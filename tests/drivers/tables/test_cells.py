"""The compiled reader against its twin: whatever a line holds, the same cells, the same numbers, to the last bit."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.tables.cells import BLANK, NUMBER
from drivers.tables.course import AUTO, RESTART, SKIP, follow
from drivers.tables.moments import ORDERS, moment
from drivers.tables.reader import Rows, Table
from tests.naive import table as naive

CELLS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:.4f}"),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["", " ", "NaN", "nan", "n/a", "-", "+", ".", "1.", ".5", "-.5e3", "1e", "1e+", "1e400", "1e-400", "0e0", "-0", "--1",
                     "1 2", "12:30", "0.1000000000000000055", "9007199254740993", '"', '""', '"a"', '"1.5"', '"1', 'x"y', "é"]),
    st.text("0123456789.,;\t +-eE\"'x#", max_size=8),
)  # fmt: skip
LINES = st.lists(CELLS, max_size=6)


def read(folder: Path, text: str, delimiter: str, decimal: str) -> list[Rows]:
    file = folder / "t.csv"
    file.write_bytes(b"1\n" * 500 + text.encode())
    table = Table(file).with_look(delimiter=delimiter, decimal=decimal, comment="", first_line=500)
    return list(table.read(range(8)))


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(LINES, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_the_kernel_reads_what_its_twin_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, decimal: str, end: str
) -> None:
    if decimal == delimiter:
        decimal = "."
    text = end.join(delimiter.join(cell.replace("\n", " ").replace("\r", " ") for cell in row) for row in rows)
    expected = naive.table(text, delimiter, decimal)
    blocks = read(tmp_path_factory.mktemp("t"), text, delimiter, decimal)
    got = [(block.states[n], block.values[n]) for block in blocks for n in range(len(block.lines))]
    assert len(got) == len(expected)
    for (states, values), row in zip(got, expected, strict=True):
        for column in range(8):
            what, number = row[column] if column < len(row) else (naive.BLANK, math.nan)
            assert (states[column] == BLANK) == (what == naive.BLANK)
            assert (states[column] == NUMBER) == (what == naive.NUMBER)
            assert np.float64(number).tobytes() == values[column].tobytes() or (
                math.isnan(number) and math.isnan(values[column])
            )


WHEN = st.tuples(
    st.integers(1, 9999), st.integers(1, 12), st.integers(1, 28),
    st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999),
)  # fmt: skip
FORMS = (
    "{y:04}-{m:02}-{d:02} {H:02}:{M:02}:{S:02}.{f:03}",
    "{y:04}{m:02}{d:02}T{H:02}{M:02}{S:02}.{f:03}Z",
    "{y:04}/{m}/{d} {H}:{M}:{S}.{f:03}",
)


@settings(deadline=None)
@given(WHEN, st.sampled_from(FORMS))
def test_dates_are_what_datetime_says(when: tuple[int, ...], form: str) -> None:
    y, m, d, H, M, S, f = when  # noqa: N806
    text = form.format(y=y, m=m, d=d, H=H, M=M, S=S, f=f)
    assert of(text, "ymd") == naive.date(y, m, d, H, M, S, f)


def of(text: str, order: str) -> float:
    raw = np.frombuffer(text.encode(), np.uint8)
    return float(moment(raw, 0, raw.size, ORDERS[order])) if raw.size else math.nan


def test_orders_months_halves_and_offsets() -> None:
    at = naive.date(2013, 12, 2, 21, 15, 30, 0)
    for text, order in (
        ("02.12.2013 21:15:30", "dmy"), ("12/2/13 9:15:30 PM", "mdy"), ("02-Dec-2013 21:15:30", "dmy"), ("Dec 2, 2013 21:15:30", "mdy"),
        ("2013-12-03T06:15:30+09:00", "ymd"), ("20131202211530", "ymd"), ("2013-12-02T16:15:30-0500", "ymd"),
    ):  # fmt: skip
        assert of(text, order) == at, text
    assert of("25:00:01.5", "h:m:s") == 90001.5
    assert of("03:20", "m:s") == 200.0
    assert of("09:30", "h:m") == 34200.0
    for text in ("", "hello", "2013-13-01", "2013-12-02 25:00", "12:30:61", "-5:00", "2013", "1 2 3 4 5 6 7 8 9"):
        assert math.isnan(of(text, "ymd" if "-1" in text or "2013" in text else "h:m:s")), text


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.sampled_from(sorted(ORDERS)))
def test_no_bytes_can_break_the_reading_of_times(raw: bytes, order: str) -> None:
    text = np.frombuffer(raw + b" ", np.uint8)
    seconds = float(moment(text, 0, len(raw), ORDERS[order]))
    assert math.isnan(seconds) or math.isfinite(seconds)


TIMES = st.lists(st.one_of(st.floats(-1e3, 1e6), st.just(math.nan), st.integers(0, 50).map(float)), max_size=60)


@settings(max_examples=300, deadline=None)
@given(TIMES, st.sampled_from([("auto", AUTO), ("restart", RESTART), ("skip", SKIP)]), st.integers(0, 60))
def test_the_course_of_time_is_its_twins(said: list[float], mode: tuple[str, int], cut: int) -> None:
    expected = naive.course(said, mode[0], 10.0, 1.0)
    words = ["on", "late", "new-run", "unread", "skipped", "set-back"]
    state = np.array([np.nan, np.nan, 0.0, 0.0])
    got = []
    for part in (np.array(said[:cut]), np.array(said[cut:])):  # two blocks are as one
        course, run, kind = np.empty(len(part)), np.empty(len(part), np.int32), np.empty(len(part), np.uint8)
        follow(part, state, mode[1], 10.0, 1.0, course, run, kind)
        got += [(float(c), int(r), words[k]) for c, r, k in zip(course, run, kind, strict=True)]
    assert repr(got) == repr(expected)
    runs = [r for _, r, _ in got]
    assert runs == sorted(runs)
