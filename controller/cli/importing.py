"""`haechi import`: an installer's point list becomes blocks and heads of a site file."""

import sys
from pathlib import Path

from msgspec.structs import replace

from controller.site.check import check
from controller.site.loader import load
from controller.site.model import Block, Head
from controller.site.problem import Problem, SiteError
from controller.tools import sheets
from controller.tools.points.build import build
from controller.tools.points.listing import read_lines
from controller.tools.tables import tables

OK, FAILED, MISUSED = 0, 1, 2


def import_points(listing: Path, site_file: Path | None) -> int:
    """Print the tables of the list; with a site, only if the site passes its check with them. Nothing is written into the site file."""
    try:
        lines, problems = read_lines(sheets.read(listing))
        blocks, heads, more = build(lines)
        problems += more
        if not problems and site_file is not None:
            problems += _check(site_file, blocks, heads)
    except SiteError as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"haechi: {error}; name files that can be read", file=sys.stderr)
        return FAILED
    if problems:
        print("\n".join(str(problem) for problem in problems), file=sys.stderr)
        print(f"{listing}: {len(problems)} problems, nothing was made of it", file=sys.stderr)
        return MISUSED
    print(tables("blocks", blocks) + tables("heads", heads), end="")
    points = sum(block.count for block in blocks.values())
    print(f"{listing}: {points} points, {len(blocks)} blocks, {len(heads)} heads", file=sys.stderr)
    return OK


def _check(site_file: Path, blocks: dict[str, Block], heads: dict[str, Head]) -> tuple[Problem, ...]:
    """What is wrong with the site once it has these blocks and heads (in place of its own of the same names)."""
    site = load(site_file)
    return check(replace(site, blocks=site.blocks | blocks, heads=site.heads | heads), site_file.parent)
