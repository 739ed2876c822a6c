"""An installer's point list as tables of a site file, checked with the site if there is one. The site file itself is not written."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from controller.site.check import check
from controller.site.loader import load
from controller.site.model import Block, Head
from controller.site.problem import Problem, SiteError
from controller.tools import sheets
from controller.tools.points.build import build
from controller.tools.points.listing import passed_over, read_lines
from controller.tools.said import DONE, FAILED, MISUSED, Said
from controller.tools.tables import tables


def import_list(listing: Path, site_file: Path | None) -> Said:
    """The tables of the list; with a site, only if the site passes its check with them."""
    try:
        grid = sheets.read(listing)
        lines, problems = read_lines(grid)
        blocks, heads, more = build(lines)
        problems += more
        if not problems and site_file is not None:
            problems += _check(site_file, blocks, heads)
    except (SiteError, OSError) as error:
        return Said(FAILED, err=f"{error}\n")
    unused = "".join(f"{listing}: {sentence}\n" for sentence in passed_over(grid, lines))
    said = _refused(listing, problems) if problems else _made(listing, blocks, heads)
    return Said(said.code, said.out, unused + said.err)


def _refused(listing: Path, problems: Sequence[Problem]) -> Said:
    told = "".join(f"{problem}\n" for problem in problems)
    return Said(MISUSED, err=f"{told}{listing}: {len(problems)} problems, nothing was made of it\n")


def _made(listing: Path, blocks: dict[str, Block], heads: dict[str, Head]) -> Said:
    points = sum(block.count for block in blocks.values())
    told = f"{listing}: {points} points, {len(blocks)} blocks, {len(heads)} heads\n"
    return Said(DONE, tables("blocks", blocks) + tables("heads", heads), told)


def _check(site_file: Path, blocks: dict[str, Block], heads: dict[str, Head]) -> tuple[Problem, ...]:
    """What is wrong with the site once it has these blocks and heads (in place of its own of the same names)."""
    site = load(site_file)
    return check(replace(site, blocks=site.blocks | blocks, heads=site.heads | heads), site_file.parent)
