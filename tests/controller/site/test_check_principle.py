from controller.site.loader import loads
from controller.site.model import Principle
from tests.controller.site.hall import edited, problems_of

HEAT = 'family = "heat"\nzone = "hall"'
ROOM_H2 = '[heads.h2-room]\nfamily = "h2"'


def test_a_principle_is_for_gas_heads_alone() -> None:
    (problem,) = problems_of(edited((HEAT, HEAT + '\nprinciple = "catalytic"')))
    assert problem.path == "heads.heat-1.principle"
    assert "a head for heat has none" in problem.what


def test_a_gas_head_may_say_how_it_measures() -> None:
    text = edited((ROOM_H2, ROOM_H2 + '\nprinciple = "catalytic"'))
    assert problems_of(text) == ()
    heads = loads(text).heads
    assert heads["h2-room"].principle is Principle.CATALYTIC
    assert heads["h2-1"].principle is None
