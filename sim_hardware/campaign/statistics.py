"""What a sample says: quantiles, the interval of its median, the interval of a share. Nothing here is drawn by chance.

Values may be infinite: they stand at the end of the order, as what they mean.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution: two-sided 95 %."""


class Interval(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


def quantile(ordered: Sequence[float], share: float) -> float:
    """The `share` quantile of values in rising order: linear between neighbours.

    Definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996) 361; numpy's default.
    Between a finite and an infinite value it is infinite. Raises IndexError without values.
    """
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return low if place == below or low == high else low + (high - low) * (place - below)


def median_interval(ordered: Sequence[float]) -> Interval | None:
    """The distribution-free 95 % confidence interval of the median of values in rising order; None for fewer than 6.

    From order statistics: x(r) to x(n + 1 - r) with the largest r for which P(Binomial(n, 1/2) < r) <= 2.5 %, so that it covers the median
    with at least 95 % (David and Nagaraja, Order Statistics, 3rd ed., section 7.1).
    """
    count, below, rank = len(ordered), 0.0, 0
    while True:
        below += math.exp(_log_binomial(count, rank) - count * math.log(2.0))
        if below > (1.0 - CONFIDENCE) / 2.0 or rank >= count // 2:
            break
        rank += 1
    return Interval(ordered[rank - 1], ordered[count - rank]) if rank else None


def wilson_interval(hits: int, count: int) -> Interval:
    """Wilson's 95 % score interval of a share, `hits` of `count` (Wilson, J. Am. Stat. Assoc. 22 (1927) 209). Without any: 0 to 1."""
    if not count:
        return Interval(0.0, 1.0)
    share, shrink = hits / count, 1.0 + Z * Z / count
    centre = (share + Z * Z / (2.0 * count)) / shrink
    half = Z / shrink * math.sqrt(share * (1.0 - share) / count + Z * Z / (4.0 * count * count))
    return Interval(0.0 if hits == 0 else centre - half, 1.0 if hits == count else centre + half)


def _log_binomial(count: int, rank: int) -> float:
    return math.lgamma(count + 1) - math.lgamma(rank + 1) - math.lgamma(count - rank + 1)
