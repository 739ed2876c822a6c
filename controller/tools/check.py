"""`haechi check SITE.toml`: every problem of a site file at once, or one screen about it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.core.troubles import TRIPS
from controller.site.check import check
from controller.site.loader import load
from controller.site.model import Site
from controller.site.problem import Problem, SiteError, merge
from controller.site.summary import summary
from controller.tools.limits import limit_problems

REFUSED = 2
"""Exit code for a site file that may not run."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Either problems, or a summary."""

    problems: tuple[Problem, ...]
    summary: str


def load_checked(path: Path | str) -> Site:
    """The site of a file that may run. Raises SiteError with every problem, OSError, UnicodeDecodeError when it is no UTF-8."""
    site = load(path)
    if problems := check(site, Path(path).parent) + merge([*_consequences(site), *limit_problems(site)]):
        raise SiteError(problems)
    return site


def check_file(path: Path | str) -> Checked:
    """Read and check the site file. Raises OSError when it cannot be read, UnicodeDecodeError when it is no UTF-8."""
    try:
        return Checked((), summary(load_checked(path)))
    except SiteError as error:
        return Checked(error.problems, "")


def main(path: Path | str) -> int:
    """Print the problems of the site file at `path` and return 2, or its summary and return 0."""
    try:
        checked = check_file(path)
    except (OSError, UnicodeDecodeError) as error:
        unreadable = Problem("(file)", f"cannot be read: {error}", "name a readable UTF-8 file")
        checked = Checked((unreadable,), "")
    if not checked.problems:
        sys.stdout.write(f"{checked.summary}\n{path}: no problems\n")
        return 0
    lines = [str(problem) for problem in checked.problems]
    count = f"{len(lines)} problem{'' if len(lines) == 1 else 's'}"
    sys.stdout.write("\n".join([*lines, f"{path}: {count}\n"]))
    return REFUSED


def load_or_tell(path: Path | str) -> Site | None:
    """The site of a file that may run; None when it may not, with every problem on stderr."""
    try:
        return load_checked(path)
    except SiteError as error:
        sys.stderr.write(f"{error}\n{path}: cannot be used, nothing was started\n")
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{path}: cannot be read: {error}; name a readable UTF-8 file\n")
    return None


def _consequences(site: Site) -> Iterator[Problem]:
    """Outputs whose consequence is no trouble that the core knows."""
    for name, output in site.outputs.items():
        if output.consequence not in TRIPS:
            what = f"there is no trouble {output.consequence!r}"
            yield Problem(f"outputs.{name}.consequence", what, f"use one of {', '.join(TRIPS)}")
