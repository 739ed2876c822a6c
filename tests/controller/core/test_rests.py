"""A controller that rests says, writes and keeps what one says that decides in every scan: on inputs drawn at random."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core import scan as scan_module
from controller.core.commands import Acknowledge, AnyCommand, Disable, Enable, Reset
from controller.core.events import Kind, Level
from tests.controller.core.field import Field

HEADS = ("smoke-1", "heat-1", "h2-1", "cells-1")
CONTACTS = ("obstruction", "call-point", "abort", "occupied")
COMMANDS: tuple[AnyCommand, ...] = (
    Acknowledge(operator="kim", zone="hall"), Reset(operator="kim", zone="hall"), Disable(operator="kim", subject="h2-2"),
    Enable(operator="kim", subject="h2-2"),
)  # fmt: skip

_levels = st.tuples(st.just("level"), st.sampled_from(HEADS), st.sampled_from(list(Level)))
_faults = st.tuples(st.just("fault"), st.sampled_from(HEADS), st.integers(0, 2))
_contacts = st.tuples(st.just("contact"), st.sampled_from(CONTACTS), st.booleans())
_lost = st.tuples(st.just("lose"), st.sampled_from(["fb", "do-1"]), st.booleans())
_said = st.tuples(st.just("say"), st.sampled_from(COMMANDS), st.none())
_waits = st.tuples(st.just("wait"), st.sampled_from([0.1, 0.5, 3.0, 12.0, 35.0]), st.none())
_deeds = st.lists(st.one_of(_levels, _faults, _contacts, _lost, _said, _waits), min_size=3, max_size=8)


def act(field: Field, deeds: list[tuple[str, object, object]]) -> None:
    for what, subject, value in deeds:
        match what, subject, value:
            case "level", str(head), Level() as level:
                field.level(head, level)
            case "fault", str(head), int(fault):
                field.fault(head, fault)
            case "contact", str(head), bool(closed):
                field.contact(head, on=closed)
            case "lose", str(device), bool(lost):
                (field.lost.add if lost else field.lost.discard)(device)
            case "say", _, _:
                field.say(subject)  # type: ignore[arg-type]
            case _:
                field.run(float(subject))  # type: ignore[arg-type]
        field.run(1.0)


@given(_deeds)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_resting_changes_nothing(deeds: list[tuple[str, object, object]]) -> None:
    quick, full = Field(), Field()
    act(quick, deeds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_module, "_rests_until", lambda *_: -1)
        act(full, deeds)
    assert quick.events == full.events
    assert quick.writes == full.writes
    assert quick.controller.state == full.controller.state


def test_a_rest_ends_at_the_first_tick_that_time_may_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two fire heads the pre-warning runs: until it is over nothing is decided, and in that very scan the agent goes."""
    field = Field()
    field.level("smoke-1", Level.ALARM)
    field.level("heat-1", Level.ALARM)
    field.run(15.0)
    assert field.zone().stage == "activated"
    due_ms = field.zone().due_ms
    decided: list[int] = []
    decide = scan_module.decide  # type: ignore[attr-defined]

    def noted(*arguments: Any) -> Any:
        decided.append(field.tick_ms)
        return decide(*arguments)

    monkeypatch.setattr(scan_module, "decide", noted)
    while field.tick_ms < due_ms:
        field.scan()
    assert decided[-1] == due_ms
    assert len(decided) < 20
    assert field.zone().stage == "releasing"


def test_time_is_asked_for_in_one_way_only() -> None:
    """A comparison with the scan's tick beside `reached` would move what is decided without waking the controller."""
    core = Path(scan_module.__file__).parent
    compared = re.compile(r"tick_ms\s*(?:[<>]=?|-)|[<>]=?\s*(?:\w+\.)*tick_ms|-\s*(?:\w+\.)*tick_ms")
    found = {
        f"{file.relative_to(core)}: {line.strip()}"
        for file in core.rglob("*.py")
        if file.parent.name != "detect"
        for line in file.read_text(encoding="utf-8").splitlines()
        if compared.search(line) and "->" not in line
    }
    assert {entry.split(":")[0] for entry in found} == {"draft.py", "image.py", "scan.py"}, found
    in_draft = sorted(entry.partition(": ")[2] for entry in found if entry.startswith("draft.py"))
    assert in_draft == ["if self.tick_ms >= due_ms:", "return max(due_ms - self.tick_ms, 0)"], (
        "`reached` decides, `left_ms` tells"
    )


def test_a_scan_that_failed_leaves_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    field = Field()
    field.run(5)
    decide = scan_module.decide  # type: ignore[attr-defined]

    def fails(*_: Any) -> Any:
        raise RuntimeError

    field.level("smoke-1", Level.ALARM)
    monkeypatch.setattr(scan_module, "decide", fails)
    with pytest.raises(RuntimeError):
        field.scan()
    monkeypatch.setattr(scan_module, "decide", decide)
    field.scan()
    assert field.told(Kind.LEVEL, "smoke-1")


def test_a_call_point_in_a_zone_that_cannot_release_still_leads_to_the_hand_over() -> None:
    """Racks stay hot, and nothing moves any more but the time limit after which the brigade is asked: the rest ends there."""
    field = Field()
    field.script.readings.rack_hottest_degc[:] = 200.0
    field.say(Disable(operator="kim", subject="hall"))
    field.contact("call-point", on=True)
    field.run(5.0)
    assert field.zone().first_fire_ms >= 0
    assert field.zone().hand_over_ms < 0
    field.run(field.layout.site.zones["hall"].hand_over_after_s)
    assert field.zone().hand_over_ms >= 0
