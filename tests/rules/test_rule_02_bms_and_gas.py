"""Rule 2: the BMS can raise the alarm, never lower it; off-gas is enough to isolate and ventilate, never needed to release."""

import pytest

from controller.core import decide
from controller.core.draft import Draft
from controller.core.events import Level
from controller.core.state import HeadLatch, Isolation
from controller.core.zone import conditions, ladder, signals, weighing
from controller.site.model import Physics
from tests.controller.core.field import Field, play
from tests.rules.breaking import Check, Mutant, notices, original


def a_quiet_bms_lowers_nothing() -> None:
    """The BMS took its alarm back, and never says a word in the second fire: both go their way."""
    field = Field()
    play(field, "0 | cells-1 runaway | pre-activated |\n 2 | cells-1 normal | pre-activated |")
    assert field.controller.state.heads[field.head("cells-1")].level == Level.ALARM
    assert field.rack("rack-1").isolation is Isolation.PROVEN
    play(field, "1 | smoke-1 alarm | activated |")


def gas_is_not_needed_to_release() -> None:
    play(Field(), "0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | |\n 1 | | released | +agent")


def gas_is_enough_to_isolate_and_ventilate() -> None:
    play(Field(), "0 | h2-2 pre-alarm | quiescent |\n 2 | | quiescent | +breaker-2 +exhaust +beacon -agent")


def a_bms_in_doubt_lowers_and_raises_nothing() -> None:
    """Flat or silent, it is watched and told, and everything else goes its way: no fire comes of it, and no fire is held up by it."""
    field = Field()
    field.doubt("cells-1", "cells-2", "cells-3")
    play(field, "60 | | quiescent | -breaker-1 -exhaust -sounder -agent -coolant-1")
    assert field.zone().active == ("watch",)
    assert field.zone().availability == "full"
    play(field, "0 | h2-2 pre-alarm | quiescent |\n 2 | | quiescent | +breaker-2 +exhaust")
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | |\n 1 | | released | +agent")


CHECKS = (
    a_quiet_bms_lowers_nothing,
    a_bms_in_doubt_lowers_and_raises_nothing,
    gas_is_not_needed_to_release,
    gas_is_enough_to_isolate_and_ventilate,
)


def the_bms_lowers(patch: pytest.MonkeyPatch) -> None:
    latch_heads = original(decide, "latch_heads")

    def lowering(draft: Draft) -> None:
        latch_heads(draft)
        for head in draft.layout.heads:
            if head.physics is Physics.BMS and draft.inputs.heads[head.index].level == 0:
                draft.heads[head.index] = HeadLatch()

    patch.setattr(decide, "latch_heads", lowering)


def release_asks_for_gas(patch: pytest.MonkeyPatch) -> None:
    confirmed = original(signals, "confirmed")
    patch.setattr(
        signals,
        "confirmed",
        lambda *a: next((p for p in [confirmed(*a)] if p and "gas" in {h.physics for h in p}), None),
    )


def gas_names_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "_leads", lambda *a: False)


def gas_moves_no_air(patch: pytest.MonkeyPatch) -> None:
    conditions_of = conditions.zone_conditions
    patch.setattr(conditions, "zone_conditions", lambda d, z: conditions_of(d, z) | {"exhaust": False})


def doubt_is_taken_for_fire(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(weighing, "weighed", lambda d, z: d.inputs.weighed[z.index]._replace(level=Level.PRE_ALARM))


def doubt_keeps_the_rest_from_speaking(patch: pytest.MonkeyPatch) -> None:
    naming = original(ladder, "_naming")
    patch.setattr(ladder, "_naming", lambda d, z, rack: () if d.inputs.weighed[z.index].doubts else naming(d, z, rack))


def doubt_is_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "doubts", lambda *a: ())


MUTANTS = [
    (doubt_is_taken_for_fire, a_bms_in_doubt_lowers_and_raises_nothing),
    (doubt_keeps_the_rest_from_speaking, a_bms_in_doubt_lowers_and_raises_nothing),
    (doubt_is_not_told, a_bms_in_doubt_lowers_and_raises_nothing),
    (the_bms_lowers, a_quiet_bms_lowers_nothing),
    (release_asks_for_gas, gas_is_not_needed_to_release),
    (gas_names_nothing, gas_is_enough_to_isolate_and_ventilate),
    (gas_moves_no_air, gas_is_enough_to_isolate_and_ventilate),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.feature("F30")
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
