"""Help for the tests of verification: one part of the test site explored until a property falls, and what was found."""

from collections.abc import Iterator

from controller.core.layout import Layout, lay_out
from controller.site.model import Site
from controller.tools.verify.explore import Broken, Explorer
from controller.tools.verify.properties import HAND_CHECKS, STEP_CHECKS, WORD_CHECKS, nothing_flows
from controller.tools.verify.resets import stuck
from controller.tools.verify.run import worlds
from controller.tools.verify.world import World

MOST_STATES = 4000


def layout_of(site: Site) -> Layout:
    """A site laid out, whatever its checker says."""
    return lay_out(site)


def parts(site: Site, zone: str, name: str) -> Iterator[tuple[str, World]]:
    """Parts of a zone whose name holds `name`."""
    layout = lay_out(site)
    for kind, world in worlds(layout, layout.zones.index(zone)):
        if name in world.name:
            yield kind, world


def counter_example(site: Site, zone: str, name: str, number: str) -> Broken | None:
    """The shortest way to a fault of property `number` in the parts of a zone whose name holds `name`; None if all of them hold it."""
    for kind, world in parts(site, zone, name):
        checks = (nothing_flows,) if kind == "alone" else STEP_CHECKS
        pairs = ((), ()) if kind == "alone" else (HAND_CHECKS, WORD_CHECKS)
        explorer = Explorer(world, checks, *pairs, most_states=MOST_STATES, stop_at=number)
        found = explorer.run().broken.get(number)
        if found is None and number == "P6":
            found = next(stuck(explorer), None)
        if found is not None:
            return found
        assert explorer.result.whole, f"{world.name} is too large for a test"
    return None


def story(broken: Broken) -> str:
    """All moves of a counter-example in one text, and what was wrong at its end."""
    return " / ".join([*(f"{move.text} -> {state.zones[0].stage}" for move, state in broken.path), broken.what])
