"""The page of the release machine is drawn from the tables that run."""

import re
from pathlib import Path

import pytest

from controller.core.state import Stage
from controller.core.zone.machine import TABLE, Signal
from controller.tools.diagrams import SIGNALS, page

PAGE = Path(__file__).parents[3] / "docs" / "release-machine.md"


def test_the_page_in_the_docs_is_not_old() -> None:
    drawn = page()
    assert PAGE.read_text(encoding="utf-8") == drawn, (
        "draw it anew: python -m controller.tools.diagrams docs/release-machine.md"
    )


def test_every_move_is_an_arrow_and_every_arrow_a_move() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+): (.+)$", page(), re.MULTILINE)
    drawn = {(a, signal, b) for a, b, signals in arrows for signal in signals.split(", ")}
    assert drawn == {
        (stage.replace("-", "_"), str(signal), target.replace("-", "_"))
        for stage, moves in TABLE.items()
        for signal, target in moves.items()
    }


def test_a_changed_table_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page()
    monkeypatch.delitem(TABLE[Stage.ABORTED], Signal.MANUAL)
    assert page() != before


def test_every_signal_has_its_words() -> None:
    assert set(SIGNALS) == set(Signal)
    assert all(english and korean for english, korean in SIGNALS.values())
