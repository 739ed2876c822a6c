"""The matrix as a sheet and back: nothing is lost on the way, and what a person spoils is named with line and column."""

import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.main import main
from controller.site.loader import load
from controller.site.model import Row, Site
from controller.site.problem import SiteError
from controller.tools import sheets
from controller.tools.matrix.grid import FIRST, Reading, to_grid
from controller.tools.matrix.page import page
from controller.tools.tables import tables

HALL = Path("deploy/sites/hall.toml")


@pytest.fixture(scope="module")
def hall() -> Site:
    return load(HALL)


@pytest.mark.parametrize("name", ["matrix.csv", "matrix.xlsx"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_sheet_gives_back_the_rows_that_it_was_made_of(hall: Site, tmp_path: Path, name: str, language: str) -> None:
    sheets.write(tmp_path / name, to_grid(hall, language), len(FIRST))
    reading = Reading(sheets.read(tmp_path / name))
    assert reading.problems == []
    outputs = list(hall.outputs)
    for row, back in zip(hall.matrix.items(), reading.rows().items(), strict=True):
        assert row[0] == back[0]
        assert set(row[1].then) == set(back[1].then)
        assert back[1].then == tuple(sorted(back[1].then, key=outputs.index))
        assert row[1].when == back[1].when
        assert row[1].unless == back[1].unless


ROWS = st.builds(
    Row,
    when=st.lists(st.sampled_from(["hall.fire", "hall.gas", "server.fire"]), min_size=1, unique=True).map(tuple),
    unless=st.lists(st.sampled_from(["hall.guard", "site.trouble"]), unique=True).map(tuple),
    then=st.lists(st.sampled_from(["beacon", "sounder", "drain"]), min_size=1, unique=True).map(
        lambda names: tuple(sorted(names))
    ),
    votes=st.integers(1, 3),
    delay_s=st.sampled_from([0.0, 0.5, 60.0]),
    investigate_s=st.sampled_from([0.0, 0.5, 60.0]),
    latch=st.booleans(),
    for_s=st.sampled_from([0.0, 12.5]),
    at=st.sampled_from(["always", "day", "night"]),
    to=st.sampled_from(["active", "normal"]),
    priority=st.integers(-5, 5),
)


@given(rows=st.dictionaries(st.sampled_from(["a", "b-1", 'odd "name"', "세 번째"]), ROWS, min_size=1))
def test_every_field_of_a_row_survives_sheet_and_table(rows: dict[str, Row]) -> None:
    grid = [[*FIRST, "beacon", "drain", "sounder"]]
    for name, row in rows.items():
        for place, (cause, kind) in enumerate([(c, "when") for c in row.when] + [(c, "unless") for c in row.unless]):
            numbers = [str(getattr(row, field)) if place == 0 else "" for field in FIRST[4:]]
            marks = ["x" if output in row.then else "" for output in grid[0][len(FIRST) :]]
            grid.append([name, cause, kind, "", *numbers, *marks])
    reading = Reading(grid)
    assert reading.problems == []
    assert reading.rows() == rows
    assert msgspec.toml.decode(tables("matrix", rows), type=dict[str, dict[str, Row]]) == {"matrix": rows}


SPOILT = {
    "no mark": (2, "beacon", "maybe", "line 3, column beacon"),
    "neither when nor unless": (2, "is", "perhaps", "line 3, column is"),
    "votes in words": (2, "votes", "two", "line 3, column votes"),
    "time in words": (2, "delay_s", "soon", "line 3, column delay_s"),
    "another time of day": (2, "at", "dawn", "line 3, column at"),
    "a cause without a row": (2, "row", "", "line 3, column row"),
    "a row without a cause": (2, "cause", "", "line 3, column cause"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_cell_is_named_by_line_and_column(hall: Site, name: str) -> None:
    line, column, cell, place = SPOILT[name]
    grid = to_grid(hall)
    grid[line][grid[0].index(column)] = cell
    (problem,) = Reading(grid).problems
    assert problem.path == place
    assert problem.remedy


def test_two_lines_of_a_row_that_disagree_are_a_problem() -> None:
    grid = [
        [*FIRST, "beacon"],
        ["a", "hall.fire", "", "", "2", *[""] * (len(FIRST) - 5), "x"],
        ["a", "hall.gas", "", "", "1", *[""] * (len(FIRST) - 5), "x"],
    ]
    assert [p.path for p in Reading(grid).problems] == ["line 3, column votes"]


def lines_of(*rows: tuple[str, str, str, str, str]) -> list[list[str]]:
    """A sheet of two outputs: name, cause, kind, and what stands under beacon and sounder."""
    numbers = [""] * (len(FIRST) - 3)
    return [[*FIRST, "beacon", "sounder"], *([*row[:3], *numbers, *row[3:]] for row in rows)]


APART = {
    "an intersection that was emptied": (
        lines_of(("a", "hall.fire", "when", "x", "x"), ("a", "hall.alert", "", "x", "")),
        ["line 3, column sounder"],
    ),
    "an intersection that was marked": (
        lines_of(("a", "hall.fire", "when", "x", ""), ("a", "hall.gas", "when", "x", "X")),
        ["line 3, column sounder"],
    ),
    "an exception that holds for one output alone": (
        lines_of(("a", "hall.guard", "unless", "x", ""), ("a", "hall.fire", "when", "x", "x")),
        ["line 2, column sounder"],
    ),
    "a second row of the same name": (
        lines_of(("a", "hall.fire", "", "x", ""), ("b", "hall.gas", "", "x", ""), ("a", "hall.gas", "", "x", "")),
        ["line 4, column row"],
    ),
    "a mark under no output": (
        [*lines_of(("a", "hall.fire", "", "x", ""))[:1], [*lines_of(("a", "hall.fire", "", "x", ""))[1], "x"]],
        [f"line 2, column {len(FIRST) + 3}"],
    ),
    "an output that has two columns": (
        [[*FIRST, "beacon", "beacon"], *lines_of(("a", "hall.fire", "", "x", ""))[1:]],
        ["line 1, column beacon"],
    ),
}


@pytest.mark.parametrize("name", APART)
def test_what_the_sheet_says_line_by_line_is_never_united(name: str) -> None:
    grid, places = APART[name]
    problems = Reading(grid).problems
    assert [problem.path for problem in problems] == places
    assert all(problem.remedy for problem in problems)


def test_a_row_apart_is_told_what_to_make_of_it() -> None:
    (problem,) = Reading(APART["an intersection that was emptied"][0]).problems
    assert "by hall.fire (line 2), by hall.alert (line 3) it does not" in problem.what
    assert "make it a row of its own" in problem.remedy


def test_lines_for_people_may_stand_between_the_lines_of_a_row() -> None:
    grid = lines_of(("a", "hall.fire", "", "x", ""), ("", "", "", "", ""), ("a", "hall.gas", "", "x", ""))
    reading = Reading(grid)
    assert reading.problems == []
    assert reading.rows() == {"a": Row(when=("hall.fire", "hall.gas"), then=("beacon",))}


def test_a_sheet_without_its_head_is_refused() -> None:
    assert [p.path for p in Reading([["a", "b"]]).problems] == ["line 1"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("title", ["Cause and effect", "Battery hall, revision 3; drawn by Kim"])
def test_titles_above_the_head_are_for_people(tmp_path: Path, delimiter: str, title: str) -> None:
    lines = [
        delimiter.join(cells) for cells in lines_of(("a", "hall.fire", "", "x", ""), ("a", "hall.gas", "", "", ""))
    ]
    sheet = tmp_path / "titled.csv"
    sheet.write_text("\n".join([title, "", *lines]), encoding="utf-8")
    assert [p.path for p in Reading(sheets.read(sheet)).problems] == ["line 5, column beacon"]


def test_a_file_without_any_delimiter_is_refused_with_a_remedy(tmp_path: Path) -> None:
    sheet = tmp_path / "prose.csv"
    sheet.write_text("Cause and effect\n", encoding="utf-8")
    with pytest.raises(SiteError, match="no line has commas"):
        sheets.read(sheet)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_shows_every_row_with_its_marks(hall: Site, language: str) -> None:
    drawn = page(hall, language)
    body = drawn[drawn.index("<table>") : drawn.index("</table>") + len("</table>")]
    table = ET.fromstring(body)  # noqa: S314 (our own text)
    assert len(table.findall("tbody")) == len(hall.matrix)
    marks = sum(cell.text == "●" for cell in table.iter("td"))
    assert marks == sum(len(row.then) for row in hall.matrix.values())


def test_the_command_writes_reads_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, drawn = tmp_path / "m.csv", tmp_path / "m.html"
    assert main(["matrix", str(HALL), "--sheet", str(sheet), "--html", str(drawn)]) == 0
    assert drawn.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["matrix", str(HALL), "--from", str(sheet)]) == 0
    tables = capsys.readouterr().out
    assert tomllib.loads(tables.partition("\n")[2].partition("\n")[2])["matrix"].keys() == load(HALL).matrix.keys()
    sheet.write_text(sheet.read_text(encoding="utf-8-sig").replace("hall.release,", "hall.fire,"), encoding="utf-8")
    assert main(["matrix", str(HALL), "--from", str(sheet)]) == 2
    assert "matrix.release.when" in capsys.readouterr().err
