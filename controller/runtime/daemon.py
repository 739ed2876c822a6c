"""The daemon: everything put together, started in the one order that is safe, and stopped cleanly."""

import asyncio
import contextlib
import signal
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.core.chain import encode, hash_next
from controller.core.commands import AnyCommand
from controller.core.detect.detector import warm_up
from controller.core.events import Event, Kind
from controller.core.layout import Layout, lay_out
from controller.core.scan import Controller
from controller.core.survey import core_status
from controller.protocol import EventEntry, StatusReply
from controller.runtime import datadir
from controller.runtime.assemble import Field, assemble, device_of
from controller.runtime.clock import PlantClock
from controller.runtime.control import ControlServer
from controller.runtime.datadir import Beginning
from controller.runtime.eventlog import KEPT, EventLog
from controller.runtime.hostfacts import HostFacts, night_watch
from controller.runtime.journal import Journal
from controller.runtime.kernels import GoldenError, LibraryError, make_ready
from controller.runtime.linkfacts import LinkFacts
from controller.runtime.logs import Log, configure_log
from controller.runtime.realtime import RealTime, ask_machine, settle_memory
from controller.runtime.recorder import Recorder
from controller.runtime.recording import Start
from controller.runtime.scanner import Outlets, Scanner
from controller.runtime.snapshot import VERSION, Parts, snapshot
from controller.runtime.supervision import Supervision
from controller.runtime.watchdog import Notifier, Watchdog, kick_period_s, notify_address
from controller.runtime.writer import Writer
from controller.site.digest import site_digest
from controller.site.model import Site
from drivers.link import Link, LinkError
from drivers.points import Quality, RegisterBlock

log = Log(__name__)

REFUSED = 2
"""Exit code: the site file or the data directory cannot be used."""
FAILED = 1
FIRST_VALUES_S = 2.0
"""Wall seconds to wait for the first values of all registers; what has not come by then is unknown, and says so.

Topics are not waited for: their senders speak when they like, and no release rests on them (rule 3).
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What `haechi run` is given. Relative file names of the site start in `folder`.

    Without `epoch_ns` plant time begins now, or goes on from the last run.
    """

    folder: Path
    data: Path
    socket: Path
    epoch_ns: int | None = None
    speed: float = 1.0
    recording_mib: int = 512
    realtime: RealTime = field(default_factory=RealTime)


def run_daemon(options: Options, site: Site) -> int:
    """Protect a checked site until SIGTERM or SIGINT; the exit code."""
    logs = configure_log()
    try:
        _ready_kernels()
        with datadir.hold(options.data):
            return asyncio.run(_main(options, site))
    except (OSError, datadir.DataError, LinkError, GoldenError, LibraryError) as error:
        log.error("refused", error=str(error))  # noqa: TRY400 (what to do is in the text, not in a traceback)
        return REFUSED
    finally:
        logs.drain()


class Daemon:
    """One site under protection. Made with the state restored and the kernels ready; nothing is connected before `run`."""

    def __init__(self, options: Options, site: Site, layout: Layout) -> None:
        path = options.data / datadir.JOURNAL
        beginning = datadir.begin(path, site, KEPT)
        restored = beginning.restored
        self.clock: PlantClock = datadir.plant_clock(path, beginning, options.epoch_ns, options.speed)
        datadir.note_run(path, site, self.clock, lost=beginning.lost)
        self.layout, self.beginning = layout, beginning.how
        self.core = Controller(layout, beginning.state, lost=beginning.lost)
        self.field: Field = assemble(layout, self.clock, options.folder)
        self.supervision = Supervision()
        self.journal = Journal(path, restored.seq + 1, restored.last_hash)
        opening = _opening(site, beginning, self.clock)
        start = Start(
            uuid.uuid4().hex, 0, layout.n_points, site_digest(site), beginning.state_bytes,
            hash_next(restored.last_hash, encode(opening)), restored.seq + 1, beginning.lost,
        )  # fmt: skip
        self.recorder = Recorder(options.data / datadir.RECORDING, start, options.recording_mib << 20)
        self.eventlog = EventLog(beginning.tail)
        self.writer = Writer(
            self.field.link_of_device, device_of(layout), layout.place_of, lambda: self.journal.durable_seq,
            self.clock.wall_s(site.site.scan_s), self.supervision,
        )  # fmt: skip
        links = LinkFacts(self.field.links, layout.devices, layout.links)
        self.facts = HostFacts(
            self.journal.lag_ms, self.recorder.lag_ms, lambda: self.writer.intent_timeouts, links.read,
            night_watch(site.site.night),
        )  # fmt: skip
        outlets = Outlets(self.journal, self.recorder, self.writer, self._publish)
        self.scanner = Scanner(
            layout, self.core, (self.field.room,), self.clock, self.facts, outlets, self.supervision, restored.scan,
            (opening,),
        )  # fmt: skip
        self._realtime = options.realtime
        self.notifier = Notifier(notify_address())
        self.watchdog = Watchdog(self.notifier, self.supervision, lambda: self.scanner.scan)
        self.control = ControlServer(options.socket, self, self.supervision)
        self._started_s = time.monotonic()
        self._withheld: tuple[str, ...] = ()

    # --- what the control socket asks -------------------------------------------------------------------------------

    def status(self, *, cells: bool) -> StatusReply:
        """A snapshot; the socket opens after the first scan."""
        image = self.scanner.image
        if image is None:
            raise RuntimeError("there was no scan yet")
        parts = Parts(
            self.layout, self.clock, self.field.links, self.scanner, self.writer, self.journal, self.recorder,
            self.facts, self.supervision, self.beginning, self._started_s,
        )  # fmt: skip
        return snapshot(parts, core_status(self.core, image, cells=cells), self.eventlog.last_seq)

    def events(self, since: int, limit: int) -> tuple[EventEntry, ...]:
        """The entries after number `since`."""
        return self.eventlog.since(since, limit)

    def ask(self, command: AnyCommand) -> asyncio.Future[Event | None]:
        """Give a command to the next scan."""
        return self.scanner.ask(command)

    def _publish(self, first_seq: int, events: tuple[Event, ...]) -> None:
        self.eventlog.add(first_seq, events)
        for event in events:
            if event.kind is not Kind.DIGEST:
                log.info(
                    "event", kind=event.kind, zone=event.zone, subject=event.subject, what=event.what, scan=event.scan
                )

    # --- its life ---------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Protect until `stop`. Raises what ends a task that must not end."""
        loop = asyncio.get_running_loop()
        self.journal.start(lambda: call_on(loop, self.writer.durable))
        self.recorder.start()
        self.supervision.own("journal", lambda: self.journal.ended)
        self.supervision.own("recorder", lambda: self.recorder.ended)
        _hold_machine(self._realtime)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = self._start_field(group)
                await self._first_values()
                tasks += await self._start_scanning(group)
                await stop.wait()
                for task in reversed(tasks):
                    task.cancel()
        finally:
            self._close()

    def _start_field(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """The owners of the links; nothing is written yet (rule 11)."""
        tasks = []
        for name, link in self.field.links.items():
            task = group.create_task(_own(link), name=f"link {name}")
            self.supervision.own(f"link {name}", task.done)
            tasks.append(task)
        return tasks

    async def _first_values(self) -> None:
        """Wait until every register has been read, those of the output modules among them (rule 11), but not for long."""
        deadline_s = time.monotonic() + FIRST_VALUES_S
        while time.monotonic() < deadline_s and _unknown(self.layout, self.field):  # noqa: ASYNC110 (plain arrays: nobody could set an event)
            await asyncio.sleep(0.02)

    async def _start_scanning(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Scan, write, serve; READY only once a scan has been made and clients can connect."""
        self.scanner.scan_once()
        settle_memory()
        listening = asyncio.Event()
        jobs: list[tuple[str, Coroutine[Any, Any, None]]] = [
            ("control", self.control.run(listening.set)),
            ("writer", self.writer.run()),
            ("scanner", self.scanner.run()),
            ("watchdog", self.watchdog.run(kick_period_s(), self._hear_withheld)),
            *((f"kick {kick.point}", self.writer.kick(kick, lambda: self.scanner.scan)) for kick in self.field.kicks),
        ]
        tasks = [group.create_task(job, name=name) for name, job in jobs]
        await listening.wait()
        self.notifier.notify("READY=1")
        log.info("ready", site=self.layout.site.site.name, mode=self.layout.site.site.mode, beginning=self.beginning)
        return tasks

    def _hear_withheld(self, reasons: tuple[str, ...]) -> None:
        if reasons != self._withheld:
            self._withheld = reasons
            log.error("watchdog_withheld", late=reasons)

    def _close(self) -> None:
        self.notifier.notify("STOPPING=1")
        self.scanner.close()
        whole = self.journal.close() & self.recorder.close()
        self.notifier.close()
        log.info("stopped", scan=self.scanner.scan, all_on_disk=whole)


def _opening(site: Site, beginning: Beginning, clock: PlantClock) -> Event:
    """The first entry of a run, of the runtime itself: which program began, with which site and mode, from which state."""
    what = "state lost" if beginning.lost else "restored" if beginning.state else "fresh"
    text = f"version {VERSION}, site {site_digest(site).hex()}, mode {site.site.mode}: {beginning.how}"
    return Event(beginning.restored.scan, clock.tick_ms(), Kind.START, "", site.site.name, what, text)


async def _main(options: Options, site: Site) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    layout = lay_out(site)
    warm_up(layout)
    daemon = Daemon(options, site, layout)
    try:
        await daemon.run(stop)
    except ExceptionGroup as failures:  # told with every traceback; the service manager starts anew
        log.exception("failed", errors=[repr(error) for error in failures.exceptions])
        return FAILED
    return 0


def _ready_kernels() -> None:
    """Before anything is protected: the library of kernels, or numba in its place, and the golden vectors. Raises if they do not agree."""
    ready = make_ready()
    log.info("kernels", compiled_ahead=ready.cpu, golden=ready.compared, took_s=round(ready.took_s, 3))
    if ready.note:
        log.warning("kernels_compiled_at_start", note=ready.note)


def _hold_machine(wanted: RealTime) -> None:
    """Ask for what keeps the scan in time; without it the site is protected all the same, and the log says what to do."""
    granted, refused = ask_machine(wanted)
    if granted:
        log.info("realtime", granted=granted)
    for one in refused:
        log.warning("realtime_refused", wanted=one.wanted, why=one.why, remedy=one.remedy)


async def _own(link: Link) -> None:
    """A link that fails as no wire can make it fail is shown and supervised; the other links go on."""
    try:
        await link.run()
    except Exception:  # a fault of the program: logged, and the missing owner withholds the watchdog
        log.exception("link_failed", link=link.name)


def _unknown(layout: Layout, field: Field) -> bool:
    return any(
        isinstance(block, RegisterBlock) and bool((buffer.quality == Quality.UNKNOWN).any())
        for block, buffer in zip(layout.blocks, field.buffers, strict=True)
    )


def call_on(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Call on the loop from another thread; a loop that has ended needs it no more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function)
