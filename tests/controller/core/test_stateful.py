"""Random rooms for a while; `make soak` takes a million steps in them. And every invariant has teeth: it fails once its rule is broken."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from msgspec.structs import replace

from controller.core import actuation, decide, matrix
from controller.core.commands import Delays, Occupied, Work
from controller.core.draft import Draft
from controller.core.events import Level, Write
from controller.core.state import Alarm, Drive, Isolation, Stage, Tri
from controller.core.zone import alarms, conditions, contacts, ladder, routing, signals, strategies, weighing
from controller.core.zone.machine import TABLE, Signal
from tests.controller.core.field import play, site
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.random_room import POLICIES, QUICK, Room, Watched

HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

TestRoom = Room.TestCase
TestRoom.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=HEALTH
)

Patch = pytest.MonkeyPatch


def one_head_confirms(patch: Patch) -> None:
    def either(pairs: Any, latches: Any, *_: Any) -> Any:
        return next((pair for pair in pairs if any(latches[h.index].level >= Level.ALARM for h in pair)), None)

    patch.setattr(signals, "confirmed", either)


def an_abort_stops_flooding(patch: Patch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.ABORT, Stage.ABORTED)
    patch.setattr(strategies, "BEFORE_FLOODING", frozenset(Stage))


def a_call_point_in_fault_calls(patch: Patch) -> None:
    whole = contacts.wired
    patch.setattr(signals, "wired", lambda *of: Tri.NO if whole(*of) is Tri.NO else Tri.YES)


def both_channels_at_once(patch: Patch) -> None:
    def write(draft: Any, output: Any, state: Any, _: Any) -> Any:
        intent = output.is_release and state.wanted != output.output.normal
        draft.writes.extend(Write(output.name, channel, state.wanted, intent=intent) for channel in output.channels)
        return replace(state, drive=Drive.WRITING, written_ms=draft.tick_ms)

    patch.setattr(actuation, "_write", write)


def exhaust_beside_agent(patch: Patch) -> None:
    for module in (matrix, conditions):
        patch.setattr(module, "may_exhaust", lambda zone: True)


def water_before_proof(patch: Patch) -> None:
    patch.setattr(ladder, "Isolation", type("Loose", (), {**Isolation.__members__, "PROVEN": Isolation.WANTED}))
    patch.setattr(decide, "shown_open", lambda draft, rack: True)


def released_without_the_field(patch: Patch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.OVER, Stage.RELEASED)


def availability_is_always_full(patch: Patch) -> None:
    patch.setattr(signals, "availability", lambda *_: "full")


def agent_without_intent(patch: Patch) -> None:
    patch.setattr(actuation, "Write", lambda name, point, value, *, intent: Write(name, point, value, not intent))


def levels_without_evidence(patch: Patch) -> None:
    whole = Draft.tell

    def tell(draft: Draft, *what: Any, **_: Any) -> None:
        whole(draft, *what[:5])

    patch.setattr(Draft, "tell", tell)


def a_short_pre_warning(patch: Patch) -> None:
    patch.setattr(signals, "pre_warning_ms", lambda release, trigger: 1000)
    manners = {name: m._replace(leaves_ms=m.leaves_ms and (lambda *_: 1000)) for name, m in strategies.MANNERS.items()}
    patch.setattr(strategies, "MANNERS", manners)


def nobody_looks_who_is_inside(patch: Patch) -> None:
    patch.setattr(signals, "blocks", lambda draft, zone: ())


def work_does_not_block(patch: Patch) -> None:
    patch.setattr(signals, "blocks_of_works", lambda state: ())


def a_closed_block_does_not_matter(patch: Patch) -> None:
    patch.setattr(signals, "is_blocked", lambda draft, zone: False)


def one_head_is_all_there_is(patch: Patch) -> None:
    patch.setattr(alarms, "is_certain", lambda *_: False)


def delays_count_for_ever(patch: Patch) -> None:
    patch.setattr(decide, "pass_delays", lambda *_: None)


def fire_ends_by_itself(patch: Patch) -> None:
    patch.setattr(alarms, "_alarm", lambda draft, zone, heads: Alarm.FIRE if heads else Alarm.NONE)
    patch.setattr(
        alarms, "standing", lambda draft, zone: [h for h in zone.sensing if draft.inputs.heads[h.index].level > 2]
    )


def isolation_waits_for_the_second_head(patch: Patch) -> None:
    real = weighing.level_of
    first = Level.ADVISORY

    def level_of(draft: Draft, zone: Any) -> int:
        return min(real(draft, zone), first) if draft.zones[zone.index].alarm is Alarm.FIRST else real(draft, zone)

    patch.setattr(ladder, "level_of", level_of)


def an_actuator_is_where_it_is(patch: Patch) -> None:
    patch.setattr(signals, "absent", lambda *_: ())


def any_closed_contact_acknowledges(patch: Patch) -> None:
    def careless(draft: Draft, zone: Any) -> None:
        draft.zone(zone.index, routing=routing.ACKNOWLEDGED)

    patch.setattr(decide, "watch_routing", careless)


def nobody_looks_at_the_selector(patch: Patch) -> None:
    patch.setattr(signals, "in_the_way", lambda *_, **__: ())
    patch.setattr(decide, "may_flow", lambda *_: True)


def everybody_has_the_pipe(patch: Patch) -> None:
    patch.setattr(signals, "take_pipe", lambda draft, zone: draft.zone(zone.index, selected=True))
    nobody_looks_at_the_selector(patch)


def nobody_has_the_pipe(patch: Patch) -> None:
    patch.setattr(signals, "take_pipe", lambda *_: None)
    nobody_looks_at_the_selector(patch)


ALARM = "0 | smoke-1 alarm, heat-1 alarm | activated |"
RUNAWAY = "0 | cells-2 runaway, h2-2 pre-alarm | | \n 10 | | | "
MUTANTS: dict[Callable[[Patch], None], tuple[str, str]] = {
    one_head_confirms: ("0 | smoke-1 alarm | |", "rule 3"),
    an_abort_stops_flooding: (f"{ALARM}\n 5 | abort on | |\n 1 | | |", "rule 4"),
    a_call_point_in_fault_calls: ("0 | call-point fault | |\n 1 | | |", "rule 5"),
    both_channels_at_once: (f"{ALARM}\n 6 | | |", "rule 5"),
    exhaust_beside_agent: (f"{ALARM}\n 30 | | |", "rule 6"),
    water_before_proof: (RUNAWAY, "rule 7"),
    released_without_the_field: (f"{ALARM}\n 20 | | |", "rule 8"),
    availability_is_always_full: ("1 | | |", "rule 9"),
    agent_without_intent: (f"{ALARM}\n 6 | | |", "rule 11"),
    levels_without_evidence: ("0 | smoke-1 alarm | |", "rule 12"),
    a_short_pre_warning: (f"{ALARM}\n 6 | | |", "rule 13"),
    nobody_looks_who_is_inside: (f"{ALARM}\n 6 | | |", "rule (9|13)"),
    work_does_not_block: (f"{ALARM}\n 6 | | |", "rule (9|13)"),
    one_head_is_all_there_is: ("0 | smoke-1 alarm, smoke-2 alarm | |", "two heads in alarm are fire"),
    delays_count_for_ever: ("0 | smoke-1 alarm, smoke-2 alarm | |", "a second alarm passes"),
    fire_ends_by_itself: (
        "0 | smoke-1 alarm, smoke-2 alarm | |\n 1 | smoke-1 normal, smoke-2 normal | |",
        "fire stays",
    ),
    isolation_waits_for_the_second_head: ("0 | smoke-1 alarm | |", "holds back no isolation"),
    an_actuator_is_where_it_is: ("0 | in-place off | |", "not in place"),
    any_closed_contact_acknowledges: ("1 | | |", "what was not sent"),
    nobody_looks_at_the_selector: (f"{ALARM}\n 6 | | |", "proven open before"),
    everybody_has_the_pipe: (f"{ALARM}\n 6 | | |", "one room at a time"),
    nobody_has_the_pipe: (f"{ALARM}\n 6 | | |", "the pipe is this room's"),
    a_closed_block_does_not_matter: (f"0 | block on | |\n{ALARM}\n 6 | | |", "closed block"),
}
"""What breaks a rule, a story in which that shows, and what the invariant that notices it says."""
SELECTORS = {nobody_looks_at_the_selector, everybody_has_the_pipe, nobody_has_the_pipe}
"""Those of a bank that two rooms share, and of a selector that sticks."""


def tell(mutant: Callable[[Patch], None]) -> None:
    """The story of a mutant, under the eyes of the invariants; stages are not judged, they are what the mutant changes."""
    story = "\n".join("|".join([*row.split("|")[:2], ""]) for row in MUTANTS[mutant][0].splitlines())
    bank = ONE_BANK if mutant in SELECTORS else ()
    room = Watched(site(*QUICK, ("[zones.hall.cooling]", f"{POLICIES['B']}[zones.hall.cooling]"), *bank))
    room.agent_flows = mutant not in {released_without_the_field, an_abort_stops_flooding}
    room.stuck = {"breaker-2"} if mutant is water_before_proof else {"selector-hall"} if mutant in SELECTORS else set()
    if mutant is work_does_not_block:
        room.say(Work(operator="kim", zone="hall", work="work permit", minutes=10))
    if mutant is delays_count_for_ever:
        room.say(Delays(operator="kim", zone="hall", on=True))
    if mutant in {nobody_looks_who_is_inside, availability_is_always_full}:
        room.say(Occupied(operator="kim", zone="hall", occupied=True))
    play(room, story)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.__name__))
def test_a_broken_rule_is_noticed_and_nothing_else_is(mutant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    tell(mutant)
    mutant(monkeypatch)
    with pytest.raises(AssertionError, match=MUTANTS[mutant][1]):
        tell(mutant)
