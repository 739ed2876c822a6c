from __future__ import annotations

import json

import numpy as np
import pytest

from controller.site.model import Role, Site
from drivers.points import RegisterBlock, Table
from sim_hardware.devices.actuators import ROLE_MEANING
from sim_hardware.devices.plant import Plant

STEP_MS = 100


def _block(plant: Plant, name: str) -> RegisterBlock:
    block = next(block for block in plant.layout.blocks if block.name == name)
    assert isinstance(block, RegisterBlock)
    return block


def _words(plant: Plant, name: str) -> list[int]:
    block = _block(plant, name)
    return [int(word) for word in plant.memories[block.device].read(block.table, block.address, block.count)]


def _coil(plant: Plant, name: str, index: int, value: int) -> None:
    block = _block(plant, name)
    plant.memories[block.device].write(block.table, block.address + index, [value])


# --- what sensors show ----------------------------------------------------------------------------------------------


def test_registers_are_within_one_step_of_the_truth(plant: Plant) -> None:
    plant.battery("hall").room.inject_heater(2, 1, 3, 0.0, 2000.0)
    plant.advance_to(20_000)
    plant.advance_to(20_000 + _ms_to_sample(plant, "bms-3-temperature"))
    room = plant.battery("hall").room
    temperature = np.array(_words(plant, "bms-3-temperature")) * 0.1
    voltage = np.array(_words(plant, "bms-3-voltage")) * 0.001
    assert np.abs(temperature - room.cell_temp_degc[2].ravel()).max() <= 0.1
    assert np.abs(voltage - room.cell_voltage_v[2].ravel()).max() <= 0.001
    assert temperature[16 + 3] > 40.0  # the heated cell lies where its module and place say
    assert np.delete(temperature, [16 + 3]).max() < 40.0


def _ms_to_sample(plant: Plant, name: str) -> int:
    """Plant time until the next sample of a block."""
    sensor = next(sensor for sensor in plant.sensors if sensor.block.name == name)
    before = sensor.sample
    started_ms = plant.tick_ms
    while sensor.sample == before:
        plant.advance_to(plant.tick_ms + STEP_MS)
    return plant.tick_ms - started_ms


def test_a_bms_samples_once_a_second_and_counts(plant: Plant) -> None:
    counts = []
    for tick_ms in range(0, 5000, STEP_MS):
        plant.advance_to(tick_ms)
        counts.append(int(plant.memories["bms-1"].read(Table.INPUT, 128, 1)[0]))
    steps = np.diff(counts)
    assert steps.sum() == 4
    assert set(steps.tolist()) == {0, 1}


def test_two_plants_with_one_seed_are_equal_however_they_are_advanced(hall: Site) -> None:
    one, other, third = Plant(hall, 5), Plant(hall, 5), Plant(hall, 6)
    one.advance_to(7_000)
    third.advance_to(7_000)
    for tick_ms in range(0, 7_001, 37):
        other.advance_to(tick_ms)
    other.advance_to(7_000)
    assert one.truth() == other.truth()
    assert _words(one, "bms-4-temperature") == _words(other, "bms-4-temperature")
    assert _words(one, "bms-4-temperature") != _words(third, "bms-4-temperature")
    assert [m.payload for m in one.drain()] == [m.payload for m in other.drain()]


def test_a_thermistor_burns_off_and_shows_the_invalid_code(plant: Plant) -> None:
    plant.battery("hall").room.inject_heater(0, 0, 0, 0.0, 10_000.0)
    plant.advance_to(60_000)
    assert plant.battery("hall").room.cell_temp_degc[0, 0, 0] > 230.0
    assert _words(plant, "bms-1-temperature")[0] == 0x8000
    assert 0x8000 not in _words(plant, "bms-1-temperature")[16:]


def test_a_head_stops_at_the_end_of_its_range(plant: Plant) -> None:
    plant.battery("hall").room.inject_smoke(500.0, 0.0, 100.0)
    plant.advance_to(120_000)
    assert plant.battery("hall").room.smoke_pct_per_m[0] > 50.0
    assert _words(plant, "asd-1-obscuration") == [20_000]


def test_climate_sensors_publish_time_sequence_and_both_fields(plant: Plant) -> None:
    plant.advance_to(10_000)
    messages = [m for m in plant.drain() if m.topic == "hall-1/climate/sensor-3"]
    payloads = [json.loads(message.payload) for message in messages]
    assert [payload["seq"] for payload in payloads] == list(range(len(payloads)))
    assert np.diff([payload["t"] for payload in payloads]).tolist() == [2000] * (len(payloads) - 1)
    truth = plant.rooms["server"].room
    assert payloads[-1]["temperature"] == pytest.approx(truth.temps_degc[2], abs=0.2)  # type: ignore[union-attr]
    assert 5.0 < payloads[-1]["humidity"] < 95.0
    assert not plant.drain()


def test_the_gateway_gives_signs_of_life(plant: Plant) -> None:
    plant.advance_to(3_000)
    beats = [json.loads(m.payload) for m in plant.drain() if m.topic == "hall-1/climate/heartbeat"]
    assert [beat["seq"] for beat in beats] == [0, 1, 2, 3]


# --- wired inputs ---------------------------------------------------------------------------------------------------


def test_a_call_point_is_an_antivalent_pair_on_two_modules(plant: Plant) -> None:
    plant.advance_to(200)
    assert (_words(plant, "di-1-inputs")[0], _words(plant, "di-2-inputs")[0]) == (0, 1)
    plant.set_input("call-point", True)
    plant.advance_to(400)
    assert (_words(plant, "di-1-inputs")[0], _words(plant, "di-2-inputs")[0]) == (1, 0)


def test_the_mode_key_stands_at_automatic_and_nothing_else_is_on(plant: Plant) -> None:
    plant.advance_to(200)
    assert _words(plant, "di-1-inputs") == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]
    assert _words(plant, "di-2-inputs") == [1, 0, 0, 0, 0, 1, 0, 0, 0]


def test_an_open_door_lets_air_in(plant: Plant) -> None:
    plant.set_input("door", True)
    plant.advance_to(200)
    assert plant.battery("hall").room.inputs.door_open


def test_the_ups_says_when_it_carries_the_load(plant: Plant) -> None:
    plant.battery("hall").room.inputs.string_current_a[:] = -10.0
    plant.actuators.changed = True
    plant.advance_to(200)
    assert _words(plant, "di-1-inputs")[4] == 1


def test_an_unknown_input_is_refused(plant: Plant) -> None:
    with pytest.raises(KeyError, match="call-point"):
        plant.set_input("smoke-1", True)


# --- actuators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coils", "index", "feedback", "place", "role"),
    [
        ("damper-coils", 1, "damper-closed", 1, Role.DAMPER),
        ("charger-coils", 3, "charger-stopped", 3, Role.CHARGER_STOP),
        ("room-coils", 0, "room-feedback", 0, Role.EXHAUST),
        ("room-coils", 3, "room-feedback", 3, Role.CURTAIN),
    ],
)
def test_feedback_comes_at_the_end_of_travel_and_not_before(
    plant: Plant, coils: str, index: int, feedback: str, place: int, role: Role
) -> None:
    travel_ms = round(ROLE_MEANING[role].travel_s * 1000)
    _coil(plant, coils, index, 1)
    plant.advance_to(travel_ms - STEP_MS)
    assert _words(plant, feedback)[place] == 0
    plant.advance_to(travel_ms + STEP_MS)
    assert _words(plant, feedback)[place] == 1
    assert sum(_words(plant, feedback)) == 1
    _coil(plant, coils, index, 0)
    plant.advance_to(2 * travel_ms + 3 * STEP_MS)
    assert _words(plant, feedback)[place] == 0


def test_a_breaker_latches_open_until_a_person_closes_it(plant: Plant) -> None:
    inputs = plant.battery("hall").room.inputs
    _coil(plant, "breaker-coils", 3, 1)
    plant.advance_to(300)
    assert _words(plant, "breaker-open") == [0, 0, 0, 1, 0, 0, 0, 0]
    plant.close_breaker("breaker-4")  # the trip command still stands: it trips again at once
    plant.advance_to(600)
    assert inputs.breaker_open[3]
    _coil(plant, "breaker-coils", 3, 0)
    plant.advance_to(60_000)
    assert _words(plant, "breaker-open")[3] == 1
    assert inputs.breaker_open[3]
    plant.close_breaker("breaker-4")
    plant.advance_to(60_300)
    assert _words(plant, "breaker-open") == [0] * 8
    assert not inputs.breaker_open.any()
    with pytest.raises(KeyError, match="breaker-1"):
        plant.close_breaker("damper-1")


def test_actuators_act_on_the_physics(plant: Plant) -> None:
    inputs = plant.battery("hall").room.inputs
    for name, index in (
        ("damper-coils", 0),
        ("breaker-coils", 2),
        ("charger-coils", 2),
        ("room-coils", 0),
        ("room-coils", 2),
    ):
        _coil(plant, name, index, 1)
    plant.advance_to(9_000)
    assert inputs.damper_open_fraction.tolist() == [0.0, 1.0, 1.0, 1.0]
    assert inputs.breaker_open.tolist() == inputs.charger_stopped.tolist() == [False, False, True] + [False] * 5
    assert (inputs.exhaust_fraction, inputs.hvac_on) == (1.0, False)


def test_water_flows_only_with_pump_and_valve(plant: Plant) -> None:
    _coil(plant, "coolant-coils", 3, 1)
    plant.advance_to(6_000)
    assert _words(plant, "rack-flow") == [0] * 8
    _coil(plant, "room-coils", 5, 1)
    plant.advance_to(14_000)
    assert _words(plant, "rack-flow")[3] == 600
    assert _words(plant, "main-flow") == [600]
    assert _words(plant, "room-feedback")[5] == 1


def test_arm_alone_and_fire_alone_release_nothing(plant: Plant) -> None:
    room = plant.battery("hall").room
    full_kg = room.agent_mass_left_kg
    _coil(plant, "arm-coils", 0, 1)
    plant.advance_to(5_000)
    _coil(plant, "arm-coils", 0, 0)
    _coil(plant, "fire-coils", 0, 1)
    plant.advance_to(10_000)
    assert room.agent_mass_left_kg == full_kg
    assert _words(plant, "discharged") == [0, 0]


def test_arm_and_fire_release_and_the_manifold_says_so(plant: Plant) -> None:
    room = plant.battery("hall").room
    _coil(plant, "arm-coils", 0, 1)
    _coil(plant, "fire-coils", 0, 1)
    plant.advance_to(2_000)
    assert _words(plant, "discharged") == [1, 0]
    plant.advance_to(30_000)
    assert room.agent_pct > 5.0
    assert _words(plant, "di-2-inputs")[4] == 1  # the bank is low now


# --- output modules -------------------------------------------------------------------------------------------------


def _kick(plant: Plant, device: str, number: int) -> None:
    plant.memories[device].write(Table.HOLDING, 0, [number])


def test_a_module_left_alone_takes_the_values_of_the_site(plant: Plant) -> None:
    _kick(plant, "do-1", 1)
    _coil(plant, "arm-coils", 0, 1)  # agent: 0 on loss
    _coil(plant, "breaker-coils", 0, 1)  # breakers: hold
    assert _words(plant, "signal-coils")[6] == 1  # the fault relay is energised from the start
    plant.advance_to(5_000)
    assert plant.truth().fallen_modules == []
    plant.advance_to(5_400)
    assert _words(plant, "arm-coils")[0] == 0
    assert _words(plant, "breaker-coils")[0] == 1
    assert _words(plant, "signal-coils")[6] == 0
    assert plant.truth().fallen_modules == ["do-1"]


def test_the_same_number_again_is_no_sign_of_life(plant: Plant) -> None:
    for tick_ms in range(0, 7_000, 500):
        plant.advance_to(tick_ms)
        _kick(plant, "do-1", 1)
    assert plant.modules["do-1"].fallen


def test_a_module_that_is_kicked_stays_up_and_one_that_fell_waits_for_new_writes(plant: Plant) -> None:
    number = 0
    for tick_ms in range(0, 12_000, 1_000):
        number += 1
        plant.advance_to(tick_ms)
        _kick(plant, "do-2", number)
    assert plant.truth().fallen_modules == []
    _coil(plant, "fire-coils", 1, 1)
    plant.advance_to(20_000)
    assert _words(plant, "fire-coils")[1] == 0
    _kick(plant, "do-2", number + 1)
    plant.advance_to(21_000)
    assert plant.truth().fallen_modules == []
    assert _words(plant, "fire-coils")[1] == 0
    _coil(plant, "fire-coils", 1, 1)
    plant.advance_to(22_000)
    assert _words(plant, "fire-coils")[1] == 1
