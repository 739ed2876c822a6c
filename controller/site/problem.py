"""A fault of a site file: where, what, and what to do about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is the place in the file (`outputs.breaker-3.feedback`), `what` the fault, `remedy` the way out."""

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}. Remedy: {self.remedy}."


class SiteError(ValueError):
    """A site file that cannot be used, with all its problems."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def merge(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """One problem for those that differ by numbers alone, as entries of a range do; it names the first and the last."""
    alike: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        key = tuple(_NUMBER.sub("#", text) for text in (problem.path, problem.what, problem.remedy))
        alike.setdefault(key, []).append(problem)
    return tuple(_one(list(dict.fromkeys(group))) for group in alike.values())


def _one(group: list[Problem]) -> Problem:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return first
    return replace(first, what=f"{first.what} (and {len(group) - 1} more like it, to {last.path})")
