"""What a head has shown counts for its event, to the millisecond: neither longer, nor an advisory that a permit has sharpened."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from msgspec import structs

from controller.core.draft import Draft
from controller.core.events import Level
from controller.core.state import NEVER
from controller.core.zone.standing import (
    PAST_WINDOW_MS,
    first_shown_ms,
    keep_first_times,
    of_one_event,
    stands,
    window_ms,
)
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field

WINDOW_MS = 300_000
BEGAN_MS, ENDED_MS = 1000, 2000


@cache
def _field(level: Level) -> Field:
    """The head reads this."""
    field = Field(settle=False)
    field.level("h2-1", level)
    field.scan()
    return field


LATCHED = {"level": Level.PRE_ALARM, "since_ms": BEGAN_MS, "pre_alarm_ms": NEVER, "ended_ms": NEVER}


def draft_at(tick_ms: int, reads: Level = Level.NORMAL, **latch: Any) -> Draft:
    draft = draft_of(_field(reads), heads={"h2-1": LATCHED | latch})
    draft.tick_ms = tick_ms
    return draft


def is_standing(draft: Draft) -> bool:
    return stands(draft, rules_of(draft), draft.layout.heads[_field(Level.NORMAL).head("h2-1")])


def test_the_window_is_that_of_the_release_or_half_an_hour() -> None:
    rules = rules_of(draft_at(0))
    assert window_ms(rules) == WINDOW_MS
    assert window_ms(replace(rules, zone=structs.replace(rules.zone, release=None))) == PAST_WINDOW_MS


@pytest.mark.parametrize(
    ("tick_ms", "latch", "counts"),
    [
        (ENDED_MS + WINDOW_MS, {"pre_alarm_ms": BEGAN_MS, "ended_ms": ENDED_MS}, True),
        (ENDED_MS + WINDOW_MS + 1, {"pre_alarm_ms": BEGAN_MS, "ended_ms": ENDED_MS}, False),
        (ENDED_MS + WINDOW_MS + 1, {"pre_alarm_ms": BEGAN_MS, "ended_ms": NEVER}, True),
        (ENDED_MS, {"pre_alarm_ms": NEVER, "ended_ms": NEVER}, False),
        (ENDED_MS, {"pre_alarm_ms": BEGAN_MS, "level": Level.ADVISORY}, False),
    ],
)
def test_a_head_stands_by_its_own_reading_within_the_window(tick_ms: int, latch: dict[str, Any], counts: bool) -> None:
    draft = draft_at(tick_ms, **latch)
    assert is_standing(draft) == counts
    draft.disabled = ("h2-1",)
    assert not is_standing(draft)


def test_a_head_that_reads_pre_alarm_stands_whatever_it_has_latched_before() -> None:
    assert is_standing(draft_at(ENDED_MS + 2 * WINDOW_MS, Level.PRE_ALARM, ended_ms=ENDED_MS))


LONG_MS = ENDED_MS + WINDOW_MS + 1


@pytest.mark.parametrize(
    ("level", "tick_ms", "before", "first_ms"),
    [
        (Level.PRE_ALARM, BEGAN_MS, {"pre_alarm_ms": NEVER}, BEGAN_MS),
        (Level.PRE_ALARM, ENDED_MS, {"pre_alarm_ms": BEGAN_MS}, BEGAN_MS),
        # Over for the window: what comes again begins anew, once.
        (Level.PRE_ALARM, LONG_MS, {"pre_alarm_ms": BEGAN_MS, "ended_ms": ENDED_MS}, LONG_MS),
        (Level.PRE_ALARM, LONG_MS, {"pre_alarm_ms": ENDED_MS, "ended_ms": ENDED_MS}, LONG_MS),
        (Level.PRE_ALARM, LONG_MS + 1, {"pre_alarm_ms": LONG_MS, "ended_ms": ENDED_MS}, LONG_MS),
        (Level.PRE_ALARM, LONG_MS - 1, {"pre_alarm_ms": BEGAN_MS, "ended_ms": ENDED_MS}, BEGAN_MS),
        # It is read no more.
        (Level.ADVISORY, ENDED_MS, {"pre_alarm_ms": BEGAN_MS}, BEGAN_MS),
        (Level.ADVISORY, BEGAN_MS, {"pre_alarm_ms": BEGAN_MS}, NEVER),
        (Level.ADVISORY, LONG_MS, {"pre_alarm_ms": ENDED_MS, "ended_ms": ENDED_MS}, ENDED_MS),
        (Level.ADVISORY, LONG_MS, {"pre_alarm_ms": ENDED_MS + 1, "ended_ms": ENDED_MS}, NEVER),
        (Level.ADVISORY, LONG_MS - 1, {"pre_alarm_ms": ENDED_MS + 1, "ended_ms": ENDED_MS}, ENDED_MS + 1),
    ],
)
def test_the_first_time_is_that_of_the_event(level: Level, tick_ms: int, before: dict[str, Any], first_ms: int) -> None:
    draft = draft_at(tick_ms, level, **before)
    keep_first_times(draft, rules_of(draft))
    assert draft.heads[_field(level).head("h2-1")].pre_alarm_ms == first_ms


def test_a_sharpened_advisory_names_its_rack_since_it_was_latched() -> None:
    index = _field(Level.NORMAL).head("h2-1")
    assert first_shown_ms(draft_at(0).heads[index]) == BEGAN_MS
    assert first_shown_ms(draft_at(0, pre_alarm_ms=ENDED_MS).heads[index]) == ENDED_MS
    assert first_shown_ms(draft_at(0, level=Level.ALARM).heads[index]) == NEVER


@pytest.mark.parametrize(
    ("level", "ended_ms", "since_ms", "same"),
    [
        (Level.NORMAL, ENDED_MS, ENDED_MS + WINDOW_MS, True),
        (Level.NORMAL, ENDED_MS, ENDED_MS + WINDOW_MS + 1, False),
        (Level.NORMAL, NEVER, ENDED_MS + WINDOW_MS + 1, True),
        (Level.PRE_ALARM, ENDED_MS, ENDED_MS + WINDOW_MS + 1, True),
    ],
)
def test_two_heads_are_of_one_event_within_the_window(level: Level, ended_ms: int, since_ms: int, same: bool) -> None:
    draft = draft_at(since_ms, level, ended_ms=ended_ms)
    earlier = draft.layout.heads[_field(level).head("h2-1")]
    assert of_one_event(draft, rules_of(draft), earlier, since_ms) == same
