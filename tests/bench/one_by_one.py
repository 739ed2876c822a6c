"""What a user would take instead of the bank of cells: detectors that are fed point by point, and a loop in Python."""

import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from controller.site.model import Family
from tests.naive.cells import NaiveCells
from tests.naive.rig import Rig, Spec

WARM = 300
LOOP_POINTS = 512


def peers() -> Iterator[tuple[str, float]]:
    """Name and nanoseconds a point and sample of each; of a package that is not installed, nothing."""
    yield "Python loop, the twin: the same mathematics", _loop()
    river = _installed("river")
    if river:
        drift, anomaly = importlib.import_module("river.drift"), importlib.import_module("river.anomaly")
        yield "River PageHinkley", _each(drift.PageHinkley().update, 20_000)
        scorer = anomaly.GaussianScorer()
        yield "River GaussianScorer", _each(lambda x: (scorer.score_one(None, x), scorer.learn_one(None, x)), 5_000)
        trees = anomaly.HalfSpaceTrees(seed=1)
        yield "River HalfSpaceTrees", _each(lambda x: (trees.score_one({"x": x}), trees.learn_one({"x": x})), 500)
    if _installed("pysad"):
        models = importlib.import_module("pysad.models")
        for name, count in (("StandardAbsoluteDeviation", 2_000), ("LODA", 100)):
            model = getattr(models, name)()
            yield f"PySAD {name}", _each(_pysad(model), count)


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _pysad(model: Any) -> Callable[[float], object]:
    return lambda x: model.fit_score_partial(np.array([x]))


def _each(act: Callable[[float], object], count: int) -> float:
    """Best of three: processor time of one call."""
    values = [float(x) for x in 0.25 + np.random.default_rng(1).normal(0.0, 0.001, count)]
    for x in values[:WARM]:
        act(x)
    best = float("inf")
    for _ in range(3):
        start = time.thread_time_ns()
        for x in values:
            act(x)
        best = min(best, (time.thread_time_ns() - start) / count)
    return best


def _loop() -> float:
    """The twin of the banks on a few modules."""
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, LOOP_POINTS, 16, "r1")})
    twin = NaiveCells(rig.layout)
    best = float("inf")
    for _ in range(5):
        rig.step()
        image = rig.image()
        start = time.thread_time_ns()
        twin.advance(image)
        best = min(best, (time.thread_time_ns() - start) / LOOP_POINTS)
    return best
