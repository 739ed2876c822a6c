"""The checks of what a scenario puts into the plant: rooms and what stands in them, loads, weather, initiations, inputs, faults."""

import dataclasses
import math
from collections.abc import Collection, Iterator

from controller.site.problem import Problem
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.rooms import BatteryZone, Room, ServerZone
from sim_hardware.faults.spec import FaultError, FaultSpec
from sim_hardware.faults.targets import is_on_wires
from sim_hardware.physics.agents import AGENTS
from sim_hardware.physics.falling_water import WATERS
from sim_hardware.physics.kinetics import CHEMISTRIES
from sim_hardware.scenarios.kinds import USES, Where, missing, strange
from sim_hardware.scenarios.model import Initiation, PlantSettings, Scenario
from sim_hardware.scenarios.nuisances import NUISANCES, zones_for


def unknown(path: str, what: str, name: str, names: Collection[str]) -> Iterator[Problem]:
    """A problem if `name` is not among `names`, which are the remedy."""
    if name not in names:
        yield Problem(path, f"no {what} {name!r}", f"one of {', '.join(names)}" if names else "take it out")


def rooms(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """What stands in the zones."""
    for zone, settings in scenario.plant.items():
        yield from unknown(f"plant.{zone}", "zone", zone, plant.rooms)
        if zone in plant.rooms:
            yield from _settings(f"plant.{zone}", settings, plant.rooms[zone])


def _settings(path: str, settings: PlantSettings, room: Room) -> Iterator[Problem]:
    has = {field.name for field in dataclasses.fields(room.room.geometry)}
    for name in settings.given().keys() - has:
        yield Problem(f"{path}.{name}", f"a {_what(room)} room has no such thing", "take it out")
    if settings.chemistry is not None:
        yield from unknown(f"{path}.chemistry", "chemistry", settings.chemistry, CHEMISTRIES)
    if settings.agent is not None:
        yield from unknown(f"{path}.agent", "agent", settings.agent, AGENTS)
    if settings.water is not None:
        yield from unknown(f"{path}.water", "water", settings.water, WATERS)


def surroundings(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """Zones of loads and cycles (battery rooms), weather and outages (any), and the wired inputs."""
    batteries = [zone for zone, room in plant.rooms.items() if isinstance(room, BatteryZone)]
    for name in ("load", "cycles"):
        for number, item in enumerate(getattr(scenario, name)):
            yield from unknown(f"{name}[{number}].zone", "battery zone", item.zone, batteries)
    for name in ("ambient", "outages"):
        for number, item in enumerate(getattr(scenario, name)):
            yield from unknown(f"{name}[{number}].zone", "zone", item.zone, plant.rooms)
    for number, one in enumerate(scenario.inputs):
        yield from unknown(f"inputs[{number}].input", "wired input", one.input, plant.inputs.rest)


def nuisances(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """Classes, and the zones where they can happen."""
    for number, one in enumerate(scenario.nuisances):
        path = f"nuisances[{number}]"
        if one.kind not in NUISANCES:
            yield from unknown(f"{path}.kind", "nuisance", one.kind, NUISANCES)
            continue
        fitting = zones_for(one.kind, plant.site)
        if one.zone or not fitting:
            yield from unknown(f"{path}.zone", f"zone for a {one.kind}", one.zone, fitting)


def initiations(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """Kinds with their fields, zones, racks, cells and places."""
    for number, item in enumerate(scenario.initiations):
        path = f"initiations[{number}]"
        yield from _fields(path, item)
        yield from unknown(f"{path}.zone", "zone", item.zone, plant.rooms)
        if item.zone in plant.rooms:
            yield from _place(path, item, plant, plant.rooms[item.zone])


def _fields(path: str, item: Initiation) -> Iterator[Problem]:
    use = USES[item.kind]
    for name in strange(item):
        yield Problem(f"{path}.{name}", f"says nothing to {item.kind}", f"take it out; it knows {_list(use.known)}")
    left_out = missing(item)
    if left_out and left_out == use.one_of:
        yield Problem(path, f"{item.kind} without any of {_list(left_out)} does nothing", "give one of them, above 0")
    for name in left_out if left_out != use.one_of else ():
        yield Problem(f"{path}.{name}", f"{item.kind} needs it", "give it" if name == "rack" else "give it, above 0")


def _place(path: str, item: Initiation, plant: Plant, room: Room) -> Iterator[Problem]:
    where = USES[item.kind].where
    if where not in {Where.ANY, _what(room)}:
        yield Problem(
            f"{path}.zone",
            f"{item.zone} is a {_what(room)} room, {item.kind} is for {where} rooms",
            "another kind or zone",
        )
    elif isinstance(room, BatteryZone):
        if item.rack:
            yield from unknown(f"{path}.rack", f"rack of {item.zone}", item.rack, plant.site.zones[item.zone].racks)
        yield from _below(f"{path}.module", item.module, room.geometry.modules)
        yield from _below(f"{path}.cell", item.cell, room.geometry.cells)
    elif isinstance(room, ServerZone):
        yield from _below(f"{path}.place", item.place, room.geometry.sensors)


def _below(path: str, value: int, count: int) -> Iterator[Problem]:
    if value >= count:
        yield Problem(path, f"no {value}: the room has {count}", f"from 0 to {count - 1}")


def faults(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """Kinds, targets and times, those of rows too; what is on wires is judged where there are wires."""
    told = {f"faults[{number}]": fault for number, fault in enumerate(scenario.faults)}
    for place, row in enumerate(scenario.rows):
        told |= {f"rows[{place}].faults[{number}]": fault for number, fault in enumerate(row.faults)}
    for path, fault in told.items():
        yield from _fault(path, fault, plant)


def _fault(path: str, fault: FaultSpec, plant: Plant) -> Iterator[Problem]:
    if not (math.isfinite(fault.at_s) and 0.0 <= fault.at_s < fault.until_s):
        yield Problem(path, f"lasts from {fault.at_s:g} to {fault.until_s:g} s", "at_s from 0, until_s after it")
    try:
        if not is_on_wires(fault):
            plant.add_fault(fault)
    except FaultError as error:
        what, _, remedy = str(error).partition("; remedy: ")
        yield Problem(path, what, remedy)
    except ValueError:
        yield Problem(f"{path}.target", f"{fault.target!r} is no target", "a name, or NAME[i] with i from 0")


def _what(room: Room) -> Where:
    return Where.BATTERY if isinstance(room, BatteryZone) else Where.SERVER


def _list(names: Collection[str]) -> str:
    return ", ".join(names) if names else "no fields of its own"
