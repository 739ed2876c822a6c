"""The fires as one drawing: for each, the air at the first head to alarm, the 58 degC element in it, and when who answered."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim_hardware.report import svg
from tests.validation.judge import LATEST_AFTER_REFERENCE_S, Verdict
from tests.validation.reference import ELEMENT_DEGC, VELOCITIES_M_PER_S, element_degc

WIDTH, PANEL_HEIGHT = 760.0, 232.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 20.0, 70.0, 28.0
BEFORE_S, AFTER_S = 20.0, 80.0
"""Shown before the ignition, and after the reference head answered."""
TOP_DEGC = 200.0
LABEL_ROWS = 3


def draw(verdicts: Sequence[Verdict]) -> str:
    """All fires below each other, as SVG."""
    panels = [
        svg.element("g", _panel(verdict), transform=f"translate(0 {PANEL_HEIGHT * number:.0f})")
        for number, verdict in enumerate(verdicts)
    ]
    return svg.drawing(
        WIDTH, PANEL_HEIGHT * len(panels), "\n".join(panels), "Recorded room fires and when heads answered"
    )


def _panel(verdict: Verdict) -> str:
    fire, head = verdict.fire, verdict.heads[0]
    reference_s = head.reference_s[0]
    end_s = (reference_s if reference_s is not None else fire.gas_off_s) + AFTER_S
    span = (fire.ignition_s - BEFORE_S, end_s)
    air = fire.air_degc[head.name]
    marks = [
        ("burner lit", fire.ignition_s, "t-plain"),
        ("Haechi", head.alarm_s, "t-good"),
        ("fixed alone", head.fixed_s, "t-warn"),
    ]
    marks += [("58 degC head", reference_s, "t-bad")]
    if reference_s is not None:
        marks += [("latest", reference_s + LATEST_AFTER_REFERENCE_S, "t-quiet")]
    body = [svg.label(12, 18, f"{fire.title}; head {head.name}", class_="lane")]
    body += [_level(degc) for degc in (0.0, ELEMENT_DEGC, 100.0, 150.0, TOP_DEGC)]
    body += [_second(at_s, span, fire.ignition_s) for at_s in np.arange(fire.ignition_s, end_s, 20.0)]
    body.append(_curve(fire.time_s, air, span, "c1"))
    body.append(_curve(*element_degc(fire.time_s, air, VELOCITIES_M_PER_S[0]), span, "c2"))
    shown = [(words, at_s, colour) for words, at_s, colour in marks if at_s is not None and at_s <= end_s]
    body += [
        _mark(words, at_s, colour, span, row % LABEL_ROWS)
        for row, (words, at_s, colour) in enumerate(sorted(shown, key=lambda m: m[1]))
    ]
    return "".join(body)


def _curve(
    time_s: npt.NDArray[np.float64], degc: npt.NDArray[np.float64], span: tuple[float, float], colour: str
) -> str:
    inside = (time_s >= span[0]) & (time_s <= span[1])
    points = [(_x(t, span), _y(v)) for t, v in zip(time_s[inside].tolist(), degc[inside].tolist(), strict=True)]
    return svg.polyline(points, class_=f"curve {colour}")


def _mark(words: str, at_s: float, colour: str, span: tuple[float, float], row: int) -> str:
    x, top = _x(at_s, span), TOP - 36 + 13 * row
    line = svg.element("rect", class_=colour, x=x - 0.7, y=top + 3, width=1.4, height=PANEL_HEIGHT - BOTTOM - top - 3)
    return line + svg.label(x + 3, top + 4, words, class_=f"soft {colour}")


def _level(degc: float) -> str:
    y = _y(degc)
    line = svg.element("line", class_="rule", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y)
    return line + svg.label(LEFT - 6, y + 4, f"{degc:g} °C", class_="soft", text_anchor="end")


def _second(at_s: float, span: tuple[float, float], ignition_s: float) -> str:
    words = f"{at_s - ignition_s:.0f} s"
    return svg.label(_x(at_s, span), PANEL_HEIGHT - 10, words, class_="soft", text_anchor="middle")


def _x(at_s: float, span: tuple[float, float]) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (at_s - span[0]) / (span[1] - span[0])


def _y(degc: float) -> float:
    """Hotter than the top of the scale is drawn at its top: what matters happens below."""
    return PANEL_HEIGHT - BOTTOM - (PANEL_HEIGHT - TOP - BOTTOM) * min(max(degc, 0.0), TOP_DEGC) / TOP_DEGC
