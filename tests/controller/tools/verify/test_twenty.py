"""The site of 20 zones is sound, and verification cuts every one of its zones into parts; exploring them all is a bench's work."""

from controller.core.layout import Layout, lay_out
from controller.site.check import check
from controller.site.model import Role, Strategy
from controller.tools.verify.run import Bounds, explore_world, worlds
from controller.tools.verify.slices import zone_digest
from tests.controller.tools.verify.twenty import twenty_zones


def _layout() -> Layout:
    return lay_out(twenty_zones())


def test_the_site_is_sound_and_its_rooms_differ() -> None:
    assert not check(twenty_zones())
    layout = _layout()
    assert len(layout.zones) == 20
    digests = [zone_digest(layout, zone) for zone in range(20)]
    assert len(set(digests)) == 18
    assert digests[:2] == digests[2:4]
    agents = [zone.release for zone in twenty_zones().zones.values() if zone.release is not None]
    assert {agent.strategy for agent in agents} == set(Strategy)
    assert sum(bool(agent.selector) for agent in agents) == 4


def test_every_zone_is_planned_and_a_part_of_the_last_one_is_explored() -> None:
    layout = _layout()
    for zone, name in enumerate(layout.zones):
        planned = {world.name.removeprefix(f"{name}: ") for _, world in worlds(layout, zone)}
        assert {"hands", "air", "blocks", "windows", "other words alone"} <= planned, name
        assert bool({"rack", "neighbours"} & planned) == bool(layout.site.zones[name].racks), name
        shared = any(o.zone == zone and o.output.role is Role.SELECTOR for o in layout.outputs)
        assert ("selector" in planned) == shared, name
    kind, last = next((k, w) for k, w in worlds(layout, 19) if w.name.endswith("other words alone"))
    assert explore_world(kind, last, Bounds()).whole
