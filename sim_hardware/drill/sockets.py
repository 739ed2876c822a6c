"""A drill on real sockets: broker, plant and controller, a process each, started in their order and followed to the end."""

import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from controller.core.events import Event
from controller.protocol import EventsReply, StatusReply
from controller.site.model import Mqtt
from sim_hardware.devices.truth import Truth
from sim_hardware.drill import broker as own_broker
from sim_hardware.drill import compare
from sim_hardware.drill.children import Child, Children, wait_ready, yield_no_more
from sim_hardware.drill.errors import DrillError
from sim_hardware.drill.options import Drill
from sim_hardware.drill.panel import listening, say
from sim_hardware.faults.targets import is_on_broker
from sim_hardware.live import View
from sim_hardware.rehost import free_endpoints, plain, rehost, write_site
from sim_hardware.report.record import Record, read_truths
from sim_hardware.report.result import ComparisonResult
from sim_hardware.scenarios.nuisances import expand
from sim_hardware.scenarios.people import People

READY_LIMIT_S = 90.0
"""Wall seconds that a process may take to be ready (a fresh machine compiles kernels)."""
LEAD_S = 8.0
"""Plant time begins so long (wall) after plant and controller are started, so that both see it begin."""
CONTROLLER_NICENESS = -10
"""As deploy/systemd/haechi.service has it."""
LONGER = 1.3
"""Second try: the lead is so many times the time that the first start took."""
SILENCE_LIMIT_S = 15.0
"""The controller tells something every half second; beyond this the drill is given up."""
COMPARE_LIMIT_S = 600.0
ORDER, RESULTS = "comparisons.order", "comparisons.result"


@dataclass(slots=True)
class _Heard:
    """What the controller has told so far; counts begin with the first status."""

    events: list[Event] = field(default_factory=list)
    first: StatusReply | None = None
    last: StatusReply | None = None

    def take(self, message: StatusReply | EventsReply) -> tuple[Event, ...]:
        """Keep a message; returns its events."""
        if isinstance(message, StatusReply):
            self.first = self.first or message
            self.last = message
            return ()
        events = tuple(entry.event for entry in message.entries)
        self.events += events
        return events

    def scans(self) -> tuple[int, int]:
        """Scans and overruns since the first status."""
        if self.first is None or self.last is None:
            return 0, 0
        begin, end = self.first.scans, self.last.scans
        return end.scan - begin.scan, end.overruns - begin.overruns


class _TruthFile:
    """The plant's truth as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.latest: Truth | None = None
        self._at = 0

    def refresh(self) -> None:
        """Take in whole lines that are new."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._at)
            lines = stream.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        self._at += sum(len(line) for line in whole)
        if whole:
            self.latest = read_truths(whole[-1:])[0]


async def run_on_sockets(drill: Drill, view: View) -> tuple[Record, tuple[ComparisonResult, ...]]:
    """Run a drill; its comparisons run beside it and give way to it. Raises DrillError."""
    began_s = time.monotonic()
    folder = drill.folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="haechi-") as short:
        socket = Path(short) / "control.sock"  # a socket's path may have 108 bytes at most
        async with Children(folder) as children:
            site_file, broker = await _start_broker(drill, folder, children)
            epoch_ns = await _start_both(drill, site_file, broker, socket, folder, children)
            beside = await _start_comparisons(drill, site_file, folder, children) if drill.compared else None
            heard = await _follow(drill, socket, epoch_ns, view, children, folder)
            wall_s = time.monotonic() - began_s
            for child in [child for child in reversed(children.all) if child is not beside]:
                await children.stop(child)  # what is left of the comparisons has the machine to itself
            comparisons = await _comparisons(beside, folder) if beside else ()
    truths = read_truths((folder / "truth.ndjson").read_bytes().splitlines(keepends=True))
    kept = tuple(t for t in truths if 0 <= t.tick_ms <= drill.duration_s * 1000)
    scans, overruns = heard.scans()
    record = Record(
        drill.site, drill.scenario, drill.seed, drill.speed, tuple(heard.events), kept, scans, overruns, wall_s
    )
    return record, comparisons


# --- the processes, in their order ----------------------------------------------------------------------------------


async def _start_broker(drill: Drill, folder: Path, children: Children) -> tuple[Path, str]:
    """Our own broker, unless another is named; writes the site with free ports and returns its file.

    With faults of the broker, the plant's proxy takes the site's endpoint: the second text is the real broker's, behind it.
    """
    site = plain(drill.site, own_broker=not drill.broker)
    endpoints = free_endpoints(site)
    brokers = [name for name, link in drill.site.links.items() if isinstance(link, Mqtt)]
    is_faulty = any(is_on_broker(fault) for fault in drill.scenario.faults)
    real = drill.broker
    if drill.broker:
        await _must_answer(drill.broker)
    elif brokers:
        taken = set(endpoints.values())
        real = endpoints[brokers[0]]
        while is_faulty and real in taken:
            real = free_endpoints(site)[brokers[0]]
        child = await children.start("broker", (sys.executable, "-m", "sim_hardware.drill.broker", real))
        await wait_ready(child, lambda: child.said(own_broker.READY), READY_LIMIT_S)
    if brokers:
        endpoints |= dict.fromkeys(brokers, endpoints[brokers[0]] if is_faulty else real)
    site_file = folder / "site.toml"
    write_site(rehost(site, endpoints), site_file)
    return site_file, real if is_faulty else ""


async def _must_answer(endpoint: str) -> None:
    host, _, port = endpoint.rpartition(":")
    try:
        async with asyncio.timeout(3.0):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError) as error:
        raise DrillError(
            f"no broker answers at {endpoint} ({error}); remedy: start it, or leave --broker out"
        ) from error
    writer.transport.abort()


def _time(drill: Drill, epoch_ns: int) -> tuple[str, ...]:
    return "--epoch-ns", str(epoch_ns), "--speed", str(drill.speed)


async def _start_plant(
    drill: Drill, site_file: Path, broker: str, epoch_ns: int, folder: Path, children: Children
) -> Child:
    faults = [word for fault in drill.fault_words for word in ("--fault", fault)]
    behind = ("--broker", broker) if broker else ()
    command = (
        sys.executable, "-m", "sim_hardware.cli.main", "serve", str(site_file), *_time(drill, epoch_ns),
        "--scenario", drill.words, "--seed", str(drill.seed), "--truth", str(folder / "truth.ndjson"), *faults, *behind,
    )  # fmt: skip
    child = await children.start("plant", command)
    await wait_ready(child, lambda: child.said("ready:"), READY_LIMIT_S)
    return child


async def _start_controller(
    drill: Drill, site_file: Path, epoch_ns: int, socket: Path, folder: Path, children: Children
) -> Child:
    command = (
        sys.executable, "-m", "controller.cli.main", "run", str(site_file), "--unverified", *_time(drill, epoch_ns),
        "--data", str(folder / "data"), "--socket", str(socket),
    )  # fmt: skip
    child = await children.start("controller", command, CONTROLLER_NICENESS)
    await wait_ready(child, lambda: child.said('"event": "ready"'), READY_LIMIT_S)
    return child


async def _start_both(
    drill: Drill, site_file: Path, broker: str, socket: Path, folder: Path, children: Children
) -> int:
    """Plant and controller, both awake before anything happens: on a machine that is slow to start them, once more with a longer lead.

    Returns the epoch, in nanoseconds of CLOCK_MONOTONIC. Raises DrillError if they are late again.
    """
    lead_s = LEAD_S
    for _ in range(2):
        began_ns = time.monotonic_ns()
        epoch_ns = began_ns + round(lead_s * 1e9)
        plant = await _start_plant(drill, site_file, broker, epoch_ns, folder, children)
        controller = await _start_controller(drill, site_file, epoch_ns, socket, folder, children)
        if time.monotonic_ns() - epoch_ns < _first_act_s(drill) / drill.speed * 1e9:
            return epoch_ns
        lead_s = (time.monotonic_ns() - began_ns) / 1e9 * LONGER
        for child in (controller, plant):
            await children.stop(child)
        shutil.rmtree(folder / "data")
    raise DrillError(
        f"plant and controller needed more than {lead_s:.0f} s to start; remedy: less load on this machine, or a lower --speed"
    )


def _first_act_s(drill: Drill) -> float:
    """Plant time of the first thing that happens, which must find the controller awake."""
    scenario = drill.scenario
    acts_s = [item.at_s for item in scenario.initiations]
    acts_s += [item.at_s for item in scenario.faults] + [item.at_s for item in scenario.inputs]
    return min((at_s for at_s in acts_s if at_s > 0.0), default=drill.duration_s)


# --- what runs beside ------------------------------------------------------------------------------------------------


async def _start_comparisons(drill: Drill, site_file: Path, folder: Path, children: Children) -> Child:
    order = compare.Order(str(site_file), drill.scenario, drill.seed)
    (folder / ORDER).write_bytes(msgspec.msgpack.encode(order))
    command = (sys.executable, "-m", "sim_hardware.drill.compare", str(folder / ORDER), str(folder / RESULTS))
    return await children.start("comparisons", command)


async def _comparisons(child: Child, folder: Path) -> tuple[ComparisonResult, ...]:
    """Wait for comparisons that are still running; they need not give way any more."""
    yield_no_more(child)
    try:
        async with asyncio.timeout(COMPARE_LIMIT_S):
            await child.process.wait()
    except TimeoutError as error:
        raise DrillError(f"the comparisons did not end within {COMPARE_LIMIT_S:g} s; see {folder}") from error
    if child.process.returncode != 0:
        raise DrillError(f"the comparisons gave no result; their last lines:\n{child.last_lines()}")
    return compare.read_results(folder / RESULTS)


# --- the drill itself ------------------------------------------------------------------------------------------------


async def _follow(drill: Drill, socket: Path, epoch_ns: int, view: View, children: Children, folder: Path) -> _Heard:
    """Listen until the plant's time is over; people answer in the plant's time."""
    heard, people, truth = (
        _Heard(),
        People(expand(drill.scenario, drill.site, drill.seed).acts),
        _TruthFile(folder / "truth.ndjson"),
    )
    served = [child for child in children.all if child.name in {"broker", "plant", "controller"}]
    async with listening(socket) as messages:
        while True:
            for child in served:
                child.check()
            try:
                async with asyncio.timeout(SILENCE_LIMIT_S):
                    message = await anext(messages)
            except TimeoutError as error:
                raise DrillError(f"the controller has been silent for {SILENCE_LIMIT_S:g} s; see {folder}") from error
            events = heard.take(message)
            people.hear(events)
            now_s = (time.monotonic_ns() - epoch_ns) / 1e9 * drill.speed
            for command in people.say(max(0, round(now_s * 1000))):
                await say(socket, command)
            truth.refresh()
            view.show(max(now_s, 0.0), heard.last.core if heard.last else None, truth.latest, events)
            if now_s >= drill.duration_s and isinstance(message, StatusReply):
                return heard
