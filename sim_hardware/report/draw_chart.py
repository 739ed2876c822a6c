"""Charts as SVG: a few curves over plant time, with a legend in words."""

from collections.abc import Sequence

from sim_hardware.report import svg
from sim_hardware.report.result import Series

WIDTH, HEIGHT = 560.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 22.0, 44.0, 26.0
MAX_TICKS = 6


def draw_chart(title: str, unit: str, time_s: Sequence[float], series: Sequence[Series], top: float = 0.0) -> str:
    """One chart. `top` is the least upper end of the value axis, so that charts side by side can be compared."""
    peak = max((max(s.values, default=0.0) for s in series), default=0.0)
    marks = svg.ticks(max(peak, top), MAX_TICKS - 2)
    end_s, high = max(max(time_s, default=1.0), 1.0), marks[-1]
    body = [svg.label(12, 18, f"{title} ({unit})" if unit else title, class_="lane")]
    body += [_level(mark, high) for mark in marks]
    body += [_minute(mark * 60, end_s) for mark in svg.ticks(end_s / 60, MAX_TICKS) if mark * 60 <= end_s * 1.0001]
    legend_x = 12.0
    for number, one in enumerate(series, 1):
        points = [(_x(t, end_s), _y(v, high)) for t, v in zip(time_s, one.values, strict=True)]
        body.append(svg.polyline(points, class_=f"curve c{number}"))
        body.append(svg.element("line", class_=f"curve c{number}", x1=legend_x, y1=32, x2=legend_x + 16, y2=32))
        body.append(svg.label(legend_x + 21, 36, one.name, class_="soft"))
        legend_x += 36 + svg.width_px(one.name)
    return svg.drawing(WIDTH, HEIGHT, "".join(body), title)


def _x(at_s: float, end_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at_s / end_s


def _y(value: float, high: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * max(value, 0.0) / high


def _level(mark: float, high: float) -> str:
    y = _y(mark, high)
    line = svg.element("line", class_="rule", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y)
    return line + svg.label(LEFT - 6, y + 4, f"{mark:g}", class_="soft", text_anchor="end")


def _minute(at_s: float, end_s: float) -> str:
    return svg.label(_x(at_s, end_s), HEIGHT - 9, svg.clock(at_s), class_="soft", text_anchor="middle")
