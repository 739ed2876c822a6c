"""River's half-space trees and PyOD's ECOD on what the peers kept: learnt on nuisances of the tuning part, thresholds set there too."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.validation.detection import store
from tests.validation.detection.peers import FEATURES

Floats = npt.NDArray[np.float64]
TREES, HEIGHT, WINDOW = 10, 8, 250
"""Of the half-space trees: River's defaults."""
LEARNT = 5_000
"""Most samples that either learns from."""


def learn(features: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """A sample of the features to learn from, and their least and greatest value."""
    chosen = rng.permutation(len(features))[:LEARNT]
    sample = features[np.sort(chosen)].astype(np.float64)
    return sample, sample.min(axis=0), sample.max(axis=0)


def half_space_scores(sample: Floats, low: Floats, high: Floats, features: Floats) -> Floats:
    """The score of each row of `features` after learning `sample`; features lie between 0 and 1 by `low` and `high`, a quarter beyond."""
    from river.anomaly import HalfSpaceTrees

    span = np.maximum(high - low, 1e-6)
    trees = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=1)

    def scaled(row: Floats) -> dict[str, float]:
        return dict(zip(FEATURES, np.clip(((row - low) / span + 0.25) / 1.5, 0.0, 1.0).tolist(), strict=True))

    for row in sample:
        trees.learn_one(scaled(row))
    return np.array([trees.score_one(scaled(row)) for row in features])


def ecod_scores(sample: Floats, features: Floats) -> Floats:
    """ECOD's outlier score of each row of `features` against `sample`."""
    from pyod.models.ecod import ECOD

    model = ECOD()
    model.fit(sample)
    parts = [model.decision_function(part) for part in np.array_split(features, max(1, len(features) // 20_000))]
    return np.concatenate([np.asarray(part, np.float64) for part in parts])


def score_all(tuning: Sequence[store.Arrays], others: Sequence[store.Arrays]) -> store.Arrays:
    """Both scores for all kept features, those of the tuning part first; `piece`, `owner` and `tick` say whose they are."""
    rng = np.random.default_rng(5)
    kept = [*tuning, *others]
    features = np.concatenate([one["features"] for one in kept]).astype(np.float64)
    piece = np.concatenate([np.full(len(one["features"]), k) for k, one in enumerate(kept)])
    owner = np.concatenate([one["owner"] for one in kept])
    tick = np.concatenate([one.get("tick", np.zeros(len(one["features"]), np.int64)) for one in kept])
    sample, low, high = learn(features[piece < len(tuning)], rng)
    return {
        "piece": piece,
        "owner": owner,
        "tick": tick,
        "trees": half_space_scores(sample, low, high, features),
        "ecod": ecod_scores(sample, features),
    }
