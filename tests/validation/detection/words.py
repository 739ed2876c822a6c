"""Numbers as the chapters tell them."""

import math

from controller.core.events import Feature

LEVEL_NAMES = ("advisory", "pre-alarm", "alarm")
FEATURES = tuple(Feature)
FIFTH = 0.05


def percent(hits: int, of: int) -> str:
    return f"{100.0 * hits / of:.1f} %" if of else "none"


def seconds(value: float) -> str:
    if math.isnan(value):
        return "none"
    return f"{value:.0f}" if math.isfinite(value) else ("never" if value > 0.0 else "missed")
