"""The twin of a rack with two supplies: it carries current until every way to it is open."""

from msgspec.structs import replace

from controller.site.model import Feed, Site
from sim_hardware.devices.plant import Plant


def test_a_rack_is_cut_off_by_all_of_its_feeds_alone(hall: Site) -> None:
    ways = {
        "a": Feed(begins="bus-a", ends="rack-4", breakers=("breaker-4",)),
        "b": Feed(begins="bus-b", ends="rack-4", breakers=("breaker-5",)),
    }
    plant = Plant(replace(hall, feeds=ways), 1)
    cut_off = plant.battery("hall").room.inputs.breaker_open
    block = next(block for block in plant.layout.blocks if block.name == "breaker-coils")
    coils = plant.memories[block.device]
    for place, expected in (
        (3, [False, False]),
        (4, [True, True]),
    ):  # rack-5 has a breaker of its own, which is open then
        coils.write(block.table, block.address + place, [1])  # type: ignore[union-attr]
        plant.advance_to(plant.tick_ms + 500)
        assert cut_off[3:5].tolist() == expected
