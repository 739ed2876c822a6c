"""Chapter: agents, how long a room holds them, smoke, water, limits of gas and heads, each against its formula or table."""

import math
from pathlib import Path

import numpy as np

from controller.site.model import Family, Principle
from sim_hardware.devices.head_gas import GasHead, Surroundings
from sim_hardware.devices.head_types import TYPES, HeadType
from sim_hardware.physics import hold
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.agent import AgentBank
from sim_hardware.physics.agents import (
    AGENTS,
    FK_5_1_12,
    FROM_AIR,
    IG_100,
    IG_541,
    RELIEF_CD,
    Agent,
    expansion_m3_per_s,
    overpressure_pa,
    oxygen_pct,
)
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.flammable import lower_limit_of
from sim_hardware.physics.gas import SPECIES
from sim_hardware.physics.kinetics import CHEMISTRIES
from sim_hardware.physics.room import Room
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG, SMOULDERING_M2_PER_KG, obscuration_pct_per_m
from sim_hardware.physics.sprinkler import sprinkler_tau_s
from tests.validation.chapter import Chapter, Row, of_kind
from tests.validation.graph import Colour, Graph, Series

TEXT = """
Masses follow `m = V/S C/(100 - C)` (halocarbon) and `m = V/S ln(100/(100 - C))` (inert gas) of ISO 14520, EN 15004 and NFPA 2001, and are
compared with printed tables: FK-5-1-12 at 70 degF (the printed 77.5 to 88.4 kg per 100 m3 belong to 21 degC; at 25 degC the same formula
gives 1.5 % less), nitrogen with a maker's design manual of 2020, IG-541 with a published calculation sheet, which rounds to whole kilograms.
Tables of IG-541 and IG-01 were not at hand: at 20 degC their volume must be the flooding factor `2.303 log10(100/(100 - C))`.

The hold time is that of NFPA 2001 annex C and ISO 14520-1 annex E with a sharp interface that descends; the worked case is an enclosure
report for IG-541 (724.2 m3, 3.0 m high, held to 2.0 m). The interface that the plant steps through must come to the same time, and the
balance of pressures with which an exhaust fan is reckoned must be the standards' formula when the fan stands. The rooms of the plant know
nothing of these formulas: their layers follow from pressure, weight and openings; they are asked to hold as long all the same.

**Limits.** No measured discharge or hold was at hand: all is formula against formula or table. Water's part (1 m3 of gas dragged down by a
litre) and the place where a fan draws are assumed. Real interfaces are not sharp. The heads' figures are of data sheets where the code
names one, else assumed; the rows only show that the model does what its figures say.
"""
VOLUME_M3, HEIGHT_M, PROTECTED_M = 724.2, 3.0, 2.0
K1, N, AGENT_KG_PER_M3, AIR_KG_PER_M3, FRACTION = 290.5 / 3600.0, 0.7155, 1.415, 1.205, 0.40
NITROGEN = {
    (-20.0, 34): 0.561,
    (0.0, 38): 0.598,
    (20.0, 42): 0.635,
    (20.0, 46): 0.718,
    (50.0, 50): 0.733,
    (60.0, 58): 0.889,
}
LEAKS_CM2: tuple[tuple[float, Colour], ...] = ((850.0, 3), (1684.0, 4), (3400.0, 1))
DISTURBED: tuple[tuple[str, float, float, Colour], ...] = (
    ("leaks alone", 0.0, 0.0, 3),
    ("fan 0.1 m3/s", 0.1, 0.0, 2),
    ("fan 0.5 m3/s", 0.5, 0.0, 4),
    ("water 100 L/min", 0.0, 100.0, 1),
)
"""Name, exhaust (m3/s), water (L/min), colour."""
STEP_S = 2.0
AIR_20_DEGC = 1.204


def chapter(data: Path) -> Chapter:
    """Agents, hold, smoke, water, gas and heads. It needs no recordings."""
    del data
    rows = [*mass_rows(), *hold_rows(), *plant_rows(), limit_row()]
    rows += of_kind("self-check", [*own_mass_rows(), *discharge_rows(), *own_hold_rows()])
    rows += of_kind("self-check", [*smoke_and_water_rows(), *head_rows()])
    plots = {
        "agents-discharge.svg": _discharges(),
        "agents-interface.svg": _interfaces(),
        "agents-disturbed.svg": _disturbed(),
    }
    return Chapter("Agents, their hold, and gas heads", TEXT, rows, plots)


def _within(what: str, target: float, seen: float, share: float, unit: str) -> Row:
    asked = f"{target:g} {unit} ±{100 * share:g} %"
    return Row(
        what, asked, f"{seen:.4g} {unit} ({100 * (seen / target - 1):+.2f} %)", abs(seen / target - 1.0) <= share
    )


# --- agents ---------------------------------------------------------------------------------------------------------


def mass_rows() -> list[Row]:
    """Masses against tables."""
    rows = [
        _within(f"FK-5-1-12 for 100 m3 at {pct} %, 21 °C", target, FK_5_1_12.mass_kg(100.0, pct, 21.1), 0.01, "kg")
        for pct, target in ((5.3, 77.5), (6.0, 88.4))
    ]
    worst = max(abs(IG_100.mass_kg(1.0, pct, degc) / kg - 1.0) for (degc, pct), kg in NITROGEN.items())
    rows.append(
        Row(
            f"IG-100, {len(NITROGEN)} places of the table, -20 to 60 °C, 34 to 58 %",
            "each ±1 %",
            f"{100 * worst:.2f} % at worst",
            worst <= 0.01,
        )
    )
    rows.append(
        _within("IG-541 for 74 m3 at 38.5 %, 25 °C (sheet)", 50.0, IG_541.mass_kg(74.0, 38.5, 25.0), 0.01, "kg")
    )
    return rows


def own_mass_rows() -> list[Row]:
    """Volumes, oxygen and pressure against formulas of our own writing."""
    rows = []
    for agent in AGENTS.values():
        if not agent.halocarbon:
            factor = 2.303 * math.log10(100.0 / (100.0 - agent.design_a_pct))
            seen = agent.reference_volume_m3(1.0, agent.design_a_pct, 20.0)
            rows.append(
                _within(
                    f"{agent.name}: flooding factor at {agent.design_a_pct} %, 20 °C",
                    round(factor, 4),
                    seen,
                    0.01,
                    "m3/m3",
                )
            )
    left = oxygen_pct(38.5)
    rows.append(Row("Oxygen at 38.5 % of IG-541", "12.9 %", f"{left:.2f} %", round(left, 1) == 12.9))
    agent_pct, o2_pct, plant_pa = flooded("ig-541", 38.5)
    rows.append(
        _within(
            "The plant's room flooded with IG-541 for 38.5 %, relief open: agent at most", 38.5, agent_pct, 0.02, "%"
        )
    )
    rows.append(Row("Its oxygen then", "12.9 ±0.1 %", f"{o2_pct:.2f} %", abs(o2_pct - 12.9) <= 0.1))
    rows.append(
        _within(
            "Its highest pressure, against the relief formula at the first flow",
            round(relief_pa("ig-541", 38.5)),
            plant_pa,
            0.2,
            "Pa",
        )
    )
    return rows


def relief_pa(name: str, design_pct: float) -> float:
    """Pressure of the first flow from the cylinders through relief vent and leaks of that room, as the formula has it."""
    agent, air_j_per_k = AGENTS[name], 160.0 * AIR_20_DEGC * 1012.0
    kg_per_s = -math.log(0.05) / agent.discharge_s * agent.mass_kg(160.0, design_pct, 20.0)
    vapour = kg_per_s * agent.specific_volume_m3_per_kg(20.0)
    flow = expansion_m3_per_s(vapour, FROM_AIR * kg_per_s * agent.heat_j_per_kg, air_j_per_k, 160.0, 20.0)
    return float(overpressure_pa(flow, 0.15 + 0.02, AIR_20_DEGC))


def flooded(name: str, design_pct: float) -> tuple[float, float, float]:
    """Highest agent, oxygen then (volume %), and highest pressure (Pa) in the plant's closed battery room with its relief vent open."""
    bar = AGENTS[name].cylinder_bar
    room = BatteryRoom(BatteryRoomGeometry(agent=name, agent_design_pct=design_pct, agent_bar=bar), 1)
    room.inputs.agent_valve_open, room.inputs.hvac_on, room.inputs.relief_open = True, False, 1.0
    room.inputs.damper_open_fraction[:] = 0.0
    seen, highest_pa = [], 0.0
    for _ in range(240):
        room.advance(0.5)
        seen.append((room.agent_pct, room.o2_pct))
        highest_pa = max(highest_pa, room.overpressure_pa)
    return *max(seen), highest_pa


def discharge(agent: Agent, seconds: float, dt_s: float = 0.1) -> tuple[Floats, Floats]:
    """Times (s) and share of the design concentration while a bank discharges into 160 m3."""
    bank = AgentBank(agent.mass_kg(160.0, agent.design_higher_a_pct, 20.0), agent.cylinder_bar, agent)
    out = np.cumsum([bank.advance(dt_s, flowing=True) for _ in range(round(seconds / dt_s))])
    shares = [agent.concentration_pct(float(kg), 160.0, 20.0) / agent.design_higher_a_pct for kg in out]
    times_s: Floats = dt_s * np.arange(1.0, len(out) + 1.0)
    return times_s, np.array(shares)


def discharge_rows() -> list[Row]:
    """When each bank has made 95 % of its concentration."""
    rows = []
    for agent in AGENTS.values():
        times_s, shares = discharge(agent, 2.0 * agent.discharge_s)
        at_s = float(times_s[np.argmax(shares >= 0.95)])
        rows.append(
            Row(
                f"{agent.name}: 95 % of the concentration",
                f"within {agent.discharge_s:g} s",
                f"{at_s:.1f} s",
                at_s <= agent.discharge_s,
            )
        )
    return rows


# --- hold -----------------------------------------------------------------------------------------------------------


def _mixture() -> float:
    return float(hold.mixture_kg_per_m3(FRACTION, AGENT_KG_PER_M3, AIR_KG_PER_M3))


def course(
    seconds: float, coefficient: float = K1, exhaust_m3_per_s: float = 0.0, water_lpm: float = 0.0
) -> tuple[Floats, Floats]:
    """Times (s) and ``[interface m, fraction below, fraction above]`` of the worked case, step by step."""
    layer = (HEIGHT_M, FRACTION, 0.0)
    seen = [layer]
    room = (AGENT_KG_PER_M3, AIR_KG_PER_M3, VOLUME_M3, HEIGHT_M, coefficient, N, 0.5)
    for _ in range(round(seconds / STEP_S)):
        layer = hold.hold_step(*layer, *room, exhaust_m3_per_s, water_lpm, STEP_S)
        seen.append(layer)
    times_s: Floats = STEP_S * np.arange(float(len(seen)))
    return times_s, np.array(seen)


def hold_rows() -> list[Row]:
    """The worked case, by formula and step by step, and its leakage area."""
    formula_s = hold.hold_time_s(VOLUME_M3, HEIGHT_M, PROTECTED_M, _mixture(), AIR_KG_PER_M3, K1, N)
    times_s, layers = course(7200.0)
    stepped_s = float(np.interp(-PROTECTED_M, -layers[:, 0], times_s))
    return [
        _within("Hold time of the worked case", 100.9, formula_s / 60.0, 0.02, "min"),
        _within("The same, step by step", 100.9, stepped_s / 60.0, 0.02, "min"),
        _within("Its equivalent leakage area", 1686.0, hold.leakage_area_m2(K1, N, 1.2) * 1e4, 0.02, "cm2"),
    ]


def own_hold_rows() -> list[Row]:
    """Our ways of reckoning against each other."""
    balance, _ = hold.leak_flows_m3_per_s(2.5, _mixture(), AIR_KG_PER_M3, K1, N, 0.5, 0.0)
    outflow = hold.outflow_m3_per_s(2.5, _mixture(), AIR_KG_PER_M3, K1, N, 0.5, 0.0)
    stirred_s = hold.mixed_hold_time_s(VOLUME_M3, 0.1, 0.85)
    left = float(hold.mixed_fraction(1.0, 0.1, VOLUME_M3, stirred_s))
    return [
        _within("Outflow by balance of pressures over the formula's", 1.0, balance / outflow, 1e-5, ""),
        _within("Continuous mixing: what its hold time leaves", 0.85, left, 1e-9, ""),
    ]


def plant_hold_s(leak_m2: float) -> tuple[float, float]:
    """Seconds to 2 of 3 m: in the plant's own two-layer room with 5.9 % of FK-5-1-12, and by the formula for the same holes."""
    room = Room(160.0, 216.0, 20.0, 0.0, 0.0, 20.0, 20.0, leak_m2=leak_m2)
    vapour = FK_5_1_12.density_kg_per_m3(20.0)
    room.inputs[at.OUTSIDE_K], room.inputs[at.STALL_PA] = 293.15, 60.0
    room.inputs[at.AGENT_IN] = FK_5_1_12.mass_kg(160.0, 5.9, 20.0) / (vapour / AIR_20_DEGC) / 10.0
    for _ in range(20):
        room.advance(0.5)
    room.inputs[at.AGENT_IN] = 0.0
    mixture = hold.mixture_kg_per_m3(room.agent, vapour, AIR_20_DEGC)
    holes = RELIEF_CD * leak_m2 * math.sqrt(2.0 / AIR_20_DEGC)
    formula_s = hold.hold_time_s(160.0, 3.0, PROTECTED_M, mixture, AIR_20_DEGC, holes, 0.5)
    passed_s = 0.0
    while room.layer_m > PROTECTED_M:
        room.advance(STEP_S)
        passed_s += STEP_S
    return passed_s, float(formula_s)


def plant_rows() -> list[Row]:
    """The plant's own room, whose interface follows from pressures and weights, against the formula."""
    rows = []
    for leak_m2 in (0.01, 0.02, 0.04):
        seen_s, formula_s = plant_hold_s(leak_m2)
        what = f"The plant's room of 160 m3, FK-5-1-12, leaks of {1e4 * leak_m2:.0f} cm2, against the formula"
        rows.append(_within(what, round(formula_s / 60.0, 1), seen_s / 60.0, 0.05, "min"))
    return rows


# --- smoke, water, gas, heads ---------------------------------------------------------------------------------------


def smoke_and_water_rows() -> list[Row]:
    """Obscuration and the sprinkler law."""
    worst = 0.0
    for extinction in (FLAMING_M2_PER_KG, SMOULDERING_M2_PER_KG):
        for smoke in np.geomspace(1e-8, 1e-3, 30):
            density = extinction * smoke / math.log(10.0)
            worst = max(worst, abs(obscuration_pct_per_m(float(smoke), extinction) - 100.0 * (1.0 - 10.0**-density)))
    return [
        Row(
            "Obscuration against `100 (1 - 10^-D)`, `D = Km m/ln 10`",
            "< 1e-6 %/m",
            f"{worst:.1e} %/m",
            bool(worst < 1e-6),
        ),
        _within("Sprinkler: time constant at 20 mm/min", 21.0, sprinkler_tau_s(20.0 / 60.0), 0.05, "s"),
    ]


def limit_row() -> Row:
    """The lower limit of runaway gas against the range that is told of such mixtures (from memory, assumed)."""
    limit_pct = 100.0 * lower_limit_of(np.array(CHEMISTRIES["nmc"].runaway_gas_shares))
    what = "Lower flammable limit of runaway gas in air (Le Chatelier)"
    return Row(what, "6 to 10 % (from memory)", f"{limit_pct:.1f} %", 6.0 <= limit_pct <= 10.0)


def shown_t90_s(kind: HeadType) -> float:
    """When a head shows 90 % of a step of its gas, less its dead time, sampled ten times a second."""
    now = [0.0]
    gas = np.zeros(SPECIES)
    air = Surroundings(lambda: now[0], lambda: gas, lambda: 0.209, lambda: 0.0, lambda: 0.0)
    head = GasHead(kind, air, 1, 1)
    own = int(kind.response.argmax())
    gas[own] = 100.0 / kind.response[own]
    while head() < 90.0:
        now[0] += 0.1
    return now[0] - kind.dead_s


def head_rows() -> list[Row]:
    """Every head's T90 as it comes out, and what agent does to a catalytic one."""
    rows = [
        _within(f"T90 of a {principle} head for {family}", kind.t90_s, shown_t90_s(kind), 0.05, "s")
        for (family, principle), kind in TYPES.items()
    ]
    agent = [0.0, 0.053]
    kind = TYPES[Family.H2, Principle.CATALYTIC]
    head = GasHead(
        kind,
        Surroundings(lambda: agent[0], lambda: np.full(SPECIES, 1000.0), lambda: 0.197, lambda: agent[1], lambda: 0.0),
        1,
        1,
    )
    before = head()
    while agent[0] < 120.0:
        agent[0] += 1.0
        head()
    rows.append(
        Row(
            "A catalytic head after 2 min in 5.3 % FK-5-1-12",
            "under 10 % of its reading",
            f"{100 * head() / before:.1f} %",
            head() < 0.1 * before,
        )
    )
    return rows


# --- drawings -------------------------------------------------------------------------------------------------------


def _discharges() -> str:
    colours: tuple[Colour, ...] = (1, 2, 3, 4)
    lines = []
    for agent, colour in zip(AGENTS.values(), colours, strict=True):
        times_s, shares = discharge(agent, 120.0)
        lines.append(Series(agent.name, times_s, 100.0 * shares, colour))
    return Graph("Discharge into a room of 160 m³", "seconds", "% of the design concentration", lines).svg()


def _interfaces() -> str:
    lines = []
    for area_cm2, colour in LEAKS_CM2:
        coefficient = float(hold.leakage_coefficient(area_cm2 * 1e-4, N, 1.2))
        times_s, layers = course(4 * 3600.0, coefficient)
        lines.append(Series(f"{area_cm2:g} cm²", times_s / 60.0, layers[:, 0], colour))
    held = Series("highest hazard", np.array([0.0, 240.0]), np.full(2, PROTECTED_M), 2)
    title = "Interface of IG-541 (40 %, 724 m³) by equivalent leakage area"
    return Graph(title, "minutes", "m above the floor", [*lines, held]).svg()


def _disturbed() -> str:
    lines = []
    for name, exhaust, water, colour in DISTURBED:
        times_s, layers = course(3 * 3600.0, K1, exhaust, water)
        there = np.where(layers[:, 0] >= PROTECTED_M, layers[:, 1], layers[:, 2])
        lines.append(Series(name, times_s / 60.0, 100.0 * there, colour))
    title = "IG-541 at 2.0 m in the same room (1,684 cm²), disturbed by a fan or by water"
    return Graph(title, "minutes", "volume %", lines).svg()
