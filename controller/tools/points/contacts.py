"""What a point list says of wired contacts: which way round each is wired, and which one of a pair it is.

A contact that is imported the wrong way round reads as operated at rest: a call point then asks for agent as soon as it is read. So a list
has to say it of every contact; nothing is taken for granted.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Literal, Protocol

from controller.site.model import ANTIVALENT, ON_AT_REST, PHYSICS, Family, Physics
from controller.site.problem import Problem


class Contact(StrEnum):
    """How a contact stands while its device is not operated."""

    NO = "NO"
    NC = "NC"


Level = Literal[0, 1]

ACTIVE: dict[Contact, Level] = {Contact.NO: 1, Contact.NC: 0}
"""What the input reads when the device is operated: a normally open contact closes, a normally closed one opens."""

_SAID = {
    Contact.NO: (
        "no", "normallyopen", "normalopen", "make", "forma", "a", "a접점", "상시열림", "상시개방", "평상시열림", "평시개방",
    ),
    Contact.NC: (
        "nc", "normallyclosed", "normallyclose", "normalclose", "normalclosed", "break", "formb", "b", "b접점", "상시닫힘", "상시폐쇄",
        "평상시닫힘", "평시폐쇄",
    ),
}  # fmt: skip
"""What installers write, without what `_squeezed` takes out. 접점: contact; a and b are make and break."""

WORDS: dict[str, dict[str, Any]] = {
    "contact": {word: contact for contact, words in _SAID.items() for word in words},
    "active": dict.fromkeys(("1", "on", "high", "closed", "켜짐", "닫힘"), 1)
    | dict.fromkeys(("0", "off", "low", "open", "꺼짐", "열림"), 0),
}
"""Columns of contacts, and what each of their words means."""

REMEDIES = {
    "contact": "write NO (normally open) or NC (normally closed)",
    "active": "write 1 or 0: what the input reads when it says yes",
}


def read_word(column: str, cell: str) -> Any:
    """What a cell of one of these columns says, None for what nobody knows."""
    return WORDS[column].get(_squeezed(cell))


def _squeezed(cell: str) -> str:
    return "".join(letter for letter in cell.lower() if letter.isalnum())


class Wired(Protocol):
    """The part of a line that these rules read."""

    @property
    def family(self) -> Family | None:
        """The family of its head."""

    @property
    def contact(self) -> Contact | None:
        """How it stands at rest."""

    @property
    def active(self) -> Level | None:
        """What it reads when it says yes."""


def active_of(line: Wired) -> Level:
    """`active` of the head of a single contact that has no problem."""
    if line.active is not None:
        return line.active
    return 1 if line.contact is None else ACTIVE[line.contact]


def faults(number: int, line: Wired) -> Iterator[Problem]:
    """What one line leaves open, or says twice and differently. `number`: its line in the list."""
    if line.family is None or PHYSICS[line.family] is not Physics.WIRED:
        return
    place = f"line {number}, column "
    if line.contact is not None and line.active is not None and ACTIVE[line.contact] != line.active:
        what = f"{line.contact} reads {ACTIVE[line.contact]} when it is operated, and active says {line.active}"
        yield Problem(f"{place}active", what, "correct one of the two")
    if line.family in ANTIVALENT and line.contact is None:
        yield Problem(f"{place}contact", f"which contact of its {line.family} is it", REMEDIES["contact"])
    elif line.family in ON_AT_REST and line.active is None:
        what = f"a {line.family} says yes at rest, so NO or NC do not tell which way round it is"
        yield Problem(f"{place}active", what, REMEDIES["active"])
    elif line.contact is None and line.active is None:
        yield Problem(f"{place}contact", f"which way round is the contact of this {line.family}", REMEDIES["contact"])


def pair_faults(head: str, members: Sequence[tuple[int, Wired]]) -> Iterator[Problem]:
    """What is wrong with the contacts of an antivalent head, each of which has said what it is."""
    number, first = members[0]
    if len(members) != len(Contact):
        what = f"{head} has {len(members)} contacts, a {first.family} has one NO and one NC"
        yield Problem(
            f"line {number}, column head", what, "give the two lines of the pair the same head, and no other line"
        )
    elif first.contact is members[1][1].contact:
        what = f"{head} has two contacts {first.contact} (line {number})"
        yield Problem(f"line {members[1][0]}, column contact", what, "one of them is NO, the other NC")
