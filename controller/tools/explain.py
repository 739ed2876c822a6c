"""`haechi explain`: the evidence of a level or stage change as a person would say it, and why agent was released or not, from the journal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from controller.core.chain import decode
from controller.core.events import Event, Kind
from controller.core.state import Stage
from controller.core.zone.machine import Signal
from controller.core.zone.weighing import BY_ITSELF
from controller.texts import text
from controller.tools.explain_texts import PHRASES, say
from controller.tools.telling import details, evidence_line, headline, number, why

TOLD = frozenset(
    {
        Kind.LEVEL,
        Kind.ZONE_LEVEL,
        Kind.ALARM,
        Kind.STAGE,
        Kind.RESPONSE,
        Kind.REQUEST,
        Kind.INHIBIT,
        Kind.AVAILABILITY,
        Kind.TROUBLE,
    }
)
"""Kinds among which "last" and a head's name choose."""
STARTED = frozenset(
    {Stage.RELEASING, Stage.RETRYING, Stage.UNCONFIRMED, Stage.RELEASED, Stage.HOLD_TIME, Stage.DISCHARGED}
)


class Numbered(NamedTuple):
    """An event with its number in the journal."""

    seq: int
    event: Event
    wall_time_utc: float
    """When it was written: seconds of the Unix epoch."""


class ExplainError(ValueError):
    """There is nothing to explain under that name; the text says what there is."""


def read(rows: Iterable[tuple[int, bytes, float]]) -> list[Numbered]:
    """The events of a journal's rows (number, record, wall time in Unix seconds). Raises ExplainError for a record that is none."""
    try:
        return [Numbered(seq, decode(record), wall_time_utc) for seq, record, wall_time_utc in rows]
    except msgspec.DecodeError as error:
        raise ExplainError(f"a record of the journal is not readable, it is of another version: {error}") from error


def explain(journal: Sequence[Numbered], what: str, language: str = "en") -> list[str]:
    """The lines that explain `what`: an entry's number, the name of a head or a zone, or "last". Raises ExplainError."""
    if not journal:
        raise ExplainError("the journal is empty: there is nothing to explain yet")
    if what.isdecimal():
        return list(_entry(_by_number(journal, int(what)), language))
    if what == "last":
        told = [entry for entry in journal if entry.event.kind in TOLD]
        if not told:
            raise ExplainError("nothing has changed its level or stage yet: no entry of the journal has evidence")
        return list(_entry(told[-1], language))
    if any(
        entry.event.kind in {Kind.STAGE, Kind.AVAILABILITY, Kind.ZONE_LEVEL} and entry.event.subject == what
        for entry in journal
    ):
        return list(_zone(journal, what, language))
    about = [entry for entry in journal if entry.event.subject == what and entry.event.kind is not Kind.DIGEST]
    if not about:
        raise ExplainError(_unknown(journal, what))
    levels = [entry for entry in about if entry.event.kind in {Kind.LEVEL, Kind.INPUT}]
    return list(_entry((levels or about)[-1], language))


def _by_number(journal: Sequence[Numbered], seq: int) -> Numbered:
    found = next((entry for entry in journal if entry.seq == seq), None)
    if found is None:
        raise ExplainError(f"the journal has no entry {seq}; it has {journal[0].seq} to {journal[-1].seq}")
    return found


def _unknown(journal: Sequence[Numbered], what: str) -> str:
    names = sorted(
        {e.event.subject for e in journal if e.event.kind in {Kind.LEVEL, Kind.STAGE, Kind.ZONE_LEVEL, Kind.INPUT}}
        - {""}
    )
    known = ", ".join(names) or "none"
    return f'the journal tells nothing of {what!r}; give an entry\'s number, "last", or one of: {known}'


# --- one entry


def _entry(entry: Numbered, language: str) -> Iterator[str]:
    event = entry.event
    when, tick = _wall(entry.wall_time_utc), _clock(event.tick_ms)
    place = say(PHRASES["at"], language, when=when, tick=tick, zone=event.zone or "-", seq=entry.seq)
    yield place + headline(event, language)
    if reason := why(event, language):
        yield say(PHRASES["because"], language, why=reason)
    if event.evidence:
        yield say(PHRASES["evidence"], language)
        yield from (f"    {evidence_line(evidence, language)}" for evidence in event.evidence)
    if event.kind is Kind.ZONE_LEVEL:
        yield _how(event, language)
    if event.text and event.kind in {Kind.REQUEST, Kind.RESPONSE, Kind.TROUBLE, Kind.WORK}:
        yield f"  {details(event, language)}"
    if event.operator:
        yield say(PHRASES["by"], language, operator=event.operator)


def _how(event: Event, language: str) -> str:
    """How the heads of a zone took it to its level: one by itself, or all by their sum."""
    if event.text.startswith(BY_ITSELF):
        return say(PHRASES["by-itself"], language, head=event.evidence[0].head)
    return say(PHRASES["together"], language, sum=number(sum(evidence.weight for evidence in event.evidence)))


def _wall(time_utc: float) -> str:
    return datetime.fromtimestamp(time_utc, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _clock(tick_ms: int) -> str:
    minutes, seconds = divmod(tick_ms / 1000, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:d}:{minutes:02d}:{seconds:04.1f}"


# --- a zone: its last level, and why released or why not


def _zone(journal: Sequence[Numbered], zone: str, language: str) -> Iterator[str]:
    about = _since_reset([entry for entry in journal if zone in {entry.event.zone, entry.event.subject}])
    levels = [entry for entry in about if entry.event.kind is Kind.ZONE_LEVEL]
    if levels:
        yield from _entry(levels[-1], language)
    stages = [entry for entry in about if entry.event.kind is Kind.STAGE]
    released = any(entry.event.what in STARTED for entry in stages)
    yield say(PHRASES["why-released" if released else "why-not"], language, zone=zone)
    for entry in stages:
        event = entry.event
        stage = text(event.what, language)
        when = _wall(entry.wall_time_utc)
        yield say(
            PHRASES["step"], language, when=when, tick=_clock(event.tick_ms), stage=stage, why=why(event, language)
        )
        if event.text.split(",")[0] in {Signal.CONFIRMED, Signal.MANUAL, Signal.PROOF}:
            yield from (f"    {evidence_line(evidence, language)}" for evidence in event.evidence)
    if not released:
        yield from _why_not(journal, about, stages, zone, language)


def _since_reset(about: list[Numbered]) -> list[Numbered]:
    resets = [
        i for i, entry in enumerate(about) if entry.event.kind is Kind.STAGE and entry.event.what == Stage.QUIESCENT
    ]
    return about[resets[-1] :] if resets else about


def _why_not(
    journal: Sequence[Numbered], about: list[Numbered], stages: list[Numbered], zone: str, language: str
) -> Iterator[str]:
    alarmed = {
        e.event.subject: e.event for e in about if e.event.kind is Kind.LEVEL and e.event.what.startswith("alarm")
    }
    confirmed = any(entry.event.text.startswith(Signal.CONFIRMED) for entry in stages)
    if not alarmed:
        yield say(PHRASES["calm"], language)
    elif not confirmed:
        held = any(e.event.kind is Kind.INHIBIT and e.event.what != "none" for e in about)
        yield say(PHRASES["in-alarm" if held else "one-only"], language)
        yield from (
            f"    {evidence_line(evidence, language)}" for event in alarmed.values() for evidence in event.evidence
        )
    for kind in (Kind.INHIBIT, Kind.AVAILABILITY):
        # Availability outlives a reset: the last word counts, whenever it was.
        told = [
            e
            for e in (journal if kind is Kind.AVAILABILITY else about)
            if e.event.kind is kind and e.event.subject == zone
        ]
        if told and told[-1].event.what != "none":
            yield f"  {headline(told[-1].event, language)}"
