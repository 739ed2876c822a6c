"""The countdown of a rack as people read it."""

import msgspec
import pytest

from controller.cli.show import status_lines
from controller.protocol import Countdown, RackStatus
from tests.controller.runtime.test_control import status_of


def shown(rack: RackStatus, language: str) -> list[str]:
    """What is said of a rack beside its temperature."""
    status = status_of(1, cells=False)
    zone = msgspec.structs.replace(status.core.zones[0], racks=(rack,))
    status = msgspec.structs.replace(status, core=msgspec.structs.replace(status.core, zones=(zone,)))
    return [line.strip() for line in status_lines(status, language) if line.strip().startswith("rack-1: ")]


@pytest.mark.parametrize(
    ("countdown", "english", "korean"),
    [
        ((240.0, 181.0, 355.0), "runaway of a cell expected in 3 to 6 min", "셀 열폭주 예상: 3~6분 후"),
        ((70.0, 41.0, 121.0), "runaway of a cell expected within 3 min", "셀 열폭주 예상: 3분 이내"),
        ((40.0, 25.0, 81.0), "runaway of a cell expected in 20 to 90 s", "셀 열폭주 예상: 20~90초 후"),
        ((4.0, 3.0, 8.0), "runaway of a cell expected within 10 s", "셀 열폭주 예상: 10초 이내"),
    ],
)
def test_countdown(countdown: tuple[float, float, float], english: str, korean: str) -> None:
    rack = RackStatus("rack-1", 140.0, "none", False, False, (), Countdown(*countdown))
    assert shown(rack, "en") == [f"rack-1: {english}"]
    assert shown(rack, "ko") == [f"rack-1: {korean}"]


def test_a_hot_rack_without_an_answer_says_so() -> None:
    assert shown(RackStatus("rack-1", 75.0, "none", False, False), "en") == [
        "rack-1: time to runaway: not enough evidence"
    ]
    assert shown(RackStatus("rack-1", 75.0, "none", False, False), "ko") == ["rack-1: 열폭주 예상 시각: 근거 부족"]


@pytest.mark.parametrize("rack", [(25.0, False), (None, False), (400.0, True)])
def test_a_cool_one_and_one_that_has_run_away_say_nothing(rack: tuple[float | None, bool]) -> None:
    hottest_degc, runaway = rack
    assert shown(RackStatus("rack-1", hottest_degc, "none", runaway, False), "en") == []


def test_what_is_opened_and_what_goes_dark_stands_there_before_the_act() -> None:
    rack = RackStatus("rack-1", 25.0, "none", False, False, breakers=("main-a",), dark=("rack-2", "servers"))
    assert shown(rack, "en") == ["rack-1: isolated by: main-a; this takes the last feed of rack-2, servers"]
    assert shown(rack, "ko") == ["rack-1: 격리 차단기: main-a; 함께 정전되는 설비: rack-2, servers"]
    both = RackStatus("rack-1", 25.0, "wanted", False, False, breakers=("a", "b"))
    assert shown(both, "en") == ["rack-1: isolated by: a, b"]
    assert shown(RackStatus("rack-1", 25.0, "none", False, False, breakers=("a", "b")), "en") == []
