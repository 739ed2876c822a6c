"""`haechi matrix`: the cause-and-effect matrix of a site as a page or a sheet, and a sheet back into tables of the site file."""

import sys
from pathlib import Path

from msgspec.structs import replace

from controller.site.check import check
from controller.site.model import Site
from controller.site.problem import Problem, SiteError
from controller.tools import sheets
from controller.tools.check import load_or_tell
from controller.tools.matrix.grid import FIRST, Reading, to_grid
from controller.tools.matrix.page import page
from controller.tools.tables import tables

OK, FAILED, MISUSED = 0, 1, 2


def show_matrix(
    site_file: Path, html: Path | None, sheet: Path | None, read_from: Path | None, language: str | None
) -> int:
    """Write page and sheet, or read a sheet; without any of them, the tables of the matrix on stdout."""
    site = load_or_tell(site_file)
    if site is None:
        return MISUSED
    spoken = language or site.site.language
    try:
        if read_from is not None:
            return _read(site, site_file, read_from)
        if html is not None:
            html.write_text(page(site, spoken), encoding="utf-8")
        if sheet is not None:
            sheets.write(sheet, to_grid(site, spoken), len(FIRST))
    except SiteError as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"haechi: {error}; name a file that can be read or written", file=sys.stderr)
        return FAILED
    written = [str(path) for path in (html, sheet) if path is not None]
    print("\n".join(written) if written else tables("matrix", site.matrix), end="\n" if written else "")
    return OK


def _read(site: Site, site_file: Path, sheet: Path) -> int:
    """The tables of a sheet, once the site would pass its check with them; every problem of the sheet and of the site otherwise."""
    reading = Reading(sheets.read(sheet))
    problems: list[Problem] = list(reading.problems)
    if not problems:
        rows = reading.rows()
        problems += check(replace(site, matrix=rows), site_file.parent)
        if not problems:
            print(tables("matrix", rows), end="")
            return OK
    print("\n".join(str(problem) for problem in problems), file=sys.stderr)
    print(f"{sheet}: {len(problems)} problems, nothing was made of it", file=sys.stderr)
    return MISUSED
