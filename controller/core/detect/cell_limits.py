"""From limits to the numbers of the kernels of cells: the record of a head and the parameters of a tile."""

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.detect import cell_params as par
from controller.core.detect.cell_records import HEAD
from controller.core.detect.defaults import CAP, COLLAPSE_SHARE, MAX_OPERATING_DEGC, limits_of
from controller.core.events import Level
from controller.core.layout import HeadLayout
from controller.site.model import Family

RATE_SHARE = 3.0
"""The horizon of the rate is a third of its window: as fast as the window's ends, and steadier."""
HORIZON_B_S, HORIZON_C_S = 60.0, 600.0
LEARN_S = 60.0
"""Cumulative sums begin after so long, in which the bias is learnt (assumed)."""
MOST_SPREADS = 4.0
"""No sample counts more in a cumulative sum: a lone spike is no drift (assumed)."""
HEAT_TAU_S = 600.0
"""Memory of a module's habitual rise (assumed: loads last for minutes)."""

STEP_DEGC, STEP_V = 5.0, 0.1
"""A rise of one sample by so much, to the dangerous side, is a lone step until company comes (assumed: as far as an advisory of deviation)."""
ROUNDING_STEPS = 1.25
"""Cumulative sums let pass so many steps of resolution at least, if that is more than the slack: a point and its median, both rounded, come
apart by one step as their rack warms, and by two only where both lie at the very edge of a step (assumed)."""
LOAD_TAU_S = 86400.0
"""Memory of the voltage of a module at rest (assumed: a day of charge and discharge)."""

NEARLY = 0.9999
"""What is so close to a step is looked at again, in float64."""

EXTREMES = 3
"""A rack told by so many values and no module gives minimum, mean and maximum, in any order: the middle one is the mean."""

_THRESHOLDS = ("advisory", "pre_alarm", "alarm", "rate_pre_alarm", "rate_alarm")
_PLAIN = ("deviation_advisory", "deviation_pre_alarm")


def head_record(head: HeadLayout, first: int, first_lane: int, device: int, kin: int) -> tuple[Any, ...]:
    """The HEAD record of a head that begins at this slot and lane: NaN is never passed, infinite never broken."""
    numbers = _numbers(head) | _rare(head) | {"first": first, "first_lane": first_lane, "rows": rows_of(head)}
    numbers["lanes"] = len(head.points) // int(numbers["rows"])
    numbers |= {"device": device, "kin": kin, "extremes": tells_extremes(head)}
    return tuple(numbers.get(name, 0) for name in HEAD.names or ())


def tells_extremes(head: HeadLayout) -> bool:
    """Whether a head tells minimum, mean and maximum of a rack in place of its cells."""
    return head.head.group == 0 and head.rack >= 0 and len(head.points) == EXTREMES


def rows_of(head: HeadLayout) -> int:
    """How many points of a head are compared with each other: a module, or the extremes of a rack with its mean; 1: none are."""
    return EXTREMES if tells_extremes(head) else max(head.head.group, 1)


def parameters(head: HeadLayout) -> npt.NDArray[np.float32]:
    """The row of parameters of a tile that holds this head. Heads with the same row may share one."""
    numbers, limits = _numbers(head), limits_of(head.head)
    grouped = head.head.group > 0 or tells_extremes(head)
    tau_a_s = float(numbers["rate_tau_s"])
    row = np.zeros(par.COUNT, np.float32)
    row[[par.LOW, par.HIGH, par.SIGN, par.SUSPICIOUS]] = [
        numbers[name] for name in ("low", "high", "sign", "suspicious")
    ]
    row[par.SLEW_PER_MS] = numbers["slew"] * 1e-3
    row[par.STUCK_MS] = numbers["stuck_ms"] or math.inf
    row[par.LOWEST] = _lowest(numbers, ("advisory", "pre_alarm", "alarm"))
    row[par.LOWEST_DEVIATION] = _lowest(numbers, _PLAIN)
    row[par.LOWEST_RATE] = _lowest(numbers, ("rate_pre_alarm", "rate_alarm"))
    row[par.RUN_MS] = numbers["known_ms"]
    row[par.TAU_A_S] = tau_a_s
    row[[par.TAU_A_MS, par.TAU_B_MS, par.TAU_C_MS]] = np.array([tau_a_s, HORIZON_B_S, HORIZON_C_S]) * 1e3
    row[par.SLOPE_CLIP] = _or(limits.slope_clip, math.inf)
    row[par.BIAS_TAU_MS] = _or(limits.bias_tau_s, math.inf) * 1e3
    row[par.LEARN_MS] = LEARN_S * 1e3
    resolution = _or(limits.resolution, 0.0)
    row[par.SCALE_FLOOR] = _or(limits.spread_floor, math.inf)
    row[par.ROUNDING] = ROUNDING_STEPS * resolution
    row[par.MOVED] = max(0.5 * numbers["suspicious"], 2.0 * resolution)
    row[par.HABIT] = _or(limits.deviation_advisory, math.inf)
    row[par.STEP] = numbers["step"] * NEARLY
    row[[par.CREEP_B, par.CREEP_C]] = numbers["creep_b"] * HORIZON_B_S, numbers["creep_c"] * HORIZON_C_S
    row[par.LOAD_TAU_MS] = LOAD_TAU_S * 1e3
    row[par.SLACK] = _or(limits.cusum_slack, math.inf)
    row[par.MOST] = MOST_SPREADS
    row[par.DRIFT_LIMIT] = numbers["drift_limit"]
    row[par.IS_GROUP] = grouped
    row[par.RUNS] = math.isfinite(numbers["max_operating"])
    row[par.KEEP] = 1.0 - numbers["collapse"]
    row[par.WINDOW_MS] = _or(limits.rate_window_s, 0.0) * 1e3
    row[par.HEAT_TAU_MS] = HEAT_TAU_S * 1e3
    row[[par.HEAT_MOST, par.HEAT_SLACK]] = _or(limits.heat_slack, 0.0)
    row[par.COMMON_RISE] = numbers["common_rise"]
    row[par.IS_VOLTAGE] = head.head.family == Family.CELL_VOLTAGE
    return row


def _numbers(head: HeadLayout) -> dict[str, float]:
    limits, family = limits_of(head.head), Family(head.head.family)
    sign = -1.0 if family == Family.CELL_VOLTAGE else 1.0
    values: dict[str, float | None] = msgspec.structs.asdict(limits)
    numbers: dict[str, float] = {name: sign * _or(values[name], math.nan) for name in _THRESHOLDS}
    numbers |= {name: _or(values[name], math.nan) for name in _PLAIN}
    window_s = _or(limits.rate_window_s, 0.0)
    return numbers | {
        "sign": sign,
        "low": _or(limits.low, -math.inf),
        "high": _or(limits.high, math.inf),
        "slew": _or(limits.slew, math.inf),
        "rate_tau_s": window_s / RATE_SHARE,
        "known_ms": round(window_s * 500.0),
        "stuck_ms": round(_or(limits.stuck_s, 0.0) * 1000),
        "suspicious": _or(limits.suspicious, math.inf),
        "drift_limit": _or(limits.cusum_limit, math.inf),
        "step": STEP_V if family == Family.CELL_VOLTAGE else STEP_DEGC,
        "creep_b": _or(limits.rate_60_advisory, math.inf),
        "creep_c": _or(limits.rate_600_advisory, math.inf),
        "common_rise": _or(limits.common_rise, math.inf),
        "collapse": COLLAPSE_SHARE if family == Family.CELL_VOLTAGE else math.nan,
        "max_operating": MAX_OPERATING_DEGC if _runs_away(head) else math.inf,
    }


def _rare(head: HeadLayout) -> dict[str, float]:
    limits = limits_of(head.head)
    return {
        "hysteresis": _or(limits.hysteresis, 0.0),
        "rate_floor": _or(limits.rate_floor, -math.inf),
        "persistence_ms": round(_or(limits.persistence_s, 0.0) * 1000),
        "dip": _or(limits.dip, math.inf),
        "index": head.index,
        "rack": head.rack,
        "dying_slot": -1,
        "cap": CAP.get(Family(head.head.family), Level.ALARM),
    }


def _runs_away(head: HeadLayout) -> bool:
    return head.head.family == Family.CELL_TEMPERATURE and head.head.group > 0


def _lowest(numbers: dict[str, float], names: tuple[str, ...]) -> float:
    """The lowest of some thresholds, below which nothing can start; NaN: there are none."""
    return min((numbers[name] for name in names if not math.isnan(numbers[name])), default=math.nan)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
