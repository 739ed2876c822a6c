"""Figures that incidents have taught to ask for: isolation before smoke, water after isolation, nobody let in, no agent on people."""

import math

from controller.core.commands import ConfirmIsolated
from controller.core.events import Event, Kind
from controller.core.state import Stage
from controller.site.model import Family, Role
from sim_hardware.devices.truth import Truth
from sim_hardware.report import moments
from sim_hardware.report.moments import between, first
from sim_hardware.report.record import Record

EXHAUST_STOPS_S = 30.0
"""So long after the command of the agent a fan may still run down."""
DRIVEN = 0.5
"""Position beyond which an output counts as driven."""


def lessons(record: Record) -> dict[str, float | None]:
    """The figures by name; `sim_hardware.report.figures` says what each is."""
    rack = record.racks[record.origin_rack] if record.origin_rack >= 0 else ""
    proven_s = moments.at_s(first(record, Kind.RESPONSE, "isolate-proven", rack)) if rack else None
    coolant_s = moments.at_s(first(record, Kind.RESPONSE, "coolant-flowing"))
    return {
        "isolation_before_smoke_s": lead(proven_s, moments.family_alarm_s(record, Family.SMOKE)),
        "isolation_before_runaway_s": lead(proven_s, moments.first_runaway_s(record)),
        "fire_after_runaway_s": between(moments.first_runaway_s(record), moments.first_fire_s(record)),
        "coolant_after_isolated_s": lead(_vouched_s(record, rack, proven_s), coolant_s),
        "barrier_after_coolant_s": between(coolant_s, _proven_s(record, Role.WATER_BARRIER)),
        "hand_over_after_fire_s": between(moments.first_fire_s(record), _handed_over_s(record)),
        "activations_by_heads": _activations(record),
        "released_while_occupied": _on_people(record),
        "exhaust_after_release_s": _driven_s(record, _exhausts(record), after_s=EXHAUST_STOPS_S),
        "kept_out_pct": _kept_out_pct(record),
        **_air(record),
    }


def lead(earlier_s: float | None, later_s: float | None) -> float | None:
    """Lead of what had to come first; infinite if the other never came."""
    return math.inf if earlier_s is not None and later_s is None else between(earlier_s, later_s)


def _vouched_s(record: Record, rack: str, proven_s: float | None) -> float | None:
    """When the burning rack was off the bus for all that anybody knew: its breaker said so, or a person did."""
    words = [e for e in record.events if e.kind is Kind.COMMAND and e.what == _TAG and e.subject in {rack, ""}]
    times_s = [t for t in (proven_s, *(e.tick_ms / 1000 for e in words)) if t is not None]
    return min(times_s, default=None)


def _handed_over_s(record: Record) -> float | None:
    return moments.at_s(first(record, Kind.REQUEST, "hand-over"))


_TAG = str(ConfirmIsolated.__struct_config__.tag)


def _activations(record: Record) -> int:
    """Activations of any zone for which heads spoke, not the wired call point."""
    points = {name for name, head in record.site.heads.items() if head.family is Family.CALL_POINT}
    stages = [event for event in record.events if event.kind is Kind.STAGE and event.what == Stage.ACTIVATED]
    return sum(any(one.head not in points for one in event.evidence) for event in stages)


def _on_people(record: Record) -> int:
    """Releases by the controller's own decision while the zone's wired input said that people are inside."""
    heads = {n for n, head in record.site.heads.items() if head.family is Family.OCCUPIED and head.zone == record.zone}
    inside: set[str] = set()
    count = 0
    for event in record.events:
        if event.kind is Kind.INPUT and event.subject in heads:
            (inside.add if event.what == "on" else inside.discard)(event.subject)
        count += bool(inside) and _is_release(record, event)
    return count


def _is_release(record: Record, event: Event) -> bool:
    return event.kind is Kind.STAGE and event.what == Stage.RELEASING and event.zone == record.zone


def _proven_s(record: Record, role: Role) -> float | None:
    """When an output of `role` in the zone was first proven active."""
    names = {n for n, out in record.site.outputs.items() if out.role is role and out.zone == record.zone}
    moved = [e for e in record.events if e.kind is Kind.OUTPUT and e.what == "active" and e.subject in names]
    return moments.at_s(moved[0]) if moved else None


def _exhausts(record: Record) -> list[str]:
    return [n for n, out in record.site.outputs.items() if out.role is Role.EXHAUST and out.zone == record.zone]


def _since_release(record: Record, after_s: float = 0.0) -> list[Truth]:
    command_s = moments.stage_s(record, Stage.RELEASING)
    if command_s is None:
        return []
    return [truth for truth in record.truths if truth.tick_ms / 1000 >= command_s + after_s]


def _driven_s(record: Record, names: list[str], *, after_s: float) -> float | None:
    """Seconds from the release on during which one of the outputs `names` is driven; None without a release."""
    truths = _since_release(record, after_s)
    if not truths:
        return None
    step_s = (truths[-1].tick_ms - truths[0].tick_ms) / 1000 / max(1, len(truths) - 1)
    return round(step_s * sum(any(truth.positions.get(name, 0.0) > DRIVEN for name in names) for truth in truths), 1)


def _kept_out_pct(record: Record) -> float | None:
    """Share of the time after a release in which a beacon or sounder that the site drives by it keeps people out."""
    said = f"{record.zone}.released"
    rows = [row for row in record.site.matrix.values() if said in row.when]
    signs = {name for row in rows for name in row.then if record.site.outputs[name].role in {Role.BEACON, Role.SOUNDER}}
    truths = _since_release(record)
    if not truths or not signs:
        return None
    return 100.0 * sum(any(t.positions.get(name, 0.0) > DRIVEN for name in signs) for t in truths) / len(truths)


def _air(record: Record) -> dict[str, float | None]:
    """What the plant's truth says of the room's air and of its hottest cell when the first head spoke."""
    battery = record.battery()
    if not battery:
        return {"room_peak_h2_pct": None, "room_peak_degc": None, "hottest_at_sign_degc": None}
    sign_s = moments.at_s(first(record, Kind.LEVEL))
    seen = [truth for second, truth in battery if sign_s is not None and second >= sign_s]
    return {
        "room_peak_h2_pct": max(truth.room_h2_ppm for _, truth in battery) / 1e4,
        "room_peak_degc": max(truth.room_degc for _, truth in battery),
        "hottest_at_sign_degc": max(max(row) for row in seen[0].module_max_degc) if seen else None,
    }
