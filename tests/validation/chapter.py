"""A chapter of the plant's validation: what was asked, what was seen, and its drawings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

Kind = Literal["compared", "calibrated", "self-check"]
KINDS: Final[Mapping[Kind, str]] = {
    "compared": "against other people's measurement or model",
    "calibrated": "parameters were set on this very number",
    "self-check": "our own formula, setting or integrator, reckoned a second way",
}
"""What a row is worth."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure next to its target, both as people read them."""

    what: str
    target: str
    seen: str
    met: bool
    kind: Kind = "compared"


def of_kind(kind: Kind, rows: Iterable[Row]) -> list[Row]:
    """The rows, all of that kind."""
    return [replace(row, kind=kind) for row in rows]


@dataclass(frozen=True, slots=True)
class Chapter:
    """`text` (Markdown) tells method, source and limits; `plots` are SVG drawings by file name (without folder)."""

    title: str
    text: str
    rows: Sequence[Row]
    plots: Mapping[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> list[Row]:
        """The rows whose target was not met."""
        return [row for row in self.rows if not row.met]

    def markdown(self) -> str:
        """The chapter as Markdown; its drawings lie beside the report."""
        table = ["| what | kind | target | seen | met |", "|---|---|---|---|---|", *map(_line, self.rows)]
        drawings = [f"![{self.title}]({name})" for name in self.plots]
        return "\n".join([f"## {self.title}", "", self.text.strip(), "", *table, "", *drawings, ""])


def _line(row: Row) -> str:
    return f"| {row.what} | {row.kind} | {row.target} | {row.seen} | {'yes' if row.met else '**no**'} |"
