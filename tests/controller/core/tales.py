"""What the stories tell: by name the changes of the test site, and the rows (`stories.py` says what a row may hold). Times are short."""

from controller.site.model import Strategy
from tests.controller.core.holding import GAS_LOW, HOLDING
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.random_room import POLICIES
from tests.controller.core.two_feeds import TWO_FEEDS

Change = tuple[str, str]

AFTER = (*HOLDING, ("extended_s = 100.0", "extended_s = 3.0"), ("extract_s = 300.0", "extract_s = 8.0"))
LOW = (
    *HOLDING,
    ("extract_gas_low_s = 20.0", "extract_gas_low_s = 3.0"),
    GAS_LOW,
    ("extract_s = 300.0", "extract_s = 8.0"),
)
TWO_GASES = (
    (
        '[blocks."asd-[1-4]-obscuration"]',
        '[blocks.gas-co]\ndevice = "gas"\ntable = "input"\naddress = 4\ncount = 3\nunit = "ppm"\n[blocks."asd-[1-4]-obscuration"]',
    ),
    (
        "[heads.h2-room]",
        '[heads."co-[1-3]"]\nfamily = "co"\nzone = "hall"\nrack = "rack-{n}"\npoints = ["gas-co[{i}]"]\n[heads.h2-room]',
    ),
)
UPS = ("guard_hold_s = 60.0", "guard_hold_s = 5.0")
SOON = ("hand_over_after_s = 600.0", "hand_over_after_s = 12.0")
BLOCKING = ('damper_unproven = "release"', 'damper_unproven = "block"')
FIRE = "0 | smoke-1 alarm, heat-1 alarm"
RUNAWAY = "0 | cells-1 runaway, h2-1 alarm"
CALM = "smoke-1 normal, heat-1 normal, cells-1 normal, h2-1 normal"


def policy(name: str) -> Change:
    """What stands between one head and a fire alarm in the hall."""
    return "[zones.hall.cooling]", f"{POLICIES[name]}[zones.hall.cooling]"


def strategy(name: Strategy) -> Change:
    """What a hold or abort device does in the hall."""
    return 'strategy = "hold-reload"', f'strategy = "{name}"'


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

TALES: dict[str, tuple[tuple[Change, ...], str]] = {
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
    "one head of type A, and it looks again": (
        (policy("A"),),
        """
        1 | smoke-1 alarm
        2 | smoke-1 normal
        2 | smoke-1 alarm
        4 | smoke-1 normal
        25 |
        1 | smoke-2 fault
        1 | heat-1 alarm
        9 | say reset zone=hall
        1 | heat-1 normal, say reset zone=hall
        2 | call-point on
        2 | call-point off
        """,
    ),
    "two heads of type B, within the time": (
        (policy("B"),),
        """
        1 | smoke-1 alarm
        1 | smoke-1 normal
        25 | heat-1 alarm
        2 | smoke-1 alarm
        2 |
        """,
    ),
    "two heads of type C, and members that are sick": (
        (policy("C"),),
        """
        1 | smoke-1 fault
        1 | smoke-2 fault, heat-1 fault, heat-2 fault
        1 | say disable subject=heat-2
        1 | smoke-1 well
        1 | cells-1 fault, cells-2 fault, cells-3 fault
        1 | smoke-1 alarm
        9 | say enable subject=heat-2, heat-2 well
        1 | smoke-1 normal
        25 |
        1 | heat-2 fire-2
        """,
    ),
    "a smoke head is looked at once more": (
        (policy("verification"),),
        """
        1 | smoke-1 alarm
        1 | smoke-1 normal
        12 | smoke-1 alarm
        3 | smoke-1 pre-alarm
        12 | smoke-1 normal
        1 | say reset zone=hall
        2 | smoke-1 alarm
        1 | smoke-1 pre-alarm
        15 | smoke-1 fault
        2 | smoke-1 well, smoke-1 normal, say reset zone=hall
        2 | smoke-1 alarm
        1 | smoke-2 alarm
        9 | smoke-1 normal, smoke-2 normal, fb-inputs[8] 0
        9 | say reset zone=hall
        1 | smoke-2 fire-2
        2 | smoke-2 normal, say reset zone=hall
        1 | smoke-2 alarm
        1 | heat-1 alarm
        12 | fb-inputs[8] 0, smoke-2 normal, heat-1 normal
        9 | say reset zone=hall
        1 | smoke-2 alarm
        0 | call-point on
        1 | call-point off
        """,
    ),
    "a person investigates": (
        (policy("positive alarm"),),
        """
        1 | smoke-1 alarm
        2 | say ack zone=hall
        1 | say ack zone=hall
        4 | say reset zone=hall
        1 | smoke-1 normal, say reset zone=hall
        1 | smoke-1 alarm
        6 | say ack zone=hall
        2 | smoke-1 normal, say reset zone=hall
        1 | smoke-1 alarm
        1 | say ack zone=hall
        12 | smoke-1 normal, say reset zone=hall
        1 | night
        1 | smoke-1 alarm
        1 | day
        2 | smoke-1 normal, say reset zone=hall
        1 | smoke-1 alarm
        1 | smoke-1 normal
        9 |
        """,
    ),
    "delays to the brigade": (
        (),
        """
        0 | say delays zone=server on=true
        1 | say delays zone=hall on=true
        1 | say delays zone=hall on=true
        1 | smoke-1 alarm
        3 | say delays zone=hall on=false
        1 | say delays zone=hall on=true
        5 |
        1 | acknowledged on
        2 | acknowledged off
        2 | smoke-1 normal, say reset zone=hall
        1 | call-point on, say delays zone=hall on=true
        1 | call-point off
        9 |
        """,
    ),
    "the alarm is sent, and nobody answers": (
        (),
        """
        1 | acknowledged on
        1 | smoke-1 alarm
        130 | acknowledged off
        1 | acknowledged on
        2 | acknowledged off
        1 | smoke-1 normal, say reset zone=hall
        """,
    ),
    "work is announced and runs out": (
        (),
        """
        1 | say work zone=hall work=work_permit minutes=1
        1 | smoke-1 advisory
        2 | smoke-1 normal, say reset zone=hall
        1 | cells-1 advisory
        2 | cells-1 normal, say reset zone=hall
        55 |
        9 | say work zone=hall work=work_permit minutes=1
        1 | say work zone=hall work=work_permit minutes=0
        1 | say work zone=hall work=walk_test minutes=1
        1 | smoke-1 alarm
        1 | smoke-1 normal
        1 | heat-1 pre-alarm
        1 | heat-1 normal, say work zone=hall work=walk_test minutes=2
        1 | say work zone=hall work=walk_test minutes=0
        1 | say work zone=hall work=walk_test minutes=1
        1 | smoke-1 alarm, heat-1 alarm
        3 | smoke-1 normal, heat-1 normal
        1 | say work zone=hall work=walk_test minutes=0
        1 | say reset zone=hall
        1 | say work zone=hall work=walk_test minutes=1
        1 | cells-1 pre-alarm
        1 | cells-1 normal, say work zone=hall work=walk_test minutes=0, say reset zone=hall
        """,
    ),
    "outputs are tested, until something shows": (
        (),
        """
        1 | say force subject=exhaust seconds=5
        1 | say work zone=hall work=output_test minutes=1
        1 | say force subject=exhaust seconds=5
        2 | say force subject=curtain seconds=60
        6 | say force subject=curtain seconds=0
        1 | say force subject=curtain seconds=60
        2 | smoke-1 pre-alarm
        2 | say work zone=hall work=output_test minutes=0
        2 | say work zone=hall work=walk_test minutes=1
        2 | smoke-1 normal, say reset zone=hall
        2 | cells-2 pre-alarm
        6 | cells-2 normal, say work zone=hall work=walk_test minutes=1
        6 | say work zone=hall work=output_test minutes=1
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
    "devices, heads and contacts fail": (
        (),
        """
        1 | di-1 lost
        5 | di-1 back
        4 | bms-1 lost
        5 | bms-1 back
        3 | do-1 lost
        5 | do-1 back
        4 | smoke-1 fault
        5 | smoke-1 well
        3 | hold fault
        9 | hold on
        12 | hold off
        1 | abort on
        12 | abort off
        1 | call-point fault
        9 | call-point off
        1 | fb-inputs[6] 1
        9 | fb-inputs[6] 0
        3 | do-1-coils[3] 1
        2 | do-1-coils[3] 0
        2 | do-1-coils[7] 1
        2 | do-1-coils[10] 0
        5 | cells-1 flat
        3 | cells-1 sound
        2 | obstruction on
        2 | smoke-1 alarm, heat-1 alarm
        9 | obstruction off
        20 |
        """,
    ),
    "the controller is not well": (
        (),
        """
        1 | host 0 11
        1 | host 0 10
        1 | host 1 2001
        1 | host 1 2000
        1 | host 2 2001
        1 | host 2 0
        1 | host 3 1
        61 | host 4 501
        1 | host 4 500
        1 | host 5 -5001
        1 | host 5 5000
        1 | host 6 1
        12 | host 6 0
        1 | host 7 2
        1 | host 7 0
        1 | host 8 1
        1 | host 8 0
        """,
    ),
    "the same in Korean": (
        (('name = "Test"', 'name = "Test"\nlanguage = "ko"'),),
        """
        1 | smoke-1 fault
        9 | smoke-1 well
        """,
    ),
    "a shadow decides and writes nothing": (
        (('mode = "direct"', 'mode = "shadow"'),),
        f"""
        {FIRE}
        9 | cells-1 runaway, h2-1 alarm
        5 | do-1-coils[3] 1
        9 | breaker-1 sticks
        9 | {CALM}, say reset zone=hall
        3 |
        """,
    ),
    **{f"hands under {name}": ((strategy(name),), _PRESSES) for name in Strategy},
}
