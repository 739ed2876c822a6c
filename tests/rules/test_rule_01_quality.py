"""Rule 1: a missing, stale or absurd value is a fault, never "normal"; what died after a rise stays as evidence."""

import numpy as np
import pytest
from msgspec.structs import replace

from controller.core import inputs
from controller.core.detect.detector import Detector
from controller.core.detect.readings import Readings
from controller.core.events import Level
from controller.core.image import Changes, Image
from controller.core.zone import signals
from drivers.points import Quality
from tests.controller.core import field as field_module
from tests.controller.core.field import Field, play
from tests.rules.breaking import Check, Mutant, notices, original


def stale_is_a_fault() -> None:
    """A module that is silent takes "automatic" away, and is told."""
    field = Field()
    field.lose("di-1")
    field.run(10)
    assert "device_lost:di-1" in field.troubles()
    play(field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 40 | | pre-activated | -agent")


def unknown_is_not_off() -> None:
    """An occupied contact that cannot be read does not say "nobody inside"; gas that cannot be read does not say "no gas"."""
    field = Field()
    field.point("di-2-inputs[2]", 0.0, Quality.BAD)
    play(field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |")


def a_missing_value_is_a_fault() -> None:
    """A smoke head without a value is in fault, and is not taken for clean air."""
    field = Field(real_detector=True)
    field.point("asd-1-obscuration", np.nan)
    field.run(10)
    assert "head_fault:smoke-1" in field.troubles()
    assert field.zone().availability.startswith("degraded")


def a_fault_after_an_alarm_keeps_it() -> None:
    """A head that alarmed and then died still counts for the coincidence, and stays latched."""
    field = Field()
    play(field, "0 | smoke-1 alarm | pre-activated |\n 1 | smoke-1 normal, smoke-1 fault | pre-activated |")
    assert field.controller.state.heads[field.head("smoke-1")].level == Level.ALARM
    play(field, "1 | heat-1 alarm | activated |")


CHECKS = (stale_is_a_fault, unknown_is_not_off, a_missing_value_is_a_fault, a_fault_after_an_alarm_keeps_it)


def values_never_age(patch: pytest.MonkeyPatch) -> None:
    freeze = original(field_module, "freeze")
    patch.setattr(field_module, "freeze", lambda *a: freeze(*a[:3], np.full_like(a[3], 10**12), *a[4:]))


def unknown_reads_as_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inputs, "UNKNOWN", 0)


def no_value_reads_as_zero(patch: pytest.MonkeyPatch) -> None:
    advance = Detector.advance

    def blind(self: Detector, image: Image, changed: Changes | None = None) -> Readings:
        return advance(self, replace(image, value=np.nan_to_num(image.value)), changed)

    patch.setattr(Detector, "advance", blind)


def the_end_of_an_alarm_wipes_it(patch: pytest.MonkeyPatch) -> None:
    confirmed = original(signals, "confirmed")
    patch.setattr(signals, "confirmed", lambda *a: confirmed(*a[:-1], -1))


MUTANTS = [
    (values_never_age, stale_is_a_fault),
    (unknown_reads_as_off, unknown_is_not_off),
    (no_value_reads_as_zero, a_missing_value_is_a_fault),
    (the_end_of_an_alarm_wipes_it, a_fault_after_an_alarm_keeps_it),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
