"""The messages of the control socket: one JSON object a line, told apart by `type`. All that command line, panel and gateways know.

There is no message that releases agent, and none may be added (rule 5): what an operator may say is `AnyCommand`, nothing else.
"""

from collections.abc import Mapping

import msgspec

from controller.core.commands import AnyCommand
from controller.core.events import Event, Evidence
from controller.core.status import (
    CoreStatus,
    Countdown,
    HeadStatus,
    OutputStatus,
    RackStatus,
    TroubleStatus,
    ZoneStatus,
)

__all__ = [
    "MAX_EVENTS",
    "MAX_REQUEST_BYTES",
    "Accepted",
    "AnyCommand",
    "AnyReply",
    "AnyRequest",
    "CommandRequest",
    "CoreStatus",
    "Countdown",
    "Event",
    "EventEntry",
    "EventsReply",
    "EventsRequest",
    "Evidence",
    "Failure",
    "HeadStatus",
    "LinkStatus",
    "OutputStatus",
    "RackStatus",
    "Refused",
    "ScanStatus",
    "StatusReply",
    "StatusRequest",
    "StorageStatus",
    "Subscribe",
    "TaskStatus",
    "TroubleStatus",
    "WriterStatus",
    "ZoneStatus",
    "command",
    "decode_reply",
    "decode_request",
    "encode_line",
]

MAX_REQUEST_BYTES = 64 * 1024
MAX_EVENTS = 200
"""Entries in one message; a reader that wants more asks again from the last number."""


class Message(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all messages."""


# --- what a client may say ------------------------------------------------------------------------------------------


class StatusRequest(Message, frozen=True, forbid_unknown_fields=True, tag="status"):
    """A snapshot of everything; with `cells` the temperatures of all cells, rack by rack."""

    cells: bool = False


class EventsRequest(Message, frozen=True, forbid_unknown_fields=True, tag="events"):
    """Journal entries after number `since`."""

    since: int = 0
    limit: int = MAX_EVENTS


class Subscribe(Message, frozen=True, forbid_unknown_fields=True, tag="subscribe"):
    """Status every `every_s` wall seconds and every entry after number `since`, until the client closes. Nothing else may follow."""

    since: int = 0
    every_s: float = 0.5
    cells: bool = False


class CommandRequest(Message, frozen=True, forbid_unknown_fields=True, tag="command"):
    """A command of an operator. The same `id` again gets the same answer and does nothing."""

    id: str
    command: AnyCommand


AnyRequest = StatusRequest | EventsRequest | Subscribe | CommandRequest

# --- what the daemon answers ----------------------------------------------------------------------------------------


class EventEntry(msgspec.Struct, frozen=True):
    """A journal entry: its number, when it was (seconds since 1970, for people), and what the core said."""

    seq: int
    wall_time_utc: float
    event: Event


class LinkStatus(msgspec.Struct, frozen=True):
    """A link's health: counts since the daemon's start, wall milliseconds; `generation` counts connections.

    `near_deadline` and `unreliable` name devices (`drivers.link.LinkHealth`), `gaps` counts messages lost on the way.
    """

    name: str
    state: str
    generation: int
    reads: int
    errors: int
    timeouts: int
    latency_p99_ms: float | None
    late_cycles: int
    last_error: str
    near_deadline: tuple[str, ...] = ()
    unreliable: tuple[str, ...] = ()
    gaps: int = 0


class TaskStatus(msgspec.Struct, frozen=True):
    """A supervised task: seconds since its last sign of life, and how old that may get before the watchdog is withheld."""

    name: str
    age_s: float
    max_age_s: float


class ScanStatus(msgspec.Struct, frozen=True):
    """How the loop keeps its time; milliseconds of the wall. `p99_ms` over the last 600 scans."""

    scan: int
    tick_ms: int
    period_ms: float
    overruns: int
    last_ms: float
    p99_ms: float
    longest_ms: float
    latest_ms: float


class StorageStatus(msgspec.Struct, frozen=True):
    """Journal and recorder: how far they lag, what they lost, what ails them; `hash` is the chain's last durable one."""

    durable_seq: int
    hash: str
    journal_lag_ms: int
    journal_lost: int
    journal_failure: str
    recorder_lag_ms: int
    recorder_lost: int
    recorder_failure: str
    beginning: str
    """How the daemon began: with which latched state, or why without one."""


class WriterStatus(msgspec.Struct, frozen=True):
    """Output writes since the daemon's start."""

    written: int
    failed: int
    intent_timeouts: int
    last_errors: tuple[str, ...]


class StatusReply(Message, frozen=True, tag="status"):
    """A snapshot: the core's own words in `core`, the runtime's around them."""

    site: str
    mode: str
    language: str
    version: str
    up_s: float
    speed: float
    last_seq: int
    core: CoreStatus
    links: tuple[LinkStatus, ...]
    scans: ScanStatus
    storage: StorageStatus
    writer: WriterStatus
    tasks: tuple[TaskStatus, ...]
    late: tuple[str, ...]
    """Tasks that are late: while one of those that restart is among them, the watchdog is not fed."""


class EventsReply(Message, frozen=True, tag="events"):
    """Journal entries, oldest first."""

    entries: tuple[EventEntry, ...]


class Accepted(Message, frozen=True, tag="accepted"):
    """The command was carried out and journalled."""

    id: str
    text: str = ""


class Refused(Message, frozen=True, tag="refused"):
    """The command was understood and not carried out; `why` says what stands against it."""

    id: str
    why: str


class Failure(Message, frozen=True, tag="failure"):
    """The request could not be dealt with."""

    what: str
    remedy: str


AnyReply = StatusReply | EventsReply | Accepted | Refused | Failure

_request_decoder = msgspec.json.Decoder(AnyRequest)
_reply_decoder = msgspec.json.Decoder(AnyReply)


def command(do: str, operator: str, fields: Mapping[str, str | int]) -> AnyCommand:
    """The operator command called `do` with its fields. Raises `msgspec.ValidationError` when there is no such command."""
    made: AnyCommand = msgspec.convert({"do": do, "operator": operator, **fields}, AnyCommand)
    return made


def encode_line(message: AnyRequest | AnyReply) -> bytes:
    """One message as its line."""
    return msgspec.json.encode(message) + b"\n"


def decode_request(line: bytes) -> AnyRequest:
    """The request of a line. Raises `msgspec.DecodeError`."""
    request: AnyRequest = _request_decoder.decode(line)
    return request


def decode_reply(line: bytes) -> AnyReply:
    """The reply of a line. Raises `msgspec.DecodeError`."""
    reply: AnyReply = _reply_decoder.decode(line)
    return reply
