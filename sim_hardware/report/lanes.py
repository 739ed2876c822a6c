"""The timeline's lanes, from events and truth: what burned, what was seen, what was done, who was asked."""

from collections.abc import Iterator

from controller.core.events import Event, Kind
from controller.site.model import PHYSICS, Physics
from sim_hardware.report import moments
from sim_hardware.report.record import Record
from sim_hardware.report.result import Bar, Lane, Mark
from sim_hardware.report.words import LANES, ROLES, stage

LEVEL_TONES = {"advisory": "quiet", "pre-alarm": "warn", "alarm": "bad"}
_STARTS = {"runaway-drill": "internal short", "internal-short": "internal short", "cable-smoulder": "cable smoulders"}
STAGE_TONES = {"pre-activated": "quiet", "activated": "warn", "held": "quiet", "waiting": "quiet", "aborted": "quiet"}


def timeline(record: Record) -> tuple[Lane, ...]:
    """All lanes, in reading order; a lane without anything in it is left out."""
    lanes = (
        _lane("plant", marks=_plant(record)),
        _lane("detect", marks=tuple(_detected(record))),
        _lane("isolate", bars=tuple(_isolated(record))),
        _lane("extinguish", bars=tuple(_stages(record))),
        _lane("room", bars=tuple(_room(record))),
        _lane("cool", bars=tuple(_cooled(record)), marks=tuple(_flowing(record))),
        _lane("people", marks=tuple(_people(record))),
    )
    return tuple(lane for lane in lanes if lane.bars or lane.marks)


def _lane(name: str, bars: tuple[Bar, ...] = (), marks: tuple[Mark, ...] = ()) -> Lane:
    return Lane(name, *LANES[name], bars, marks)


def _of_zone(record: Record, *kinds: Kind) -> Iterator[Event]:
    return (event for event in record.events if event.kind in kinds and event.zone in {record.zone, ""})


def _plant(record: Record) -> tuple[Mark, ...]:
    origin = record.origin
    known = (
        (origin.at_s if origin else None, _STARTS.get(origin.kind, origin.kind) if origin else "", "quiet"),
        (moments.first_vent_s(record), "first vent", "warn"),
        (moments.first_runaway_s(record), "runaway", "bad"),
        (moments.second_runaway_s(record), "second cell", "bad"),
        (moments.spread_s(record), "next rack", "bad"),
    )
    return tuple(Mark(at_s, text, tone) for at_s, text, tone in known if at_s is not None)


def _detected(record: Record) -> Iterator[Mark]:
    """The first head of each physics at each level, and the first confirmed runaway: one mark each."""
    seen: set[tuple[Physics, str]] = set()
    for event in _of_zone(record, Kind.LEVEL):
        physics = PHYSICS[record.site.heads[event.subject].family]
        if (physics, event.what) in seen:
            continue
        seen.add((physics, event.what))
        level = event.what.split(" ")[0]
        text = "runaway" if "runaway" in event.what else level
        gas = level == "alarm" and not moments.is_fire(record, event)
        tone = "warn" if gas else LEVEL_TONES.get(level, "quiet")
        yield Mark(event.tick_ms / 1000, f"{event.subject} {text}", tone)


def _isolated(record: Record) -> Iterator[Bar]:
    """From wanted to proven open, a rack each."""
    for event in _of_zone(record, Kind.RESPONSE):
        if event.what != "isolate-wanted":
            continue
        start_s = event.tick_ms / 1000
        end_s = _next_s(record, event, "isolate-proven")
        if end_s is None:
            yield Bar(start_s, record.duration_s, f"{event.subject} not proven", "bad")
        else:
            yield Bar(start_s, end_s, f"{event.subject} open in {end_s - start_s:.1f} s", "good")


def _next_s(record: Record, after: Event, *what: str) -> float | None:
    """When the same subject next says `what`."""
    found = (
        e.tick_ms / 1000
        for e in record.events
        if e.tick_ms >= after.tick_ms and e.subject == after.subject and e.kind is after.kind and e.what in what
    )
    return next(found, None)


def _stages(record: Record) -> Iterator[Bar]:
    moves = list(_of_zone(record, Kind.STAGE))
    for place, move in enumerate(moves):
        end_s = moves[place + 1].tick_ms / 1000 if place + 1 < len(moves) else record.duration_s
        if move.what != "quiescent":
            yield Bar(move.tick_ms / 1000, end_s, stage(move.what).en, STAGE_TONES.get(move.what, "agent"))


def _room(record: Record) -> Iterator[Bar]:
    """Each role's outputs, from the first that was active to the last."""
    for role, title in ROLES.items():
        names = [n for n, o in record.site.outputs.items() if o.role == role and o.zone == record.zone]
        events = [e for e in _of_zone(record, Kind.OUTPUT) if e.subject in names]
        active = [e for e in events if e.what == "active"]
        if not active:
            continue
        ended = [e.tick_ms / 1000 for e in events if e.what == "deactivate" and e.tick_ms > active[-1].tick_ms]
        yield Bar(active[0].tick_ms / 1000, min(ended, default=record.duration_s), title.en, "plain")


def _cooled(record: Record) -> Iterator[Bar]:
    for event in _of_zone(record, Kind.RESPONSE):
        if event.what == "cool-allowed":
            end_s = _next_s(record, event, "cool-stopped")
            yield Bar(event.tick_ms / 1000, end_s or record.duration_s, f"water on {event.subject}", "water")


def _flowing(record: Record) -> Iterator[Mark]:
    for event in _of_zone(record, Kind.RESPONSE):
        if event.what == "coolant-flowing":
            yield Mark(event.tick_ms / 1000, "flow proven", "water")


def _people(record: Record) -> Iterator[Mark]:
    for event in _of_zone(record, Kind.REQUEST, Kind.COMMAND, Kind.REFUSED):
        who = f"{event.operator}: " if event.operator else "asked: "
        yield Mark(event.tick_ms / 1000, f"{who}{event.what} {event.subject}", "plain" if event.operator else "warn")
    for event in _of_zone(record, Kind.RESPONSE):
        if event.what == "guard-started":
            yield Mark(event.tick_ms / 1000, "controlled: guard", "good")
