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
_VOC = '[blocks.gas-voc]\ndevice = "gas"\ntable = "input"\naddress = 7\ncount = 4\nunit = "ppm"\n'
_VOC_HEADS = (
    '[heads."voc-[1-3]"]\nfamily = "voc"\nzone = "hall"\nrack = "rack-{n}"\npoints = ["gas-voc[{i}]"]\n'
    '[heads.voc-room]\nfamily = "voc"\nzone = "hall"\npoints = ["gas-voc[3]"]\n'
)
THREE_GASES = (
    *TWO_GASES,
    ("[blocks.gas-co]", f"{_VOC}[blocks.gas-co]"),
    ("[heads.h2-room]", f"{_VOC_HEADS}[heads.h2-room]"),
)
"""A third gas in every rack and in the room."""
_CELLS = '[heads.cells-4]\nfamily = "cell-temperature"\nzone = "hall"\nrack = "rack-1"\npoints = ["bms-4-temperature"]\ngroup = 4\n'
LATE_GAS = (
    *TWO_GASES,
    ('[links."bms-[1-3]"]', '[links."bms-[1-4]"]'),
    ('[devices."bms-[1-3]"]', '[devices."bms-[1-4]"]'),
    ('[blocks."bms-[1-3]-temperature"]', '[blocks."bms-[1-4]-temperature"]'),
    ("[heads.h2-room]", f"{_CELLS}[heads.h2-room]"),
)
"""Two gases, and a second battery management in the first rack."""
NO_PURGE = ("purge_limit_s = 6.0", "purge_limit_s = 0.0")
STORE = (
    (
        "[zones.server]\n",
        ('[zones.store]\ntitle = "Store"\n[zones.server]\n'),
    ),
    ('table = "input"\naddress = 0\ncount = 2\n', 'table = "input"\naddress = 0\ncount = 4\n'),
    ('count = 10\ntype = "bit"', 'count = 12\ntype = "bit"'),
    (
        "[heads.call-point]\n",
        (
            '[heads."store-heat-[1-2]"]\nfamily = "heat"\nzone = "store"\npoints = ["heat-temperature[{n}]"]\n'
            '[heads.store-call-point]\nfamily = "call-point"\nzone = "store"\npoints = ["di-1-inputs[10]", "di-2-inputs[10]"]\n'
            "[heads.call-point]\n"
        ),
    ),
)
"""A third room, which has no agent."""
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
