"""Rule 3: automatic release needs two independent heads, with confirmed runaway or smoke with heat among them."""

import pytest
from msgspec.structs import replace

from controller.core import latch
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import HeadLatch
from controller.core.zone import coincidence, signals
from controller.site import pairs as rule_3
from controller.site.model import Release
from tests.controller.core.field import Field, play, site
from tests.rules.breaking import Check, Mutant, notices, original

MQTT_HEAT = (
    '[heads."heat-[1-2]"]',
    '[heads.mqtt-heat]\nfamily = "heat"\nzone = "hall"\npoints = ["climate-temperature"]\n[heads."heat-[1-2]"]',
)


def never(heads: str) -> None:
    field = Field(site(MQTT_HEAT))
    play(field, f"0 | {heads} | |\n 40 | | | -agent")
    assert "activated" not in field.told(Kind.STAGE, "hall")


def one_head_is_not_enough() -> None:
    for head in ("smoke-1 alarm", "heat-1 alarm", "h2-1 alarm", "cells-1 runaway"):
        never(head)


def one_family_is_not_enough() -> None:
    for heads in ("smoke-1 alarm, smoke-2 alarm", "cells-1 runaway, cells-2 runaway", "heat-1 alarm, heat-2 alarm"):
        never(heads)


def gas_with_smoke_is_not_enough() -> None:
    never("h2-1 alarm, smoke-1 alarm")


def a_hot_cell_without_runaway_is_not_enough() -> None:
    never("cells-1 alarm, smoke-1 alarm")


def a_fault_is_no_alarm() -> None:
    never("smoke-1 alarm, heat-1 fault, heat-2 fault")


def mqtt_never_counts() -> None:
    never("smoke-1 alarm, mqtt-heat alarm")


def what_can_never_count_arms_nothing() -> None:
    """The room reference and an MQTT head in alarm: no pre-activation, and a press beside them is no press between the alarms."""
    for head in ("h2-room", "mqtt-heat"):
        field = Field(site(MQTT_HEAT))
        play(field, f"0 | {head} alarm | quiescent |\n 1 | abort on | quiescent |\n 1 | abort off | quiescent |")
        assert "pre-activated" not in field.told(Kind.STAGE, "hall")
        play(field, "0 | smoke-1 alarm | pre-activated |")


def without_the_sites_word_one_family_does_not_release_the_server_room() -> None:
    field = Field(site(("same_family = true\n", "")))
    play(
        field,
        "0 | server-smoke-3 fire-2, server-smoke-4 fire-2 | pre-activated |\n 60 | | pre-activated | -server-agent",
        "server",
    )


def steam_in_both_detectors_of_one_family_is_not_enough() -> None:
    """Fire 1 in both for as long as one likes, and fire 2 in both that does not last: what steam, dust and spray do."""
    field = Field()
    play(
        field,
        """
          0 | server-smoke-3 alarm, server-smoke-4 alarm   | pre-activated |
         60 | server-smoke-3 fire-2                        | pre-activated |
         60 | server-smoke-3 fire-2, server-smoke-4 fire-2 | pre-activated |
         15 | server-smoke-4 alarm                         | pre-activated |
         60 |                                              | pre-activated | -server-agent
        """,
        "server",
    )
    assert "activated" not in field.told(Kind.STAGE, "server")


def what_is_weighed_together_never_releases() -> None:
    """Whatever the heads say together, release asks for two of them alone (decision 0019)."""
    field = Field()
    field.weigh("cells-1", "h2-1", "smoke-1", "heat-1", level=Level.ALARM, rack="rack-1")
    play(field, "60 | | quiescent | -agent +sounder")
    play(field, "0 | smoke-1 alarm | pre-activated |\n 60 | | pre-activated | -agent")


CHECKS = (
    what_is_weighed_together_never_releases,
    one_head_is_not_enough,
    one_family_is_not_enough,
    gas_with_smoke_is_not_enough,
    a_hot_cell_without_runaway_is_not_enough,
    a_fault_is_no_alarm,
    mqtt_never_counts,
    what_can_never_count_arms_nothing,
    without_the_sites_word_one_family_does_not_release_the_server_room,
    steam_in_both_detectors_of_one_family_is_not_enough,
)


def a_pair_of_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rule_3, "combinations", lambda heads, n: [(head, head) for head in heads])
    all_are_independent(patch)
    all_are_sufficient(patch)


def all_are_independent(patch: pytest.MonkeyPatch) -> None:
    """Fire 2 is a second guard of two heads of one family: both are broken."""
    patch.setattr(rule_3, "independent", lambda a, b, same_family: True)
    one_family_counts_at_fire_1(patch)


def all_are_sufficient(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rule_3, "sufficient", lambda a, b: True)


def any_bms_alarm_counts(patch: pytest.MonkeyPatch) -> None:
    alarms = lambda head, latch, *a: latch.level >= Level.ALARM  # noqa: E731
    patch.setattr(coincidence, "_alarms", alarms)


def a_fault_counts(patch: pytest.MonkeyPatch) -> None:
    confirmed = original(signals, "confirmed")

    def with_faults(pairs: tuple[coincidence.Pair, ...], latches: list[HeadLatch], *a: object) -> object:
        heads: list[HeadLayout] = [head for pair in pairs for head in pair]
        for head in heads:
            if head.head.family == "heat":
                latches[head.index] = HeadLatch(level=Level.ALARM)
        return confirmed(pairs, latches, *a)

    patch.setattr(signals, "confirmed", with_faults)


def mqtt_counts(patch: pytest.MonkeyPatch) -> None:
    """Two guards hold it: the level of an MQTT head, and its independence. Both must be broken."""
    patch.setattr(latch, "min", lambda a, b: a, raising=False)
    all_are_independent(patch)


def a_reference_arms(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rule_3, "may_be_member", lambda one: one.physics in rule_3.MEMBERS and not one.on_mqtt)


def mqtt_arms(patch: pytest.MonkeyPatch) -> None:
    """Two guards hold it: the level of an MQTT head, and what may be a member. Both must be broken."""
    patch.setattr(latch, "min", lambda a, b: a, raising=False)
    patch.setattr(rule_3, "may_be_member", lambda one: one.physics in rule_3.MEMBERS and not one.head.reference)


def the_policy_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    independent = rule_3.independent
    patch.setattr(rule_3, "independent", lambda a, b, same_family: independent(a, b, same_family=True))


def the_zones_level_counts(patch: pytest.MonkeyPatch) -> None:
    coincidence_of = original(signals, "_coincidence")

    def with_weights(draft: Draft, zone: ZoneRules, release: Release | None) -> object:
        return zone.pairs[0] if draft.zones[zone.index].weighed >= Level.ALARM else coincidence_of(draft, zone, release)

    patch.setattr(signals, "_coincidence", with_weights)


def one_family_counts_at_fire_1(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(coincidence, "_of_two_families", lambda pair: True)


def fire_2_need_not_last(patch: pytest.MonkeyPatch) -> None:
    stand = original(latch, "_stand_at_fire_2")

    def at_once(draft: Draft, head: HeadLayout, *, at_fire_2: bool) -> None:
        stand(draft, head, at_fire_2=at_fire_2)
        draft.heads[head.index] = replace(draft.heads[head.index], fire_2=at_fire_2)

    patch.setattr(latch, "_stand_at_fire_2", at_once)


MUTANTS = [
    (the_zones_level_counts, what_is_weighed_together_never_releases),
    (a_pair_of_one, one_head_is_not_enough),
    (all_are_independent, one_family_is_not_enough),
    (all_are_sufficient, gas_with_smoke_is_not_enough),
    (any_bms_alarm_counts, a_hot_cell_without_runaway_is_not_enough),
    (a_fault_counts, a_fault_is_no_alarm),
    (mqtt_counts, mqtt_never_counts),
    (a_reference_arms, what_can_never_count_arms_nothing),
    (mqtt_arms, what_can_never_count_arms_nothing),
    (the_policy_is_not_asked, without_the_sites_word_one_family_does_not_release_the_server_room),
    (one_family_counts_at_fire_1, steam_in_both_detectors_of_one_family_is_not_enough),
    (fire_2_need_not_last, steam_in_both_detectors_of_one_family_is_not_enough),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.feature("F10")
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
