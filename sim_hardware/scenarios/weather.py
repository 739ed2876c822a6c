"""The air outside as a function of plant time: a day's sine, and slow weather from a seed."""

import math

import numpy as np

from sim_hardware.scenarios.model import Ambient

DAY_S = 86400.0
WEATHER_PERIODS_D = (2.3, 3.7, 5.9)
"""Periods of passing weather, days (assumed: fronts come every few days); without a common multiple, so that no two weeks are alike."""


class Weather:
    """The temperature that an `Ambient` describes, at any plant second."""

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient
        self._phases = np.random.default_rng(ambient.seed).uniform(0.0, 2.0 * math.pi, len(WEATHER_PERIODS_D))

    def degc(self, now_s: float) -> float:
        """The outside air at `now_s`, within `day_swing_k + weather_k` of the mean."""
        day = now_s / DAY_S
        swing = -self._ambient.day_swing_k * math.cos(2.0 * math.pi * day)
        waves = [
            math.sin(2.0 * math.pi * day / period + float(phase))
            for period, phase in zip(WEATHER_PERIODS_D, self._phases, strict=True)
        ]
        return self._ambient.mean_degc + swing + self._ambient.weather_k * sum(waves) / len(waves)
