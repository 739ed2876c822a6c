"""A fault of a site file: where, what, and what to do about it."""

from dataclasses import dataclass


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
