"""`haechi explain`: nothing is without its words in both languages, and the answers name what led to them."""

import re
import string
from pathlib import Path

import pytest

from controller.cli.main import main
from controller.cli.show import core_event_line
from controller.core.commands import Work
from controller.core.events import Event, Evidence, Feature, Kind, Level
from controller.core.state import Stage
from controller.core.zone.machine import Signal
from controller.runtime.journal import Journal
from controller.texts import TEXTS
from controller.tools.explain import ExplainError, Numbered, explain
from controller.tools.explain_texts import DETAILS, FEATURES, PHRASES, REASONS, SIGNALS, WHAT, WORDS
from controller.tools.telling import evidence_line, headline
from tests.controller.core.field import Field, play, site
from tests.controller.core.random_room import QUICK
from tests.controller.core.walks import NAMES, walk

LANGUAGES = ("en", "ko")
NOON = 1763812800.0
"""2025-11-22 12:00 UTC, when plant time began."""


def told(field: Field) -> list[Numbered]:
    return [Numbered(seq, event, NOON + event.tick_ms / 1000) for seq, event in enumerate(field.events, 1)]


def explained(field: Field, what: str, language: str = "en") -> str:
    return "\n".join(explain(told(field), what, language))


@pytest.fixture(scope="module")
def released() -> Field:
    field = Field()
    play(field, "0 | smoke-1 alarm | pre-activated |\n 1 | heat-1 alarm | activated |\n 31 | | |\n 1 | | released |")
    return field


# --- texts


@pytest.mark.parametrize("table", [FEATURES, SIGNALS, WHAT, REASONS, PHRASES, WORDS, DETAILS])
def test_every_text_is_there_in_both_languages_with_the_same_fields(table: dict[str, tuple[str, str]]) -> None:
    for key, (english, korean) in table.items():
        assert english.strip(), key
        assert any("가" <= letter <= "힣" for letter in korean) or not any(c.isalpha() for c in _plain(korean)), key
        assert not _fields(korean) - _fields(english), key


def _fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def _plain(pattern: str) -> str:
    return "".join(literal for literal, *_ in string.Formatter().parse(pattern))


def test_no_feature_signal_or_stage_lacks_its_words() -> None:
    assert set(FEATURES) == set(Feature)
    assert set(SIGNALS) == set(Signal)
    assert {stage.value for stage in Stage} <= set(TEXTS)


@pytest.mark.parametrize("name", list(NAMES)[1::8])
def test_what_is_told_in_korean_is_english_in_names_alone(name: str) -> None:
    """Every kind of event that a long story brings, as its headline; what is not a word is a name of the site or a number."""
    layout = Field(site(*QUICK)).layout
    names = {*layout.site.zones, *layout.site.heads, *layout.site.outputs, *layout.racks, *layout.site.blocks}
    events = [event for step in walk(name) for event in step.told if event.kind is not Kind.DIGEST]
    names |= {event.subject for event in events}
    for event in events:
        said = headline(event, "ko")
        assert set(re.findall(r"[A-Za-z][\w-]*", said)) <= names, said
        assert re.search("[가-힣]", said), said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("feature", list(Feature))
def test_every_feature_is_said_with_its_head(feature: Feature, language: str) -> None:
    event = Event(
        7, 1000, Kind.LEVEL, "hall", "h", "advisory", evidence=(Evidence("h", feature, "block[3]", 12.5, 10.0, 2.0),)
    )
    lines = explain([Numbered(1, event, NOON)], "1", language)
    assert "h" in lines[-1].split(":")[0]
    assert "{" not in "\n".join(lines)


@pytest.mark.parametrize("kind", Kind)
def test_a_word_of_another_version_is_told_as_it_stands(kind: Kind) -> None:
    """A daemon may be newer than the command that shows what it says."""
    assert "unheard-of" in headline(Event(7, 1000, kind, "hall", "h", "unheard-of"), "ko")


# --- answers


def test_a_level_names_head_feature_value_threshold_and_weight(released: Field) -> None:
    lines = explained(released, "smoke-1").splitlines()
    assert lines[0].endswith("smoke-1 went to ALARM.")
    assert "smoke-1: 30 at asd-1" in lines[2]
    assert "at or above 29" in lines[2]
    assert "weight 1" in lines[2]


def test_why_released_names_the_two_heads_and_the_switch(released: Field) -> None:
    said = explained(released, "hall")
    assert "Why agent was released in hall" in said
    assert "two independent heads are in fire alarm" in said
    assert "the discharge switch shows that agent flows" in said
    assert said.index("smoke-1: 30") < said.index("heat-1: 30")
    assert "Why no agent" not in said


def test_why_released_in_korean(released: Field) -> None:
    said = explained(released, "hall", "ko")
    assert "hall 소화약제 방출 이유" in said
    assert "서로 독립된 두 감지기가 화재경보" in said


def test_why_not_with_one_head_alone() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm | pre-activated |")
    said = explained(field, "hall")
    assert "Why no agent was released in hall" in said
    assert "release takes two independent heads" in said
    assert "smoke-1: 30" in said


def test_why_not_with_two_heads_and_a_key() -> None:
    field = Field()
    play(field, "0 | mode-key off, smoke-1 alarm, heat-1 alarm | pre-activated |")
    said = explained(field, "hall")
    assert "is held back: the key stands on manual only" in said
    assert "release takes two independent heads, with" not in said
    assert "키가 수동 전용 위치" in explained(field, "hall", "ko")


def test_a_quiet_zone_and_one_that_was_reset_have_an_answer() -> None:
    field = Field()
    assert "no head is in alarm since the last reset" in explained(field, "hall")


def test_a_zone_level_tells_its_sum() -> None:
    field = Field()
    field.weigh("cells-1", "h2-1", level=Level.PRE_ALARM)
    field.level("h2-1", Level.ADVISORY)
    field.run(0.2)
    seq = next(entry.seq for entry in told(field) if entry.event.kind is Kind.ZONE_LEVEL)
    said = explained(field, str(seq))
    assert "zone hall went to pre-alarm" in said
    assert "together 2: evidence of one physics family counts 3 at most" in said
    assert "cells-1" in said


@pytest.mark.parametrize(
    ("feature", "unit"),
    [(Feature.ABOVE_REFERENCE, "ppm"), (Feature.LI_ION_VENT, "ppm"), (Feature.FIRE_2, "%/m"), (Feature.SAG, "V")],
)
def test_a_feature_of_one_kind_of_head_has_its_unit(feature: Feature, unit: str) -> None:
    evidence = Evidence("head", feature, "gas-co[3]", 285.0, 200.0)
    for language in ("en", "ko"):
        said = evidence_line(evidence, language)
        assert f"285 {unit}" in said
        assert f"200 {unit}" in said


def test_a_zone_level_that_one_head_is_enough_for_says_so_and_no_sum() -> None:
    field = Field()
    field.weigh("cells-1", level=Level.PRE_ALARM)
    field.script.zones[0] = field.script.zones[0]._replace(alone="cells-1")
    field.run(0.2)
    seq = next(entry.seq for entry in told(field) if entry.event.kind is Kind.ZONE_LEVEL)
    said = explained(field, str(seq))
    assert "cells-1 by itself" in said
    assert "together" not in said.splitlines()[-1]
    assert "cells-1 단독" in explained(field, str(seq), "ko")


def test_last_is_the_last_change(released: Field) -> None:
    last = [e for e in told(released) if e.event.kind not in {Kind.DIGEST, Kind.OUTPUT, Kind.INTENT, Kind.INPUT}][-1]
    assert explained(released, "last") == explained(released, str(last.seq))


@pytest.mark.parametrize(
    ("what", "message"), [("9999", "it has 1 to"), ("nobody", "or one of: "), ("-3", "nothing of '-3'")]
)
def test_what_is_not_there_is_answered_with_what_there_is(released: Field, what: str, message: str) -> None:
    with pytest.raises(ExplainError, match=message):
        explain(told(released), what)


def test_an_empty_journal_says_so() -> None:
    with pytest.raises(ExplainError, match="empty"):
        explain([], "last")


@pytest.mark.feature("F42")
@pytest.mark.parametrize(
    ("language", "responds", "ended"),
    [
        ("en", "they would drive: exhaust, sounder, attention", "heads not tried: h2-1, "),
        ("ko", "구동될 출력: exhaust, sounder, attention", "시험하지 않은 감지기: h2-1, "),
    ],
)
def test_a_walk_test_is_told_in_both_languages(language: str, responds: str, ended: str) -> None:
    field = Field()
    field.say(Work(operator="kim", zone="hall", work="walk test", minutes=30))
    for level in (Level.ALARM, Level.NORMAL):
        field.level("smoke-1", level)
        field.run(2)
    field.say(Work(operator="kim", zone="hall", work="walk test", minutes=0))
    lines = [core_event_line(event, language) for event in field.events if event.kind is Kind.WORK]
    assert any(responds in line for line in lines), lines
    assert ended in lines[-1]
    assert "not tried: none" not in lines[-1]
    assert responds in explained(field, "smoke-1", language)


# --- the command


def test_the_command_reads_a_journal(tmp_path: Path, released: Field, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.start()
    journal.append(1, 100, released.events, None)
    journal.close()
    assert main(["explain", "smoke-1", "--journal", str(path), "--language", "ko"]) == 0
    assert "화재경보" in capsys.readouterr().out
    assert main(["explain", "nobody", "--journal", str(path)]) == 1
    assert "or one of: " in capsys.readouterr().err


def test_the_command_says_what_is_wrong_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "last", "--journal", str(tmp_path / "none.sqlite")]) == 2
    assert "there is no such journal" in capsys.readouterr().err
    (tmp_path / "text.sqlite").write_text("no database at all, but a text")
    assert main(["explain", "last", "--journal", str(tmp_path / "text.sqlite")]) == 2
    assert "cannot be read as a journal" in capsys.readouterr().err


def test_an_event_has_the_time_of_the_wall_and_of_the_plant(released: Field) -> None:
    first = next(seq for seq, event, _ in told(released) if event.kind is Kind.STAGE)
    for language in LANGUAGES:
        assert explained(released, str(first), language).startswith("2025-11-22 12:00:")
    assert "2025-11-22 12:00:3" in explained(released, "hall")
