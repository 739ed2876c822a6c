"""The feature rows F1 to F44 of the domain reference, and how they stand here. Tests say `@pytest.mark.feature("F13")`."""

from enum import StrEnum
from typing import NamedTuple


class Standing(StrEnum):
    """How a feature stands in this project."""

    OURS = "ours"
    PARTLY = "partly"
    MISSING = "not built"
    OUTSIDE = "not ours"


class Feature(NamedTuple):
    """A row: what it is called, how it stands, and for all but what is ours why, or what is missing."""

    title: str
    standing: Standing
    why: str = ""


_OURS, _PARTLY, _MISSING, _OUTSIDE = Standing

FEATURES: dict[str, Feature] = {
    "F1": Feature("fire signal to indication", _OURS),
    "F2": Feature("mandatory outputs after the indication", _OURS),
    "F3": Feature("fault indication", _OURS),
    "F4": Feature("conditions that may coexist", _PARTLY, "no condition of its own for supervisory signals: they are troubles"),
    "F5": Feature("a reset re-establishes the truth", _OURS),
    "F6": Feature("delays to outputs", _OURS),
    "F7": Feature("positive alarm sequence", _OURS),
    "F8": Feature("alarm verification", _OURS),
    "F9": Feature("coincidence types A, B, C", _OURS),
    "F10": Feature("cross-zone release", _OURS),
    "F11": Feature("pre-warning", _OURS),
    "F12": Feature("processing latency", _OURS),
    "F13": Feature("emergency hold", _OURS),
    "F14": Feature("emergency abort", _OURS),
    "F15": Feature("manual-only and disabled", _OURS),
    "F16": Feature("flooding time", _OURS),
    "F17": Feature("released means confirmed flow", _OURS),
    "F18": Feature("reset lock after activation", _OURS),
    "F19": Feature("discharge retries", _OURS),
    "F20": Feature("abort types", _OURS),
    "F21": Feature("manual release has priority", _OURS),
    "F22": Feature("manual release delay", _OURS),
    "F23": Feature("release disconnect", _OURS),
    "F24": Feature("actuator in place", _OURS),
    "F25": Feature("standby power", _OUTSIDE, "a matter of the supply that is bought, not of the software"),
    "F26": Feature("flammable gas interlock", _OURS),
    "F27": Feature("average gas of the room", _OUTSIDE, "a matter of the ventilation's design"),
    "F28": Feature("period of the battery management", _OURS),
    "F29": Feature("disconnection of UPS batteries", _OURS),
    "F30": Feature("second detection beside the battery management", _OURS),
    "F31": Feature("water density", _OUTSIDE, "a matter of the pipes' design; the flow is proven, the density is not computed"),
    "F32": Feature("staged response", _OURS),
    "F33": Feature("levels of aspirating detectors", _OURS),
    "F34": Feature("alarm transmission acknowledged", _OURS),
    "F35": Feature("supervision of the path to the brigade", _OUTSIDE, "of the certified panel beside"),
    "F36": Feature("watchdog and memory check", _PARTLY, "tasks, modules and, at the start, kernels are checked; memory is not while running"),
    "F37": Feature("event log", _OURS),
    "F38": Feature("BACnet life safety", _MISSING, "gateways are not built"),
    "F39": Feature("re-acceptance after a change", _OURS),
    "F40": Feature("watch for re-ignition", _OURS),
    "F41": Feature("extract after discharge", _OURS),
    "F42": Feature("walk test by zone", _OURS),
    "F43": Feature("hot backup", _OUTSIDE, "one controller; the certified panel beside goes on without it"),
    "F44": Feature("a test is cancelled by a real alarm", _OURS),
}  # fmt: skip
