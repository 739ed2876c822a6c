from __future__ import annotations

import numpy as np

from sim_hardware.devices.noise import CLIP_SIGMA, add_noise, uniform


def _noise(seed: int, first: int, sample: int, count: int, sigma: float = 1.0) -> list[float]:
    values = np.zeros(count)
    add_noise(seed, first, sample, np.full(count, sigma), values)
    return [float(value) for value in values]


def test_noise_belongs_to_seed_point_and_sample_alone() -> None:
    together = _noise(3, 100, 7, 10)
    assert _noise(3, 104, 7, 1)[0] == together[4]
    assert _noise(3, 100, 7, 10) == together
    assert _noise(3, 100, 8, 10) != together
    assert _noise(4, 100, 7, 10) != together
    assert len(set(together)) == 10


def test_noise_is_centred_bounded_and_of_its_size() -> None:
    samples = np.array([_noise(1, 0, sample, 200) for sample in range(100)]).ravel()
    assert abs(samples.mean()) < 0.03
    assert 0.9 < samples.std() < 1.0  # clipped at two sigma: 0.96
    assert np.abs(samples).max() <= CLIP_SIGMA
    assert abs(np.corrcoef(samples[:-1], samples[1:])[0, 1]) < 0.03


def test_without_sigma_there_is_no_noise() -> None:
    assert _noise(1, 0, 0, 5, sigma=0.0) == [0.0] * 5


def test_uniform_is_spread_over_its_range() -> None:
    numbers = [uniform(1, point, 0) for point in range(1000)]
    assert 0.0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1.0
    assert uniform(1, 5, 0) == numbers[5]
