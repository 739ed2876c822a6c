"""A drawing with two axes, curves and points: what the plant's chapters show. Colours and looks are those of the reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

import numpy as np

from sim_hardware.physics.arrays import Floats
from sim_hardware.report import svg

WIDTH, HEIGHT = 760.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 20.0, 40.0, 50.0
POINTS_PER_CURVE = 400
"""Curves of more are thinned out."""
TICKS = 8
Colour = Literal[1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class Series:
    """Points in the units of the axes. As a line, or as dots with bars of that half height (0: none)."""

    name: str
    x: Floats
    y: Floats
    colour: Colour = 1
    dots: bool = False
    half_height: Floats | None = None
    half_width: Floats | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph; both axes begin at their `low` and end at or above the highest value."""

    title: str
    x_name: str
    y_name: str
    series: Sequence[Series]
    x_low: float = 0.0
    y_low: float = 0.0
    diagonal: bool = False
    """Draw the line on which both axes agree."""
    notes: Sequence[tuple[float, float, str]] = field(default_factory=tuple)
    """Words at places in units of the axes."""

    def svg(self) -> str:
        """The drawing."""
        return svg.drawing(WIDTH, HEIGHT, "\n".join(self._pieces()), self.title)

    def _pieces(self) -> list[str]:
        pieces = [svg.label(LEFT, 20, self.title, class_="lane"), *self._axes()]
        if self.diagonal:
            ends = [max(self.x_low, self.y_low), min(self._x_ticks[-1], self._y_ticks[-1])]
            pieces.append(svg.polyline([self._at(end, end) for end in ends], class_="curve rule"))
        for one in self.series:
            pieces += self._dots(one) if one.dots else [self._line(one)]
        pieces += [svg.label(*self._at(x, y), words, class_="soft") for x, y, words in self.notes]
        names = {one.name: one.colour for one in self.series if one.name}
        widths = [0.0, *np.cumsum([svg.width_px(name) + 18 for name in names])]
        start = WIDTH - RIGHT - widths[-1]
        pieces += [
            svg.element("text", escape(name), class_="soft", x=start + left, y=34, style=_fill(colour))
            for left, (name, colour) in zip(widths, names.items(), strict=False)
        ]
        return pieces

    @property
    def _x_ticks(self) -> list[float]:
        return _ticks(self.x_low, [_with(one.x, one.half_width) for one in self.series])

    @property
    def _y_ticks(self) -> list[float]:
        return _ticks(self.y_low, [_with(one.y, one.half_height) for one in self.series])

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x_low) / (self._x_ticks[-1] - self.x_low)
        up = (y - self.y_low) / (self._y_ticks[-1] - self.y_low)
        return LEFT + (WIDTH - LEFT - RIGHT) * across, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * up

    def _axes(self) -> list[str]:
        pieces = []
        for tick in self._x_ticks:
            x, y = self._at(tick, self.y_low)
            pieces.append(svg.label(x, y + 16, f"{tick:g}", class_="soft", text_anchor="middle"))
        for tick in self._y_ticks:
            x, y = self._at(self.x_low, tick)
            pieces.append(svg.element("line", class_="rule", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y))
            pieces.append(svg.label(x - 6, y + 4, f"{tick:g}", class_="soft", text_anchor="end"))
        pieces.append(svg.label(WIDTH - RIGHT, HEIGHT - 10, self.x_name, class_="soft", text_anchor="end"))
        pieces.append(svg.label(LEFT, 34, self.y_name, class_="soft"))
        return pieces

    def _line(self, one: Series) -> str:
        step = max(1, one.x.size // POINTS_PER_CURVE)
        points = [self._at(x, y) for x, y in zip(one.x[::step].tolist(), one.y[::step].tolist(), strict=True)]
        return svg.polyline(points, class_=f"curve c{one.colour}")

    def _dots(self, one: Series) -> list[str]:
        pieces = []
        for k, (x, y) in enumerate(zip(one.x.tolist(), one.y.tolist(), strict=True)):
            for dx, dy in self._bars(one, k):
                ends = [self._at(x - dx, y - dy), self._at(x + dx, y + dy)]
                pieces.append(svg.polyline(ends, class_=f"curve c{one.colour}", stroke_opacity="0.4"))
            cx, cy = self._at(x, y)
            pieces.append(svg.element("circle", style=_fill(one.colour), cx=cx, cy=cy, r=3.5))
        return pieces

    @staticmethod
    def _bars(one: Series, k: int) -> list[tuple[float, float]]:
        bars = []
        if one.half_height is not None:
            bars.append((0.0, float(one.half_height[k])))
        if one.half_width is not None:
            bars.append((float(one.half_width[k]), 0.0))
        return bars


def _ticks(low: float, values: Sequence[Floats]) -> list[float]:
    return [low + tick for tick in svg.ticks(float(max(np.nanmax(one) for one in values)) - low, TICKS)]


def _with(values: Floats, half: Floats | None) -> Floats:
    return values if half is None else values + half


def _fill(colour: Colour) -> str:
    return f"fill:var(--s{colour})"
