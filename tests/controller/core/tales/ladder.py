"""Stories of the ladder beside the release: isolation, water, guard, hand over, and a battery management that is blind."""

from tests.controller.core.tales.sites import CALM, RUNAWAY, SOON, TWO_GASES, UPS, Tales
from tests.controller.core.two_feeds import TWO_FEEDS

LADDER: Tales = {
    "runaway is cooled, controlled, and burns again": (
        (UPS,),
        f"""
        {RUNAWAY}
        2 |
        3 | smoke-1 alarm
        2 | say ack zone=hall
        2 | rack-1 hot
        9 | rack-1 calm, {CALM}
        4 | h2-2 fault
        6 | h2-2 well
        7 |
        5 | heat-2 pre-alarm
        2 | heat-2 normal
        7 | h2-3 advisory
        3 | h2-3 normal
        7 | smoke-2 fault
        3 | smoke-2 well
        2 | say confirm-isolated rack=rack-2
        3 | say hand-over zone=hall
        2 | fb-inputs[8] 0
        20 | say reset zone=hall
        2 |
        """,
    ),
    "breakers stick, a person vouches, water comes": (
        (UPS, SOON),
        f"""
        0 | breaker-1 sticks, breaker-2 sticks
        {RUNAWAY}
        5 |
        1 | say ack zone=hall
        2 | say confirm-isolated rack=rack-1
        2 | coolant-1 sticks
        2 | breaker-1 moves
        2 | say confirm-isolated rack=rack-2
        5 | coolant-1 moves
        3 | fb-inputs[0] 0
        2 | fb-inputs[0] 1
        5 | rack-1 hot, rack-3 dead
        5 | say hand-over zone=hall
        1 | say ack zone=hall
        5 | rack-1 calm, rack-3 calm
        """,
    ),
    "the load hangs on the UPS": (
        (),
        """
        0 | discharging on
        1 | h2-1 pre-alarm
        2 | say ack zone=hall
        1 | cells-1 runaway
        2 | h2-2 pre-alarm
        1 | cells-2 runaway
        6 | discharging fault
        1 | h2-3 pre-alarm
        3 | discharging off
        6 |
        """,
    ),
    "too many racks, and one whose breaker is out of service": (
        (),
        f"""
        0 | say disable subject=breaker-3
        1 | cells-1 pre-alarm
        2 | cells-2 pre-alarm
        2 | cells-3 pre-alarm
        2 | say enable subject=breaker-3
        2 | cells-3 runaway, smoke-1 alarm
        6 |
        9 | say reset zone=hall, {CALM}, cells-2 normal, cells-3 normal
        2 | say reset zone=hall
        """,
    ),
    "three racks, and two openings allowed": (
        (),
        """
        1 | cells-1 pre-alarm
        2 | cells-2 pre-alarm
        2 | cells-3 pre-alarm
        2 | say confirm-isolated rack=rack-3
        9 |
        """,
    ),
    "gas drifts from rack to rack": (
        (("max_automatic_openings = 2", "max_automatic_openings = 9"),),
        """
        1 | h2-1 advisory
        1 | h2-1 pre-alarm
        1 | h2-2 pre-alarm
        5 | h2-1 normal
        301 | h2-3 pre-alarm
        2 | h2-room pre-alarm
        """,
    ),
    "a rack with two supplies": (
        (*TWO_FEEDS, ('while_discharging = "ask"', 'while_discharging = "ask"\nwhile_others_go_dark = "ask"')),
        f"""
        0 | breaker-2 sticks, breaker-2b sticks
        1 | cells-2 pre-alarm
        5 |
        1 | h2-2 alarm, cells-2 runaway
        6 | breaker-2 moves
        3 | main-b sticks
        2 | breaker-2b moves
        3 | fb lost
        4 | fb back
        3 | fb-inputs[1] 0
        5 | fb-inputs[1] 1
        3 | {RUNAWAY[4:]}
        3 | say hand-over zone=hall
        9 |
        """,
    ),
    "a rack with two supplies, nobody is asked": (
        (*TWO_FEEDS, ("max_automatic_openings = 2", "max_automatic_openings = 3")),
        """
        1 | cells-2 pre-alarm
        3 | cells-3 pre-alarm
        2 | cells-1 pre-alarm
        5 |
        """,
    ),
    "a battery management that is blind": (
        (*TWO_GASES, UPS),
        """
        1 | cells-1 flat
        1 | h2-1 alarm
        1 | co-1 pre-alarm
        12 | h2-2 pre-alarm, co-2 pre-alarm
        2 | smoke-1 alarm
        2 | heat-1 alarm
        9 |
        """,
    ),
    "nobody knows which rack burns": (
        (*TWO_GASES, SOON),
        """
        1 | cells-1 silent, cells-2 flat
        1 | h2-1 alarm
        1 | h2-2 alarm
        2 | smoke-1 alarm
        2 | heat-1 alarm
        4 | co-3 alarm
        2 | say ack zone=hall
        3 | cells-1 sound
        2 | say disable subject=cells-1
        6 |
        9 | cells-1 silent
        5 | cells-1 runaway
        """,
    ),
    "what heads say together": (
        (),
        f"""
        1 | together advisory
        1 | together pre-alarm@rack-1
        2 | say silence zone=hall
        2 | together alarm@rack-2
        2 | say ack zone=hall
        3 | together normal
        2 | say reset zone=hall
        3 | {CALM}
        """,
    ),
}
