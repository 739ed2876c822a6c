"""What stands in a room of the simulated plant: sizes from the site, and what a scenario says of it."""

import dataclasses
from typing import Any, TypeVar

from controller.core.layout import Layout
from controller.site.model import Family
from sim_hardware.physics.agents import AGENTS
from sim_hardware.physics.battery_geometry import BatteryRoomGeometry
from sim_hardware.physics.layered_room import RoomShape
from sim_hardware.physics.server_room import HEIGHT_M, ServerRoomGeometry
from sim_hardware.scenarios.model import PlantSettings

Geometry = TypeVar("Geometry", BatteryRoomGeometry, ServerRoomGeometry)


def battery_geometry(
    layout: Layout, zone: int, racks: int, dampers: int, settings: PlantSettings | None
) -> BatteryRoomGeometry:
    """Racks x modules x cells from the heads; a room whose BMS do not tell gets the modules and cells of the default."""
    default = BatteryRoomGeometry()
    shapes = {
        (len(head.points) // head.head.group, head.head.group)
        for head in layout.heads
        if head.zone == zone and head.head.family is Family.CELL_TEMPERATURE and head.head.group
    }
    if len(shapes) > 1:
        raise ValueError(
            f"zones.{layout.zones[zone]}: racks of different sizes {sorted(shapes)}; remedy: make them equal"
        )
    modules, cells = shapes.pop() if shapes else (default.modules, default.cells)
    geometry = BatteryRoomGeometry(
        racks=racks,
        modules=modules,
        cells=cells,
        n_dampers=max(1, dampers),
        volume_m3=default.volume_m3 * racks / default.racks,
        wall_m2=_wall_m2(default, racks),
    )
    return _with_settings(geometry, settings, layout.zones[zone])


def _wall_m2(default: BatteryRoomGeometry, racks: int) -> float:
    """Ceiling, walls and floor of a room as long as its row of ``racks`` needs, and as wide and high as the default's."""
    shape = RoomShape.of_volume(default.volume_m3, default.wall_m2, default.height_m)
    per_length_m = 2.0 * (shape.width_m + shape.height_m)
    return default.wall_m2 + per_length_m * shape.length_m * (racks / default.racks - 1.0)


def server_geometry(layout: Layout, zone: int, dampers: int, settings: PlantSettings | None) -> ServerRoomGeometry:
    """The default's room with as many measured places as the site has. Raises ValueError for settings that it cannot have."""
    geometry = ServerRoomGeometry(sensors=_climate_points(layout, zone), n_dampers=max(1, dampers))
    return _with_settings(geometry, settings, layout.zones[zone])


def _with_settings(geometry: Geometry, settings: PlantSettings | None, zone: str) -> Geometry:
    """The geometry with what a scenario says of it. Another agent brings its own cylinders and design concentration (higher hazard A)."""
    given: dict[str, Any] = dict(settings.given()) if settings else {}
    strange = sorted(given.keys() - {field.name for field in dataclasses.fields(geometry)})
    if strange:
        raise ValueError(f"plant.{zone}: {', '.join(strange)} is nothing that this room has; remedy: take it out")
    agent = given.get("agent", geometry.agent)
    if agent not in AGENTS:
        raise ValueError(f"plant.{zone}.agent: {agent} is no agent; remedy: one of {', '.join(AGENTS)}")
    if agent != geometry.agent:
        own = AGENTS[agent]
        given = {"agent_bar": own.cylinder_bar, "agent_design_pct": own.design_higher_a_pct} | given
    made = dataclasses.replace(geometry, **given)
    try:
        RoomShape.of_volume(made.volume_m3, made.wall_m2, HEIGHT_M)
    except ValueError as error:
        raise ValueError(f"plant.{zone}: {error}") from error
    return made


def _climate_points(layout: Layout, zone: int) -> int:
    """Places of the room that are measured; at least the default's, so that a cable has a place to smoulder at."""
    families = {Family.CLIMATE_TEMPERATURE, Family.CLIMATE_HUMIDITY}
    counts = {
        family: sum(len(h.points) for h in layout.heads if h.zone == zone and h.head.family is family)
        for family in families
    }
    return max(*counts.values(), ServerRoomGeometry().sensors)
