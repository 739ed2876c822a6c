from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from controller.site.model import Site
from drivers.points import RegisterBlock
from sim_hardware.devices.plant import Plant
from sim_hardware.faults.kinds import FAULTS, Reach, kind_of
from sim_hardware.faults.spec import FaultError, FaultSpec, parse_fault


def _plant(hall: Site, *faults: str) -> Plant:
    return Plant(hall, 1, faults=[parse_fault(text) for text in faults])


def _words(plant: Plant, name: str) -> list[int]:
    block = next(block for block in plant.layout.blocks if block.name == name)
    assert isinstance(block, RegisterBlock)
    return [int(word) for word in plant.memories[block.device].read(block.table, block.address, block.count)]


def _write(plant: Plant, name: str, index: int, value: int) -> None:
    block = next(block for block in plant.layout.blocks if block.name == name)
    assert isinstance(block, RegisterBlock)
    plant.memories[block.device].write(block.table, block.address + index, [value])


# --- as text --------------------------------------------------------------------------------------------------------


def test_a_fault_is_read_from_a_word() -> None:
    assert parse_fault("ramp:h2-4:2.5@10-20") == FaultSpec(
        kind="ramp", target="h2-4", param=2.5, at_s=10.0, until_s=20.0
    )
    assert parse_fault("late-reply:bms-3:0.3s@10s-20s") == FaultSpec(
        kind="late-reply", target="bms-3", param=0.3, at_s=10.0, until_s=20.0
    )
    assert parse_fault("clock-skew:climate:-3600@5").param == -3600.0
    assert parse_fault("nan:heat-1") == FaultSpec(kind="nan", target="heat-1")


@pytest.mark.parametrize(
    "text", ["", "nan", ":h2-4", "ramp:h2-4:fast", "ramp:h2-4:nan", "ramp:h2-4:inf", "ramp:h2-4@soon"]
)
def test_a_word_that_is_no_fault_says_how_to_write_one(text: str) -> None:
    with pytest.raises(FaultError, match="remedy"):
        parse_fault(text)


@pytest.mark.parametrize(
    ("kind", "param", "remedy"),
    [
        ("late-reply", -1.0, "remedy: 0 or more"), ("late-reply", math.inf, "remedy: 0 or more"),
        ("exception", 7.0, "remedy: one of 1, 2"), ("stuck-half-way", 2.0, "remedy: from 0 to 1"),
        ("ramp", math.nan, "remedy: a finite number"), ("ramp", -math.inf, "remedy: a finite number"),
    ],
)  # fmt: skip
def test_a_param_that_cannot_be_is_refused_with_those_that_can(kind: str, param: float, remedy: str) -> None:
    with pytest.raises(FaultError, match=f"{re.escape(remedy)}(,|$)"):
        kind_of(FaultSpec(kind=kind, target="bms-3", param=param))


@pytest.mark.parametrize(
    "text",
    [
        "no-such-kind:h2-4", "nan:no-such-head", "nan:h2-4[7]", "bms-lies:gas", "device-dead:no-such",
        "breaker-stuck:exhaust", "actuator-stuck:no-such", "pressure-switch-failed:no-such", "nan:arm-coils",
    ],
)  # fmt: skip
def test_a_fault_that_fits_nothing_is_refused_with_a_remedy(hall: Site, text: str) -> None:
    with pytest.raises(FaultError, match="remedy"):
        _plant(hall, text)


# --- what each does -------------------------------------------------------------------------------------------------


def test_stuck_shows_what_it_showed(hall: Site) -> None:
    plant = _plant(hall, "stuck:heat-2@5")
    plant.advance_to(6_000)
    held = _words(plant, "heat-temperature")[1]
    plant.battery("hall").room.inject_heat(200_000.0, 6.0, 60.0)
    plant.advance_to(60_000)
    heat = _words(plant, "heat-temperature")
    assert heat[1] == held
    assert min(heat[0], heat[2], heat[3]) > held + 20


def test_ramp_rises_by_its_param_and_ends(hall: Site) -> None:
    plant = _plant(hall, "ramp:h2-4:10@5-25")
    plant.advance_to(20_000)
    assert 130 <= _words(plant, "gas-h2")[3] <= 155
    assert _words(plant, "gas-h2")[4] < 5
    plant.advance_to(27_000)
    assert _words(plant, "gas-h2")[3] < 5


def test_spike_comes_on_every_tenth_sample(hall: Site) -> None:
    plant = _plant(hall, "spike:co-1:5000")
    seen = []
    for tick_ms in range(0, 30_000, 1_000):
        plant.advance_to(tick_ms)
        seen.append(_words(plant, "gas-co")[0])
    assert sum(value > 4000 for value in seen) == 3
    assert np.median(seen) < 5


def test_offset_and_nan(hall: Site) -> None:
    plant = _plant(hall, "offset:heat-1:30", "nan:heat-3", "nan:server-temperature-2")
    plant.advance_to(3_000)
    heat = _words(plant, "heat-temperature")
    assert 250 < heat[0] - heat[1] < 350
    assert heat[2] == 0x8000
    payload = next(m.payload for m in plant.drain() if m.topic.endswith("sensor-2"))
    assert b'"temperature":null' in payload


def test_a_lying_bms_tells_of_hot_cells_with_falling_voltages(hall: Site) -> None:
    plant = _plant(hall, "bms-lies:bms-2:2")
    plant.advance_to(30_000)
    assert min(_words(plant, "bms-2-temperature")) > 600
    assert max(_words(plant, "bms-2-voltage")) < 3700
    assert max(_words(plant, "bms-1-temperature")) < 300


def test_a_dead_device_says_nothing_and_a_late_one_says_how_late(hall: Site) -> None:
    plant = _plant(hall, "device-dead:climate@3", "device-late:gas:0.7")
    plant.advance_to(2_500)
    assert any(message.device == "climate" for message in plant.drain())
    plant.advance_to(8_000)
    assert not plant.drain()
    assert plant.answers("climate") is None
    assert (plant.answers("gas"), plant.answers("heat")) == (0.7, 0.0)


def test_a_module_without_power_drops_its_coils_and_comes_back_as_the_site_says(hall: Site) -> None:
    plant = _plant(hall, "device-restart:do-1@2-4")
    _write(plant, "breaker-coils", 4, 1)
    plant.advance_to(3_000)
    assert plant.answers("do-1") is None
    assert _words(plant, "signal-coils")[6] == _words(plant, "breaker-coils")[4] == 0
    plant.advance_to(5_000)
    assert plant.answers("do-1") == 0.0
    assert _words(plant, "signal-coils")[6] == _words(plant, "breaker-coils")[4] == 1


def test_a_stuck_breaker_stays_closed(hall: Site) -> None:
    plant = _plant(hall, "breaker-stuck:breaker-4")
    _write(plant, "breaker-coils", 3, 1)
    _write(plant, "breaker-coils", 4, 1)
    plant.advance_to(3_000)
    assert _words(plant, "breaker-open")[3:5] == [0, 1]
    assert plant.battery("hall").room.inputs.breaker_open[3:5].tolist() == [False, True]
    _write(plant, "breaker-coils", 3, 0)
    plant.advance_to(6_000)
    assert _words(plant, "breaker-open")[3:5] == [0, 1]  # a trip that never moved it leaves nothing behind


def test_without_feedback_the_actuator_moves_all_the_same(hall: Site) -> None:
    plant = _plant(hall, "no-feedback:damper-1", "actuator-stuck:damper-2")
    _write(plant, "damper-coils", 0, 1)
    _write(plant, "damper-coils", 1, 1)
    plant.advance_to(10_000)
    assert _words(plant, "damper-closed")[:2] == [0, 0]
    assert plant.battery("hall").room.inputs.damper_open_fraction[:2].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("fault", "switch", "has_agent"), [("pressure-switch-failed:hall", 0, True), ("agent-empty:hall", 0, False)]
)
def test_agent_without_word_and_word_without_agent(hall: Site, fault: str, switch: int, has_agent: bool) -> None:
    plant = _plant(hall, fault)
    _write(plant, "arm-coils", 0, 1)
    _write(plant, "fire-coils", 0, 1)
    plant.advance_to(3_000)
    assert _words(plant, "discharged")[0] == switch
    assert (plant.battery("hall").room.agent_pct > 0.5) is has_agent


# --- noise, range, units, contacts ----------------------------------------------------------------------------------


def test_noise_comes_on_top_and_differs_from_point_to_point(hall: Site) -> None:
    plant = _plant(hall, "noise:bms-1-temperature:4", "noise:heat-1:5", "noise:heat-2:5")
    plant.advance_to(2_000)
    heat = np.array(_words(plant, "heat-temperature"))
    assert abs(heat[0] - heat[1]) > 2  # two heads do not share their noise
    noisy, calm = (np.array(_words(plant, f"bms-{n}-temperature"), np.uint16).view(np.int16) * 0.1 for n in (1, 2))
    assert 2.0 < np.std(noisy) < 6.0
    assert np.std(calm) < 0.5


def test_out_of_range_is_absurd_by_itself_and_as_told(hall: Site) -> None:
    plant = _plant(
        hall, "out-of-range:h2-4", "out-of-range:heat-1", "out-of-range:bms-1-voltage[0]:9", "out-of-range:co-1:-5"
    )
    plant.advance_to(2_000)
    assert _words(plant, "gas-h2")[3] == 60_000
    assert _words(plant, "heat-temperature")[0] == 4_500
    assert _words(plant, "bms-1-voltage")[0] == 9_000
    assert _words(plant, "gas-co")[0] == 0  # the end of what the register can say


def test_units_are_taken_for_others(hall: Site) -> None:
    plant = _plant(
        hall, "unit-swap:heat-1", "unit-swap:bms-1-voltage[3]", "offset:h2-2:20000", "unit-swap:h2-2:0.0001@5"
    )
    plant.advance_to(4_000)
    heat = _words(plant, "heat-temperature")
    assert heat[0] == pytest.approx(heat[1] * 1.8 + 320, abs=15)
    assert _words(plant, "bms-1-voltage")[3] == 0xFFFF  # 3 300 V do not go into a register of millivolts
    assert _words(plant, "gas-h2")[1] >= 20_000
    plant.advance_to(8_000)
    assert _words(plant, "gas-h2")[1] == 2  # ppm shown as per cent


def test_a_unit_that_has_no_usual_mistake_needs_its_factor(hall: Site) -> None:
    with pytest.raises(FaultError, match="shows ppm; remedy: say the factor"):
        _plant(hall, "unit-swap:h2-2")


def test_a_contact_chatters_and_rests_again(hall: Site) -> None:
    plant = _plant(hall, "chatter:damper-closed[0]:2@1-4")
    seen = []
    for tick_ms in range(1_000, 6_000, 100):
        plant.advance_to(tick_ms)
        seen.append(_words(plant, "damper-closed")[0])
    runs = [len(list(run)) for _, run in itertools.groupby(seen[:30])]
    assert len(runs) > 5
    assert len(set(runs[1:-1])) == 1
    assert set(seen[31:]) == {0}


# --- actuators ------------------------------------------------------------------------------------------------------


def test_late_feedback_makes_after_the_damper_has_closed(hall: Site) -> None:
    plant = _plant(hall, "late-feedback:damper-1:5")
    for index in range(2):
        _write(plant, "damper-coils", index, 1)
    plant.advance_to(11_000)
    assert _words(plant, "damper-closed")[:2] == [0, 1]
    assert plant.battery("hall").room.inputs.damper_open_fraction[0] == 0.0
    plant.advance_to(15_000)
    assert _words(plant, "damper-closed")[:2] == [1, 1]
    _write(plant, "damper-coils", 0, 0)
    plant.advance_to(16_000)
    assert _words(plant, "damper-closed")[0] == 0


def test_a_damper_that_is_stuck_half_way_comes_no_further_until_it_is_mended(hall: Site) -> None:
    plant = _plant(hall, "stuck-half-way:damper-1:0.4@0-20", "stuck-half-way:damper-2:0.4@15")
    for index in range(2):
        _write(plant, "damper-coils", index, 1)
    plant.advance_to(16_000)
    assert plant.battery("hall").room.inputs.damper_open_fraction[:2].tolist() == pytest.approx([0.6, 0.0])
    assert _words(plant, "damper-closed")[:2] == [0, 1]  # what was there already is not drawn back
    plant.advance_to(30_000)
    assert _words(plant, "damper-closed")[0] == 1


def test_of_two_spells_of_a_fault_each_counts(hall: Site) -> None:
    plant = _plant(hall, "no-feedback:damper-1@0-30", "no-feedback:damper-1@60-90")
    _write(plant, "damper-coils", 0, 1)
    plant.advance_to(20_000)
    assert _words(plant, "damper-closed")[0] == 0
    plant.advance_to(40_000)
    assert _words(plant, "damper-closed")[0] == 1


def test_every_kind_of_fault_in_a_device_is_tried_here() -> None:
    tried = {
        "stuck", "ramp", "spike", "offset", "nan", "noise", "out-of-range", "unit-swap", "chatter", "bms-lies",
        "device-dead", "device-late", "device-restart", "actuator-stuck", "stuck-half-way", "breaker-stuck", "no-feedback",
        "late-feedback", "pressure-switch-failed", "agent-empty",
    }  # fmt: skip
    assert tried == {name for name, kind in FAULTS.items() if kind.reach not in {Reach.WIRE, Reach.BROKER}}
    assert all(kind.says and not math.isnan(kind.default) for kind in FAULTS.values())
