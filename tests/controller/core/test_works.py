"""Work permits, walk tests, the reset lock and the mechanical block of the agent."""

from typing import Any

import pytest

from controller.core.commands import Reset, Work
from controller.core.events import Kind, Level
from controller.core.state import NEVER, Isolation, Stage, Trigger, ZoneState
from controller.core.zone.walk_test import HANDS
from controller.core.zone.works import LONGEST_MIN, PERMIT, WALK_TEST, left_out, not_at_rest
from controller.site.loader import loads
from controller.site.model import Site
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import SITE, Field, play, site

ALARM = "0 | smoke-1 alarm, heat-1 alarm |"
WORKS = (PERMIT, WALK_TEST)
BLOCK = (
    "[heads.reserve-key]",
    '[heads.block]\nfamily = "mechanical-block"\nzone = "hall"\npoints = ["di-1-inputs[8]", "di-2-inputs[8]"]\n[heads.reserve-key]',
)


def say(field: Field, work: str, minutes: int) -> Kind:
    return field.say(Work(operator="kim", zone="hall", work=work, minutes=minutes)).kind  # type: ignore[arg-type]


def test_under_a_permit_nothing_is_released_by_itself_but_a_hand_releases() -> None:
    field = Field()
    assert say(field, PERMIT, 60) is Kind.COMMAND
    play(field, f"{ALARM} pre-activated |\n 60 | | pre-activated | -agent")
    assert "work permit" in field.zone().availability
    assert field.zone().inhibits == ("work permit",)
    play(field, "0 | call-point on | activated |\n 11 | | |\n 1 | | released | +agent")


def test_under_a_permit_an_advisory_isolates() -> None:
    field = Field()
    play(field, "0 | cells-2 advisory | quiescent |\n 2 | | | -breaker-2\n 0 | cells-2 normal | |")
    field.say(Reset(operator="kim", zone="hall"))
    say(field, PERMIT, 60)
    play(field, "0 | cells-2 advisory | quiescent |\n 2 | | quiescent | +breaker-2")


@pytest.mark.parametrize("work", WORKS)
def test_work_that_runs_out_leaves_the_zone_manual_only_with_a_trouble(work: str) -> None:
    field = Field()
    say(field, work, 1)
    field.run(5)
    assert field.troubles() == {"work:hall"}
    field.run(60)
    assert field.troubles() == {"work_ran_out:hall"}
    play(field, f"{ALARM} pre-activated |\n 60 | | pre-activated | -agent")
    assert field.zone().inhibits == (f"{work} ran out",)
    assert say(field, work, 0) is Kind.REFUSED, "its end would let the release begin"


@pytest.mark.parametrize("work", WORKS)
def test_a_person_ends_it_and_the_release_is_automatic_again(work: str) -> None:
    field = Field()
    say(field, work, 1)
    field.run(70)
    assert say(field, work, 0) is Kind.COMMAND
    field.run(2)
    assert (field.zone().availability, field.troubles()) == ("full", set())
    play(field, f"{ALARM} activated |")


@pytest.mark.parametrize("work", WORKS)
def test_announced_again_it_goes_on_from_now(work: str) -> None:
    field = Field()
    say(field, work, 1)
    field.run(50)
    say(field, work, 1)
    field.run(50)
    assert field.troubles() == {"work:hall"}


@pytest.mark.parametrize("minutes", [-1, LONGEST_MIN + 1])
def test_no_permit_for_ever(minutes: int) -> None:
    assert say(Field(), PERMIT, minutes) is Kind.REFUSED


def test_work_survives_a_restart_and_a_reset() -> None:
    field = Field()
    say(field, PERMIT, 10)
    field.restart()
    field.run(3)
    field.say(Reset(operator="kim", zone="hall"))
    assert [work for work, _ in field.zone().works] == [PERMIT]


@pytest.mark.feature("F42")
def test_a_walk_test_tells_each_head_once_and_drives_nothing() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    field.clear()
    play(
        field,
        """
        0 | smoke-1 alarm   | quiescent | -sounder -beacon
        5 | smoke-1 normal  | quiescent | -sounder
        5 | smoke-1 alarm   | quiescent |
        5 | smoke-1 normal  | quiescent |
        5 | h2-1 pre-alarm  | quiescent | -exhaust -breaker-1
        5 | h2-1 normal     | quiescent |
        """,
    )
    assert [(e.subject, e.what) for e in field.events if e.kind is Kind.WORK] == [
        ("smoke-1", "responds"),
        ("h2-1", "responds"),
    ]
    assert field.told(Kind.LEVEL) == []
    assert [e.text for e in field.events if e.what == "responds"] == [
        "rows: exhaust, sound, watch; outputs: exhaust, sounder, attention",
        "rows: isolate-1, exhaust, sound, do-not-enter, watch; outputs: breaker-1, exhaust, sounder, beacon, attention",
    ]
    say(field, WALK_TEST, 0)
    ended = next(e for e in field.events if e.what == "walk test ended")
    assert "smoke-2" in ended.text
    assert "smoke-1" not in ended.text


@pytest.mark.feature("F44")
def test_a_fire_ends_a_walk_test_and_counts_from_that_scan_on() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    play(field, f"{ALARM} pre-activated | \n 1 | | pre-activated | +sounder\n 60 | | pre-activated | -agent")
    assert field.zone().inhibits == ("walk test ran out",)
    play(field, "0 | call-point on | activated |")


@pytest.mark.parametrize(
    "story",
    [
        "0 | cells-1 runaway | |",
        "0 | cells-1 pre-alarm | |",
        "0 | h2-1 pre-alarm, h2-2 pre-alarm | |",
        "0 | smoke-1 pre-alarm, heat-2 pre-alarm | |",
    ],
)
def test_what_no_test_gas_can_do_ends_a_walk_test(story: str) -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    play(field, f"{story}\n 2 | | |")
    assert "work_ran_out:hall" in field.troubles()
    assert field.told(Kind.LEVEL)


def test_gas_at_one_rack_is_test_gas() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    play(field, "0 | h2-1 pre-alarm | |\n 60 | | | -exhaust")
    assert "work:hall" in field.troubles()


def test_a_zone_without_agent_has_fires_too() -> None:
    text = SITE.read_text(encoding="utf-8")
    begin, end = text.index("[zones.hall.release]"), text.index("[zones.hall.cooling]")
    field = Field(loads(text[:begin] + text[end:]))
    say(field, WALK_TEST, 480)
    play(field, "0 | cells-1 runaway, smoke-1 alarm | |\n 5 | | | +breaker-1 +sounder")


@pytest.mark.parametrize(
    "before", ["0 | smoke-1 alarm | |", f"{ALARM} activated |", "0 | cells-2 pre-alarm | |\n 2 | cells-2 normal | |"]
)
def test_no_walk_test_begins_where_something_is_going_on(before: str) -> None:
    field = Field()
    play(field, before)
    assert say(field, WALK_TEST, 60) is Kind.REFUSED


def test_no_walk_test_begins_while_heads_show_something_together() -> None:
    field = Field()
    field.weigh("h2-1", "cells-1", level=Level.PRE_ALARM)
    field.scan()
    answer = field.say(Work(operator="kim", zone="hall", work="walk test", minutes=60))
    assert (answer.kind, answer.text) == (
        Kind.REFUSED,
        "the heads of the zone show something together: reset it first",
    )


def test_a_walk_test_in_which_every_head_was_tried_says_so() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    for name in ("h2-1", "h2-2", "h2-3", "h2-room", "smoke-1", "smoke-2", "heat-1", "heat-2"):
        play(field, f"0 | {name} pre-alarm | |\n 0 | {name} normal | |")
    say(field, WALK_TEST, 0)
    told = next(e.text for e in field.events if e.what == "walk test ended")
    assert told.startswith("not tried: none; contacts not tried: call-point, hold, abort, ")


def test_contacts_are_tried_by_operating_them() -> None:
    field = Field()
    hands = [h.name for h in field.layout.heads if h.zone == 0 and h.head.family in HANDS]
    say(field, WALK_TEST, 60)
    field.contact("mode-key", on=False)
    field.run(2)
    field.contact("hold", on=True)
    field.run(2)
    field.clear()
    say(field, WALK_TEST, 0)
    left = [name for name in hands if name not in {"mode-key", "hold"}]
    assert field.events[0].text.partition("contacts not tried: ")[2] == ", ".join(left)
    say(field, WALK_TEST, 60)
    field.contact("mode-key", on=True)
    field.contact("hold", on=False)
    field.run(2)
    field.clear()
    say(field, WALK_TEST, 0)
    assert field.events[0].text.partition("contacts not tried: ")[2] == ", ".join(hands), "letting go tries nothing"


TYPES = {
    "": (),
    "A": (("[zones.hall.release]", '[zones.hall.coincidence]\ntype = "A"\nlook_again_s = 1.0\n[zones.hall.release]'),),
    "B": (("[zones.hall.release]", '[zones.hall.coincidence]\ntype = "B"\n[zones.hall.release]'),),
}
ROWS = """[matrix.together]
when = ["hall.fire", "hall.gas"]
votes = 2
then = ["beacon"]
[matrix.late]
when = ["hall.fire"]
unless = ["hall.gas"]
delay_s = 5.0
then = ["server-sounder"]
[matrix.back]
when = ["hall.first-alarm"]
then = ["beacon"]
to = "normal"
priority = 1
[matrix.night]
when = ["site.fire"]
at = "night"
then = ["fault-relay"]
[matrix.fault-relay]"""


@pytest.mark.feature("F42")
@pytest.mark.parametrize("kind", TYPES)
def test_a_walk_test_names_what_the_alarm_of_a_head_drives(kind: str) -> None:
    """Head by head: what it is said to drive is what the same alarm drives in a room without a walk test."""
    here = site(("[matrix.fault-relay]", ROWS), *TYPES[kind])
    quiet = Field(here)
    at_rest = set(_holding(quiet))
    for head in quiet.layout.heads:
        if head.zone != 0 or str(head.physics) in {"wired", "bms"}:
            continue
        walked, real = Field(here), Field(here)
        say(walked, WALK_TEST, 60)
        walked.clear()
        level = Level.PRE_ALARM if str(head.physics) == "gas" else Level.ALARM
        for field in (walked, real):
            field.level(head.name, level)
            field.run(80 if field is real else 3)
        told = next(e.text for e in walked.events if e.what == "responds")
        rows, outputs = (part.partition(": ")[2].split(", ") for part in told.split("; "))
        now = [row for row in _holding(real) if row not in at_rest]
        assert rows == (now or ["none"]), head.name
        on = [o.name for o in real.layout.outputs if real.on(o.name) and not quiet.on(o.name)]
        assert outputs == (on or ["none"]), head.name


def _holding(field: Field) -> list[str]:
    since = field.controller.state.row_since_ms
    return [name for name, since_ms in zip(field.layout.site.matrix, since, strict=True) if since_ms != NEVER]


def test_heads_in_a_walk_test_are_not_weighed_together() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    out = left_out(field.controller.rules, field.controller.state)
    assert out == ("h2-1", "h2-2", "h2-3", "h2-room", "smoke-1", "smoke-2", "heat-1", "heat-2")


def test_no_reset_answers_a_walk_test() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED


def test_the_journal_says_which_work_begins_and_ends() -> None:
    field = Field()
    for minutes in (30, 0):
        say(field, PERMIT, minutes)
    told = [(e.what, e.text) for e in field.events if e.kind is Kind.WORK]
    assert told == [("work permit begun", "for 30 min"), ("work permit ended", "")]


def test_a_walk_test_of_one_zone_leaves_the_other_alone() -> None:
    field = Field()
    say(field, WALK_TEST, 60)
    play(field, "0 | server-smoke-3 alarm | pre-activated |", "server")


# --- reset lock


def locked() -> Site:
    return site(('strategy = "hold-reload"', 'strategy = "hold-reload"\nreset_lock_s = 120.0'))


@pytest.mark.feature("F18")
def test_no_reset_before_the_lock_has_passed() -> None:
    field = Field(locked())
    play(
        field,
        f"{ALARM} activated |\n 5 | abort on | aborted |\n 1 | abort off, smoke-1 normal, heat-1 normal | aborted |",
    )
    refused = field.say(Reset(operator="kim", zone="hall"))
    assert (refused.kind, refused.text.startswith("reset is locked for 11")) == (Kind.REFUSED, True)
    field.run(115)
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND
    assert field.zone().activated_ms == ZoneState().activated_ms


@pytest.mark.feature("F18")
def test_the_lock_counts_from_the_first_activation() -> None:
    field = Field(locked())
    play(field, f"{ALARM} activated |\n 5 | hold on | held |\n 100 | hold off | activated |\n 5 | abort on | aborted |")
    play(field, "12 | abort off, smoke-1 normal, heat-1 normal | aborted |")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND


# --- mechanical block


@pytest.mark.feature("F23")
def test_a_blocked_agent_is_not_released_by_whomever() -> None:
    field = Field(site(BLOCK))
    play(
        field,
        f"0 | block on | quiescent |\n {ALARM} pre-activated |\n 60 | call-point on | pre-activated |\n 30 | | pre-activated | -agent",
    )
    assert field.zone().availability == "unavailable: blocked mechanically"
    assert field.zone().inhibits == ("blocked mechanically",)
    assert "agent_blocked:hall" in field.troubles()
    play(field, "0 | block off | activated |\n 5 | abort on | aborted |\n 5 | call-point off | aborted |")
    play(field, "1 | call-point on | activated |\n 11 | | |\n 1 | | released | +agent")


def test_who_opens_the_block_does_not_let_go_what_somebody_asked_for_before() -> None:
    field = Field(site(BLOCK))
    play(
        field,
        "0 | block on | quiescent |\n 1 | call-point on | quiescent |\n 1 | block off | quiescent |\n 60 | | quiescent | -agent",
    )
    play(field, "1 | call-point off | quiescent |\n 1 | call-point on | activated |")


@pytest.mark.parametrize(
    "begun", [f"{ALARM} activated |", f"{ALARM} activated |\n 1 | hold on | held |", "0 | call-point on | activated |"]
)
def test_a_block_before_flooding_stops_the_countdown(begun: str) -> None:
    field = Field(site(BLOCK))
    play(field, f"{begun}\n 5 | block on | pre-activated |\n 60 | | pre-activated | -agent")
    assert field.zone().trigger is Trigger.NONE


def test_a_block_changes_nothing_once_flooding_has_begun() -> None:
    field = Field(site(BLOCK))
    field.agent_flows = False
    play(field, f"{ALARM} activated |\n 31 | | releasing | \n 1 | block on | releasing | +agent")
    assert field.zone().stage is Stage.RELEASING


@pytest.mark.feature("F23")
def test_contacts_of_a_block_that_disagree_are_a_trouble_and_block_nothing() -> None:
    field = Field(site(BLOCK))
    play(field, f"0 | block fault | quiescent |\n 5 | | |\n {ALARM} activated |")
    assert "contact_fault:block" in field.troubles()
    assert field.zone().availability == "degraded: block not readable"


@pytest.mark.parametrize("busy", [{"isolation": Isolation.WANTED}, {"isolation": Isolation.PROVEN}, {"cool": True}, {}])
def test_no_walk_test_begins_while_a_rack_is_isolated_or_cooled(busy: dict[str, Any]) -> None:
    field = Field(settle=False)
    field.scan()
    draft = draft_of(field)
    draft.rack(1, **busy)
    assert not_at_rest(draft, rules_of(draft)) == ("a rack is isolated or cooled" if busy else "")
