from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from controller.core.layout import lay_out
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.room_geometry import battery_geometry
from sim_hardware.physics.layered_room import RoomShape
from sim_hardware.scenarios.model import PlantSettings, Scenario

if TYPE_CHECKING:
    from controller.site.model import Site


def _plant(hall: Site, zone: str, settings: PlantSettings) -> Plant:
    return Plant(hall, 1, Scenario(name="t", title="t", site="hall.toml", duration_s=1.0, plant={zone: settings}))


def test_a_scenario_says_what_stands_in_a_zone(hall: Site) -> None:
    hall_room = _plant(
        hall, "hall", PlantSettings(start_soc=0.4, capacity_ah=100.0, volume_m3=90.0, wall_m2=130.0)
    ).battery("hall")
    assert hall_room.geometry.start_soc == 0.4
    assert hall_room.geometry.capacity_ah == 100.0
    assert hall_room.room.room.volume_m3 == 90.0
    assert hall_room.room.cell_soc.max() == pytest.approx(0.4, abs=0.05)


def test_a_scenario_puts_sheets_between_cells_and_barriers_between_modules(hall: Site) -> None:
    geometry = (
        _plant(hall, "hall", PlantSettings(contact_m2k_per_w=0.1, barrier_m2k_per_w=0.2)).battery("hall").geometry
    )
    assert (geometry.contact_m2k_per_w, geometry.barrier_m2k_per_w) == (0.1, 0.2)


def test_another_agent_comes_with_its_cylinders_and_concentration(hall: Site) -> None:
    zone = _plant(hall, "hall", PlantSettings(agent="ig-541")).battery("hall")
    assert zone.geometry.agent_bar == 200.0
    assert zone.geometry.agent_design_pct == 45.7
    assert zone.room.agent.name == "ig-541"
    assert not zone.low_agent
    own = _plant(hall, "hall", PlantSettings(agent="ig-541", agent_design_pct=40.0)).battery("hall")
    assert own.geometry.agent_design_pct == 40.0


def test_what_a_room_does_not_have_is_refused_with_the_remedy(hall: Site) -> None:
    with pytest.raises(ValueError, match=r"plant\.server: chemistry is nothing that this room has"):
        _plant(hall, "server", PlantSettings(chemistry="lfp"))
    with pytest.raises(ValueError, match=r"plant\.hall\.agent: halon is no agent; remedy: one of fk-5-1-12"):
        _plant(hall, "hall", PlantSettings(agent="halon"))
    with pytest.raises(
        ValueError, match=r"plant\.hall: 33 m3 within 216 m2 .* is a slot 0\.3\d m wide; remedy: .* wall_m2"
    ):
        _plant(hall, "hall", PlantSettings(volume_m3=33.0))


def test_a_site_of_fewer_racks_has_a_shorter_room_of_the_same_width(hall: Site) -> None:
    layout = lay_out(hall)
    for racks, wall_m2 in ((8, 216.0), (4, 118.97), (1, 46.19)):
        geometry = battery_geometry(layout, layout.zones.index("hall"), racks, 1, None)
        shape = RoomShape.of_volume(geometry.volume_m3, geometry.wall_m2, geometry.height_m)
        assert geometry.wall_m2 == pytest.approx(wall_m2, abs=0.5)
        assert shape.length_m * shape.width_m == pytest.approx(53.33 * racks / 8, abs=0.01)
        assert min(abs(side - 3.66) for side in (shape.length_m, shape.width_m)) < 0.01


def test_a_gas_head_may_hang_in_a_server_room_and_measure_as_the_site_says(hall: Site) -> None:
    heads = {name: head for name, head in hall.heads.items() if name != "co-room"}
    heads["co-room"] = msgspec.structs.replace(hall.heads["co-room"], zone="server", reference=False)
    plant = Plant(msgspec.structs.replace(hall, heads=heads), 1)
    plant.rooms["server"].room.inject_server_fire(0.0, peak_w=200e3)  # type: ignore[union-attr]
    plant.advance_to(240_000)
    (block,) = {point.partition("[")[0] for point in heads["co-room"].points}
    place = int(heads["co-room"].points[0].partition("[")[2][:-1])
    assert plant.measured(block)[place] > 10.0
    assert plant.measured(block)[0] < 5.0
