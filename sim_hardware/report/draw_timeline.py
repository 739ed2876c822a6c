"""The timeline as SVG: one lane a response, labels placed so that none covers another."""

from collections.abc import Iterator
from typing import NamedTuple

from sim_hardware.report import svg
from sim_hardware.report.result import Bar, DrillResult, Lane, Mark

WIDTH = 1180.0
LEFT, RIGHT, TOP, BOTTOM = 128.0, 16.0, 58.0, 30.0
ROW = 20.0
GAP = 10.0
TICKS = 10


class _Scale(NamedTuple):
    """Plant seconds to pixels."""

    end_s: float

    def x(self, at_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(at_s / self.end_s, 0.0), 1.0)


class _Placed(NamedTuple):
    """An entry with its row in the lane and where its label begins."""

    entry: Bar | Mark
    row: int
    label_x: float


def draw_timeline(result: DrillResult) -> str:
    """The whole timeline of a drill as a drawing of its own."""
    scale = _Scale(max(result.duration_s, 1.0))
    parts: list[str] = []
    y = TOP
    for lane in result.timeline:
        placed = _place(lane, scale)
        height = ROW * (1 + max((p.row for p in placed), default=0))
        parts.append(_lane(lane, placed, scale, y))
        y += height + GAP
    how = f"{result.speed:g} times real time, on sockets" if result.speed else "virtual time"
    head = svg.label(16, 24, f"Haechi drill: {result.title}", class_="title")
    below = f"{result.title_ko} · {how} · seed {result.seed} · plant time, min:s"
    head += svg.label(16, 43, below, class_="soft")
    content = head + "".join(_grid(scale, y)) + "".join(parts)
    return svg.drawing(WIDTH, y + BOTTOM, content, f"Timeline of the drill {result.scenario}")


def _grid(scale: _Scale, bottom: float) -> Iterator[str]:
    for minute in svg.ticks(scale.end_s / 60, TICKS):
        if minute * 60 <= scale.end_s * 1.0001:
            x = scale.x(minute * 60)
            yield svg.element("line", class_="rule", x1=x, y1=TOP - 6, x2=x, y2=bottom)
            yield svg.label(x, bottom + 16, svg.clock(minute * 60), class_="soft", text_anchor="middle")


def _place(lane: Lane, scale: _Scale) -> list[_Placed]:
    """Give every entry the first row where neither it nor its label meets another."""
    ends: list[float] = []
    placed = []
    entries: list[Bar | Mark] = [*lane.bars, *lane.marks]
    for entry in sorted(entries, key=_start_s):
        x0 = scale.x(_start_s(entry))
        x1 = scale.x(entry.end_s) if isinstance(entry, Bar) else x0
        wide = svg.width_px(entry.text) + 10
        inside = isinstance(entry, Bar) and x1 - x0 > wide
        left = x0 + 5 if inside else x1 + 7
        right = max(x1, left + wide)
        if not inside and right > WIDTH:
            left = x0 - wide
            x0, right = left, x1
        row = next((k for k, end in enumerate(ends) if end <= x0 - 5), len(ends))
        ends[row:] = [right, *ends[row + 1 :]]
        placed.append(_Placed(entry, row, left))
    return placed


def _start_s(entry: Bar | Mark) -> float:
    return entry.start_s if isinstance(entry, Bar) else entry.at_s


def _lane(lane: Lane, placed: list[_Placed], scale: _Scale, y: float) -> str:
    parts = [
        svg.element("line", class_="rule", x1=0, y1=y - GAP / 2, x2=WIDTH, y2=y - GAP / 2),
        svg.label(16, y + 13, lane.title, class_="lane"),
    ]
    if placed and max(p.row for p in placed) > 0:
        parts.append(svg.label(16, y + 28, lane.title_ko, class_="soft"))
    for entry, row, label_x in placed:
        top = y + row * ROW
        if isinstance(entry, Bar):
            parts.append(_bar(entry, scale, top, label_x))
        else:
            x = scale.x(entry.at_s)
            parts.append(svg.element("circle", class_=f"t-{entry.tone}", cx=x, cy=top + 8, r=4))
            parts.append(svg.label(label_x, top + 12, entry.text))
    return "".join(parts)


def _bar(bar: Bar, scale: _Scale, top: float, label_x: float) -> str:
    x0, x1 = scale.x(bar.start_s), scale.x(bar.end_s)
    inside = x0 <= label_x < x1
    shape = svg.element(
        "rect", class_=f"t-{bar.tone}", x=x0, y=top, width=max(x1 - x0, 2.0), height=ROW - 4, rx=2,
        opacity="0.35" if inside else "0.9",
    )  # fmt: skip
    return shape + svg.label(label_x, top + 12, bar.text)
