"""What the screen says of a zone and its heads: the level first, and never "normal" of a head that is in fault."""

import msgspec
import pytest

from controller.cli.show import status_lines
from controller.core.status import HeadStatus
from controller.protocol import RackStatus, StatusReply
from tests.controller.runtime.test_control import status_of


def shown(language: str, *heads: HeadStatus, level: str = "normal") -> list[str]:
    status: StatusReply = status_of(1, cells=False)
    rack = RackStatus("rack-1", None, "none", runaway=True, cool=False, cells_degc=())
    zone = msgspec.structs.replace(status.core.zones[0], heads=heads, level=level, racks=(rack,))
    status = msgspec.structs.replace(status, core=msgspec.structs.replace(status.core, zones=(zone,)))
    return [line.strip() for line in status_lines(status, language)]


def test_a_zone_says_its_level_first_and_whose_the_stage_is() -> None:
    assert "room (Room): ALARM  release: quiescent" in shown("en", level="alarm")
    assert "room (Room): normal  release: quiescent" in shown("en")
    assert "room (Room): 화재경보  방출: 대기" in shown("ko", level="alarm")


@pytest.mark.parametrize(
    ("latched", "level", "fault", "english", "korean"),
    [
        ("normal", "normal", 2, "h1: FAULT", "h1: 고장"),
        ("normal", "normal", 1, "h1: normal FAULT (some sensors)", "h1: 정상 일부 센서 고장"),
        ("alarm", "normal", 2, "h1: FAULT; latched ALARM", "h1: 고장; 유지 화재경보"),
        ("alarm", "alarm", 2, "h1: ALARM FAULT", "h1: 화재경보 고장"),
        ("alarm", "normal", 0, "h1: normal; latched ALARM", "h1: 정상; 유지 화재경보"),
    ],
)
def test_a_head_in_fault(latched: str, level: str, fault: int, english: str, korean: str) -> None:
    head = HeadStatus("h1", latched, level, fault, None)
    assert english in shown("en", head)
    assert korean in shown("ko", head)


def test_a_rack_without_a_sensor_says_so_in_both_languages() -> None:
    assert "rack-1 no sensor (RUNAWAY)" in shown("en")
    assert "rack-1 센서 없음 (열폭주)" in shown("ko")
