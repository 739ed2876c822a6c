"""Rule 12: every level and stage change names its evidence; "why released" and "why not" have an answer in the journal."""

from typing import Any

import pytest

from controller.core import latch
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.zone import signals
from tests.controller.core.field import Field, play
from tests.rules.breaking import Check, Mutant, notices

OF_TIME = {"over", "over-inhibited", "over-last-try", "hold-ends"}
"""Moves of the clock: what stands behind them is the stage before."""


def every_level_names_its_evidence() -> None:
    field = Field()
    play(field, "0 | smoke-1 advisory, cells-1 runaway, h2-1 pre-alarm | |\n 1 | smoke-1 alarm, call-point on | |")
    told = [e for e in field.events if e.kind in {Kind.LEVEL, Kind.INPUT}]
    assert len(told) >= 6
    for event in told:
        assert [e.head for e in event.evidence] == [event.subject]
        assert event.evidence[0].point


def every_stage_names_its_evidence() -> None:
    field = Field()
    play(
        field,
        """
        0 | smoke-1 alarm            | pre-activated |
        1 | heat-1 alarm             | activated     |
        1 | hold on                  | held          |
        1 | hold off                 | activated     |
        1 | abort on                 | aborted       |
        1 | abort off, call-point on | activated     |
        12 |                         | released      |
        """,
    )
    moves = [e for e in field.events if e.kind is Kind.STAGE and e.text.split(",")[0] not in OF_TIME]
    heads = [(e.what, tuple(x.head for x in e.evidence)) for e in moves]
    assert heads == [
        ("pre-activated", ("smoke-1",)),
        ("activated", ("smoke-1", "heat-1")),
        ("held", ("hold",)),
        ("aborted", ("abort",)),
        ("activated", ("call-point",)),
        ("released", ("fb-inputs[8]",)),
    ]


def why_not_has_an_answer() -> None:
    field = Field()
    play(field, "0 | mode-key off, smoke-1 alarm, heat-1 alarm | pre-activated |")
    assert field.told(Kind.INHIBIT, "hall") == ["manual-only by key"]
    field.point("gas-h2[0]", 20000.0)
    play(field, "1 | mode-key on | activated |\n 31 | | waiting |")
    assert "exhaust first" in field.told(Kind.INHIBIT, "hall")[-1]


def every_level_of_a_zone_names_all_that_led_to_it() -> None:
    field = Field()
    field.weigh("cells-1", "h2-1", level=Level.ADVISORY)
    field.run(1)
    field.weigh("cells-1", "h2-1", "smoke-1", level=Level.ALARM)
    field.run(1)
    told = [(e.what, [x.head for x in e.evidence]) for e in field.events if e.kind is Kind.ZONE_LEVEL]
    assert told == [("advisory", ["cells-1", "h2-1"]), ("alarm", ["cells-1", "h2-1", "smoke-1"])]


CHECKS = (
    every_level_of_a_zone_names_all_that_led_to_it,
    every_level_names_its_evidence,
    every_stage_names_its_evidence,
    why_not_has_an_answer,
)


def levels_without_evidence(patch: pytest.MonkeyPatch) -> None:
    tell = Draft.tell

    def silent(self: Draft, kind: Kind, *a: Any, **_more: Any) -> None:
        tell(self, kind, *a[:3])

    patch.setattr(Draft, "tell", silent)


def stages_without_evidence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_evidence", lambda *a: ())


def nobody_says_why_not(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_held_back", lambda *a: ())


def contacts_untold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(latch, "_contact", lambda *a: None)


MUTANTS = [
    (levels_without_evidence, every_level_names_its_evidence),
    (levels_without_evidence, every_level_of_a_zone_names_all_that_led_to_it),
    (contacts_untold, every_level_names_its_evidence),
    (stages_without_evidence, every_stage_names_its_evidence),
    (nobody_says_why_not, why_not_has_an_answer),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
