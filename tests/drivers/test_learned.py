"""What answers teach: a latency close to the time-out, and a device that fails often though it comes back."""

from __future__ import annotations

import math

from drivers.modbus.cycles import LATENCIES
from drivers.modbus.learned import UNRELIABLE_FAILURES, WINDOW_S, Learned

TIMEOUT_S = 0.3


def test_nothing_is_known_before_the_first_answer() -> None:
    learned = Learned()
    assert math.isnan(learned.p99_s())
    assert not learned.is_near(TIMEOUT_S)
    assert not learned.is_unreliable(0.0)


def test_two_slow_answers_of_many_are_not_the_latency_but_three_are() -> None:
    learned = Learned()
    for turn in range(LATENCIES):
        learned.good((0.25 if turn in {50, 100} else 0.02,), turn * 0.1)
    assert learned.p99_s() == 0.02
    learned.good((0.25,), LATENCIES * 0.1)
    assert learned.p99_s() == 0.25
    assert learned.is_near(TIMEOUT_S)
    for turn in range(LATENCIES):
        learned.good((0.02,), 30.0 + turn * 0.1)
    assert not learned.is_near(TIMEOUT_S)


def test_one_slow_answer_at_the_start_is_no_news_but_three_are() -> None:
    learned = Learned()
    for _ in range(2):
        learned.good((0.29,), 0.0)
        learned.good((0.02,), 0.0)
    assert not learned.is_near(TIMEOUT_S)
    learned.good((0.29,), 0.0)
    assert learned.is_near(TIMEOUT_S)


def test_a_latency_of_two_thirds_of_the_time_out_is_not_near_it() -> None:
    learned = Learned()
    for turn in range(LATENCIES):
        learned.good((0.2,), turn * 0.1)
    assert not learned.is_near(TIMEOUT_S)


def test_a_device_that_fails_one_turn_of_ten_is_unreliable_until_it_has_been_well_for_a_while() -> None:
    learned = Learned()
    now_s = 0.0
    for turn in range(100):
        now_s = turn * 0.5
        if turn % 10 == 9:
            learned.failed(now_s)
        else:
            learned.good((0.02,), now_s)
    assert learned.is_unreliable(now_s)
    for _ in range(int(2 * WINDOW_S)):
        now_s += 1.0
        learned.good((0.02,), now_s)
    assert not learned.is_unreliable(now_s)


def test_a_few_failures_among_many_answers_and_a_dead_device_are_not_unreliable() -> None:
    seldom, dead = Learned(), Learned()
    for turn in range(500):
        seldom.good((0.02,), turn * 0.1)
    for turn in range(UNRELIABLE_FAILURES + 1):
        seldom.failed(50.0 + turn)
        dead.failed(50.0 + turn)
    assert not seldom.is_unreliable(55.0)
    assert not dead.is_unreliable(55.0)
