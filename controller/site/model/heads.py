"""Heads and the limits that they are judged by."""

from typing import Annotated, Literal

import msgspec

from controller.site.model.families import Family, Principle
from controller.site.model.strict import Strict


class Limits(Strict, frozen=True, kw_only=True):
    """What a head's values are judged by. None: the default of the family (`controller.core.detect.defaults`)."""

    low: float | None = None
    """Validity: below is absurd."""
    high: float | None = None
    """Validity: above is absurd."""
    advisory: float | None = None
    pre_alarm: float | None = None
    alarm: float | None = None
    hysteresis: float | None = None
    persistence_s: float | None = None
    deviation_advisory: float | None = None
    deviation_pre_alarm: float | None = None
    rate_window_s: float | None = None
    rate_pre_alarm: float | None = None
    """Units per second."""
    rate_alarm: float | None = None
    rate_floor: float | None = None
    """Value below which a rate of rise is not judged."""
    slew: float | None = None
    """Units per second above which a step is absurd."""
    stuck_s: float | None = None
    """0 switches the test off (coarse steps)."""
    fire_2: float | None = None
    """Smoke: the stage above `alarm` (fire 1), the same by day and by night; two heads of one family may release at it (`same_family`)."""
    night_share: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] | None = None
    """Smoke: at night (`[site] night`) advisory, pre-alarm and alarm are times this."""
    drift_limit: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    """Smoke: most that the slow drift of clean air is compensated, either way; a head that has reached it is a maintenance trouble."""
    fast_rise: float | None = None
    """Smoke: units per second from which a stage is believed after two samples, not after `persistence_s`."""
    slope_clip: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: an innovation counts for the slopes up to this and twice the trend (Huber)."""
    bias_tau_s: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: memory of the slow bias of a cell against its module, and of its spread."""
    suspicious: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: farther from the module and the bias than this, bias and spread stand still."""
    spread_floor: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: the spread is never taken to be less."""
    cusum_slack: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: deviation that a cumulative sum lets pass, in spreads."""
    cusum_limit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: cumulative sum that is an advisory, in spreads (`controller.core.detect.run_length`)."""
    heat_slack: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    """Cell temperatures: rise of a whole module beyond its habit that its heat balance lets pass, K/s; so much habit is learnt at most."""
    common_rise: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cell temperatures: rise of a whole module beyond its heat balance that is an advisory, K."""
    rate_60_advisory: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cell temperatures: rate of rise over a horizon of 60 s that is an advisory, K/s."""
    rate_600_advisory: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cell temperatures: the same over 600 s."""
    resolution: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    """Cells: step in which the device tells its values. None: one count of its register."""
    dip: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cell temperatures: sudden fall of a suspicious cell that is a sign of a vent, K."""
    noise: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Gas: standard deviation of the values of normal life."""
    base_tau_s: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Gas: in this time the slow base moves by one standard deviation of the noise at most. Smoke: time constant of clean air."""
    base_quantile: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] | None = None
    """Gas: the share of the values of normal life that lies below the slow base."""
    min_rise: float | None = None
    """Gas: rise over the slow base below which no likelihood ratio counts."""


class Head(Strict, frozen=True, kw_only=True):
    """Points of one family in one zone. Two points for a call point: normally open, then normally closed contact."""

    family: Family
    zone: str
    points: tuple[str, ...]
    rack: str = ""
    group: int = 0
    """Neighbours compared with their median (cells of a module); 0: no comparison, but three values on a rack are its minimum, mean and
    maximum, in any order: the extremes are compared with the mean."""
    reference: bool = False
    """Gas: the room reference, not in a rack; subtracted from the rack heads of its family."""
    principle: Principle | None = None
    """Gas: how it measures; None: as is usual for its family. The simulated plant's heads behave by it."""
    active: Literal[0, 1] = 1
    """Wired inputs with one contact: the level that means "yes"."""
    limits: Limits = Limits()


def limits_within(settings: Limits, head: Limits) -> Limits:
    """The limits of a head's table, and for those that it leaves open the ones of its head type's table (both may leave one open)."""
    said = {name: value for name, value in msgspec.structs.asdict(head).items() if value is not None}
    return msgspec.structs.replace(settings, **said)
