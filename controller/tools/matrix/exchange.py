"""The matrix of a site file out to a page and a sheet, and a sheet back into tables of the site file. The site file itself is not written."""

from pathlib import Path

from msgspec.structs import replace

from controller.site.check import check
from controller.site.model import Site
from controller.site.problem import SiteError
from controller.tools import sheets
from controller.tools.check import load_or_tell
from controller.tools.matrix.grid import FIRST, Reading, to_grid
from controller.tools.matrix.page import page
from controller.tools.said import DONE, FAILED, MISUSED, Said
from controller.tools.tables import tables


def hand_out(site_file: Path, html: Path | None, sheet: Path | None, language: str | None) -> Said:
    """Write page and sheet; without either, the tables of the matrix."""
    site = load_or_tell(site_file)
    if site is None:
        return Said(MISUSED)
    spoken = language or site.site.language
    try:
        if html is not None:
            html.write_text(page(site, spoken), encoding="utf-8")
        if sheet is not None:
            sheets.write(sheet, to_grid(site, spoken), len(FIRST))
    except (SiteError, OSError) as error:
        return Said(FAILED, err=f"{error}\n")
    written = "".join(f"{path}\n" for path in (html, sheet) if path is not None)
    return Said(DONE, written or tables("matrix", site.matrix))


def take_back(site_file: Path, sheet: Path) -> Said:
    """The tables of a sheet, once the site would pass its check with them; every problem of the sheet and of the site otherwise."""
    site = load_or_tell(site_file)
    if site is None:
        return Said(MISUSED)
    try:
        return _tables(site, site_file.parent, sheet)
    except (SiteError, OSError) as error:
        return Said(FAILED, err=f"{error}\n")


def _tables(site: Site, folder: Path, sheet: Path) -> Said:
    reading = Reading(sheets.read(sheet))
    rows = {} if reading.problems else reading.rows()
    problems = reading.problems or list(check(replace(site, matrix=rows), folder))
    if not problems:
        return Said(DONE, tables("matrix", rows))
    told = "".join(f"{problem}\n" for problem in problems)
    return Said(MISUSED, err=f"{told}{sheet}: {len(problems)} problems, nothing was made of it\n")
