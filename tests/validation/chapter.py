"""A chapter of the plant's validation: what was asked, what was seen, and its drawings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One figure next to its target, both as people read them."""

    what: str
    target: str
    seen: str
    met: bool


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
        table = ["| what | target | seen | met |", "|---|---|---|---|"]
        table += [f"| {row.what} | {row.target} | {row.seen} | {'yes' if row.met else '**no**'} |" for row in self.rows]
        drawings = [f"![{self.title}]({name})" for name in self.plots]
        return "\n".join([f"## {self.title}", "", self.text.strip(), "", *table, "", *drawings, ""])
