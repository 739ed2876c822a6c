"""What the sites of the stories have beside the test site, and what often happens in them. Times are short (`random_room.QUICK`)."""

from controller.site.model import Strategy
from tests.controller.core.holding import GAS_LOW, HOLDING
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.random_room import POLICIES

Change = tuple[str, str]
Tales = dict[str, tuple[tuple[Change, ...], str]]
"""By name the changes of the test site, and the rows (`stories.py` says what a row may hold)."""

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
FIRST = '[outputs."breaker-[1-3]"]\n'
SELECTORS_FIRST = tuple(
    (FIRST, new.replace(old, FIRST)) if old == "[outputs.agent]\n" else (old, new) for old, new in ONE_BANK
)
DARK = ('while_discharging = "ask"', 'while_discharging = "ask"\nwhile_others_go_dark = "ask"')
NO_HOLD = ('[heads.hold]\nfamily = "hold"\nzone = "hall"\npoints = ["di-1-inputs[1]"]\n', "")
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
