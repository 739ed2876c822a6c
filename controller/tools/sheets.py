"""Sheets in files, lines of cells that are all text: CSV, and XLSX through openpyxl, which alone is imported here."""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.site.problem import Problem, SiteError
from drivers.tables.look import decoded

Grid = list[list[str]]

XLSX = ".xlsx"
_OTHER = frozenset({".ods", ".xls", ".xlsm", ".xlsb", ".numbers"})
"""Spreadsheets that are neither read nor written."""
_DELIMITERS = ",;\t"
_TITLES = 20
"""Lines at the top of a sheet among which its head is looked for (assumed: a title block is shorter)."""
_NARROW, _WIDE = 4, 48
"""Widths of columns, in characters."""
_NEEDED = "XLSX needs openpyxl"
_REMEDY = "install haechi with its extra: pip install 'haechi[xlsx]', or use CSV"


def write(path: Path, grid: Grid, upright_from: int) -> None:
    """Write a sheet; what the name ends with says how. Heads from column `upright_from` (0 is the first) stand upright over narrow columns.

    Raises SiteError without openpyxl, OSError.
    """
    if path.suffix.lower() == XLSX:
        _write_xlsx(path, grid, upright_from)
        return
    if path.suffix.lower() in _OTHER:
        what = f"a sheet cannot be written as {path.suffix}"
        raise SiteError((Problem(str(path), what, "name it .csv or .xlsx"),))
    with path.open(
        "w", encoding="utf-8-sig", newline=""
    ) as file:  # with a mark, without which spreadsheets spoil Korean
        csv.writer(file).writerows(grid)


def read(path: Path) -> Grid:
    """Read a sheet, of the first page of an XLSX. Raises SiteError for what is none, OSError."""
    if path.suffix.lower() == XLSX:
        return _read_xlsx(path)
    raw = path.read_bytes()
    if path.suffix.lower() in _OTHER or b"\0" in raw:
        raise _unreadable(path, ValueError("it is no text"), "save it as XLSX, or as CSV (UTF-8)")
    try:
        text, doubt = decoded(raw)
        if doubt:
            sys.stderr.write(f"{path}: {doubt}\n")
        reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), skipinitialspace=True, strict=True)
        return list(reader)
    except csv.Error as error:
        raise _unreadable(path, error, "save it as CSV (UTF-8) with commas, semicolons or tabs") from error


def head_line(grid: Grid, is_head: Callable[[list[str]], bool]) -> int | None:
    """Which of the first lines is the head (0 is the first), for people write titles above it; None if none is."""
    for place, cells in enumerate(grid[:_TITLES]):
        if is_head([cell.strip() for cell in cells]):
            return place
    return None


def _delimiter(text: str) -> str:
    """What parts the cells: what stands most often on any one line, for titles have few or none. Raises csv.Error without one."""
    most = {mark: max((line.count(mark) for line in text.splitlines()), default=0) for mark in _DELIMITERS}
    delimiter = max(most, key=lambda mark: most[mark])
    if not most[delimiter]:
        what = "no line has commas, semicolons or tabs between its cells"
        raise csv.Error(what)
    return delimiter


def _unreadable(path: Path, error: Exception, remedy: str) -> SiteError:
    return SiteError((Problem(str(path), f"cannot be read as a sheet: {error}", remedy),))


def _openpyxl() -> Any:
    try:
        import openpyxl  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise SiteError((Problem("(installation)", _NEEDED, _REMEDY),)) from error
    return openpyxl


def _write_xlsx(path: Path, grid: Grid, upright_from: int) -> None:
    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    page = book.active
    for cells in grid:
        page.append([cell or None for cell in cells])
    upright = openpyxl.styles.Alignment(text_rotation=90)
    for place, cell in enumerate(page[1]):
        widest = max((len(cells[place]) for cells in grid), default=0)
        page.column_dimensions[cell.column_letter].width = _NARROW if place >= upright_from else min(widest + 2, _WIDE)
        if place >= upright_from:
            cell.alignment = upright
    page.freeze_panes = page.cell(2, upright_from + 1)
    book.save(path)


def _read_xlsx(path: Path) -> Grid:
    openpyxl = _openpyxl()
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            lines = [[_text(cell) for cell in cells] for cells in book.worksheets[0].iter_rows(values_only=True)]
        finally:
            book.close()
    except (OSError, KeyError, ValueError, openpyxl.utils.exceptions.InvalidFileException) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise _unreadable(path, error, "save it as XLSX (Excel 2007 and later)") from error
    return lines


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
