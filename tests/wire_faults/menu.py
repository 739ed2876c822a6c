"""Which faults of the menu work on a framing, with parameters that fit the rig, singly and in pairs."""

import random

from controller.site.model import Framing as SiteFraming
from drivers.modbus.frame import Framing
from sim_hardware.faults.kinds import FAULTS, ActiveFault, FaultKind, Reach
from tests.wire_faults.rig import TIMEOUT_S

PARAMS: dict[str, tuple[float, ...]] = {
    "late-reply": (0.6 * TIMEOUT_S, 1.2 * TIMEOUT_S, 2.5 * TIMEOUT_S),
    "jitter": (0.5 * TIMEOUT_S, 2.0 * TIMEOUT_S),
    "tid-fixed": (0, 1, 65535),
    # Too few and too many together must not come out even: the reply would be of the right length, and a lie that nobody can tell.
    "short-reply": (1, 2),
    "long-reply": (3, 4),
    "wrong-unit": (0, 2, 255),
    "wrong-length-field": (-2, 2, 60),
    "leading-junk": (1, 2, 7, 260),
    "trailing-junk": (1, 2, 7, 260),
    "slow-drip": (0.001, 0.004),
    "exception": (1, 2, 3, 4, 5, 6, 10, 11),
}

TOGETHER_A_LIE = [{"bad-crc", "flipped-bit"}]
"""A bit flipped, and the checksum changed by chance: with 1 to 65,535 they fit, which no receiver can tell."""


def kinds(framing: Framing) -> list[str]:
    """The wire faults that a framing can have."""
    return [name for name, kind in FAULTS.items() if kind.reach is Reach.WIRE and _fits(kind, framing)]


def _fits(kind: FaultKind, framing: Framing) -> bool:
    return kind.framing in {None, SiteFraming(framing.value)}


def draw(kind: str, chance: random.Random) -> ActiveFault:
    """A fault of a kind, with one of its parameters."""
    return ActiveFault(kind, chance.choice(PARAMS[kind]) if kind in PARAMS else None)


def may_meet(first: str, second: str) -> bool:
    """Whether a pair can be told from a right reply."""
    return first != second and {first, second} not in TOGETHER_A_LIE
