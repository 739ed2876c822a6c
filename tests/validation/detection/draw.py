"""Bars on a logarithmic scale: rates that are not exceeded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim_hardware.report import svg

WIDTH, ROW, TOP, LEFT, RIGHT = 760.0, 40.0, 62.0, 230.0, 70.0
LOW = 1e-3
COLOURS = ("t-quiet", "t-warn", "t-bad")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a name and a number for each of the drawing's kinds."""

    name: str
    values: tuple[float, ...]


def bars(title: str, kinds: Sequence[str], rows: Sequence[Bar], limit: float) -> str:
    """The rows below each other, with a line at `limit`."""
    finite = [value for row in rows for value in row.values if math.isfinite(value)]
    top = 10.0 ** math.ceil(math.log10(max([limit * 10.0, *finite])))
    height = TOP + ROW * len(rows) + 30.0

    def x(value: float) -> float:
        share = (math.log10(max(value, LOW)) - math.log10(LOW)) / (math.log10(top) - math.log10(LOW))
        return LEFT + (WIDTH - LEFT - RIGHT) * min(share, 1.0)

    pieces = [svg.label(12, 20, title, class_="lane")]
    at = LEFT
    for kind, colour in zip(kinds, COLOURS, strict=True):
        pieces += [
            svg.element("rect", class_=colour, x=at, y=30.0, width=10.0, height=10.0),
            svg.label(at + 14, 39, kind, class_="soft"),
        ]
        at += svg.width_px(kind) + 40.0
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        pieces.append(svg.label(LEFT - 8, y + 18, row.name, class_="soft", text_anchor="end"))
        for place, (value, colour) in enumerate(zip(row.values, COLOURS, strict=True)):
            bar_y = y + 4.0 + 10.0 * place
            pieces.append(svg.element("rect", class_=colour, x=LEFT, y=bar_y, width=x(value) - LEFT, height=8.0))
            pieces.append(svg.label(x(value) + 4, bar_y + 8, f"{value:.2g}", class_="soft"))
    decades = range(round(math.log10(LOW)), round(math.log10(top)) + 1)
    pieces += [svg.label(x(10.0**k), height - 10, f"{10.0**k:g}", class_="soft", text_anchor="middle") for k in decades]
    pieces.append(svg.element("line", class_="curve c1", x1=x(limit), y1=TOP - 6, x2=x(limit), y2=height - 26))
    return svg.drawing(WIDTH, height, "".join(pieces), title)
