"""Settings and limits that cannot work: the order of thresholds, windows, and types of heads that have none. All problems at once.

What a head is judged by in the end: the default of its type, the site's `[settings.TYPE]` over it, the head's own `limits` over both.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from controller.core.detect.defaults import DEFAULTS, limits_of
from controller.site.model import Family, Head, Limits, Site, limits_within
from controller.site.problem import Problem

_STAIRS = (
    ("advisory", "pre_alarm", "alarm", "fire_2"),
    ("deviation_advisory", "deviation_pre_alarm"),
    ("rate_pre_alarm", "rate_alarm"),
)
"""Thresholds of which each next one must be as far or farther from normal."""
_FALLING = {Family.CELL_VOLTAGE: _STAIRS[0]}
"""Where low is dangerous, these fall."""
_ABOVE_0 = (
    "deviation_advisory",
    "deviation_pre_alarm",
    "rate_pre_alarm",
    "rate_alarm",
    "slew",
    "rate_window_s",
    "fast_rise",
    "min_rise",
)
_VALUES = (*_STAIRS[0], "rate_floor")


def limit_problems(site: Site) -> Iterator[Problem]:
    """Every problem of `[settings]` and of the heads' own limits. Numbers that are none are told elsewhere."""
    for family, settings in site.settings.items():
        path = f"settings.{family}"
        if family not in DEFAULTS:
            yield Problem(
                path, "wired inputs are not judged by limits", f"take it out; there are {', '.join(DEFAULTS)}"
            )
        else:
            probe = Head(family=family, zone="", points=(), group=2, limits=settings)
            yield from _judge(path, family, _said(settings), limits_of(probe))
    for name, head in site.heads.items():
        family = Family(head.family)
        if family in DEFAULTS and (own := _said(head.limits)):
            settings = site.settings.get(family, Limits())
            merged = msgspec.structs.replace(head, limits=limits_within(settings, head.limits))
            yield from _judge(f"heads.{name}.limits", family, own, limits_of(merged))


def _said(limits: Limits) -> dict[str, float]:
    return {name: value for name, value in msgspec.structs.asdict(limits).items() if value is not None}


def _judge(path: str, family: Family, own: Mapping[str, float], merged: Limits) -> Iterator[Problem]:
    """Problems in which a value of `own` has a part, the rest being as they came from above."""
    values: dict[str, Any] = msgspec.structs.asdict(merged)
    yield from _signs(path, own)
    for stair in _STAIRS:
        sign = -1.0 if stair == _FALLING.get(family) else 1.0
        steps = [name for name in stair if values[name] is not None]
        for lower, upper in pairwise(steps):
            if {lower, upper} & own.keys() and sign * values[lower] > sign * values[upper]:
                side = "above" if sign > 0 else "below"
                what = f"{lower} {values[lower]:g} is {side} {upper} {values[upper]:g}"
                yield Problem(f"{path}.{lower if lower in own else upper}", what, f"put {lower} before {upper}")
    yield from _range(path, own, values)


def _signs(path: str, own: Mapping[str, float]) -> Iterator[Problem]:
    for name, value in own.items():
        if name in _ABOVE_0 and value <= 0:
            yield Problem(f"{path}.{name}", f"{value:g} is not above 0", "state a number above 0, or leave it out")
        elif (name.endswith("_s") or name == "hysteresis") and value < 0:
            yield Problem(f"{path}.{name}", f"{value:g} is negative", "state 0 or more")


def _range(path: str, own: Mapping[str, float], values: Mapping[str, Any]) -> Iterator[Problem]:
    low, high = values["low"], values["high"]
    if low is None or high is None:
        return
    if low >= high:
        if {"low", "high"} & own.keys():
            where = f"{path}.{'low' if 'low' in own else 'high'}"
            yield Problem(where, f"low {low:g} is not below high {high:g}", "state the range in which values are valid")
        return
    for name in _VALUES:
        value = values[name]
        if value is not None and {name, "low", "high"} & own.keys() and not low <= value <= high:
            what = f"{name} {value:g} lies outside the valid range {low:g} to {high:g}, so it could never be passed"
            yield Problem(f"{path}.{name}", what, "put it within low and high")
