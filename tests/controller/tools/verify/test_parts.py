"""Parts that not every site has, each explored whole: work beside fire, and a closed mechanical block. The block falls when broken."""

import pytest

from controller.site.model import Site
from controller.tools.verify.run import Bounds, explore_world
from tests.controller.core.field import site
from tests.controller.tools.verify.judged import counter_example, parts, story

BLOCK = '[heads.block]\nfamily = "mechanical-block"\nzone = "hall"\npoints = ["di-1-inputs[8]", "di-2-inputs[8]"]\n'


def blocked() -> Site:
    """The test site with a mechanical block on its agent."""
    return site(("[heads.reserve-key]", BLOCK + "[heads.reserve-key]"))


def _holds(one: Site, name: str) -> bool:
    found = [explore_world(kind, world, Bounds()) for kind, world in parts(one, "hall", name)]
    return bool(found) and all(explored.whole and not explored.broken for explored in found)


@pytest.mark.parametrize("name", ["hall: work permit", "hall: walk test", "hall: output test"])
def test_work_beside_fire_holds(name: str) -> None:
    assert _holds(site(), name)


def test_a_closed_block_holds() -> None:
    assert _holds(blocked(), "hall: mechanical block")


def test_a_block_that_is_not_shown_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.core.zone.signals.is_blocked", lambda *_: False)
    found = counter_example(blocked(), "hall", "hall: mechanical block", "P2")
    assert found is not None
    assert "that is not shown" in story(found)
