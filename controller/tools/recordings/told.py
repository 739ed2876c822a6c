"""Level changes as lines for people and for programs, and what one set of settings says otherwise than another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.core.events import Evidence, Level
from controller.core.layout import Layout
from controller.tools.recordings.standing import Beyond
from controller.tools.recordings.whatif import Change

LEVELS = {Level.NORMAL: "normal", Level.ADVISORY: "advisory", Level.PRE_ALARM: "pre-alarm", Level.ALARM: "alarm"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_LINES = 400
"""Lines of a table that a person reads; beyond it the sums by head say more."""
_YEARS_9999_S = 253402300799.0
_EPOCH_S = 1e8
"""Beyond three years a count of seconds is one since 1970 (assumed)."""
_SAME_S = 0.5
"""Closer than this is the same time."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How a recording's time is written: as the number that it has (`seconds` in its unit), or as a date."""

    seconds: float = 1.0
    is_date: bool = False

    def recorded(self, said_s: float) -> float | str:
        """The time as the recording has it."""
        if not self.is_date or not -_YEARS_9999_S < said_s < _YEARS_9999_S:
            return round(said_s / self.seconds, 6)
        when = _EPOCH + timedelta(milliseconds=round(said_s * 1000))
        return when.replace(tzinfo=None).isoformat(timespec="milliseconds" if when.microsecond else "seconds")

    def shown(self, said_s: float) -> str:
        """The same for a table, where seconds since 1970 are a date as well."""
        if abs(said_s) > _EPOCH_S and self.seconds <= 1.0:
            return str(Clock(is_date=True).recorded(said_s))
        recorded = self.recorded(said_s)
        return recorded if isinstance(recorded, str) else f"{recorded:.10g}"


@dataclass(slots=True)
class Teller:
    """Tells changes of one site, whose points have `labels` and whose settings have names."""

    layout: Layout
    clock: Clock
    labels: Sequence[str]
    names: Sequence[str]

    def record(self, change: Change) -> dict[str, Any]:
        """One change for a program."""
        head = None if change.kind == "zone" else self.layout.heads[change.head]
        zone = head.head.zone if head else self.layout.zones[change.head]
        said = {
            "kind": change.kind, "time": self.clock.recorded(change.said_s), "time_s": round(change.said_s, 3),
            "elapsed_s": change.at_ms / 1000, "run": change.run, "line": change.line, "zone": zone,
            "head": head.name if head else "", "family": str(head.head.family) if head else "", "level": LEVELS[change.level],
            "was": LEVELS[change.was], "fault": change.fault, "runaway": change.runaway,
            "evidence": [
                {
                    "head": why.head, "feature": str(why.feature), "column": self.column(why.point),
                    "value": why.value, "threshold": why.threshold, "weight": why.weight,
                }
                for why in change.evidence
            ],
        }  # fmt: skip
        if len(self.names) > 1:
            said["settings"] = self.names[change.which]
        return said

    def column(self, point: str) -> str:
        """Name of the column behind a point."""
        block, _, rest = point.partition("[")
        return self.labels[self.layout.first[block] + int(rest[:-1])] if rest else point

    def line(self, change: Change) -> str:
        """One change for a person."""
        run = f" run {change.run}" if change.run > 1 else ""
        which = f" [{self.names[change.which]}]" if len(self.names) > 1 else ""
        if change.kind != "fault":
            what = f"{LEVELS[change.was]} -> {LEVELS[change.level]}" + (" (runaway)" if change.runaway else "")
        else:
            what = "well again" if change.fault == "none" else f"FAULT ({change.fault})"
        told = change.level if change.kind != "fault" else change.fault != "none"
        why = "; ".join(map(_why, change.evidence)) if told else ""
        name = self.name(change.kind, change.head)
        return f"{self.clock.shown(change.said_s):>20}{run}{which}  {name}: {what}{': ' if why else ''}{why}"

    def name(self, kind: str, place: int) -> str:
        """Name of a head or a zone."""
        return f"zone {self.layout.zones[place]}" if kind == "zone" else self.layout.heads[place].name


def _why(evidence: Evidence) -> str:
    text = f"{evidence.feature} {evidence.value:.4g}"
    return text + (f" (threshold {evidence.threshold:.4g}, weight {evidence.weight:.3g})" if evidence.threshold else "")


@dataclass(slots=True)
class Onset:
    """Of a head at a level or above, in one run: first time, how often, how long (seconds of the recording)."""

    first: Change
    count: int = 1
    since_ms: int = 0
    total_ms: int = 0


Key = tuple[int, int, str, int, Level]
"""Settings, run, kind (level of a head, or zone), place of the head or zone, level."""


@dataclass(slots=True)
class Sums:
    """What was said in all: by settings, run, head and level."""

    onsets: dict[Key, Onset] = field(default_factory=dict)
    open_: dict[Key, int] = field(default_factory=dict)
    faults: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    changes: int = 0

    def take(self, change: Change) -> None:
        """Count one change in."""
        self.changes += 1
        if change.kind == "fault":
            self.faults[change.which, change.head] += change.fault != "none"
            return
        for level in list(Level)[1:]:
            run = change.run
            key = (change.which, run, change.kind, change.head, level)
            if change.was < level <= change.level:
                if key in self.onsets:
                    self.onsets[key].count += 1
                else:
                    self.onsets[key] = Onset(change)
                self.open_[key] = change.at_ms
            elif change.level < level <= change.was and key in self.open_:
                self.onsets[key].total_ms += change.at_ms - self.open_.pop(key)

    def spoken(self) -> set[int]:
        """Heads that reached pre-alarm under the first settings."""
        keys = (key for key in self.onsets if key[0] == 0 and key[2] == "level" and key[4] >= Level.PRE_ALARM)
        return {head for _, _, _, head, _ in keys}

    def close(self, last_ms: Mapping[int, int]) -> None:
        """What still stood at the end of its run lasted until then."""
        for key, since_ms in self.open_.items():
            self.onsets[key].total_ms += max(0, last_ms.get(key[1], since_ms) - since_ms)
        self.open_.clear()


def summary(sums: Sums, teller: Teller, beyond: Beyond, *, is_judged: bool = True) -> Iterator[str]:
    """By head and level: when first, how often, how long; and which heads stood beyond a threshold without a word.

    `is_judged`: there was a row that could be judged.
    """
    if not is_judged:
        yield "NOTHING WAS JUDGED: no row has a possible time"
        return
    unsaid = list(beyond.sentences(sums.spoken()))
    yield from unsaid
    if not sums.onsets and not any(sums.faults.values()):
        if not unsaid:
            yield "nothing: every head stays normal from the first row to the last"
        return
    merged: dict[tuple[int, str, int], dict[Level, list[Onset]]] = defaultdict(lambda: defaultdict(list))
    for (which, _, kind, head, level), onset in sums.onsets.items():
        merged[which, kind, head][level].append(onset)
    for (which, kind, head), levels in merged.items():
        settings = f"[{teller.names[which]}] " if len(teller.names) > 1 else ""
        said = "; ".join(_said(level, levels[level], teller) for level in sorted(levels))
        yield f"{settings}{teller.name(kind, head)}: {said}"
    for (which, head), count in sums.faults.items():
        if count:
            settings = f"[{teller.names[which]}] " if len(teller.names) > 1 else ""
            yield f"{settings}{teller.layout.heads[head].name}: faulty {count} time{'s' if count > 1 else ''}"


def _said(level: Level, onsets: Sequence[Onset], teller: Teller) -> str:
    """When a level was reached first, how often if more than once, how long in all."""
    first = min(onsets, key=lambda onset: onset.first.run).first
    count, total_s = sum(onset.count for onset in onsets), sum(onset.total_ms for onset in onsets) / 1000
    often = f", {count} times" if count > 1 else ""
    run = f" of run {first.run}" if first.run > 1 else ""
    return f"{LEVELS[level]} at {teller.clock.shown(first.said_s)}{run} ({total_s:.5g} s{often})"


def difference(sums: Sums, teller: Teller) -> Iterator[str]:
    """What the second settings say otherwise than the first: earlier, later, new, gone."""
    keys = sorted({key[1:] for key in sums.onsets})
    same = 0
    for key in keys:
        own, other = sums.onsets.get((0, *key)), sums.onsets.get((1, *key))
        run, kind, head, level = key
        name = f"{teller.name(kind, head)}: {LEVELS[level]}" + (f" (run {run})" if run > 1 else "")
        if own is None and other is not None:
            yield f"new      {name} at {teller.clock.shown(other.first.said_s)}"
        elif other is None and own is not None:
            yield f"gone     {name}, was at {teller.clock.shown(own.first.said_s)}"
        elif own is not None and other is not None:
            later_s = (other.first.at_ms - own.first.at_ms) / 1000
            if abs(later_s) < _SAME_S and own.count == other.count:
                same += 1
            else:
                word = "earlier" if later_s < 0 else "later" if later_s > 0 else "as soon"
                often = "" if own.count == other.count else f", {other.count} times instead of {own.count}"
                yield f"{word:<8} {name} by {abs(later_s):g} s, at {teller.clock.shown(other.first.said_s)}{often}"
    yield f"same     {same} of {len(keys)} levels at the same time as before"


def table(found: Iterable[Change], teller: Teller, sums: Sums) -> Iterator[str]:
    """Every change as a line, as long as a person reads them; `sums` takes them in."""
    for number, change in enumerate(found):
        sums.take(change)
        if number < _MOST_LINES:
            yield teller.line(change)
    if sums.changes > _MOST_LINES:
        yield f"... and {sums.changes - _MOST_LINES} more; --json gives every one"
