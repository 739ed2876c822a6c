"""Stories of rare turns, of which a mutant was once not noticed."""

from controller.site.model import Strategy
from tests.controller.core.holding import HOLDING
from tests.controller.core.tales.sites import (
    AFTER,
    DARK,
    FIRE,
    NO_HOLD,
    SELECTORS_FIRST,
    TWO_GASES,
    Tales,
    policy,
    strategy,
)
from tests.controller.core.two_feeds import TWO_FEEDS

RARE: Tales = {
    "a second extended discharge is not taken for the first": (
        AFTER,
        f"""
        {FIRE}
        14 |
        9 | fb-inputs[8] 0, smoke-1 normal, heat-1 normal, say reset zone=hall
        1 | smoke-2 alarm, heat-2 alarm
        4.5 |
        0.1 |
        0.1 |
        0.1 |
        0.1 |
        0.1 |
        0.1 | restart
        5 |
        """,
    ),
    "what ends an extract and what does not": (
        AFTER,
        f"""
        {FIRE}
        14 | heat-1 normal
        3 | say silence zone=hall
        1 | say extract zone=hall on=true
        1 | h2-1 alarm
        1 | say silence zone=hall
        1 | heat-1 alarm
        1 | heat-1 normal, h2-1 normal
        1 | say extract zone=hall on=true
        1 | smoke-1+smoke-2 fault
        1 | smoke-1+smoke-2 well
        1 | say disable subject=heat-1
        1 | heat-1 alarm
        1 | say extract zone=hall on=true
        2 |
        """,
    ),
    "one head is certain by itself": (
        (policy("B"),),
        """
        1 | smoke-1 fire-2
        1 | smoke-1 normal, say reset zone=hall
        1 | cells-1 runaway
        2 | cells-1 normal, say reset zone=hall
        """,
    ),
    "few heads are left of type B": (
        (policy("B"),),
        """
        1 | cells-1+cells-2+cells-3 fault
        1 | heat-1+heat-2 fault
        1 | smoke-1 alarm
        2 | smoke-2 fault
        2 |
        """,
    ),
    "no head is left of type A": (
        (policy("A"),),
        """
        1 | cells-1+cells-2+cells-3 fault
        1 | heat-1+heat-2+smoke-1+smoke-2 fault
        2 | smoke-1 well
        """,
    ),
    "a blind rack is named by two gases, and by nothing less": (
        TWO_GASES,
        """
        1 | cells-1 flat
        1 | smoke-1 alarm
        1 | heat-1 alarm
        1 | h2-1 alarm
        1 | co-1 pre-alarm
        12 |
        9 |
        """,
    ),
    "a hand gives back what an extended discharge has held": (
        HOLDING,
        f"""
        {FIRE}
        7 | call-point on
        2 | call-point off, reserve-key on
        9 | call-point on
        9 |
        9 |
        """,
    ),
    "the selectors are the first outputs of the site": (
        SELECTORS_FIRST,
        f"""
        {FIRE}
        2 | server-smoke-3 fire-2, server-smoke-4 fire-2
        10 | say disable subject=selector-hall
        20 |
        10 | fb-inputs[8] 0, smoke-1 normal, heat-1 normal, say reset zone=hall
        10 |
        """,
    ),
    "the state is lost, and an output is found away from its normal level": (
        (),
        """
        1 | smoke-1 fault
        5 | cells-1 pre-alarm
        3 | restart lost
        3 | smoke-1 well
        5 | say occupied zone=hall occupied=false, say occupied zone=server occupied=false
        2 | say reset zone=hall
        2 | exhaust sticks
        1 | smoke-1 alarm
        25 | exhaust moves
        9 |
        """,
    ),
    "a second look begins while the zone is silenced, and another head ends it": (
        (policy("verification"),),
        """
        1 | heat-1 pre-alarm
        1 | say silence zone=hall
        1 | smoke-1 alarm
        0.5 | smoke-1 normal
        0.5 | heat-1 alarm
        1 | say reset zone=hall
        """,
    ),
    "gas of another day, and an advisory that a permit has sharpened": (
        TWO_GASES,
        """
        1 | say work zone=hall work=work_permit minutes=60
        1 | h2-1 advisory
        2 | h2-2 pre-alarm
        1 | h2-1 pre-alarm
        1 | h2-1 normal
        303 | h2-1 advisory
        2 | h2-1 normal
        303 | h2-1 pre-alarm
        2 | h2-2 normal
        2 | h2-2 pre-alarm
        303 | h2-3 pre-alarm
        2 | cells-2 runaway
        2 | say work zone=hall work=work_permit minutes=0
        """,
    ),
    "nobody is asked, and others go dark": (
        (*TWO_FEEDS, ("max_automatic_openings = 2", "max_automatic_openings = 9"), DARK),
        """
        1 | main-a sticks, cells-1 pre-alarm
        2 | cells-1 runaway, h2-1 alarm
        2 | cells-2 runaway
        9 | say confirm-isolated rack=rack-2
        9 |
        """,
    ),
    "an actuator that is away in a room that is asked for": (
        (),
        f"""
        1 | in-place off
        {FIRE}
        2 | in-place on
        2 | reserve-key on
        9 | call-point on
        9 | call-point off
        """,
    ),
    "gas names a blind rack, and one head alone speaks of fire": (
        TWO_GASES,
        """
        1 | cells-1 flat
        1 | h2-1 alarm
        1 | co-1 pre-alarm
        12 | smoke-1 alarm
        2 | say ack zone=hall
        4 |
        """,
    ),
    "a release that waits is held, and goes on at once": (
        (strategy(Strategy.DEAD_MAN),),
        f"""
        0 | gas high
        {FIRE}
        5 | abort on
        2 | abort off
        2 | gas low
        9 |
        """,
    ),
    "a detector is dirty": (
        (),
        """
        1 | smoke-1 dirty
        70 |
        """,
    ),
    "a room without a hold device": (
        (strategy(Strategy.LOCAL), NO_HOLD),
        f"""
        {FIRE}
        1 | abort on
        1 | abort off
        6 |
        """,
    ),
}
