"""A distribution as SVG: a histogram, its cumulated share as a line over it, the median with its interval, percentiles and limits."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from sim_hardware.campaign.summary import Distribution
from sim_hardware.report import svg

WIDTH, HEIGHT = 560.0, 268.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 50.0, 82.0, 30.0
FLOOR = HEIGHT - BOTTOM
MOST_BINS = 32
TICKS = 6
MARGIN = 0.04
"""Share of the values' span that is left free beyond a limit outside them."""
FAR = 1.0
"""A limit further outside than so many spans is told at the edge: drawn in its place it would squeeze the values."""


class Bins(NamedTuple):
    """Bars of equal width: `counts[k]` values from `start + k * width` to the next."""

    start: float
    width: float
    counts: tuple[int, ...]


class Axis(NamedTuple):
    """The values that the drawing spans."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Where a value stands."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.low) / (self.high - self.low)


def bins_of(values: Sequence[float]) -> Bins:
    """Bins for finite values in rising order, not all equal: about the root of their number, of a round width.

    Whole numbers stand in the middle of bins, so that a count has a bar of its own.
    """
    span = values[-1] - values[0]
    wanted = min(MOST_BINS, max(5, math.ceil(math.sqrt(len(values)))))
    width = round_step(span / wanted)
    whole = span < MOST_BINS and all(value == round(value) for value in values)
    if whole:
        width = 1.0
    start = values[0] - 0.5 if whole else math.floor(values[0] / width) * width
    counts = [0] * (math.floor((values[-1] - start) / width) + 1)
    for value in values:
        counts[math.floor((value - start) / width)] += 1
    return Bins(start, width, tuple(counts))


def round_step(least: float) -> float:
    """The round number (1, 2 or 5 times a power of ten) that is `least` or just above it."""
    magnitude = 10.0 ** math.floor(math.log10(least))
    return next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= least * (1 - 1e-9))


def draw_distribution(title: str, title_ko: str, found: Distribution, runs: int, limits: Sequence[float] = ()) -> str:
    """One drawing. `limits` are those of the criteria about the figure; runs without a finite value are told in words."""
    values = found.finite
    bins = bins_of(values)
    axis = _axis(bins, limits)
    body = [*_head(title, title_ko, found, runs), *_bars(bins, axis), *_levels(max(bins.counts))]
    body += [*_numbers(axis), *_percentiles(found, axis), _cumulated(values, runs, axis)]
    body += [_limit(limit, axis) for limit in dict.fromkeys(limits)]
    return svg.drawing(WIDTH, HEIGHT, "".join(body), f"Distribution of {title}")


def _axis(bins: Bins, limits: Sequence[float]) -> Axis:
    """All bins, and limits that are not far from them."""
    low, high = bins.start, bins.start + bins.width * len(bins.counts)
    span = high - low
    near = [limit for limit in limits if low - FAR * span <= limit <= high + FAR * span]
    lower = [limit - MARGIN * span for limit in near if limit < low]
    upper = [limit + MARGIN * span for limit in near if limit > high]
    return Axis(min([low, *lower]), max([high, *upper]))


def _head(title: str, title_ko: str, found: Distribution, runs: int) -> Iterator[str]:
    yield svg.label(12, 20, title, class_="lane")
    words = [title_ko] if title_ko else []
    words.append(f"{len(found.finite)} of {runs} runs")
    if found.never:
        words.append(f"{found.never} never")
    if len(found.values) > len(found.finite):
        words.append(f"{len(found.values) - len(found.finite)} without end")
    yield svg.label(12, 37, " · ".join(words), class_="soft")
    median, interval = found.quantile(0.5), found.median_interval
    told = f"median {_short(median)}" + (f" ({_short(interval.low)} to {_short(interval.high)})" if interval else "")
    told += f"; 5 % {_short(found.quantile(0.05))}; 95 % {_short(found.quantile(0.95))}"
    yield svg.label(12, 54, told, class_="soft")


def _bars(bins: Bins, axis: Axis) -> Iterator[str]:
    tallest = max(bins.counts)
    for place, count in enumerate(bins.counts):
        if count:
            low, high = axis.x(bins.start + place * bins.width), axis.x(bins.start + (place + 1) * bins.width)
            tall = (FLOOR - TOP) * count / tallest
            yield svg.element(
                "rect", f"<title>{escape(f'{count} runs')}</title>", class_="t-plain", x=low, y=FLOOR - tall,
                width=max(high - low - 1.0, 1.0), height=tall, opacity="0.55",
            )  # fmt: skip


def _levels(tallest: int) -> Iterator[str]:
    """Counts on the left, cumulated share on the right."""
    step = max(1, round(round_step(tallest / 4)))
    for count in range(0, tallest + 1, step):
        y = FLOOR - (FLOOR - TOP) * count / tallest
        yield svg.element("line", class_="rule", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y)
        yield svg.label(LEFT - 6, y + 4, str(count), class_="soft", text_anchor="end")
    for percent in (0, 50, 100):
        y = FLOOR - (FLOOR - TOP) * percent / 100
        yield svg.label(WIDTH - RIGHT + 6, y + 4, f"{percent} %", class_="soft")


def _numbers(axis: Axis) -> Iterator[str]:
    step = round_step((axis.high - axis.low) / TICKS)
    for place in range(math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9) + 1):
        yield svg.label(axis.x(place * step), FLOOR + 17, f"{place * step:g}", class_="soft", text_anchor="middle")


def _percentiles(found: Distribution, axis: Axis) -> Iterator[str]:
    """A band where the median may lie, the median itself, and both percentiles."""
    interval = found.median_interval
    if interval and math.isfinite(interval.high):
        low, high = axis.x(interval.low), axis.x(interval.high)
        yield svg.element(
            "rect", class_="t-water", x=low, y=TOP, width=max(high - low, 1.0), height=FLOOR - TOP, opacity="0.18"
        )
    for share, dashes in ((0.05, "2 4"), (0.5, "none"), (0.95, "2 4")):
        value = found.quantile(share)
        if value is not None and math.isfinite(value):
            x = axis.x(value)
            yield svg.element("line", class_="curve c2", x1=x, y1=TOP, x2=x, y2=FLOOR, stroke_dasharray=dashes)


def _cumulated(values: Sequence[float], runs: int, axis: Axis) -> str:
    """The share of all runs that stayed at or below a value."""
    points = [(axis.x(axis.low), FLOOR)]
    for place, value in enumerate(values):
        points += [(axis.x(value), points[-1][1]), (axis.x(value), FLOOR - (FLOOR - TOP) * (place + 1) / runs)]
    points.append((axis.x(axis.high), points[-1][1]))
    return svg.polyline(points, class_="curve c3")


def _limit(limit: float, axis: Axis) -> str:
    if limit < axis.low:
        return svg.label(LEFT, TOP - 9, f"← limit {limit:g}", class_="soft")
    if limit > axis.high:
        return svg.label(WIDTH - RIGHT, TOP - 9, f"limit {limit:g} →", class_="soft", text_anchor="end")
    x = axis.x(limit)
    line = svg.element("line", class_="curve c1", x1=x, y1=TOP - 6, x2=x, y2=FLOOR, stroke_dasharray="6 3")
    return line + svg.label(x, TOP - 9, f"limit {limit:g}", class_="soft", text_anchor="middle")


def _short(value: float | None) -> str:
    return "" if value is None else "without end" if math.isinf(value) else f"{value:.4g}"
