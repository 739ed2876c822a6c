"""The example hall as text, and what the checker says of it after small edits."""

from pathlib import Path

from controller.site.check import check
from controller.site.loader import loads
from controller.site.problem import Problem, SiteError

SITES = Path(__file__).parents[3] / "deploy" / "sites"
HALL = (SITES / "hall.toml").read_text(encoding="utf-8")


def edited(*edits: tuple[str, str]) -> str:
    text = HALL
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the hall"
        text = text.replace(old, new)
    return text


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        return check(loads(text))
    except SiteError as error:
        return error.problems
