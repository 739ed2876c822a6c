"""Rule 3: which two heads of a zone may release together, and why others may not. Pure; the checker and the core ask it alike."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Protocol, TypeVar

from controller.site.model import Family, Head, Physics

FIRE_PHYSICS = frozenset({Physics.BMS, Physics.SMOKE, Physics.HEAT})
"""Heads that raise a fire alarm on their own. Off-gas is a pre-alarm, however strong: it isolates and ventilates (rule 2)."""

MEMBERS = FIRE_PHYSICS | {Physics.GAS}
"""Heads that may be members of a coincidence."""


class Candidate(Protocol):
    """A head and where its values come from. Names that a faulty site file does not resolve are None."""

    @property
    def name(self) -> str:
        """The head's name."""

    @property
    def head(self) -> Head:
        """Its entry in the site file."""

    @property
    def physics(self) -> Physics:
        """Its physics family."""

    @property
    def device(self) -> str | None:
        """The device that holds its points."""

    @property
    def link(self) -> str | None:
        """The link or input module on which they come in."""

    @property
    def on_mqtt(self) -> bool:
        """Whether they come from a broker."""


Member = TypeVar("Member", bound=Candidate)


def may_be_member(one: Candidate) -> bool:
    """Whether a head may count towards release at all; one over MQTT and the room reference of a gas family never do."""
    return one.physics in MEMBERS and not one.on_mqtt and not one.head.reference


def dependence(a: Candidate, b: Candidate, *, same_family: bool) -> Iterator[str]:
    """Why two heads are not independent; nothing if they are.

    Independent: another device, another link, and another physics family unless the site's policy waives that for smoke. MQTT heads and
    the room reference of a gas family never count.
    """
    for one in (a, b):
        if one.on_mqtt:
            yield f"{one.name} comes over MQTT"
        if one.head.reference:
            yield f"{one.name} is the room reference"
    if a.physics is b.physics and not (same_family and a.physics is Physics.SMOKE):
        yield f"both are of the {a.physics} family"
    if a.device == b.device:
        yield f"both are on device {a.device}"
    elif a.link == b.link:
        yield f"both are on link {a.link}"


def independent(a: Candidate, b: Candidate, *, same_family: bool) -> bool:
    """Whether nothing ties two heads together."""
    return not any(True for _ in dependence(a, b, same_family=same_family))


def sees_runaway(head: Head) -> bool:
    """Whether a head can confirm runaway: cell temperatures that are compared with their module, not three values of a rack."""
    return head.family is Family.CELL_TEMPERATURE and head.group > 0


def sufficient(a: Candidate, b: Candidate) -> bool:
    """Whether a pair can carry the evidence that rule 3 asks for: runaway, smoke with heat, or two smoke detectors (by site policy)."""
    if sees_runaway(a.head) or sees_runaway(b.head):
        return True
    return {a.physics, b.physics} in ({Physics.SMOKE, Physics.HEAT}, {Physics.SMOKE})


def releasing_pairs(heads: Iterable[Member], *, same_family: bool) -> tuple[tuple[Member, Member], ...]:
    """All pairs of a zone's heads that may release together."""
    return tuple(
        (a, b)
        for a, b in combinations([head for head in heads if head.physics in MEMBERS], 2)
        if independent(a, b, same_family=same_family) and sufficient(a, b)
    )


def near_misses(
    heads: Iterable[Member], *, same_family: bool
) -> tuple[tuple[tuple[Member, Member], tuple[str, ...]], ...]:
    """Pairs that could carry the evidence but are not independent, with the reasons."""
    pairs = combinations([head for head in heads if head.physics in MEMBERS and not head.head.reference], 2)
    judged = ((pair, tuple(dependence(*pair, same_family=same_family))) for pair in pairs if sufficient(*pair))
    return tuple((pair, reasons) for pair, reasons in judged if reasons)
