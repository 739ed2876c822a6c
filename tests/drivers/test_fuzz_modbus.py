import math

import pytest

from drivers.modbus import frame
from tests.soak.fuzz_modbus import CRC_THEORY, Z, chunk, interval


def test_fifty_thousand_replies_and_no_verdict_but_the_judges() -> None:
    """The soak's run of five million streams, in short; the same seed gives the same streams."""
    report = chunk(27_000, 2026)
    assert not report.wrong, report.wrong[0]
    assert report.replies > 50_000
    assert report.passed, str(report)
    assert min(report.verdicts.values()) > 1_000, "right, wrong and unfinished streams were all tried"
    assert sum(tried for _, tried in report.crc.values()) > 15_000


def test_the_same_seed_finds_the_same() -> None:
    assert chunk(300, 11) == chunk(300, 11)
    assert chunk(300, 11) != chunk(300, 12)


def _lenient_crc(self: frame.RtuChecker, ask: frame.Ask, at: int, end: int) -> None:
    pass


def test_a_checker_without_a_checksum_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame.RtuChecker, "_check_crc", _lenient_crc)
    report = chunk(1_000, 5)
    assert report.wrong
    assert not report.passed
    assert report.crc["1 to 3 bits"][0] == report.crc["1 to 3 bits"][1]
    assert "WRONG" in str(report)


def test_an_error_that_is_not_the_drivers_own_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr(frame, "_wrong", careless)
    assert "IndexError" in chunk(200, 5).wrong[0]


def test_the_interval_of_a_share() -> None:
    """Wilson: the shares of which what was found lies just Z deviations away."""
    for end in interval(10, 1000):
        assert abs(end - 0.01) == pytest.approx(Z * math.sqrt(end * (1 - end) / 1000))
    assert interval(0, 1_000_000)[0] == pytest.approx(0, abs=1e-12)
    assert interval(15, 1_000_000)[0] < CRC_THEORY < interval(15, 1_000_000)[1]
    assert interval(0, 1_000_000)[1] < CRC_THEORY
