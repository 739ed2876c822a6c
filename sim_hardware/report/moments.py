"""When things happened, read from the events and the truth of a run. Seconds of plant time; None for what never came."""

from controller.core.events import Event, Kind
from controller.core.state import Stage
from controller.core.zone.coincidence import FIRE_PHYSICS
from controller.site.model import PHYSICS, Family
from sim_hardware.report.record import Record

ALARMS = ("alarm", "alarm (runaway)")
"""What a head's event says at fire alarm."""


def first(record: Record, kind: Kind, what: str | tuple[str, ...] = "", subject: str = "") -> Event | None:
    """The first event of the zone (or of no zone) that is of `kind`, says `what` (any, if empty) and is about `subject`."""
    wanted = (what,) if isinstance(what, str) and what else tuple(what)
    for event in record.events:
        fits = (not wanted or event.what in wanted) and subject in {"", event.subject}
        if fits and event.kind is kind and event.zone in {record.zone, ""}:
            return event
    return None


def at_s(event: Event | None) -> float | None:
    """The plant second of an event."""
    return None if event is None else event.tick_ms / 1000


def between(earlier_s: float | None, later_s: float | None) -> float | None:
    """Seconds from one to the other; negative if they came the other way round."""
    return None if earlier_s is None or later_s is None else round(later_s - earlier_s, 3)


def is_fire(record: Record, event: Event) -> bool:
    """Whether a head says fire with this event."""
    return (
        event.kind is Kind.LEVEL
        and event.what in ALARMS
        and PHYSICS[record.site.heads[event.subject].family] in FIRE_PHYSICS
    )


def first_fire_s(record: Record) -> float | None:
    """The first fire alarm: a head in alarm, or the wired call point. Off-gas, however strong, is a pre-alarm (rule 2)."""
    level = next(
        (event.tick_ms / 1000 for event in record.events if event.zone == record.zone and is_fire(record, event)), None
    )
    call_points = [name for name, head in record.site.heads.items() if head.family is Family.CALL_POINT]
    called = [at_s(first(record, Kind.INPUT, "on", name)) for name in call_points]
    return min((s for s in (level, *called) if s is not None), default=None)


def family_alarm_s(record: Record, family: Family) -> float | None:
    """The first fire alarm of a head of `family`."""
    for event in record.events:
        alarm = event.kind is Kind.LEVEL and event.zone == record.zone and event.what in ALARMS
        if alarm and record.site.heads[event.subject].family is family:
            return event.tick_ms / 1000
    return None


def stage_s(record: Record, stage: Stage) -> float | None:
    """When the zone first entered `stage`."""
    return at_s(first(record, Kind.STAGE, stage, record.zone))


def first_vent_s(record: Record) -> float | None:
    """The first cell that vented, by the plant's truth."""
    return _earliest(record, "first_vent_s")


def first_runaway_s(record: Record) -> float | None:
    """The first cell that ran away, by the plant's truth."""
    return _earliest(record, "first_runaway_s")


def second_runaway_s(record: Record) -> float | None:
    """The second cell that ran away, by the plant's truth."""
    battery = record.battery()
    return battery[-1][1].second_runaway_s if battery else None


def spread_s(record: Record) -> float | None:
    """The first runaway in another rack than that where it began, by the plant's truth."""
    battery = record.battery()
    if not battery:
        return None
    times = battery[-1][1].first_runaway_s
    return min((t for k, t in enumerate(times) if k != record.origin_rack and t is not None), default=None)


def _earliest(record: Record, field: str) -> float | None:
    battery = record.battery()
    times = getattr(battery[-1][1], field) if battery else []
    return min((t for t in times if t is not None), default=None)
