"""The proposal as a page: what was recorded, every threshold with its tail, and how the proposal did on the recording itself."""

import html
import math
from collections.abc import Iterator, Sequence

import numpy as np

from controller.tools.tuning.features import Floats, Life
from controller.tools.tuning.propose import SETTINGS, Budget, Fitted, Proposal, settings_lines

_WIDTH, _HEIGHT, _MARGIN = 560, 220, 46
_LIMITS = """What this rests on, and what it cannot know. Blocks of ten minutes are taken as alike and independent; days of a week,
seasons, works and cleaning that the recording does not hold are unknown to it. A tail is told farther than it was seen: thresholds for
alarms a year rest on the shape of the tail, not on events. Everything recorded was taken as normal life: if something burned, smouldered or
failed in it, discard this. Features that are fitted here (value, rate, deviation, rise over the base) are not all that the detector
looks at: the run of the detector below is, over what was recorded."""
_STYLE = (
    "<style>body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}td,th{padding:.2em .8em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}.loud{color:#b00020;font-weight:bold}svg{margin:.5em}</style>"
)
_HEADINGS = (
    "<h2>Thresholds</h2><table><tr><th>head type, setting<th>now<th>budget needs<th>proposed<th>highest recorded"
    "<th>tail from<th>scale<th>shape</tr>"
)


def page(title: str, proposal: Proposal, life: Life, budget: Budget, verdict: Sequence[str]) -> str:
    """The whole report."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{html.escape(title)}</title>",
        _STYLE,
        f"<h1>{html.escape(title)}</h1><p>A proposal. Nothing has been applied; a person reads it and puts it into the site file.</p>",
        f"<p>{life.hours:.1f} h recorded. Budget of the whole site: {budget.advisories_per_week:g} advisories a week,",
        f"{budget.alarms_per_year:g} pre-alarms and alarms a year.</p>",
        f"<p>{_LIMITS}</p>",
        *(f"<p class=loud>{html.escape(text)}</p>" for text in proposal.refused),
        *(f"<p class=loud>{html.escape(one.loud)}</p>" for one in proposal.fitted if one.loud),
        *(f"<p class=loud>{html.escape(text)}</p>" for text in proposal.loud),
        _HEADINGS,
        *map(_row, proposal.fitted),
        "</table><h2>Noise</h2><p>",
        "; ".join(
            f"{family}: {noise:.3g} (standard deviation from sample to sample)"
            for family, noise in proposal.noise.items()
        ),
        "</p><p>Where a type of head is judged by its noise (gas), the larger of this and of what stands is proposed.</p>",
        "<h2>Not fitted</h2><p>These features speak too, and stay as they are: ",
        "; ".join(f"{family}: {', '.join(names)}" for family, names in proposal.not_fitted.items() if names) or "none",
        "</p><h2>The detector over the recording</h2><ul>",
        *(f"<li>{html.escape(line)}" for line in verdict),
        "</ul><h2>Tails</h2>",
        *_plots(proposal, life),
        "<h2>The proposal</h2><pre>",
        html.escape("\n".join(settings_lines(proposal.settings, proposal.fitted))),
        "</pre></html>",
    ]
    return "\n".join(parts)


def _row(one: Fitted) -> str:
    tail = one.tail
    sign = -1.0 if one.needed < 0 < tail.highest or one.proposed * tail.highest < 0 else 1.0
    numbers = (one.now, one.needed, one.proposed, sign * tail.highest, sign * tail.begin, tail.scale, tail.shape)
    return f"<tr><td>{one.family}, {one.setting}" + "".join(f"<td>{number:.4g}" for number in numbers) + "</tr>"


def _plots(proposal: Proposal, life: Life) -> Iterator[str]:
    """One plot a head type and feature: how often block maxima are higher than a level, the fitted tail, the thresholds."""
    seen = set()
    for one in proposal.fitted:
        feature = SETTINGS[one.setting][0]
        if (one.family, feature) not in seen:
            seen.add((one.family, feature))
            alike = [o for o in proposal.fitted if o.family == one.family and SETTINGS[o.setting][0] == feature]
            yield _plot(f"{one.family}: {feature}", life.all_maxima((one.family, feature)), alike)


def _plot(title: str, maxima: Floats, fitted: Sequence[Fitted]) -> str:
    known = np.sort(maxima[np.isfinite(maxima)])
    tail = fitted[0].tail
    marks = [abs(one.proposed) * (-1 if known[-1] < 0 else 1) for one in fitted]
    low, high = float(known[0]), max(float(known[-1]), *marks)
    high = high if high > low else low + 1.0
    lowest = -9.0

    def x(level: float) -> float:
        return _MARGIN + (level - low) / (high - low) * (_WIDTH - 2 * _MARGIN)

    def y(share: float) -> float:
        return _MARGIN + math.log10(max(share, 10**lowest)) / lowest * (_HEIGHT - 2 * _MARGIN)

    picked = np.unique(np.linspace(0, known.size - 1, 400).astype(int))
    points = " ".join(f"{x(float(known[i])):.1f},{y((known.size - i) / known.size):.1f}" for i in picked)
    levels = np.linspace(tail.begin, high, 60)
    line = " ".join(f"{x(float(level)):.1f},{y(tail.exceeded(float(level))):.1f}" for level in levels)
    lines = "".join(
        f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{_MARGIN}" y2="{_HEIGHT - _MARGIN}" stroke="#b00020"/>'
        f'<text x="{x(mark):.1f}" y="{_MARGIN - 4 - 11 * (n % 3)}" font-size="10" text-anchor="middle">{one.setting}</text>'
        for n, (one, mark) in enumerate(zip(fitted, marks, strict=True))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" role="img"><title>{html.escape(title)}</title>'
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_WIDTH - 2 * _MARGIN}" height="{_HEIGHT - 2 * _MARGIN}" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="2"/>'
        f'<polyline points="{line}" fill="none" stroke="#ff7f0e" stroke-dasharray="4 3"/>{lines}'
        f'<text x="{_MARGIN}" y="{_HEIGHT - 28}" font-size="11">{low:.3g}</text>'
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 28}" font-size="11" text-anchor="end">{high:.3g}</text>'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" font-size="12" text-anchor="middle">{html.escape(title)}: share of blocks above '
        "(1 to 1e-9), recorded and fitted</text></svg>"
    )
