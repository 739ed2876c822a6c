"""Gas that collects below the ceiling and is lit: closed forms, balances, and what it does to the room."""

import numpy as np
import pytest

from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.deflagration import (
    BURNS_S,
    DOOR_GIVES_PA,
    burnt_share,
    confined_pa,
    heat_j,
    peak_pa,
    products,
    vented_pa,
)
from sim_hardware.physics.gas import CO, CO2, H2, HEAT_J_PER_M3, SPECIES, THC
from sim_hardware.physics.room import DOOR


def mixture(**fractions: float) -> np.ndarray:
    """Fractions by species."""
    found = np.zeros(SPECIES)
    for place, value in fractions.items():
        found[{"h2": H2, "thc": THC, "co2": CO2}[place]] = value
    return found


@pytest.mark.parametrize(
    ("species", "j_per_kg", "kg_per_m3"), [(H2, 120.0e6, 0.0899), (CO, 10.1e6, 1.250), (THC, 47.2e6, 1.251)]
)
def test_heats_are_those_of_the_handbooks_by_mass(species: int, j_per_kg: float, kg_per_m3: float) -> None:
    """Lower heats by mass, and densities at 0 degC, of hydrogen, carbon monoxide and ethene."""
    assert HEAT_J_PER_M3[species] == pytest.approx(j_per_kg * kg_per_m3, rel=0.01)


def test_lean_hydrogen_burns_out_and_raises_a_closed_room_as_the_energy_says() -> None:
    air = mixture(h2=0.10)
    assert burnt_share(air, 0.19) == 1.0
    burnt_j = heat_j(air, 0.19, 160.0, 0.0)
    assert burnt_j == pytest.approx(0.1 * 160.0 * HEAT_J_PER_M3[H2])
    assert confined_pa(burnt_j, 160.0) == pytest.approx(0.4 * 0.1 * HEAT_J_PER_M3[H2])
    # A vessel of 10 % hydrogen reaches 4 to 5 bar absolute (adiabatic, constant volume).
    assert 3.5e5 < confined_pa(burnt_j, 160.0) < 4.5e5


def test_a_rich_mixture_burns_what_oxygen_allows() -> None:
    air = mixture(thc=0.10)
    assert burnt_share(air, 0.18) == pytest.approx(0.18 / 0.30)
    change, o2, vapour = products(air, 0.18)
    assert o2 == pytest.approx(-0.18)
    assert change[THC] == pytest.approx(-0.06)
    assert change[CO2] == vapour == pytest.approx(0.12)


def test_openings_bound_the_pressure_and_a_door_gives_way() -> None:
    burnt_j = 2.0e6  # 5 kPa in a closed room of 160 m3
    pressure, blown = peak_pa(burnt_j, 160.0, 216.0, 0.02, 1.9)
    assert pressure == pytest.approx(5000.0)
    assert not blown
    pressure, blown = peak_pa(40.0e6, 160.0, 216.0, 0.02, 1.9)
    assert blown
    assert pressure == pytest.approx(1.0e5)
    assert peak_pa(40.0e6, 160.0, 216.0, 50.0, 1.9) == (vented_pa(216.0, 50.0), False)
    assert peak_pa(40.0e6, 160.0, 216.0, 36.0, 1.9)[0] == DOOR_GIVES_PA  # the door is all the relief it takes
    assert peak_pa(40.0e6, 160.0, 216.0, 50.0, 0.0)[1] is False


def gassed(*, spark_s: float | None) -> BatteryRoom:
    """A closed room that gets 12 m3 of hydrogen in two minutes."""
    room = BatteryRoom(BatteryRoomGeometry(), 1)
    room.inputs.hvac_on = False
    room.inputs.damper_open_fraction[:] = 0.0
    room.inject_gas(-1, 0.0, 120.0, (100.0, 0.0, 0.0))
    if spark_s is not None:
        room.inject_spark(spark_s, 1.0)
    room.advance(150.0)
    return room


def test_gas_without_anything_that_lights_it_only_stands_there() -> None:
    room = gassed(spark_s=None)
    assert room.can_deflagrate
    assert room.deflagrations == []


def test_a_spark_in_gas_that_cannot_burn_does_nothing() -> None:
    calm = gassed(spark_s=None)
    early = gassed(spark_s=20.0)
    assert early.deflagrations == []
    assert early.room_temp_degc == calm.room_temp_degc
    assert np.array_equal(early.room.gas, calm.room.gas)


def test_a_spark_lights_it_once_and_the_room_shows_it() -> None:
    room = gassed(spark_s=130.0)
    (one,) = room.deflagrations
    assert (one.time_s, one.lit_by, one.door_blown) == (130.0, "spark", True)
    assert one.peak_pa > 1e5
    assert not room.can_deflagrate
    assert room.o2_pct < gassed(spark_s=None).o2_pct - 0.5
    assert room.room_temp_degc > 60.0
    assert room.room.area_m2(DOOR) > 1.8


def test_its_heat_is_out_after_its_time_and_the_room_keeps_its_balance() -> None:
    room = BatteryRoom(BatteryRoomGeometry(), 1)
    room.inputs.hvac_on = False
    room.inputs.damper_open_fraction[:] = 0.0
    room.inject_gas(-1, 0.0, 120.0, (100.0, 0.0, 0.0))
    room.inject_spark(125.0, 1.0)
    room.advance(125.0)
    air, ledger = room.room, room.room.ledger.copy()
    stored_j, held_kg = air.stored_j, air.air_kg
    for _ in range(round(2 * BURNS_S)):
        room.advance(0.5)
    came = air.ledger - ledger
    assert came[0] == pytest.approx(room.deflagrations[0].burnt_j, rel=0.01)
    assert air.stored_j - stored_j == pytest.approx(came[0] + came[1] - came[2], rel=1e-3)
    assert air.air_kg - held_kg == pytest.approx(came[3], abs=1e-9)


def test_a_run_away_cell_lights_it_when_it_is_hot_enough() -> None:
    room = BatteryRoom(BatteryRoomGeometry(), 1)
    room.inject_nail(3, 4, 8, 0.0)
    room.inject_gas(-1, 0.0, 400.0, (100.0, 0.0, 0.0))
    room.inputs.agent_valve_open = True  # no flames
    room.inputs.hvac_on = False
    room.inputs.damper_open_fraction[:] = 0.0
    while not room.deflagrations and room.time_s < 400.0:
        room.advance(0.5)
    assert room.deflagrations[0].lit_by == "hot cell"
    assert room.cell_temp_degc.max() >= 560.0
