"""Stories of the release: banks, selectors, blocks, hands, and what follows a discharge."""

from controller.site.model import Strategy
from tests.controller.core.holding import HOLDING
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.tales.sites import AFTER, BLOCKING, CALM, FIRE, LOW, Tales, strategy

_PRESSES = f"""
0 | smoke-1 alarm
1 | abort on
1 | hold on
1 | abort off, hold off
1 | abort on
0 | heat-1 alarm
1 |
1 | abort off
1 | hold on
2 | hold fault
1 | hold off
1 | abort on
2 | abort off
6 | abort on, hold on
1 | abort off, hold off
1 | say reset zone=hall
2 | mode-key off
1 | mode-key on
1 | call-point on
1 | abort on, hold on
3 | call-point off, abort off, hold off
10 |
10 | {CALM}, fb-inputs[8] 0
1 | say reset zone=hall
1 |
"""

RELEASE: Tales = {
    "an extended discharge runs its time, a person clears the room": (
        AFTER,
        f"""
        {FIRE}
        1 | say extract zone=hall on=true
        5 |
        2 | say extract zone=hall on=true
        2 |
        3 | say reset zone=hall
        3 | say extract zone=hall on=true
        0 | say extract zone=hall on=true
        2 | say extract zone=hall on=false
        1 | say extract zone=hall on=false
        1 | say extract zone=hall on=true
        10 | call-point on, say extract zone=hall on=true
        0 | call-point off, say extract zone=hall on=true
        2 | heat-1 normal
        1 | say ack zone=hall
        1 | heat-1 alarm
        1 | heat-1 normal, say extract zone=hall on=true
        1 | smoke-2 fault
        1 | smoke-2 well, say extract zone=hall on=true
        1 | say disable subject=heat-2
        1 | say enable subject=heat-2, fb-inputs[8] 0
        1 | say extract zone=hall on=true
        1 | call-point on
        1 | call-point off, say extract zone=hall on=true
        1 | fb-inputs[8] 1
        1 | say extract zone=hall on=true
        1 | fb-inputs[8] 0, smoke-1 normal, say reset zone=hall
        2 | say extract zone=hall on=true, say extract zone=server on=true
        """,
    ),
    "a block closes on an extended discharge, and one out of service does not begin": (
        HOLDING,
        f"""
        {FIRE}
        7 |
        1 | block on
        1 | block off
        9 | fb-inputs[8] 0, smoke-1 normal, heat-1 normal, say reset zone=hall
        1 | say disable subject=agent-extended
        1 | smoke-2 alarm, heat-2 alarm
        12 |
        9 | fb-inputs[8] 0, smoke-2 normal, heat-2 normal, say reset zone=hall
        1 | say enable subject=agent-extended
        1 | smoke-2 alarm, heat-2 alarm
        6 |
        1 | say disable subject=agent-extended
        12 |
        """,
    ),
    "an extended discharge ends with the hold time, and what dropped is not fired anew": (
        HOLDING,
        f"""
        {FIRE}
        6 |
        2 | restart
        2 |
        5 |
        9 | fb-inputs[8] 0, smoke-1 normal, heat-1 normal, say reset zone=hall
        1 | smoke-2 alarm, heat-2 alarm
        7 | do-2-coils[10] 0, do-1-extra[0] 0, restart
        3 |
        9 |
        """,
    ),
    "the site clears the room while gas is low": (
        LOW,
        f"""
        {FIRE}
        14 |
        5 | smoke-1 normal, heat-1 normal
        3 |
        3 | gas high
        2 | gas low
        10 | fb-inputs[8] 0
        1 | say reset zone=hall
        1 | gas high
        1 | smoke-2 alarm, heat-2 alarm
        20 | smoke-2 normal, heat-2 normal
        2 | gas bad
        3 | gas low
        2 | rack-1 hot
        2 | rack-1 calm
        2 | smoke-1 fault
        2 | smoke-1 well
        5 |
        9 |
        1 | say extract zone=hall on=true
        2 | gas high
        2 | gas low
        """,
    ),
    "two rooms ask for one bank": (
        ONE_BANK,
        f"""
        {FIRE}
        1 | server-smoke-3 fire-2, server-smoke-4 fire-2
        2 | say reset zone=hall
        4 | say disable subject=server-agent
        3 |
        40 |
        5 | say reset zone=hall
        5 | fb-inputs[8] 0, {CALM}
        1 | say reset zone=hall
        2 | server-abort on
        2 | server-abort off
        1 | say reset zone=hall
        5 |
        1 | server-call-point on
        5 | server-call-point off
        10 |
        20 | server-smoke-3 normal, server-smoke-4 normal, fb-inputs[9] 0
        1 | say reset zone=server
        1 |
        """,
    ),
    "a selector that sticks lets the other room have the bank": (
        ONE_BANK,
        f"""
        0 | selector-hall sticks
        {FIRE}
        1 | server-smoke-3 fire-2, server-smoke-4 fire-2
        10 | say disable subject=selector-hall
        10 | say occupied zone=hall occupied=true
        30 | say occupied zone=hall occupied=false
        10 | selector-hall moves
        30 |
        30 | reserve-key on, call-point on
        10 | call-point off, reserve-key off
        20 |
        1 | server-reserve-key on, server-call-point on
        10 | server-call-point off, server-reserve-key off
        20 |
        """,
    ),
    "a selector of another room that is not closed, and dampers that keep the pipe": (
        (*ONE_BANK, BLOCKING),
        f"""
        0 | damper sticks
        1 | fb-inputs[4] 1, selector-server sticks
        {FIRE}
        10 | fb-inputs[4] 0, selector-server moves
        2 | server-smoke-3 fire-2, server-smoke-4 fire-2
        20 |
        20 |
        20 | damper moves
        10 |
        20 | fb lost
        5 | fb back
        10 |
        """,
    ),
    "a restart in the middle of a release through a selector": (
        ONE_BANK,
        f"""
        {FIRE}
        4 | restart
        1 |
        4 | restart
        5 |
        10 | say disable subject=selector-hall
        1 | do-1 lost, do-2 lost
        4 | do-1 back, do-2 back
        9 |
        """,
    ),
    "a silent field, a second try, the reserve bank": (
        (),
        f"""
        0 | agent sticks
        {FIRE}
        6 | reserve-key on, call-point on
        4 | call-point off
        9 |
        1 | call-point on
        4 | call-point off, reserve-key off
        9 |
        9 | say reset zone=hall
        1 | fb-inputs[8] 0, {CALM}
        1 | say reset zone=hall
        1 |
        """,
    ),
    "nothing flows, and people are kept out": (
        (),
        f"""
        0 | agent sticks
        {FIRE}
        30 |
        9 | {CALM}, say reset zone=hall
        1 |
        """,
    ),
    "gas first, then a damper that is not proven": (
        (BLOCKING,),
        f"""
        0 | gas high, damper sticks
        {FIRE}
        3 | gas low
        4 | gas high
        9 | exhaust sticks
        6 |
        20 | exhaust moves
        9 | damper moves
        9 |
        """,
    ),
    "a person's hand passes gas": (
        (BLOCKING,),
        f"""
        0 | gas high, damper sticks
        {FIRE}
        5 | call-point on
        3 | call-point off
        9 |
        """,
    ),
    "the agent is blocked, low, or off its cylinder": (
        (),
        f"""
        1 | low-agent on
        5 | low-agent off
        1 | in-place off
        5 | in-place on
        1 | low-agent fault, in-place fault
        9 | low-agent off, in-place on
        1 | block on
        1 | call-point on
        {FIRE}
        3 | block off
        3 | call-point off
        3 | block fault
        3 | call-point on
        1 | block on
        3 | block off, call-point off
        9 |
        """,
    ),
    "agent flows that nobody asked for": (
        (),
        """
        1 | fb-inputs[8] 1
        2 | smoke-1 alarm, heat-1 alarm
        2 | say silence zone=hall
        2 | fb-inputs[8] 0
        2 | say reset zone=hall
        1 | smoke-1 normal, heat-1 normal, say reset zone=hall
        """,
    ),
    "not automatic": (
        (),
        f"""
        1 | mode-key off
        1 | occupied on
        1 | say disable subject=hall
        1 | say disable subject=agent
        {FIRE}
        2 | mode-key on
        1 | occupied fault
        1 | occupied off
        1 | say enable subject=hall
        1 | say enable subject=agent
        2 | say occupied zone=hall occupied=true
        2 | say occupied zone=hall occupied=false
        9 |
        """,
    ),
    **{f"hands under {name}": ((strategy(name),), _PRESSES) for name in Strategy},
}
