"""What tests ask of a status, of the plant's coils and of a journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.core.events import Event, Kind
from controller.core.state import Stage
from controller.protocol import OutputStatus, StatusReply, ZoneStatus

Seen = dict[str, Any]


def hall(status: StatusReply) -> ZoneStatus:
    return next(zone for zone in status.core.zones if zone.name == "hall")


def output(status: StatusReply, name: str) -> OutputStatus:
    return next(one for one in status.core.outputs if one.name == name)


def in_stage(*stages: Stage) -> Callable[[StatusReply], bool]:
    """Whether the hall is in one of these stages."""
    return lambda status: hall(status).stage in stages


def edges(seen: Seen, coil: tuple[str, int], level: int) -> int:
    """How often a coil has gone to `level`."""
    return sum((block, place, to) == (*coil, level) for _, block, place, to in seen["changes"])


def stages(events: list[Event]) -> list[str]:
    return [event.what for event in events if event.kind is Kind.STAGE]


def times(events: list[Event], kind: Kind, subject: str, what: str) -> int:
    return sum((event.kind, event.subject, event.what) == (kind, subject, what) for event in events)
