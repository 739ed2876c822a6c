"""The chapter of what a user would take instead, on the same episodes and at the same budget of false alarms."""

import math
from collections.abc import Iterator

import numpy as np

from tests.validation.chapter import Chapter, Row
from tests.validation.detection import failures
from tests.validation.detection.failures import SLOW_SHORT
from tests.validation.detection.peers import GRID, LIMIT, NAMES, RULE, SPOT, SPOT_PCT_PER_M, Z
from tests.validation.detection.results import (
    ANY_ADVISORY,
    ANY_PRE_ALARM,
    CELLS_ADVISORY,
    CELLS_PRE_ALARM,
    ZONE_PRE_ALARM,
    Arrays,
    Floats,
    Results,
    crossed_s,
    lead_s,
    quantile,
    reported,
)
from tests.validation.detection.words import percent, seconds
from tests.validation.graph import Colour, Graph, Series

OURS = (ANY_ADVISORY, ANY_PRE_ALARM, ZONE_PRE_ALARM, CELLS_ADVISORY, CELLS_PRE_ALARM)
FORESTS = (("trees", "River HalfSpaceTrees"), ("ecod", "PyOD ECOD"))


def peers_chapter(results: Results) -> Chapter:
    """The same episodes, what a user would take instead, at the same budget of false alarms."""
    budget, of = results.called(ANY_PRE_ALARM, held_out=False)
    out, out_of = results.called(ANY_PRE_ALARM, held_out=True)
    little, _ = results.called(CELLS_ADVISORY, held_out=False)
    head = (
        "| method | threshold | false calls, tuning classes | held-out classes | "
        + " | ".join(f"{k}: found before runaway; delay median; lead median (s)" for k in failures.KINDS)
        + " |"
    )
    table = [head, "|---|---|---:|---:|" + "---|" * len(failures.KINDS)]
    for say in OURS:
        mine, n = results.called(say, held_out=False)
        his, m = results.called(say, held_out=True)
        cells = [_told(reported(results, kind), say.first_s(reported(results, kind))) for kind in failures.KINDS]
        table.append(
            f"| Haechi, {say.name} | defaults | {percent(mine, n)} | {percent(his, m)} | {' | '.join(cells)} |"
        )
    for method, fixed, allowed in (
        (LIMIT, 60.0, 0),
        (LIMIT, 80.0, 0),
        (LIMIT, None, budget),
        (LIMIT, None, little),
        (RULE, 1.0, 0),
        (SPOT, SPOT_PCT_PER_M, 0),
        (SPOT, None, budget),
        (Z, None, budget),
    ):
        place = results.tuned(method, allowed) if fixed is None else int(np.argmin(np.abs(GRID[method] - fixed)))
        mine, n = results.false_calls(method, place, held_out=False)
        his, m = results.false_calls(method, place, held_out=True)
        cells = [_told(reported(results, k), crossed_s(reported(results, k), method, place)) for k in failures.KINDS]
        how = f"tuned to {allowed} calls" if fixed is None else "as usual"
        table.append(
            f"| {NAMES[method]} | {GRID[method][place]:.3g}, {how} | {percent(mine, n)} | {percent(his, m)} | {' | '.join(cells)} |"
        )
    for forest, name in FORESTS if results.forest else ():
        hits, n = results.forest[f"budget:{forest}"].astype(int).tolist()
        cells = [_forest_cell(results.forest[f"{kind}:{forest}"]) for kind in failures.KINDS]
        table.append(
            f"| {name} (a share of the episodes) | tuned to the budget | {percent(hits, n)} | | {' | '.join(cells)} |"
        )
    text = "\n".join(
        [PEERS_TEXT.format(budget=budget, of=of, share=100.0 * budget / max(1, of), out=out, out_of=out_of), "", *table]
    )
    return Chapter(
        "Next to what a user would take instead",
        text,
        list(_peer_rows(results, budget)),
        _trade_plot(results),
    )


PEERS_TEXT = """All see the same images. The budget is what Haechi's pre-alarms (any head) cost on the nuisance classes that are not held out
and in the quiet quarters of an hour before the failures of the tuning part, a fifth of which have no cooling: {budget:,} of {of:,} episodes
({share:.2g} %); on the held-out classes it is {out:,} of {out_of:,}. Each other method got the lowest threshold that calls no more of
them and is silent in the quiet weeks. Most of these calls are of gas and smoke heads on real gas and smoke; a method that looks at
cells alone has few nuisances to fear, and its threshold ends low. What looks at cells alone is therefore compared once more with what our
own cells say alone, at what that costs. A room whose cells were called before the failure is missed by the one who called.
Fixed limits look at the hottest cell
that the BMS shows; the rule of GB 38031 is taken as written (60 °C assumed as highest operating temperature); the spot detector is an
ideal one below the ceiling (CFAST's 24 %/m, without its entry lag); the z-score stands over 10 minutes of each point's own past.
Half-space trees and ECOD see nine features of a room every 10 s, learn from 5,000 rows of the tuning classes, and were run on a share
of the episodes, for they are slow. Figures of failures are of the reported part (of trees and ECOD: both parts)."""


def _told(found: Arrays, at_s: Floats) -> str:
    lead, delay = lead_s(found, at_s), at_s - found["onset_s"]
    return f"{percent(int((lead > 0.0).sum()), len(lead))}; {seconds(quantile(delay, 0.5))}; {seconds(quantile(lead, 0.5))}"


def _forest_cell(delay: Floats) -> str:
    return f"found at all {percent(int(np.isfinite(delay).sum()), len(delay))}; {seconds(quantile(delay, 0.5))}"


def _peer_rows(results: Results, budget: int) -> Iterator[Row]:
    """Earlier than each of the others at the same budget, by the median delay: all heads; and cells alone, by what cells alone cost."""
    little, _ = results.called(CELLS_ADVISORY, held_out=False)
    for say, allowed, methods in (
        (ANY_PRE_ALARM, budget, (LIMIT, RULE, SPOT, Z)),
        (CELLS_ADVISORY, little, (LIMIT, RULE)),
    ):
        for kind in failures.KINDS:
            found = reported(results, kind)
            ours = quantile(say.first_s(found) - found["onset_s"], 0.5)
            theirs = {
                NAMES[m]: quantile(crossed_s(found, m, results.tuned(m, allowed)) - found["onset_s"], 0.5)
                for m in methods
            }
            name, best = min(theirs.items(), key=lambda item: item[1])
            yield Row(
                f"{kind}: median delay of the {say.name}, next to the quickest other at its budget of {allowed} false calls",
                "shorter",
                f"{seconds(ours)} s; {name} {seconds(best)} s",
                ours < best,
            )


def _trade_plot(results: Results) -> dict[str, str]:
    """Delay against false calls of a slow short: a line for each method over its thresholds, dots for ours."""
    found = reported(results, SLOW_SHORT)
    series: list[Series] = []
    colours: tuple[Colour, ...] = (4, 1, 2)
    for method, colour in zip((LIMIT, Z, SPOT), colours, strict=True):
        x, y = [], []
        for place in range(len(GRID[method])):
            hits, n = results.false_calls(method, place, held_out=False)
            delay = quantile(crossed_s(found, method, place) - found["onset_s"], 0.5)
            if math.isfinite(delay):
                x.append(100.0 * hits / n)
                y.append(delay / 60.0)
        if x:
            series.append(Series(NAMES[method], np.array(x), np.array(y), colour))
    ours = [
        (results.called(say, held_out=False), quantile(say.first_s(found) - found["onset_s"], 0.5))
        for say in (CELLS_ADVISORY, ANY_ADVISORY, ANY_PRE_ALARM)
    ]
    good = [(100.0 * hits / n, delay / 60.0) for (hits, n), delay in ours if math.isfinite(delay)]
    if good:
        series.append(
            Series(
                "Haechi (cells alone, any advisory, any pre-alarm)",
                np.array([x for x, _ in good]),
                np.array([y for _, y in good]),
                3,
                dots=True,
            )
        )
    graph = Graph(
        "Slow internal short: median delay and false calls on nuisances",
        "nuisance episodes called, %",
        "delay, minutes",
        series,
    )
    return {"detection-trade.svg": graph.svg()} if series else {}
