import math

import numpy as np
import pytest

from tests.validation.reference import ELEMENT_DEGC, RTI, answers_at_s


def test_in_a_step_of_hot_air_the_element_answers_when_the_closed_form_says() -> None:
    start_degc, air_degc, velocity = 20.0, 120.0, 0.7
    time_s = np.arange(-10.0, 300.0)
    air = np.where(time_s > 0, air_degc, start_degc)
    expected_s = RTI / math.sqrt(velocity) * math.log((air_degc - start_degc) / (air_degc - ELEMENT_DEGC))
    assert answers_at_s(time_s, air, velocity) == pytest.approx(expected_s, abs=1.0)


def test_air_that_stays_below_the_element_never_makes_it_answer() -> None:
    time_s = np.arange(0.0, 600.0)
    assert answers_at_s(time_s, np.full(600, ELEMENT_DEGC - 0.1), 1.0) is None
