"""When a zone's heads are a fire alarm: what stands between one head in alarm and the outputs that ask for `fire`.

Nothing of it holds back isolation, evacuation on gas, release or water, and nothing of it holds for call points.
"""

from enum import StrEnum
from typing import Literal

from controller.site.model.members import found_directly
from controller.site.model.strict import Strict


@found_directly
class Dependency(StrEnum):
    """Coincidence types of fire alarm panels (domain.md F9, after EN 54-2 7.12; no claim of compliance)."""

    A = "A"
    """One head in alarm is a first alarm. It is fire once any head of the zone, the same one too, reads alarm after `look_again_s`."""
    B = "B"
    """One head in alarm is a first alarm. It is fire once another head of the zone is in alarm."""
    C = "C"
    """One head in alarm is fire, and shown as such; the outputs that ask for `fire` wait for another head."""


class Verification(Strict, frozen=True, kw_only=True):
    """Alarm verification of the zone's smoke heads: a first alarm counts once the head reads alarm at a second look. Fire 2 counts at once."""

    look_again_s: float = 8.0
    """From so long after the first alarm on; at most 8 s, so that a fire is told within 10 s."""
    within_s: float = 60.0
    """Until so long after it, at most 60 s: then the first alarm is forgotten, and the next one is a first one."""


class PositiveAlarm(Strict, frozen=True, kw_only=True):
    """Positive alarm sequence: by day, the outputs that ask for `fire` wait while somebody acknowledges one head's alarm and looks.

    A second head, fire 2, runaway, a call point, night, no acknowledgement in time, and the end of the investigation end it: fire.
    """

    acknowledge_s: float = 15.0
    """At most 15 s."""
    investigate_s: float = 180.0
    """From the acknowledgement on, at most 180 s."""


class Coincidence(Strict, frozen=True, kw_only=True):
    """What a zone asks for beyond one head in alarm. Fire 2, confirmed runaway and a call point are fire at once under every type.

    For release rule 3 stays the least: a type may only shorten the window in which two heads coincide.
    """

    type: Dependency
    look_again_s: float = 60.0
    """A: from so long after the first alarm on the same head confirms itself; at most 60 s."""
    cancel_s: float = 600.0
    """A head that has ended counts for so long. 5 min at least; A: with `look_again_s` 30 min at most. Release counts it no longer either."""
    faulty_member: Literal["single", "wait"] = "single"
    """B and C, once faulty and disabled heads leave fewer than two: one alarm is fire (single), or there is no second one (wait)."""
