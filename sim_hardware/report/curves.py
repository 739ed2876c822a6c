"""The curves of a run, thinned for drawing: the most striking value of each span is kept, so that no peak is lost."""

from collections.abc import Callable, Sequence

from sim_hardware.devices.truth import BatteryTruth, ServerTruth
from sim_hardware.report.record import Record
from sim_hardware.report.result import Curves, Series

POINTS = 400
"""Points of a curve at most."""


def curves(record: Record) -> Curves:
    """The curves of the zone that the drill is about."""
    battery = record.battery()
    if not battery:
        return _server_curves(record.server())
    spans = _spans([s for s, _ in battery])
    truths = [b for _, b in battery]

    def series(name: str, value: Callable[[BatteryTruth], float]) -> Series:
        return Series(name, tuple(max(value(truths[k]) for k in span) for span in spans))

    here = max(record.origin_rack, 0)
    others = [k for k in range(len(record.racks)) if k != here]
    near = [k for k in others if abs(k - here) == 1]
    name = record.racks[here]
    return Curves(
        time_s=tuple(battery[span[-1]][0] for span in spans),
        temperature_degc=(
            series(f"{name}, hottest cell", lambda b: max(b.module_max_degc[here])),
            series("neighbours, hottest cell", lambda b: max(max(b.module_max_degc[k]) for k in near)),
            series("room", lambda b: b.room_degc),
        ),
        h2_ppm=(series(name, lambda b: b.h2_ppm[here]), series("room", lambda b: b.room_h2_ppm)),
        smoke_pct_per_m=tuple(series(f"detector {k + 1}", _smoke_of(k)) for k in range(len(truths[0].smoke_pct_per_m))),
        agent_pct=(series("agent", lambda b: b.agent_pct),),
        coolant_lpm=(
            series(name, lambda b: b.coolant_lpm[here]),
            series("neighbours", lambda b: sum(b.coolant_lpm[k] for k in near)),
        ),
        cells=(
            series(name, lambda b: b.runaway[here]),
            series("other racks", lambda b: sum(b.runaway[k] for k in others)),
        ),
    )


def _server_curves(server: Sequence[tuple[float, ServerTruth]]) -> Curves:
    spans = _spans([s for s, _ in server])
    truths = [t for _, t in server]

    def series(name: str, value: Callable[[ServerTruth], float]) -> Series:
        return Series(name, tuple(max(value(truths[k]) for k in span) for span in spans))

    detectors = range(len(truths[0].smoke_pct_per_m)) if truths else range(0)
    return Curves(
        time_s=tuple(server[span[-1]][0] for span in spans),
        temperature_degc=(series("hottest place", lambda t: t.hottest_degc),),
        h2_ppm=(),
        smoke_pct_per_m=tuple(series(f"detector {k + 1}", _smoke_of(k)) for k in detectors),
        agent_pct=(series("agent", lambda t: t.agent_pct),),
        coolant_lpm=(),
        cells=(),
    )


def _smoke_of(detector: int) -> Callable[[BatteryTruth | ServerTruth], float]:
    return lambda truth: truth.smoke_pct_per_m[detector]


def _spans(times_s: Sequence[float]) -> list[range]:
    """Ranges of indices that share a point: at most POINTS of them."""
    step = max(1, -(-len(times_s) // POINTS))
    return [range(k, min(k + step, len(times_s))) for k in range(0, len(times_s), step)]
