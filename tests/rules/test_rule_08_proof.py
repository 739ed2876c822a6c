"""Rule 8: released means that the field says so; silence is tried again, then told; the reserve bank only by a person."""

import pytest
from msgspec.structs import replace

from controller.core.draft import Draft
from controller.core.events import Kind
from controller.core.rules import ZoneRules
from controller.core.state import Stage, ZoneState
from controller.core.zone import after, conditions, signals
from controller.core.zone.machine import TABLE, Signal
from tests.controller.core.field import Field, play, site, writes_of
from tests.controller.core.holding import holding
from tests.rules.breaking import Check, Mutant, notices

FIRE = "0 | smoke-1 alarm, heat-1 alarm | activated |"
LAMP = ('when = ["hall.gas", "hall.evacuate", "hall.released"]', 'when = ["hall.released"]')
"""The beacon shows "released" alone."""


def silence_is_not_released() -> None:
    field = Field(site(LAMP))
    field.agent_flows = False
    play(field, f"{FIRE}\n 95 | | unconfirmed | -beacon\n 250 | | discharged | -beacon")
    assert "released" not in field.told(Kind.STAGE)
    assert "release_unconfirmed" in field.told(Kind.TROUBLE)


def silence_gets_the_same_actuator_again() -> None:
    field = Field()
    field.agent_flows = False
    play(field, f"{FIRE}\n 95 | | unconfirmed |")
    assert [value for _, place, value in writes_of(field, "agent") if place == 1] == [1, 0, 1]
    assert writes_of(field, "agent-reserve") == []


def a_stuck_switch_proves_nothing() -> None:
    field = Field()
    field.point("fb-inputs[8]", 1.0)
    play(field, "0 | call-point on | activated |\n 75 | | unconfirmed |")


def flow_is_believed() -> None:
    play(Field(site(LAMP)), f"{FIRE}\n 32 | | released |\n 1 | | released | +agent +beacon")


def the_reserve_bank_needs_key_and_call_point() -> None:
    field = Field()
    field.agent_flows = False
    play(field, f"{FIRE}\n 95 | reserve-key on | unconfirmed |\n 1 | reserve-key off, call-point on | unconfirmed |")
    play(field, "2 | | unconfirmed | -agent-reserve\n 0 | reserve-key on | releasing |\n 1 | | | +agent-reserve")


def the_extended_discharge_follows_a_proven_one_alone() -> None:
    field = Field(holding())
    field.agent_flows = False
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 200 | | | -agent-extended")
    field.agent_flows = True
    assert not writes_of(field, "agent-extended")
    field = Field(holding())
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 35 | | released | +agent-extended")
    play(field, "100 | | | -agent-extended")


CHECKS = (
    the_extended_discharge_follows_a_proven_one_alone,
    silence_is_not_released,
    silence_gets_the_same_actuator_again,
    a_stuck_switch_proves_nothing,
    flow_is_believed,
    the_reserve_bank_needs_key_and_call_point,
)


def time_is_taken_for_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.OVER_LAST_TRY, Stage.RELEASED)


def unconfirmed_shows_as_released(patch: pytest.MonkeyPatch) -> None:
    conditions_of = conditions.zone_conditions

    def shown(draft: Draft, zone: ZoneRules) -> dict[str, bool]:
        after = draft.zones[zone.index].stage in {Stage.UNCONFIRMED, Stage.HOLD_TIME, Stage.DISCHARGED}
        return conditions_of(draft, zone) | ({"released": True} if after else {})

    patch.setattr(conditions, "zone_conditions", shown)


def no_second_try(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.OVER, Stage.UNCONFIRMED)


def any_closed_switch_is_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        signals, "_start_releasing", lambda draft, zone, state: draft.zone(zone.index, attempt=1, provable=True)
    )


def the_switch_is_not_read(patch: pytest.MonkeyPatch) -> None:
    start = signals._start_releasing

    def unprovable(draft: Draft, zone: ZoneRules, state: ZoneState) -> None:
        start(draft, zone, state)
        draft.zones[zone.index] = replace(draft.zones[zone.index], provable=False)

    patch.setattr(signals, "_start_releasing", unprovable)


def the_call_point_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_reserve_key", lambda *a: True)


def the_time_of_the_extended_one_never_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(after, "NEVER", 10**12)
    patch.setattr(after, "HOLDING", frozenset(Stage))


MUTANTS = [
    (time_is_taken_for_proof, the_extended_discharge_follows_a_proven_one_alone),
    (the_time_of_the_extended_one_never_ends, the_extended_discharge_follows_a_proven_one_alone),
    (time_is_taken_for_proof, silence_is_not_released),
    (unconfirmed_shows_as_released, silence_is_not_released),
    (no_second_try, silence_gets_the_same_actuator_again),
    (any_closed_switch_is_proof, a_stuck_switch_proves_nothing),
    (the_switch_is_not_read, flow_is_believed),
    (the_call_point_is_enough, the_reserve_bank_needs_key_and_call_point),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.feature("F17")
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
