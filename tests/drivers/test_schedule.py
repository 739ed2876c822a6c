import pytest

from drivers.modbus.schedule import FIRST_REST_S, LONGEST_REST_S, Cycle, Schedule

FAST = ["fast"]
SLOW = ["s0", "s1", "s2", "s3"]


def made(turns: dict[str, list[str]], period_s: float = 1.0) -> Schedule[str]:
    return Schedule([Cycle(device, of_device, period_s) for device, of_device in turns.items()], 0.0)


def serve(schedule: Schedule[str], now_s: float, until_s: float, takes_s: dict[str, float]) -> list[str]:
    """Play a bus on which each device takes its time; give the order of turns."""
    turns = []
    while now_s < until_s:
        cycle = schedule.pick(now_s)
        if cycle is None:
            now_s = schedule.next_due_s()
            continue
        turns.append(cycle.device)
        ends_s = now_s + takes_s[cycle.device]
        schedule.done(cycle, now_s, ends_s)
        now_s = ends_s
    return turns


def test_every_request_once_a_period() -> None:
    turns = serve(made({"a": FAST, "b": SLOW}), 0.0, 10.0, {"a": 0.01, "b": 0.01})
    assert turns.count("a") == 10
    assert turns.count("b") == 40


def test_a_shorter_period_has_more_turns() -> None:
    turns = serve(made({"a": FAST}, 0.2), 0.0, 10.0, {"a": 0.01})
    assert 49 <= len(turns) <= 51


def test_a_slow_device_delays_another_by_one_turn_at_most() -> None:
    schedule = made({"a": FAST, "b": SLOW})
    turns = serve(schedule, 0.0, 60.0, {"a": 0.01, "b": 0.9})
    assert turns.count("a") >= 55
    assert schedule.late_cycles > 20


def test_late_cycles_are_skipped_and_not_made_up_for() -> None:
    schedule = made({"a": FAST})
    cycle = schedule.pick(0.0)
    assert cycle is not None
    schedule.done(cycle, 0.0, 5.5)
    assert schedule.late_cycles == 4
    assert serve(schedule, 5.5, 7.9, {"a": 0.01}) == ["a", "a", "a"]


def test_a_failing_device_rests_longer_and_longer_and_starts_afresh() -> None:
    schedule = made({"b": SLOW})
    first = schedule.pick(0.0)
    assert first is not None
    schedule.done(first, 0.0, 0.01)
    now_s, rests = 0.01, []
    for _ in range(7):
        schedule.failed("b", now_s, now_s)
        rests.append(schedule.next_due_s() - now_s)
        now_s = schedule.next_due_s()
        probe = schedule.pick(now_s)
        assert probe is not None
        assert probe.position == 0
    assert rests[0] == pytest.approx(FIRST_REST_S)
    assert rests[1] == pytest.approx(2 * FIRST_REST_S)
    assert rests[-1] == pytest.approx(LONGEST_REST_S)
    again = schedule.pick(now_s)
    assert again is not None
    schedule.done(again, now_s, now_s)
    schedule.failed("b", now_s, now_s)
    assert schedule.next_due_s() - now_s == pytest.approx(FIRST_REST_S)


def test_a_preferred_cycle_has_the_next_turn_from_its_beginning() -> None:
    schedule = made({"a": FAST, "b": SLOW})
    serve(schedule, 0.0, 0.5, {"a": 0.01, "b": 0.3})
    (cycle,) = schedule.cycles("b")
    cycle.position = 2
    schedule.prefer(cycle)
    first, second = schedule.pick(5.0), schedule.pick(5.0)
    assert first is cycle
    assert first.position == 0
    assert second is not None
    assert second.device == "a"
