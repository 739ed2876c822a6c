"""Stories at the edges: what is lost in the middle of a release, what contradicts, what does not come back, a room without agent."""

from tests.controller.core.tales.sites import FIRE, LATE_GAS, NO_PURGE, SELECTORS_FIRST, STORE, THREE_GASES, Tales
from tests.controller.core.two_feeds import BEHIND_THE_MAIN, TWO_FEEDS

_BLIND_FIRE = "1 | cells-1 flat, smoke-1 alarm, heat-1 alarm"

EDGES: Tales = {
    "a third gas of another rack contradicts": (
        THREE_GASES,
        f"""
        1 | voc-2 pre-alarm
        1 | h2-1 alarm, co-1 pre-alarm
        {_BLIND_FIRE}
        9 |
        """,
    ),
    "a third gas of the room contradicts nothing": (
        THREE_GASES,
        f"""
        1 | h2-1 alarm, co-1 pre-alarm
        1 | voc-room pre-alarm
        {_BLIND_FIRE}
        2 |
        """,
    ),
    "a gas that leads by less than it should": (
        THREE_GASES,
        f"""
        1 | h2-1 alarm, co-1 pre-alarm
        5 | h2-2 pre-alarm
        {_BLIND_FIRE}
        9 |
        """,
    ),
    "one of two heads of a rack is blind": (
        LATE_GAS,
        f"""
        1 | h2-1 alarm, co-1 pre-alarm
        {_BLIND_FIRE}
        3 | cells-4 silent
        3 |
        """,
    ),
    "the switch is lost before the second try, and closes in it": (
        (),
        f"""
        0 | agent sticks
        {FIRE}
        5 | fb lost
        7 | fb back, fb-inputs[8] 1
        2 |
        """,
    ),
    "a bound of nought for exhaust before a release": (
        (NO_PURGE,),
        f"""
        0 | gas high
        {FIRE}
        3 |
        20 |
        """,
    ),
    "a module is lost in a release, and outputs are not taken": (
        (),
        """
        1 | do-2 lost
        1 | smoke-1 alarm, heat-1 alarm
        2 |
        2 |
        2 |
        2 |
        2 |
        2 |
        2 | do-2 back
        5 |
        """,
    ),
    "what has moved goes back, and what is let go does not": (
        (),
        """
        1 | smoke-1 pre-alarm, cells-1 pre-alarm
        5 | exhaust sticks, breaker-1 sticks
        1 | fb-inputs[6] 0, fb-inputs[0] 0
        6 | fb-inputs[6] 1, fb-inputs[0] 1
        2 | smoke-1 normal, cells-1 normal
        1 | say reset zone=hall
        40 | exhaust moves
        3 | breaker-1 moves
        3 |
        """,
    ),
    "an acknowledged room is asked to prove an isolation": (
        (),
        """
        1 | breaker-1 sticks
        1 | cells-1 pre-alarm
        1 | say ack zone=hall
        5 | say ack zone=hall
        9 | breaker-1 moves
        2 |
        """,
    ),
    "a selector that is the first output cannot be read": (
        SELECTORS_FIRST,
        """
        1 | fb lost
        5 | fb back
        2 |
        """,
    ),
    "the neighbours of a burning rack hang on the main breaker": (
        (*TWO_FEEDS, *BEHIND_THE_MAIN),
        """
        1 | cells-2 runaway, h2-2 alarm
        6 | say confirm-isolated rack=rack-1
        3 |
        """,
    ),
    "a room without agent": (
        STORE,
        """
        1 | store-heat-1 pre-alarm
        1 | store-heat-1 alarm
        1 | store-heat-2 alarm
        2 | say ack zone=store
        1 | store-call-point on
        2 | store-call-point off
        1 | say extract zone=store on=true
        1 | store-heat-1 normal, store-heat-2 normal
        1 | say reset zone=store
        301 | say hand-over zone=store
        """,
    ),
}
