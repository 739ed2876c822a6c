"""The daemon's standing as one message for the control socket."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from controller.core.layout import Layout
from controller.core.status import CoreStatus
from controller.protocol import (
    LinkStatus,
    ScanStatus,
    StatusReply,
    StorageStatus,
    TaskStatus,
    WriterStatus,
)
from controller.runtime.clock import PlantClock
from controller.runtime.hostfacts import HostFacts
from controller.runtime.journal import Journal
from controller.runtime.recorder import Recorder
from controller.runtime.scanner import Scanner
from controller.runtime.supervision import Supervision
from controller.runtime.writer import Writer
from drivers.installed import installed_version
from drivers.link import Link

VERSION = installed_version("haechi")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the daemon is made of."""

    layout: Layout
    clock: PlantClock
    links: Mapping[str, Link]
    scanner: Scanner
    writer: Writer
    journal: Journal
    recorder: Recorder
    facts: HostFacts
    supervision: Supervision
    beginning: str
    started_s: float


def snapshot(parts: Parts, core: CoreStatus, last_seq: int) -> StatusReply:
    """Everything that is known, now."""
    site = parts.layout.site.site
    return StatusReply(
        site=site.name,
        mode=site.mode,
        language=site.language,
        version=VERSION,
        up_s=round(time.monotonic() - parts.started_s, 1),
        speed=parts.clock.speed,
        last_seq=last_seq,
        core=core,
        links=tuple(_link(link) for link in parts.links.values()),
        scans=_scans(parts),
        storage=_storage(parts),
        writer=_writer(parts.writer),
        tasks=_tasks(parts.supervision),
        late=parts.supervision.late(),
    )


def _link(link: Link) -> LinkStatus:
    health = link.health()
    latency_ms = None if math.isnan(health.latency_p99_ms) else round(health.latency_p99_ms, 2)
    return LinkStatus(
        link.name, health.state, health.generation, health.reads, health.errors, health.timeouts, latency_ms,
        health.late_cycles, health.last_error, health.near_deadline, health.unreliable, health.gaps,
    )  # fmt: skip


def _scans(parts: Parts) -> ScanStatus:
    times = parts.scanner.times
    recent_ms = sorted(times.recent_ms) or [0.0]
    return ScanStatus(
        scan=parts.scanner.scan,
        tick_ms=parts.clock.tick_ms(),
        period_ms=parts.clock.wall_s(parts.layout.site.site.scan_s) * 1000,
        overruns=parts.facts.overruns,
        last_ms=round(times.last_ms, 3),
        p99_ms=round(recent_ms[int(len(recent_ms) * 0.99)], 3),
        longest_ms=round(times.longest_ms, 3),
        latest_ms=round(times.latest_ms, 3),
    )


def _storage(parts: Parts) -> StorageStatus:
    journal, recorder = parts.journal, parts.recorder
    return StorageStatus(
        durable_seq=journal.durable_seq,
        hash=journal.durable_hash.hex(),
        journal_lag_ms=journal.lag_ms(),
        journal_lost=journal.lost,
        journal_failure=journal.failure,
        recorder_lag_ms=recorder.lag_ms(),
        recorder_lost=recorder.lost,
        recorder_failure=recorder.failure,
        beginning=parts.beginning,
    )


def _writer(writer: Writer) -> WriterStatus:
    lanes = writer.lanes.values()
    return WriterStatus(
        sum(lane.written for lane in lanes),
        sum(lane.failed for lane in lanes),
        writer.intent_timeouts,
        tuple(lane.last_error for lane in lanes if lane.last_error),
    )


def _tasks(supervision: Supervision) -> tuple[TaskStatus, ...]:
    ages_s = supervision.ages_s()
    return tuple(TaskStatus(duty.name, round(ages_s[duty.name], 3), duty.max_age_s) for duty in supervision.duties)
