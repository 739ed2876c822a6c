"""Random rooms for a while; `make soak` takes a million steps in them. And every invariant has teeth: it fails once its rule is broken."""

import ast
import inspect
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from controller.core.commands import AnyCommand, Delays, Force, Occupied, Reset, Work
from tests.controller.core import broken_rules as broken
from tests.controller.core import random_room
from tests.controller.core.field import play, site
from tests.controller.core.holding import HOLDING
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.random_room import NO_AGENT, POLICIES, QUICK, Room, Watched

HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

TestRoom = Room.TestCase
TestRoom.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=HEALTH
)

Changes = tuple[tuple[str, str], ...]


class Breaks(NamedTuple):
    """What breaks a rule, a story in which that shows, and the word of the invariant that notices it.

    `said` is said before the story, `resets` after it; `changes` are those of the site, `stuck` devices do not move.
    """

    mutant: Callable[[broken.Patch], None]
    story: str
    word: str
    said: tuple[AnyCommand, ...] = ()
    changes: Changes = ()
    policy: str = "B"
    stuck: frozenset[str] = frozenset()
    agent_flows: bool = True
    night: bool = False
    resets: bool = False


def work(name: Literal["work permit", "walk test", "output test"], minutes: int) -> Work:
    """Work in the hall."""
    return Work(operator="kim", zone="hall", work=name, minutes=minutes)


def forced(output: str) -> tuple[AnyCommand, ...]:
    """An output that is forced under its permit."""
    return work("output test", 60), Force(operator="kim", subject=output, seconds=60)


INSIDE = (Occupied(operator="kim", zone="hall", occupied=True),)
ALARM = "0 | smoke-1 alarm, heat-1 alarm | |"
SMOKE = "0 | smoke-1 alarm, smoke-2 alarm | |"
GOES = f"{ALARM}\n 6 | | |"
RUNAWAY = "0 | cells-2 runaway, h2-2 pre-alarm | | \n 10 | | | "
of_the_pipe = partial(Breaks, story=GOES, changes=ONE_BANK, stuck=frozenset({"selector-hall"}))
"""Of a bank that two rooms share, and of a selector that sticks."""
BREAKS = [
    Breaks(broken.one_head_confirms, "0 | smoke-1 alarm | |", "two heads confirm (rule 3)"),
    Breaks(
        broken.an_abort_stops_flooding,
        f"{ALARM}\n 5 | abort on | |\n 1 | | |",
        "nothing leads back once the valve was told (rule 4)",
        agent_flows=False,
    ),
    Breaks(
        broken.a_call_point_in_fault_calls,
        "0 | call-point fault | |\n 1 | | |",
        "a hand means the wired pair (rule 5)",
    ),
    Breaks(broken.both_channels_at_once, GOES, "arm is read back before fire (rule 5)"),
    Breaks(broken.exhaust_beside_agent, f"{ALARM}\n 30 | | |", "no exhaust beside agent (rule 6)"),
    Breaks(broken.water_before_proof, RUNAWAY, "no water before proof (rule 7)", stuck=frozenset({"breaker-2"})),
    Breaks(broken.released_without_the_field, f"{ALARM}\n 20 | | |", "the field says so (rule 8)", agent_flows=False),
    Breaks(broken.availability_is_always_full, "1 | | |", "what is shut is shown (rule 9)", INSIDE),
    Breaks(broken.agent_without_intent, GOES, "the intent is durable first (rule 11)"),
    Breaks(broken.levels_without_evidence, "0 | smoke-1 alarm | |", "a level names its evidence (rule 12)"),
    Breaks(broken.a_short_pre_warning, GOES, "the whole pre-warning ran (rule 13)"),
    Breaks(broken.nobody_looks_who_is_inside, "1 | | |", "what is shut is shown (rule 9)", INSIDE),
    Breaks(broken.work_does_not_block, "1 | | |", "what is shut is shown (rule 9)", (work("work permit", 10),)),
    Breaks(broken.one_head_is_all_there_is, SMOKE, "two heads in alarm are fire"),
    Breaks(
        broken.delays_count_for_ever,
        SMOKE,
        "a second alarm passes every delay",
        (Delays(operator="kim", zone="hall", on=True),),
    ),
    Breaks(broken.fire_ends_by_itself, f"{SMOKE}\n 1 | smoke-1 normal, smoke-2 normal | |", "fire stays until a reset"),
    Breaks(broken.isolation_waits_for_the_second_head, "0 | smoke-1 alarm | |", "what waits holds back no isolation"),
    Breaks(broken.an_actuator_is_where_it_is, "0 | in-place off | |", "an actuator that is not in place is shown"),
    Breaks(broken.any_closed_contact_acknowledges, "1 | | |", "what was not sent is not acknowledged"),
    of_the_pipe(broken.nobody_looks_at_the_selector, word="the selector is proven open before the agent goes"),
    of_the_pipe(broken.everybody_has_the_pipe, word="one room at a time"),
    of_the_pipe(broken.nobody_has_the_pipe, word="the pipe is this room's"),
    Breaks(
        broken.a_closed_block_does_not_matter, f"0 | block on | |\n{GOES}", "nothing is let go behind a closed block"
    ),
    Breaks(
        broken.who_is_inside_is_shown_and_does_not_count,
        ALARM,
        "nothing automatic begins where people are (rule 13)",
        INSIDE,
    ),
    Breaks(
        broken.who_is_inside_is_shown_and_does_not_count,
        f"{ALARM}\n 1 | occupied on | |\n 6 | | |",
        "nothing automatic is let go where people are (rule 13)",
    ),
    Breaks(
        broken.who_is_inside_is_shown_and_does_not_count,
        GOES,
        "nothing automatic is let go while somebody works (rule 13)",
        (work("work permit", 10),),
    ),
    Breaks(
        broken.who_is_inside_is_shown_and_does_not_count,
        f"61 | | |\n{GOES}",
        "nothing automatic is let go after work that nobody has ended (rule 13)",
        (work("work permit", 1),),
    ),
    Breaks(
        broken.a_first_alarm_activates,
        "0 | server-smoke-3 alarm | |",
        "without agent nothing is activated",
        changes=NO_AGENT,
    ),
    Breaks(broken.nobody_knows_who_called, GOES, "the agent is asked for"),
    Breaks(
        broken.a_reset_keeps_who_called,
        "0 | smoke-1 alarm | |\n 1 | smoke-1 normal | |",
        "at rest nothing has called",
        resets=True,
    ),
    Breaks(broken.a_timer_that_is_over_at_once, ALARM, "no timer ends before it began"),
    Breaks(broken.a_fault_alarms, "0 | smoke-1 fault | |", "a fault is no alarm (rule 1)"),
    Breaks(
        broken.somebody_looks_for_ever,
        "0 | smoke-1 alarm | |\n 14 | | |",
        "nobody looks for ever",
        policy="positive alarm",
    ),
    Breaks(
        broken.it_is_always_day,
        "0 | smoke-1 alarm | |",
        "by night nobody is waited for",
        policy="positive alarm",
        night=True,
    ),
    Breaks(
        broken.a_contact_that_stood_acknowledges,
        f"0 | acknowledged on | |\n{ALARM}\n 1 | | |",
        "a contact that stood acknowledges nothing",
    ),
    Breaks(broken.agent_may_be_forced, "1 | | |", "agent is never forced", forced("agent")),
    Breaks(
        broken.a_force_outlasts_the_first_sign_of_fire,
        "0 | call-point on | |",
        "nothing is forced in an alarm",
        forced("exhaust"),
    ),
    Breaks(
        broken.a_force_needs_no_permit,
        "1 | | |",
        "forced under a permit alone",
        (*forced("exhaust"), work("output test", 0)),
    ),
    Breaks(
        broken.the_extended_discharge_outlasts_the_hold_time,
        f"{ALARM}\n 30 | | |",
        "the room is kept closed",
        changes=HOLDING,
    ),
    Breaks(
        broken.the_extended_discharge_follows_silence,
        f"{ALARM}\n 30 | | |",
        "the extended discharge follows a proven one (rule 8)",
        changes=HOLDING,
        agent_flows=False,
    ),
    Breaks(broken.the_valve_stays_open_in_the_hold_time, f"{ALARM}\n 12 | | |", "the valve is told while it lets go"),
    Breaks(broken.both_banks_at_once, GOES, "the reserve bank by a person only (rule 8)"),
    Breaks(
        broken.the_reserve_bank_follows_by_itself,
        f"{ALARM}\n 15 | | |",
        "the reserve bank never follows by itself",
        agent_flows=False,
    ),
    Breaks(
        broken.what_is_over_is_forgotten,
        "0 | cells-2 alarm | |\n 1 | cells-2 normal | |",
        "a reset alone takes back what a head has shown (rule 2)",
    ),
]


def tell(row: Breaks) -> None:
    """The story of a mutant, under the eyes of the invariants; stages are not judged, they are what the mutant changes."""
    policy = ("[zones.hall.cooling]", f"{POLICIES[row.policy]}[zones.hall.cooling]")
    room = Watched(site(*QUICK, policy, *row.changes))
    room.agent_flows, room.stuck, room.is_night = row.agent_flows, set(row.stuck), row.night
    for command in row.said:
        room.say(command)
    play(room, row.story)
    if row.resets:
        room.say(Reset(operator="kim", zone="hall"))


@pytest.mark.parametrize("row", BREAKS, ids=lambda row: f"{row.mutant.__name__}: {row.word}")
def test_a_broken_rule_is_noticed_and_nothing_else_is(row: Breaks, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(row)
    row.mutant(monkeypatch)
    with pytest.raises(AssertionError) as noticed:
        tell(row)
    assert str(noticed.value) == row.word


def test_every_invariant_has_its_mutant() -> None:
    """An assertion without a word tells the type checker that there is something, and may judge nothing else."""
    asserts = [node for node in ast.walk(ast.parse(inspect.getsource(random_room))) if isinstance(node, ast.Assert)]
    words = [node.msg.value for node in asserts if isinstance(node.msg, ast.Constant)]
    assert sorted(words, key=str) == sorted({row.word for row in BREAKS}), (
        "one word an invariant, and a mutant for each"
    )
    silent = [ast.unparse(node.test) for node in asserts if node.msg is None]
    assert [test for test in silent if not test.endswith(" is not None")] == []
    assert len(words) + len(silent) == len(asserts)
