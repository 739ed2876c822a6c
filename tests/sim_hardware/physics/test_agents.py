"""Agents against the published tables, and their discharge, oxygen, cooling and pressure."""

import math

import pytest

from sim_hardware.physics.agent import AgentBank
from sim_hardware.physics.agents import (
    AGENTS,
    FK_5_1_12,
    IG_01,
    IG_100,
    IG_541,
    Agent,
    concentration_after,
    expansion_m3_per_s,
    overpressure_pa,
    oxygen_pct,
    relief_area_m2,
)
from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry

IG_100_TABLE = {
    (-20.0, 34.0): 0.561,
    (0.0, 38.0): 0.598,
    (20.0, 34.0): 0.484,
    (20.0, 42.0): 0.635,
    (20.0, 46.0): 0.718,
    (20.0, 58.0): 1.011,
    (50.0, 50.0): 0.733,
}
"""kg/m3 by temperature and concentration, as a maker's design manual prints it for nitrogen (NFPA 2001)."""


@pytest.mark.parametrize(
    ("pct", "temp_degc", "kg"), [(5.3, 21.1, 77.5), (6.0, 21.1, 88.4), (5.3, 20.0, 78.0), (8.0, 20.0, 120.0)]
)
def test_fk_masses_of_a_hundred_cubic_metres(pct: float, temp_degc: float, kg: float) -> None:
    assert FK_5_1_12.mass_kg(100.0, pct, temp_degc) == pytest.approx(kg, rel=0.01)


def test_fk_reproduces_its_published_vapour() -> None:
    assert FK_5_1_12.specific_volume_m3_per_kg(25.0) == pytest.approx(0.0733, rel=0.002)
    assert FK_5_1_12.density_kg_per_m3(25.0) == pytest.approx(13.6, rel=0.005)


@pytest.mark.parametrize(("place", "kg_per_m3"), IG_100_TABLE.items())
def test_nitrogen_follows_the_published_table(place: tuple[float, float], kg_per_m3: float) -> None:
    temp_degc, pct = place
    assert IG_100.mass_kg(1.0, pct, temp_degc) == pytest.approx(kg_per_m3, rel=0.01)


@pytest.mark.parametrize("agent", [IG_541, IG_100, IG_01])
def test_at_the_reference_temperature_the_volume_of_inert_gas_is_that_of_the_flooding_factor(agent: Agent) -> None:
    for pct in (agent.design_a_pct, agent.design_b_pct):
        factor = 2.303 * math.log10(100.0 / (100.0 - pct))
        assert agent.reference_volume_m3(1.0, pct, 20.0) == pytest.approx(factor, rel=1e-3)


def test_ig_541_of_a_published_calculation() -> None:
    assert IG_541.mass_kg(74.0, 38.5, 25.0) == pytest.approx(50.4, rel=0.01)


def test_ig_541_at_38_5_pct_leaves_12_9_pct_of_oxygen() -> None:
    assert oxygen_pct(38.5) == pytest.approx(12.9, abs=0.05)


@pytest.mark.parametrize("agent", AGENTS.values())
def test_the_concentration_that_a_mass_makes_inverts_the_design(agent: Agent) -> None:
    mass_kg = agent.mass_kg(160.0, agent.design_b_pct, 15.0)
    assert agent.concentration_pct(mass_kg, 160.0, 15.0) == pytest.approx(agent.design_b_pct, rel=1e-12)


@pytest.mark.parametrize("agent", AGENTS.values())
def test_pouring_in_small_steps_ends_where_the_formula_does(agent: Agent) -> None:
    vapour_m3 = agent.mass_kg(160.0, agent.design_a_pct, 20.0) * agent.specific_volume_m3_per_kg(20.0)
    fraction = 0.0
    for _ in range(1000):
        fraction = concentration_after(fraction, vapour_m3 / 1000.0, 160.0, agent.halocarbon)
    assert 100.0 * fraction == pytest.approx(agent.design_a_pct, rel=1e-9)


@pytest.mark.parametrize("agent", AGENTS.values())
@pytest.mark.parametrize("dt_s", [0.1, 0.5])
def test_a_bank_makes_95_pct_of_its_concentration_in_the_time_allowed(agent: Agent, dt_s: float) -> None:
    charge_kg = agent.mass_kg(160.0, agent.design_a_pct, 20.0)
    bank = AgentBank(charge_kg, agent.cylinder_bar, agent)
    out_kg = sum(bank.advance(dt_s, flowing=True) for _ in range(round(agent.discharge_s / dt_s)))
    assert agent.concentration_pct(out_kg, 160.0, 20.0) >= 0.95 * agent.design_a_pct
    assert out_kg + bank.mass_kg == pytest.approx(charge_kg)
    assert out_kg < charge_kg


def test_a_bank_of_inert_gas_flows_with_its_pressure_and_its_manifold_is_reduced() -> None:
    bank = AgentBank(100.0, 200.0, IG_541)
    first = bank.advance(1.0, flowing=True)
    for _ in range(20):
        bank.advance(1.0, flowing=True)
    later = bank.advance(1.0, flowing=True)
    assert later == pytest.approx(first * bank.pressure_bar / 200.0, rel=0.06)
    assert bank.manifold_bar <= 60.0
    for _ in range(20):
        bank.advance(1.0, flowing=False)
    assert bank.manifold_bar == pytest.approx(0.0, abs=1e-6)


def test_a_relief_vent_of_the_right_size_keeps_the_pressure() -> None:
    area_m2 = relief_area_m2(2.0, 250.0, 1.2)
    assert overpressure_pa(2.0, area_m2, 1.2) == pytest.approx(250.0)
    assert overpressure_pa(-2.0, area_m2, 1.2) == pytest.approx(-250.0)


def test_a_halocarbon_first_draws_the_air_in_and_inert_gas_never_does() -> None:
    volume_m3, air_j_per_k = 160.0, 160.0 * 1.2 * 1012.0
    fk_kg_per_s = FK_5_1_12.mass_kg(volume_m3, 5.3, 20.0) / 9.0
    vapour = fk_kg_per_s * FK_5_1_12.specific_volume_m3_per_kg(20.0)
    whole = expansion_m3_per_s(vapour, fk_kg_per_s * FK_5_1_12.heat_j_per_kg, air_j_per_k, volume_m3, 20.0)
    assert whole < 0.0 < expansion_m3_per_s(vapour, 0.0, air_j_per_k, volume_m3, 20.0)
    inert_kg_per_s = 3.0 / 60.0 * IG_541.mass_kg(volume_m3, 40.0, 20.0)
    vapour = inert_kg_per_s * IG_541.specific_volume_m3_per_kg(20.0)
    assert expansion_m3_per_s(vapour, inert_kg_per_s * IG_541.heat_j_per_kg, air_j_per_k, volume_m3, 20.0) > 0.0


# --- in the plant's room --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "design_pct"), [("fk-5-1-12", 5.6), ("ig-541", 38.5), ("ig-100", 45.2), ("ig-01", 49.2)]
)
def test_every_agent_makes_its_concentration_in_the_plants_room_with_its_relief_open(
    name: str, design_pct: float
) -> None:
    room, seen = flood(name, design_pct, relief=1.0)
    peak_pct, o2_pct = max(seen)
    assert peak_pct == pytest.approx(design_pct, rel=0.025)
    assert o2_pct == pytest.approx(oxygen_pct(peak_pct), abs=0.1)
    assert room.agent_strength > 1.0


def test_inert_gas_without_relief_would_break_the_walls() -> None:
    shut, relieved = (flood("ig-541", 38.5, relief)[0] for relief in (0.0, 1.0))
    assert shut.worst_pa > 5000.0
    assert relieved.worst_pa < 1000.0


class Flooded(BatteryRoom):
    """Remembers the highest pressure on its walls."""

    worst_pa = 0.0


def flood(name: str, design_pct: float, relief: float) -> tuple[Flooded, list[tuple[float, float]]]:
    """A closed room two minutes after its valve opened, and agent and oxygen (%) on the way."""
    bar = AGENTS[name].cylinder_bar
    room = Flooded(BatteryRoomGeometry(agent=name, agent_design_pct=design_pct, agent_bar=bar), 1)
    room.inputs.agent_valve_open, room.inputs.hvac_on, room.inputs.relief_open = True, False, relief
    room.inputs.damper_open_fraction[:] = 0.0
    seen = []
    for _ in range(240):
        room.advance(0.5)
        seen.append((room.agent_pct, room.o2_pct))
        room.worst_pa = max(room.worst_pa, room.overpressure_pa)
    return room, seen
