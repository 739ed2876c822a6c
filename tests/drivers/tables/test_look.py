"""What a first look makes of the tables that loggers, spreadsheets and laboratories write."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from drivers.tables.look import look_at, unit_of
from drivers.tables.reader import Table, TableError

PLAIN = "Time,A,B\n0,1.5,2\n1,1.6,3\n2,1.7,4\n"


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal", "names", "first_line"),
    [
        (PLAIN, ",", ".", ("Time", "A", "B"), 1),
        ("Zeit;A;B\n0;1,5;2,25\n1;1,6;3,0\n", ";", ",", ("Zeit", "A", "B"), 1),
        ("t\tx\n0\t1\n1\t2\n", "\t", ".", ("t", "x"), 1),
        ("time   temp  smoke\n0.0    20.1  0.1\n1.0    20.2  0.1\n", " ", ".", ("time", "temp", "smoke"), 1),
        ("0,1.5,2\n1,1.6,3\n", ",", ".", ("#1", "#2", "#3"), 0),
        (
            "Logger 7\nSerial 1234\n\nTime,A,B\n(s),(°C),(ppm)\n0,1.5,2\n1,1.6,3\n2,2,2\n",
            ",",
            ".",
            ("Time", "A", "B"),
            5,
        ),
        ("# made by x\n# at y\nTime,A\n0,1\n1,2\n", ",", ".", ("Time", "A"), 3),
        ('"Time","Temp, east","B"\n"0","1.5","2"\n"1","1.6","3"\n', ",", ".", ("Time", "Temp, east", "B"), 1),
        ("datetime;T\n2020-02-08 13:30:47;20,5\n2020-02-08 13:30:48;20,6\n", ";", ",", ("datetime", "T"), 1),
        ("A,A,\n1,2,3\n2,3,4\n", ",", ".", ("A", "A (2)", "#3"), 1),
        ("value\n1.5\n2.5\n3.5\n", ",", ".", ("value",), 1),
    ],
)
def test_delimiter_decimal_names_and_begin(
    text: str, delimiter: str, decimal: str, names: tuple[str, ...], first_line: int
) -> None:
    look = look_at(text)
    assert (look.delimiter, look.decimal, look.names, look.first_line) == (delimiter, decimal, names, first_line)


def test_units_come_from_their_row_or_from_brackets() -> None:
    look = look_at("Time,A,B\n[s],[degC],[%/m]\n0,20,0.1\n1,21,0.2\n")
    assert look.units == ("s", "degc", "%/m")
    look = look_at("Time (ms),T [°F],CO_ppm,x\n0,70,1,2\n1,71,1,2\n")
    assert look.units == ("ms", "degf", "ppm", "")
    assert unit_of("1/m") == "1/m"
    assert unit_of("hello") == ""


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_packed_or_not_in_any_usual_encoding(tmp_path: Path, pack: Callable[[bytes], bytes], encoding: str) -> None:
    file = tmp_path / "t.dat"
    file.write_bytes(pack(PLAIN.replace("A", "Tür").encode(encoding)))
    table = Table(file)
    assert table.look.names == ("Time", "Tür", "B")
    (rows,) = table.read([0, 1])
    np.testing.assert_array_equal(rows.values, [[0, 1.5], [1, 1.6], [2, 1.7]])
    assert rows.lines.tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no row"),
        (b"PK\x03\x04abc", "spreadsheet"),
        (bytes(1000), "not a text"),
        (b"a,b\nc,d\n", "no row"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:20], "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path, raw: bytes, says: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(raw)
    with pytest.raises(TableError, match=says) as raised:
        Table(file)
    assert "remedy" in str(raised.value)


def test_a_file_that_is_cut_off_says_where(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=120_000)
    text = "t,x\n" + "".join(f"{n},{x:.6f}\n" for n, x in enumerate(noise))
    file = tmp_path / "t.csv.gz"
    packed = gzip.compress(text.encode())
    file.write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(TableError, match=r"t\.csv\.gz:\d+: cannot be read on"):
        for _ in Table(file).read([0, 1]):
            pass


def test_blocks_join_without_a_seam(tmp_path: Path) -> None:
    n = 200_000
    file = tmp_path / "t.csv"
    file.write_text("t,x\n" + "".join(f"{i},{i * 0.25}\n" for i in range(n)))
    rows = list(Table(file).read([0, 1]))
    assert len(rows) > 1
    times = np.concatenate([block.values[:, 0] for block in rows])
    np.testing.assert_array_equal(times, np.arange(n))
    np.testing.assert_array_equal(np.concatenate([block.lines for block in rows]), np.arange(n) + 2)
