"""What is asked of a run: silent in the background, and no later than 60 s after the 58 degC head."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.core.events import Event, Feature, Kind
from tests.validation.fires import PILOT_S, Fire
from tests.validation.reference import VELOCITIES_M_PER_S, answers_at_s
from tests.validation.wires import Run

LATEST_AFTER_REFERENCE_S = 60.0
MOST_OVERRUNS = 0.01
LAST_SCANS_S = 5.0
CONTROLLER = "controller"
"""Subject of what the controller says of itself."""
FIXED = "-fixed"
"""Ending of the names of the heads that are judged without rate of rise."""


@dataclass(frozen=True, slots=True)
class HeadTimes:
    """A place under the ceiling: seconds of the recording, None for never. `feature` is what raised our alarm.

    `fixed_s` is our alarm at the same point by the fixed limit alone; `reference_s` the 58 degC head's, for each assumed velocity.
    """

    name: str
    alarm_s: float | None
    feature: Feature
    fixed_s: float | None
    reference_s: tuple[float | None, ...]

    @property
    def behind_s(self) -> float | None:
        """Seconds by which we are later than the reference head (negative: earlier); None where one of the two is silent."""
        reference = self.reference_s[0]
        return None if reference is None or self.alarm_s is None else self.alarm_s - reference


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fire, the times of its heads in the order of their alarms, and what is wrong (nothing: it passed)."""

    fire: Fire
    run: Run
    heads: tuple[HeadTimes, ...]
    first_sign_s: float | None
    problems: tuple[str, ...]


def judge(fire: Fire, run: Run) -> Verdict:
    """Compare what the journal told with what the recording says."""
    heads = sorted((_times(fire, run, name) for name in fire.air_degc), key=lambda head: _or_never(head.alarm_s))
    signs = [_at_s(fire, event) for event in run.events if event.kind is Kind.LEVEL]
    problems = (*_invalid(fire, run), *_early(fire, run), *_late(heads))
    return Verdict(fire, run, tuple(heads), min(signs, default=None), problems)


def _times(fire: Fire, run: Run, name: str) -> HeadTimes:
    alarm = _alarm(run, name)
    fixed = _alarm(run, name + FIXED)
    return HeadTimes(
        name,
        None if alarm is None else _at_s(fire, alarm),
        Feature.NONE if alarm is None else alarm.evidence[0].feature,
        None if fixed is None else _at_s(fire, fixed),
        tuple(answers_at_s(fire.time_s, fire.air_degc[name], velocity) for velocity in VELOCITIES_M_PER_S),
    )


def _alarm(run: Run, name: str) -> Event | None:
    return next((e for e in run.events if e.kind is Kind.LEVEL and e.subject == name and e.what == "alarm"), None)


def _at_s(fire: Fire, event: Event) -> float:
    """Time of the recording: plant tick 0 is its first row."""
    return fire.begins_s + event.tick_ms / 1000


def _or_never(at_s: float | None) -> float:
    return float("inf") if at_s is None else at_s


def _invalid(fire: Fire, run: Run) -> Iterator[str]:
    """A run that was not what it should be proves nothing.

    What the controller says of itself is left out: late scans are counted here, and can make its alarms later only.
    """
    if run.overruns > MOST_OVERRUNS * run.scans:
        yield f"{run.overruns} of {run.scans} scans came late; remedy: a lower --speed"
    if run.tick_ms < 1000 * (fire.lasts_s - LAST_SCANS_S):
        yield f"the last scan saw {run.tick_ms / 1000:g} s of {fire.lasts_s:g} s"
    for event in run.events:
        if event.kind is Kind.TROUBLE and event.subject != CONTROLLER:
            yield f"trouble {event.what} of {event.subject} at {_at_s(fire, event):.0f} s"
    yield from run.chain_problems


def _early(fire: Fire, run: Run) -> Iterator[str]:
    """Background is judged strictly: not even an advisory before the pilot flame, no alarm before the burner is lit."""
    for event in run.events:
        at_s = _at_s(fire, event)
        if event.kind is Kind.LEVEL and at_s < (fire.ignition_s if event.what == "alarm" else PILOT_S):
            yield f"{event.what} of {event.subject} at {at_s:.0f} s, without fire ({event.evidence[0].feature})"


def _late(heads: list[HeadTimes]) -> Iterator[str]:
    """At every place where the reference head answers; and it must answer somewhere, or nothing was compared."""
    compared = [head for head in heads if head.reference_s[0] is not None]
    if not compared:
        yield "the reference head does not answer anywhere: this recording proves nothing"
    for head in compared:
        if head.behind_s is None:
            yield f"{head.name}: no alarm, while the reference head answers at {head.reference_s[0]:.0f} s"
        elif head.behind_s > LATEST_AFTER_REFERENCE_S:
            yield f"{head.name}: {head.behind_s:.0f} s after the reference head, {LATEST_AFTER_REFERENCE_S:.0f} s allowed"
