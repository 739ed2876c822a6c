"""Figures that incidents have taught to ask for, of a run made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

from msgspec.structs import replace as altered

from controller.core.events import Event, Kind
from sim_hardware.devices.truth import Truth
from sim_hardware.report.figures import figures
from sim_hardware.report.record import Record
from tests.sim_hardware.drill import samples
from tests.sim_hardware.drill.samples import CELL, event


def found(record: Record, *names: str) -> list[float | None]:
    return [figures(record)[name] for name in names]


def without(record: Record, *whats: str) -> Record:
    return replace(record, events=tuple(e for e in record.events if e.what not in whats))


def with_events(record: Record, *events: Event) -> Record:
    return replace(record, events=tuple(sorted((*record.events, *events), key=lambda e: e.tick_ms)))


def test_isolation_is_measured_against_smoke_and_runaway() -> None:
    record = samples.record()
    assert found(record, "isolation_before_smoke_s", "isolation_before_runaway_s") == [81.0, 75.0]
    calm = without(record, "alarm")
    assert found(calm, "isolation_before_smoke_s") == [math.inf]
    assert found(without(record, "isolate-proven"), "isolation_before_smoke_s") == [None]


def test_water_is_measured_from_what_was_first_known_of_the_isolation() -> None:
    record = samples.record()
    assert found(record, "coolant_after_isolated_s") == [85.0]
    assert found(without(record, "isolate-proven"), "coolant_after_isolated_s") == [63.0]  # a person's word
    assert found(without(record, "coolant-flowing"), "coolant_after_isolated_s") == [math.inf]
    early = with_events(without(record, "coolant-flowing"), event(10, Kind.RESPONSE, "hall", "coolant-flowing"))
    assert found(early, "coolant_after_isolated_s") == [-13.0]
    careless = without(early, "isolate-proven", "confirm-isolated")
    assert found(careless, "coolant_after_isolated_s") == [None]


def test_the_barrier_is_measured_from_the_water() -> None:
    record = with_events(samples.record(), event(112, Kind.OUTPUT, "water-barrier", "active"))
    assert found(record, "barrier_after_coolant_s") == [4.0]
    assert found(samples.record(), "barrier_after_coolant_s") == [None]


def test_activations_count_heads_not_hands() -> None:
    record = samples.record()
    assert found(record, "activations_by_heads", "fire_after_runaway_s") == [1, 2.0]
    by_hand = altered(CELL, head="call-point")
    pressed = with_events(without(record, "activated"), event(104, Kind.STAGE, "hall", "activated", by_hand))
    assert found(pressed, "activations_by_heads") == [0]


def test_agent_on_people_is_counted_while_they_are_inside() -> None:
    enters, leaves = event(60, Kind.INPUT, "occupied", "on"), event(120, Kind.INPUT, "occupied", "off")
    assert found(with_events(samples.record(), enters), "released_while_occupied") == [1]
    assert found(with_events(samples.record(), enters, leaves), "released_while_occupied") == [0]


def test_exhaust_and_signs_after_the_release_are_read_from_the_plant() -> None:
    record = samples.record()

    def driven(output: str, from_s: float, to_s: float) -> Record:
        truths = [
            replace_positions(t, {output: 1.0} if from_s <= t.tick_ms / 1000 < to_s else {}) for t in record.truths
        ]
        return replace(record, truths=tuple(truths))

    assert found(record, "exhaust_after_release_s", "kept_out_pct") == [0.0, 0.0]
    assert found(driven("exhaust", 0, 150), "exhaust_after_release_s") == [0.0]  # it runs down until 164 s
    assert found(driven("exhaust", 0, 185), "exhaust_after_release_s") == [20.0]
    assert found(driven("beacon", 0, 201), "kept_out_pct") == [100.0]
    assert found(driven("attention", 0, 201), "kept_out_pct") == [0.0]
    assert found(without(record, "releasing"), "exhaust_after_release_s", "kept_out_pct") == [None, None]


def replace_positions(truth: Truth, positions: dict[str, float]) -> Truth:
    return altered(truth, positions=positions)


def test_the_room_and_the_hottest_cell_at_the_first_sign() -> None:
    assert found(samples.record(), "room_peak_h2_pct", "room_peak_degc", "hottest_at_sign_degc") == [0.0001, 22.0, 45.0]
