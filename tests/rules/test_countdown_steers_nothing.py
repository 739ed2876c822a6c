"""The time to runaway is shown to people and steers nothing: whatever it says, the journal of a burning rack is the same, byte for byte."""

from collections.abc import Callable
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from controller.core.chain import hash_next
from controller.core.detect.readings import Readings
from controller.core.detect.runaway_bank import RunawayBank
from controller.core.events import Kind
from controller.core.state import Isolation
from tests.controller.core.field import Field

Says = Callable[[Readings], None]
HEATED_S = 240
BEGINS_DEGC, STEADY_K_PER_S, OWN_K_PER_S, SCALE_K = 90.0, 0.15, 0.005, 12.0


def burn() -> tuple[bytes, list[float], Field]:
    """Hash of all that is told while a cell heats itself to runaway, the countdowns that were shown, and the field at the end."""
    field = Field(real_detector=True)
    degc, shown = BEGINS_DEGC, []
    for _ in range(HEATED_S):
        degc += min(STEADY_K_PER_S + OWN_K_PER_S * np.exp((degc - BEGINS_DEGC) / SCALE_K), 20.0)
        field.point("bms-1-temperature[1]", min(degc, 500.0))
        field.run(1)
        assert field.controller.readings is not None
        shown.append(float(field.controller.readings.rack_runaway_s[0]))
    chain = b""
    for event in field.events:
        chain = hash_next(chain, msgspec.json.encode(event))
    return chain, shown, field


@pytest.fixture(scope="module")
def honest() -> bytes:
    """The hash with the estimator as it is. It foresees the runaway, and the rack is isolated."""
    chain, shown, field = burn()
    told = [seconds for seconds in shown if not np.isnan(seconds)]
    assert len(told) > 20
    assert all(later < earlier + 30.0 for earlier, later in pairwise(told))
    assert field.told(Kind.LEVEL)
    assert field.rack("rack-1").isolation is Isolation.PROVEN
    return chain


def says(seconds: float, low_s: float, high_s: float) -> Says:
    """An estimator that always says this, of all racks."""

    def reduce(readings: Readings) -> None:
        readings.rack_runaway_s[:], readings.rack_runaway_low_s[:], readings.rack_runaway_high_s[:] = (
            seconds,
            low_s,
            high_s,
        )

    return reduce


def at_random(readings: Readings) -> None:
    """An estimator out of its mind."""
    rng = np.random.default_rng(int(readings.rack_hottest_degc[0]))
    for array in (readings.rack_runaway_s, readings.rack_runaway_low_s, readings.rack_runaway_high_s):
        array[:] = rng.normal(0.0, 1e6, array.size)


LIES: dict[str, Says] = {
    "nothing": says(np.nan, np.nan, np.nan),
    "now": says(0.0, 0.0, 0.0),
    "never": says(np.inf, np.inf, np.inf),
    "random": at_random,
}


@pytest.mark.parametrize("lie", LIES)
def test_whatever_it_says(lie: str, honest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunawayBank, "reduce", lambda _, readings: LIES[lie](readings))
    monkeypatch.setattr(RunawayBank, "advance", lambda *_: True)
    assert burn()[0] == honest


def test_a_detector_that_listened_to_it_would_be_seen(honest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(_: RunawayBank, readings: Readings) -> None:
        readings.level[:1] = 3

    monkeypatch.setattr(RunawayBank, "reduce", leak)
    monkeypatch.setattr(RunawayBank, "advance", lambda *_: True)
    assert burn()[0] != honest
