"""Point lists: what installers write becomes blocks and heads; what they get wrong is named by line and column."""

import csv
import tomllib
from pathlib import Path

import pytest

from controller.cli.main import main
from controller.site.model import Family, Head
from controller.site.problem import SiteError
from controller.tools import sheets
from controller.tools.points.build import build
from controller.tools.points.listing import read_lines
from drivers.points import DataType, Table

HALL = Path("deploy/sites/hall.toml")
HEAD = ["tag", "device", "table", "address", "type", "factor", "unit", "family", "zone", "rack", "detector", "group"]


def cells(
    address: int, *, tag: str = "", head: str = "", family: str = "cell-temperature", rack: str = "rack-1"
) -> list[str]:
    return [tag, "bms-1", "input", str(address), "int16", "0.1", "degC", family, "hall", rack, head, "2"]


def test_neighbours_read_alike_become_one_block_and_lines_of_one_head_one_head() -> None:
    grid = [HEAD, *(cells(n, head="cells-1") for n in range(4)), cells(10, head="cells-1"), cells(11, head="cells-1")]
    lines, problems = read_lines(grid)
    blocks, heads, more = build(lines)
    assert problems == more == []
    assert {name: (b.address, b.count, b.factor, b.type) for name, b in blocks.items()} == {
        "bms-1-cell-temperature": (0, 4, 0.1, DataType.INT16),
        "bms-1-cell-temperature-2": (10, 2, 0.1, DataType.INT16),
    }
    assert heads == {
        "cells-1": Head(
            family=Family.CELL_TEMPERATURE, zone="hall", rack="rack-1", group=2,
            points=("bms-1-cell-temperature", "bms-1-cell-temperature-2"),
        )
    }  # fmt: skip


def test_the_order_of_a_heads_points_is_that_of_the_list() -> None:
    grid = [HEAD, cells(3, head="a"), cells(0, head="a"), cells(1, head="a"), cells(2, head="b")]
    _, heads, _ = build(read_lines(grid)[0])
    assert heads["a"].points == ("bms-1-cell-temperature[3]", "bms-1-cell-temperature[0:2]")


def test_values_of_two_registers_lie_two_addresses_apart() -> None:
    head = ["device", "table", "address", "type"]
    grid = [head, ["m", "holding", "0", "float32"], ["m", "holding", "2", "float32"], ["m", "holding", "5", "float32"]]
    blocks, _, _ = build(read_lines(grid)[0])
    assert [(b.address, b.count) for b in blocks.values()] == [(0, 2), (5, 1)]


@pytest.mark.parametrize(
    ("number", "table", "address"),
    [
        ("30001", Table.INPUT, 0), ("40100", Table.HOLDING, 99), ("10017", Table.DISCRETE, 16),
        ("00008", Table.COIL, 7), ("465535", Table.HOLDING, 65534),
    ],
)  # fmt: skip
def test_a_register_number_says_its_table(number: str, table: Table, address: int) -> None:
    ((_, line),), problems = read_lines([["device", "register"], ["m", number]])
    assert (line.table, line.address, problems) == (table, address, [])
    assert (line.type is DataType.BIT) == (table in {Table.COIL, Table.DISCRETE})


WRONG = {
    "no number": (3, "twelve", "line 3, column address"),
    "no table": (2, "registers", "line 3, column table"),
    "no such type": (4, "int24", "line 3, column type"),
    "no such family": (7, "cat", "line 3, column family"),
    "no device": (1, "", "line 3, column device"),
    "no zone": (8, "", "line 3, column zone"),
    "another rack in one head": (9, "rack-2", "line 3, column rack"),
    "the address of another line": (3, "0", "line 3, column address"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_cell_is_named_by_line_and_column(name: str) -> None:
    column, cell, place = WRONG[name]
    wrong = cells(1, head="cells-1")
    wrong[column] = cell
    lines, problems = read_lines([HEAD, cells(0, head="cells-1"), wrong])
    problems += build(lines)[2]
    assert [problem.path for problem in problems] == [place]
    assert problems[0].remedy


def test_a_head_without_name_or_tag_is_a_problem() -> None:
    assert [p.path for p in read_lines([HEAD, cells(0)])[1]] == ["line 2, column head"]


def test_titles_above_the_column_names_are_for_people() -> None:
    lines, problems = read_lines([["Point list, hall 3", ""], [], HEAD, cells(4, head="a")])
    assert [(number, line.address) for number, line in lines] == [(4, 4)]
    assert problems == []


def test_korean_columns_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "points.xlsx"
    grid = [
        ["태그", "장치", "레지스터", "종류", "구역"],
        ["연기 1", "asd-1", "30001", "smoke", "hall"],
        ["", "", "", "", ""],
    ]
    sheets.write(path, grid, 99)
    lines, problems = read_lines(sheets.read(path))
    assert problems == []
    assert build(lines)[1]["연기-1"].family is Family.SMOKE


def test_the_command_checks_the_site_with_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = tmp_path / "points.csv"

    def write(device: str) -> None:
        with listing.open("w", encoding="utf-8", newline="") as file:
            line = ["vesda", device, "input", "50", "uint16", "0.01", "%/m", "smoke", "hall", "", "smoke-9", "0"]
            csv.writer(file, delimiter=";").writerows([HEAD, line])

    write("asd-1")
    assert main(["import", str(listing), "--site", str(HALL)]) == 0
    made = tomllib.loads(capsys.readouterr().out)
    assert made["blocks"]["asd-1-smoke"]["address"] == 50
    assert made["heads"]["smoke-9"] == {"family": "smoke", "zone": "hall", "points": ["asd-1-smoke"]}
    write("asd-77")
    assert main(["import", str(listing), "--site", str(HALL)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "blocks.asd-77-smoke.device" in said.err


def test_a_list_in_the_korean_encoding_of_windows_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("장치,테이블,주소,태그\n수신기,input,0,서버실 온도\n".encode("cp949"))
    assert sheets.read(path)[1] == ["수신기", "input", "0", "서버실 온도"]
    assert capsys.readouterr().err == ""
    path.write_bytes("device,table,address,unit\nd,input,0,°C\n".encode("latin-1"))
    assert sheets.read(path)[1][3] == "°C"
    assert "read as Latin-1" in capsys.readouterr().err


def test_other_spreadsheets_are_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "list.ods"
    path.write_bytes(b"PK\x03\x04\x00")
    with pytest.raises(SiteError, match="save it as XLSX"):
        sheets.read(path)
    with pytest.raises(SiteError, match=r"\.csv or \.xlsx"):
        sheets.write(tmp_path / "new.ods", [["a"]], 99)


def test_what_comes_to_nothing_is_said_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "이름,장치,국번,Modbus Address,데이터 형식,비고,family,zone\n연기 1,수신기,3,30001,int16,x,smoke,hall\n펌프,수신기,3,30003,float32,,,\n"
    )
    assert main(["import", str(path)]) == 0
    streams = capsys.readouterr()
    made = tomllib.loads(streams.out)
    assert set(made["heads"]) == {"연기-1"}
    assert {block["type"] for block in made["blocks"].values()} == {"int16", "float32"}
    assert "column '국번' is passed over: a list knows no unit" in streams.err
    assert "column '비고' is passed over" in streams.err
    assert "line 3: points, but no head: there is neither a head nor a family" in streams.err
    assert "'이름'" not in streams.err
