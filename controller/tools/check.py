"""Check a site file: all its problems at once, or one screen about it."""

from dataclasses import dataclass
from pathlib import Path

from controller.site.check import check
from controller.site.loader import load
from controller.site.problem import Problem, SiteError
from controller.site.summary import summary


@dataclass(frozen=True, slots=True)
class Checked:
    """Either problems, or a summary."""

    problems: tuple[Problem, ...]
    summary: str


def check_file(path: Path) -> Checked:
    """Read and check the site file. Raises OSError when it cannot be read."""
    try:
        site = load(path)
    except SiteError as error:
        return Checked(error.problems, "")
    problems = check(site)
    return Checked(problems, "" if problems else summary(site))
