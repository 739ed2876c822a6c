"""What an operator may say over the control socket. There is no message that releases agent, and none may be added (rule 5)."""

from typing import Literal

import msgspec


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="do"):
    """Base: every command carries the operator's name and goes into the journal."""

    operator: str


class Acknowledge(Command, frozen=True, kw_only=True, tag="ack"):
    """The operator has seen the alarms and requests of a zone."""

    zone: str


class Silence(Command, frozen=True, kw_only=True, tag="silence"):
    """Stop the sounders of a zone until a new alarm; alarms stay."""

    zone: str


class Reset(Command, frozen=True, kw_only=True, tag="reset"):
    """Clear a zone's latches; what is still true shows again at once. Refused while flooding and hold time run."""

    zone: str


class Disable(Command, frozen=True, kw_only=True, tag="disable"):
    """Take a head, an output or a zone's automatic release out of service; shown, and counted in availability (rule 9)."""

    subject: str


class Enable(Command, frozen=True, kw_only=True, tag="enable"):
    """Put it back."""

    subject: str


class Occupied(Command, frozen=True, kw_only=True, tag="occupied"):
    """Mark a zone's room as occupied (manual-only, rule 13) or not."""

    zone: str
    occupied: bool


class ConfirmIsolated(Command, frozen=True, kw_only=True, tag="confirm-isolated"):
    """A person vouches that a rack is isolated, so that water may flow (rule 7)."""

    rack: str


class HandOver(Command, frozen=True, kw_only=True, tag="hand-over"):
    """Hand a zone over to the fire brigade now, or acknowledge the request to."""

    zone: str


class Work(Command, frozen=True, kw_only=True, tag="work"):
    """Announce work in a zone for so many minutes, or say that it has ended (0). While it runs no release is automatic."""

    zone: str
    work: Literal["work permit", "walk test", "output test"]
    minutes: int


class Delays(Command, frozen=True, kw_only=True, tag="delays"):
    """Switch the delays to outputs of a zone (rows with `investigate_s`) on or off. They never hold back release, nor a call point."""

    zone: str
    on: bool


class Force(Command, frozen=True, kw_only=True, tag="force"):
    """Drive an output for so many seconds to see it work, or let it go (0); in an announced output test only, and never agent (rule 5)."""

    subject: str
    seconds: int


class Extract(Command, frozen=True, kw_only=True, tag="extract"):
    """Clear a room after the hold time: let the exhaust run for the site's time, or end it. Refused while agent must hold (rule 6)."""

    zone: str
    on: bool


AnyCommand = (
    Acknowledge
    | Silence
    | Reset
    | Disable
    | Enable
    | Occupied
    | ConfirmIsolated
    | HandOver
    | Work
    | Delays
    | Extract
    | Force
)
