"""Rule 9: a faulty or disabled member follows the site's policy, and the release availability is always shown, with why."""

import pytest

from controller.core.commands import Disable
from controller.core.events import Kind
from controller.core.zone import signals
from controller.core.zone.coincidence import sick_members
from tests.controller.core.field import Field, play, site
from tests.rules.breaking import Check, Mutant, notices, original

BLOCK = site(("attempts = 2", 'attempts = 2\nfaulty_member = "block"'))
FIRE = "0 | smoke-1 alarm, heat-1 alarm | {stage} |"


def availability_is_shown_with_why() -> None:
    field = Field()
    assert field.zone().availability == "full"
    play(field, "0 | heat-2 fault | |")
    assert field.zone().availability == "degraded: heat-2"
    field.say(Disable(operator="kim", subject="smoke-2"))
    assert field.zone().availability == "degraded: heat-2, smoke-2"
    play(field, "0 | mode-key off | |")
    assert field.zone().availability == "unavailable: manual-only by key"
    assert field.told(Kind.AVAILABILITY, "hall") == [
        "full", "degraded: heat-2", "degraded: heat-2, smoke-2", "unavailable: manual-only by key",
    ]  # fmt: skip


def degrade_lets_the_rest_coincide() -> None:
    play(Field(), f"0 | heat-2 fault | |\n{FIRE.format(stage='activated')}")


def block_blocks() -> None:
    field = Field(BLOCK)
    play(field, f"0 | heat-2 fault | |\n{FIRE.format(stage='pre-activated')}\n 40 | | pre-activated | -agent")
    assert "faulty member" in field.zone().availability


def a_disabled_head_does_not_count() -> None:
    field = Field()
    play(field, "0 | heat-1 alarm | pre-activated |")
    field.say(Disable(operator="kim", subject="heat-1"))
    play(field, "0 | smoke-1 alarm | pre-activated |\n 40 | | pre-activated | -agent")


CHECKS = (availability_is_shown_with_why, degrade_lets_the_rest_coincide, block_blocks, a_disabled_head_does_not_count)


def always_full(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "availability", lambda *a: "full")


def shown_without_an_event(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_tell_availability", lambda draft, zone, why: draft.zone(zone.index, availability="full"))


def nobody_is_sick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "sick_members", lambda *a: iter(()))


def a_fault_blocks_always(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        signals,
        "blocks",
        lambda d, z: tuple(sick_members(d.layout, z.index, z.pairs, d.inputs, d.disabled)),
    )


def disabled_heads_count(patch: pytest.MonkeyPatch) -> None:
    confirmed = original(signals, "confirmed")
    patch.setattr(signals, "confirmed", lambda pairs, latches, disabled, *a: confirmed(pairs, latches, (), *a))


MUTANTS = [
    (always_full, availability_is_shown_with_why),
    (shown_without_an_event, availability_is_shown_with_why),
    (a_fault_blocks_always, degrade_lets_the_rest_coincide),
    (nobody_is_sick, block_blocks),
    (disabled_heads_count, a_disabled_head_does_not_count),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
