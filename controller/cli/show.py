"""Status and events as plain text."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from controller.protocol import (
    Event,
    EventEntry,
    HeadStatus,
    OutputStatus,
    RackStatus,
    StatusReply,
    TroubleStatus,
    ZoneStatus,
)
from controller.texts import text
from controller.tools.explain_texts import PHRASES, say
from controller.tools.telling import availability, details, evidence_line, headline, reason, why

_HOT_DEGC = 60.0
_PART = 1
"""A head's fault: some of its points, not the whole head."""
_MIN_WIDTH = 10
_MINUTES_FROM_S = 120.0


def status_lines(status: StatusReply, language: str) -> Iterator[str]:
    """The whole site on one screen. A zone says its level first; its stage is that of the release alone."""
    yield f"{status.site}  mode {status.mode}  plant time {clock(status.core.tick_ms)}  scan {status.core.scan}"
    for zone in status.core.zones:
        yield ""
        yield from _zone(zone, status.core.tick_ms, language)
        active = [output for output in status.core.outputs if output.zone == zone.name and output.active]
        if active:
            yield f"  {text('outputs_on', language)}: {', '.join(_output(output, status.core.tick_ms, language) for output in active)}"
    yield ""
    yield from _troubles(status.core.troubles, status.core.tick_ms, language)
    yield ""
    yield from runtime_lines(status)


def _zone(zone: ZoneStatus, tick_ms: int, language: str) -> Iterator[str]:
    title = zone.title_ko if language == "ko" and zone.title_ko else zone.title
    stage = text("at_rest" if zone.stage == "quiescent" else zone.stage, language)
    due = f", {max(0, zone.due_ms - tick_ms) / 1000:.0f} s" if zone.due_ms >= 0 else ""
    flags = [text("occupied", language)] if zone.occupied else []
    flags += [text(f"routing-{zone.routing}", language)] if zone.routing else []
    flags += [text("delays", language)] if zone.delays else []
    flags += [] if zone.acknowledged else [text("unacknowledged", language)]
    level = text(zone.level, language)
    yield f"{zone.name} ({title}): {level}  {text('release', language)}: {stage}{due}" + "".join(
        f"  [{flag}]" for flag in flags
    )
    if zone.responses:
        yield "  " + ", ".join(text(response, language) for response in zone.responses)
    if zone.alarm or zone.coincidence:
        yield "  " + ", ".join(filter(None, (_alarm(zone, tick_ms, language), _coincidence(zone, language))))
    if zone.availability:
        yield f"  {availability(zone.availability, language)}"
    for key, due_ms in (("extended_runs", zone.extended_due_ms), ("extract_runs", zone.extract_due_ms)):
        if due_ms >= 0:
            yield f"  {text(key, language)}: {max(0, due_ms - tick_ms) / 1000:.0f} s"
    if zone.inhibits:
        yield f"  {text('inhibits', language)}: {', '.join(reason(inhibit, language) for inhibit in zone.inhibits)}"
    for head in zone.heads:
        yield f"  {_head(head, language)}"
    if zone.racks:
        yield "  " + "  ".join(_rack(rack, language) for rack in zone.racks)
    for rack in zone.racks:
        yield from _countdown(rack, language)
        yield from _isolation(rack, language)


def _head(head: HeadStatus, language: str) -> str:
    fault = text("part_fault" if head.fault == _PART else "whole_fault", language) if head.fault else ""
    level = "" if head.fault > _PART and head.level == "normal" else text(head.level, language)
    now = f"{head.name}: {' '.join(filter(None, (level, fault)))}"
    because = f": {evidence_line(head.evidence, language).removeprefix(f'{head.name}: ')}" if head.evidence else ""
    if head.latched in {head.level, "normal"}:
        return now + because
    return f"{now}; {text('latched', language)} {text(head.latched, language)}{because}"


def _alarm(zone: ZoneStatus, tick_ms: int, language: str) -> str:
    """How far the zone has come to a fire alarm; what waits for a person says for how long."""
    if not zone.alarm or zone.alarm_due_ms < 0:
        return text(zone.alarm, language) if zone.alarm else ""
    left_s = max(0, zone.alarm_due_ms - tick_ms) / 1000
    within = text("fire_within" if zone.investigated else "answer_within", language).format(seconds=f"{left_s:.0f}")
    return f"{text(zone.alarm, language)}: {within}"


def _coincidence(zone: ZoneStatus, language: str) -> str:
    return f"{text('coincidence', language)}: {zone.coincidence}" if zone.coincidence else ""


def _rack(rack: RackStatus, language: str) -> str:
    hottest = text("no_sensor", language) if rack.hottest_degc is None else f"{rack.hottest_degc:.1f} degC"
    marks = [text(rack.isolation, language)] if rack.isolation != "none" else []
    marks += [text("runaway", language)] if rack.runaway else []
    marks += [text("cool", language)] if rack.cool else []
    return f"{rack.name} {hottest}" + (f" ({', '.join(marks)})" if marks else "")


def _countdown(rack: RackStatus, language: str) -> Iterator[str]:
    """When a hot rack's first cell is expected to run away, in whole minutes, or tens of seconds when it comes to that."""
    if rack.countdown is None:
        if not rack.runaway and rack.hottest_degc is not None and rack.hottest_degc >= _HOT_DEGC:
            yield f"  {rack.name}: {text('runaway_unknown', language)}"
        return
    unit, each_s, step = ("min", 60.0, 1) if rack.countdown.high_s >= _MINUTES_FROM_S else ("s", 10.0, 10)
    low, high = math.floor(rack.countdown.low_s / each_s) * step, math.ceil(rack.countdown.high_s / each_s) * step
    key = "runaway_within" if low == 0 else "runaway_between"
    yield f"  {rack.name}: " + text(key, language).format(low=low, high=high, unit=text(f"unit_{unit}", language))


def _isolation(rack: RackStatus, language: str) -> Iterator[str]:
    """What is opened for a rack, where that is more than its own breaker and is asked for, or where something else goes dark by it."""
    if rack.dark or (len(rack.breakers) > 1 and rack.isolation != "none"):
        dark = text("goes_dark", language).format(dark=", ".join(rack.dark)) if rack.dark else ""
        yield f"  {rack.name}: {text('isolation_set', language)}: {', '.join(rack.breakers)}{dark}"


def _output(output: OutputStatus, tick_ms: int, language: str) -> str:
    marks = [] if output.drive == "settled" else [output.drive]
    if output.forced_until_ms >= 0:
        marks.append(f"{text('forced', language)} {max(0, output.forced_until_ms - tick_ms) / 1000:.0f} s")
    return f"{output.name} ({', '.join(marks)})" if marks else output.name


def _troubles(troubles: tuple[TroubleStatus, ...], tick_ms: int, language: str) -> Iterator[str]:
    if not troubles:
        yield text("no_troubles", language)
        return
    yield f"{text('troubles', language)}: {len(troubles)}"
    for trouble in troubles:
        guidance = trouble.guidance_ko if language == "ko" else trouble.guidance
        age_s = (tick_ms - trouble.since_ms) / 1000
        yield f"  {text(trouble.severity, language)}: {trouble.subject}: {text(trouble.trip, language)} ({age_s:.0f} s)"
        yield f"    {guidance}"


def runtime_lines(status: StatusReply) -> Iterator[str]:
    """How the daemon itself is."""
    scans, storage = status.scans, status.storage
    yield (
        f"scans: every {scans.period_ms:g} ms, p99 {scans.p99_ms:g} ms, longest {scans.longest_ms:g} ms, "
        f"overruns {scans.overruns}"
    )
    yield (
        f"journal: entry {storage.durable_seq} durable, lag {storage.journal_lag_ms} ms, lost {storage.journal_lost}; "
        f"recorder: lag {storage.recorder_lag_ms} ms, lost {storage.recorder_lost}"
    )
    yield f"start: {storage.beginning}"
    down = [f"{link.name} {link.state} ({link.last_error})" for link in status.links if link.state != "up"]
    yield f"links: {len(status.links) - len(down)} of {len(status.links)} up" + "".join(f"\n  {line}" for line in down)
    if status.late:
        yield f"LATE TASKS, watchdog not fed: {', '.join(status.late)}"


def heat_lines(status: StatusReply) -> Iterator[str]:
    """Every cell of every rack in whole degrees; `--` where no sensor lives."""
    for zone in status.core.zones:
        for rack in zone.racks:
            cells = [
                "--" if cell is None else f"{cell:.0f}" + ("*" if cell >= _HOT_DEGC else "") for cell in rack.cells_degc
            ]
            for first in range(0, len(cells), 16):
                name = rack.name if first == 0 else ""
                yield f"{name:<{_MIN_WIDTH}}" + " ".join(f"{cell:>4}" for cell in cells[first : first + 16])


def event_line(entry: EventEntry, language: str) -> str:
    """One journal entry; the time is the wall's, in UTC."""
    when = datetime.fromtimestamp(entry.wall_time_utc, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{entry.seq:>6} {when} {core_event_line(entry.event, language)}"


def core_event_line(event: Event, language: str = "en") -> str:
    """What the core said, with its reasons, each on a line of its own."""
    line = f"{clock(event.tick_ms)} {event.zone or '-'}: {headline(event, language)}"
    line += say(PHRASES["by"], language, operator=event.operator) if event.operator else ""
    because = why(event, language) or details(event, language)
    line += f" ({because})" if because else ""
    return line + "".join(f"\n         {evidence_line(evidence, language)}" for evidence in event.evidence)


def clock(tick_ms: int) -> str:
    """Plant time as hours, minutes, seconds, tenths."""
    seconds, rest_ms = divmod(tick_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest_ms // 100}"
