"""From normal life to a proposal: thresholds that keep a stated budget, within bounds that keep them safe."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import pairwise

import msgspec
import numpy as np

from controller.core.detect.defaults import DEFAULTS, limits_of
from controller.site.model import Family, Head, Limits
from controller.tools.tuning.features import BLOCK_S, DEVIATION, RATE, RISE, VALUE, Life
from controller.tools.tuning.tail import LEAST_PEAKS, QUANTILE, Tail, fit

WEEK_S, YEAR_S = 7 * 86400.0, 365.25 * 86400.0
LEAST_H = 24.0
"""Recorded normal life below which nothing is proposed: one day and night at least (assumed)."""
REACH = 200.0
"""How many times longer than the recording the time to an advisory may be that the tail is asked for (assumed)."""

SETTINGS = {
    "advisory": (VALUE, "week"), "deviation_advisory": (DEVIATION, "week"), "min_rise": (RISE, "week"),
    "pre_alarm": (VALUE, "year"), "alarm": (VALUE, "year"), "fire_2": (VALUE, "year"),
    "rate_pre_alarm": (RATE, "year"), "rate_alarm": (RATE, "year"), "deviation_pre_alarm": (DEVIATION, "year"),
}  # fmt: skip
"""Thresholds that are fitted: the feature that they are held against, and the budget that they have to keep."""

NOT_FITTED = (
    "rate_60_advisory", "rate_600_advisory", "common_rise", "cusum_limit", "heat_slack", "dip", "fast_rise", "drift_limit",
)  # fmt: skip
"""Settings that speak of a level or a trouble as well, and stay as they are: no block maximum of the recording is held against them."""

_SEASONAL = frozenset(
    {Family.HEAT, Family.CLIMATE_TEMPERATURE, Family.CLIMATE_HUMIDITY, Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE}
)
"""Their values move with seasons and loads, which are longer than recordings: their value thresholds are never brought nearer to normal."""

BOUNDS: Mapping[tuple[Family, str], float] = {
    (Family.HEAT, "pre_alarm"): 60.0,  # assumed: below the bound of the alarm
    (Family.HEAT, "alarm"): 65.0,  # highest static response of class A1, EN 54-5 (assumed, quoted from memory)
    (Family.SMOKE, "pre_alarm"): 3.3,  # assumed: the default alarm
    (Family.SMOKE, "alarm"): 10.0,  # class C of EN 54-20 (assumed, quoted from memory)
    (Family.H2, "pre_alarm"): 400.0,  # assumed: 1 % of the lower flammable limit
    (Family.H2, "alarm"): 4000.0,  # 10 % of the lower flammable limit of hydrogen, 4 vol%
    (Family.CO, "pre_alarm"): 100.0,  # assumed
    (Family.CO, "alarm"): 300.0,  # assumed
    (
        Family.CELL_TEMPERATURE,
        "pre_alarm",
    ): 80.0,  # the highest temperature of working cells that the rule of runaway takes (assumed)
}
"""No alarm or pre-alarm is proposed farther from normal than this."""
_MOST_TIMES = 2.0
"""Where no bound is stated: at most so many times the default (assumed)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """False alarms that an owner bears: advisories of the whole site a week; pre-alarms and alarms a year."""

    advisories_per_week: float = 1.0
    alarms_per_year: float = 0.1


@dataclass(frozen=True, slots=True)
class Fitted:
    """One threshold: as it is, as the budget needs it, as it is proposed; the tail behind it, and loud words ("" for none)."""

    family: Family
    setting: str
    now: float
    needed: float
    proposed: float
    tail: Tail
    loud: str = ""


@dataclass(slots=True)
class Proposal:
    """Settings by type of head, every threshold that was fitted, and what could not be."""

    settings: dict[Family, Limits] = field(default_factory=dict)
    fitted: list[Fitted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    noise: dict[Family, float] = field(default_factory=dict)
    not_fitted: dict[Family, list[str]] = field(default_factory=dict)
    loud: list[str] = field(default_factory=list)
    """Of what is not a threshold and less safe all the same."""


def propose(
    life: Life,
    now: Mapping[Family, Limits],
    points: Mapping[Family, int],
    budget: Budget,
    kept: AbstractSet[str] = frozenset(),
) -> Proposal:
    """Fit every type of head that was recorded. `now` are the site's settings, `points` its points by type.

    `kept` are the budgets ("week" of advisories, "year" of alarms) that hold as it is: for them no threshold is made less safe.
    """
    proposal = Proposal()
    if life.hours < LEAST_H:
        proposal.refused.append(
            f"{life.hours:.1f} h of normal life are too little: record at least {LEAST_H - life.hours:.1f} h more (a day and a night at least)"
        )
        return proposal
    least_h = WEEK_S / 3600 / budget.advisories_per_week / REACH
    if life.hours < least_h:
        proposal.refused.append(
            f"{life.hours:.0f} h of normal life say nothing of {budget.advisories_per_week:g} advisories a week: "
            f"record {least_h - life.hours:.0f} h more, or bear more of them"
        )
        return proposal
    judged = [(family, name) for family in life.points if family in DEFAULTS for name in SETTINGS]
    wanted = [one for one in judged if getattr(_merged(one[0], now), one[1]) is not None]
    shares = {per: sum(SETTINGS[name][1] == per for _, name in wanted) for per in ("week", "year")}
    for family in life.points:
        if family in DEFAULTS:
            found = _stairs(
                [_held(one, kept) for one in _family(family, life, now, points, budget, shares, proposal.refused)]
            )
            found = [_said_loudly(one) for one in found]
            proposal.fitted += found
            changed = {one.setting: one.proposed for one in found if one.proposed != one.now}
            proposal.noise[family] = float(np.median(life.noise[family])) if life.noise.get(family) else 0.0
            limits = _merged(family, now)
            proposal.not_fitted[family] = [name for name in NOT_FITTED if getattr(limits, name) is not None]
            if limits.noise is not None and (measured := _rounded(proposal.noise[family])) > limits.noise:
                changed["noise"] = measured
                proposal.loud.append(
                    f"LESS SAFE: noise of {family} is raised from {limits.noise:g} to the {measured:g} that were measured: smaller rises are "
                    "seen later; find out what disturbs these heads before you accept it"
                )
            if changed:
                proposal.settings[family] = msgspec.structs.replace(now.get(family, Limits()), **changed)
    return proposal


def _merged(family: Family, now: Mapping[Family, Limits]) -> Limits:
    return limits_of(Head(family=family, zone="", points=(), group=2, limits=now.get(family, Limits())))


def _family(
    family: Family, life: Life, now: Mapping[Family, Limits], points: Mapping[Family, int], budget: Budget,
    shares: Mapping[str, int], refused: list[str],
) -> Iterator[Fitted]:  # fmt: skip
    limits = _merged(family, now)
    count = max(1, points.get(family, life.points[family]))
    for name, (feature, per) in SETTINGS.items():
        current = getattr(limits, name)
        maxima = life.all_maxima((family, feature))
        if current is None or not np.isfinite(maxima).any():
            continue
        tail = fit(maxima)
        if tail is None:
            least = LEAST_PEAKS / (1 - QUANTILE) * BLOCK_S / 3600 / max(1, life.points[family])
            refused.append(f"{family}: {name} has too few blocks with values: record {least:.0f} h or more of it")
            continue
        allowed = budget.advisories_per_week / WEEK_S if per == "week" else budget.alarms_per_year / YEAR_S
        share = allowed * BLOCK_S / count / max(1, shares[per])
        sign = -1.0 if family is Family.CELL_VOLTAGE and feature == VALUE else 1.0
        needed = max(tail.level(share), tail.highest)
        one = _fitted(family, name, sign * current, needed, life, tail)
        yield Fitted(family, name, sign * one.now, sign * one.needed, sign * one.proposed, tail, one.loud)


def _is_less_safe(one: Fitted) -> bool:
    """Whether a threshold is proposed farther from normal life than it is."""
    falls = one.family is Family.CELL_VOLTAGE and SETTINGS[one.setting][0] == VALUE
    return one.proposed < one.now if falls else one.proposed > one.now


def _held(one: Fitted, kept: AbstractSet[str]) -> Fitted:
    """A threshold whose budget holds already stays where it is rather than being made less safe."""
    return replace(one, proposed=one.now, loud="") if SETTINGS[one.setting][1] in kept and _is_less_safe(one) else one


def _said_loudly(one: Fitted) -> Fitted:
    """Whatever is proposed farther from normal life than it is says so first."""
    if not _is_less_safe(one):
        return one
    word = "raised" if one.proposed > one.now else "lowered"
    loud = (
        f"LESS SAFE: {one.setting} of {one.family} is {word} from {one.now:g} to {one.proposed:g}; "
        "find out what disturbs these heads before you accept it"
    )
    return replace(one, loud=f"{loud}; {one.loud}" if one.loud else loud)


def _stairs(fitted: list[Fitted]) -> list[Fitted]:
    """Thresholds of one feature stay in their order; it is the nearer one that gives way, so that no alarm is raised for an advisory."""
    for feature in (VALUE, RATE, DEVIATION):
        places = [n for n, one in enumerate(fitted) if SETTINGS[one.setting][0] == feature]
        for lower, upper in reversed(list(pairwise(places))):
            one, above = fitted[lower], fitted[upper]
            sign = -1.0 if one.family is Family.CELL_VOLTAGE and feature == VALUE else 1.0
            if sign * one.proposed > sign * above.proposed:
                what = f"{one.setting} of {one.family} would have to be {one.needed:.4g} and stays at {above.setting}"
                loud = f"BUDGET NOT KEPT: {what}; remove what disturbs these heads, or bear more false alarms"
                fitted[lower] = replace(one, proposed=above.proposed, loud=loud)
    return fitted


def _fitted(family: Family, name: str, current: float, needed: float, life: Life, tail: Tail) -> Fitted:
    """A threshold with high being dangerous: raised to what the budget needs within its bound, an advisory also lowered."""
    feature, per = SETTINGS[name]
    needed = _rounded(needed)
    if needed <= current:
        # A base begins at half of the advisory, so a rise that is there from the start is in no recording's tail: never a smaller one.
        standing = feature == RISE or (feature == VALUE and family in _SEASONAL)
        if per == "year" or standing:
            return Fitted(family, name, current, needed, current, tail)
        noise = float(np.median(life.noise[family])) if life.noise.get(family) else 0.0
        nearer = max(needed, _rounded(tail.highest + 3 * noise), _NEAREST * current)
        return Fitted(family, name, current, needed, min(current, nearer), tail)
    if per == "week":
        return Fitted(family, name, current, needed, needed, tail)
    default = getattr(_merged(family, {}), name)
    sign = -1.0 if family is Family.CELL_VOLTAGE and feature == VALUE else 1.0
    bound = BOUNDS.get((family, name), default * (_MOST_TIMES if sign > 0 else 1 / _MOST_TIMES)) * sign
    bound = max(bound, current)
    if needed <= bound:
        return Fitted(family, name, current, needed, needed, tail)
    loud = (
        f"BUDGET NOT KEPT: {name} of {family} would have to be {abs(needed):.4g}, beyond its bound of {abs(bound):.4g}, which stays; "
        "remove what disturbs these heads, or bear more false alarms"
    )
    return Fitted(family, name, current, needed, bound, tail, loud)


_NEAREST = 0.5
"""An advisory is not brought nearer to normal than this share of what it is (assumed)."""


def _rounded(value: float) -> float:
    """Three digits, upward: what a person reads and types."""
    if value == 0 or not np.isfinite(value):
        return value
    digit = 10.0 ** (np.floor(np.log10(abs(value))) - 2)
    return float(f"{np.ceil(value / digit) * digit:.6g}")


def settings_lines(settings: Mapping[Family, Limits], notes: Sequence[Fitted]) -> Iterator[str]:
    """The settings as TOML, each changed line with what it was."""
    was = {(one.family, one.setting): one for one in notes if one.proposed != one.now}
    for family, limits in settings.items():
        yield f"[settings.{family}]"
        for name, value in msgspec.structs.asdict(limits).items():
            if value is None:
                continue
            one = was.get((family, name))
            yield f"{name} = {float(value)!r}" + (f"      # was {one.now:g}; {one.loud or 'fitted'}" if one else "")
        yield ""
