"""Alarm verification beside the release: explored where the zone asks for it, and a second look that does not count is found."""

import pytest

from controller.core import latch
from controller.core.draft import Draft
from controller.core.inputs import FIRE_2, HeadReading
from controller.core.layout import HeadLayout
from controller.core.zone import second_look
from controller.site.model import Physics
from controller.tools.verify.run import Bounds, explore_world
from tests.controller.core.field import site
from tests.controller.core.test_second_look import looking
from tests.controller.tools.verify.judged import counter_example, parts, story


def test_a_zone_without_the_policy_has_no_such_part() -> None:
    assert list(parts(site(), "hall", "second look")) == []


def test_holds() -> None:
    ((kind, world),) = parts(looking(("attempts = 2", "attempts = 1")), "hall", "second look")
    explored = explore_world(kind, world, Bounds())
    assert explored.whole
    assert explored.broken == {}


def test_falls_when_a_second_look_never_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = second_look.looked_at

    def never(draft: Draft, head: HeadLayout, reading: HeadReading, level: int) -> int:
        looked_at(draft, head, reading, level)
        return min(level, 2) if head.physics is Physics.SMOKE and not reading.marks & FIRE_2 else level

    monkeypatch.setattr(latch, "looked_at", never)
    found = counter_example(looking(), "hall", "second look", "P4")
    assert found is not None
    assert "is in alarm at its second look, and that does not count" in story(found)
