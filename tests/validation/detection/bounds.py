"""What a count over a time says of a rate: Poisson, one-sided 95 %."""

import math
from collections.abc import Iterable

import scipy.special

CONFIDENCE = 0.95


def rate_bound(count: int, exposure: float) -> float:
    """The rate that is not exceeded with 95 % confidence after `count` events in `exposure` (exact Poisson: chi-squared, 2 (n + 1) degrees).

    Without exposure it is infinite.
    """
    return mean_bound(count) / exposure if exposure > 0.0 else math.inf


def mean_bound(count: int) -> float:
    """The Poisson mean under which `count` or fewer events come with 5 %: 3.00 for none."""
    low, high = 0.0, 10.0 + 3.0 * count
    for _ in range(80):
        middle = 0.5 * (low + high)
        if _at_most(count, middle) > 1.0 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _at_most(count: int, mean: float) -> float:
    """P(Poisson(mean) <= count), summed in the logarithm so that large counts do not underflow."""
    if mean <= 0.0:
        return 1.0
    terms = [k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1)]
    top = max(terms)
    return math.exp(top) * math.fsum(math.exp(term - top) for term in terms)


def share_bound(hits: int, count: int) -> float:
    """The share that is not exceeded with 95 % confidence (Clopper-Pearson, one-sided) after `hits` of `count`."""
    if not count or hits >= count:
        return 1.0
    low, high = hits / count, 1.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        if _binomial_at_most(hits, count, middle) > 1.0 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _binomial_at_most(hits: int, count: int, share: float) -> float:
    if share >= 1.0:
        return 0.0
    whole = math.lgamma(count + 1)
    terms = [
        whole - math.lgamma(k + 1) - math.lgamma(count - k + 1) + k * math.log(share) + (count - k) * math.log1p(-share)
        for k in range(hits + 1)
    ]
    top = max(terms)
    return math.exp(top) * math.fsum(math.exp(term - top) for term in terms)


def weighted_rate(strata: Iterable[tuple[float, int]]) -> tuple[float, float]:
    """A rate that is a sum over strata, each a weight (what one event there counts a year) and a count: as seen, and its joint 95 % bound.

    The bound is the gamma interval for weighted sums of Poisson counts (Fay and Feuer, Statistics in Medicine 16, 1997, 791): exact for
    equal weights, above 95 % in all of their simulations and in ours (test_detection.py). Strata without an event count with the largest
    weight: for none at all it is 3.00 times that weight. Shares are taken as Poisson, which is on the safe side. Infinite without strata.
    """
    some = list(strata)
    most = max((weight for weight, _ in some), default=math.inf)
    if not math.isfinite(most):
        return 0.0, math.inf
    seen = sum(weight * count for weight, count in some)
    mean = seen + most
    spread = sum(weight * weight * count for weight, count in some) + most * most
    return seen, spread / mean * float(scipy.special.gammaincinv(mean * mean / spread, CONFIDENCE))
