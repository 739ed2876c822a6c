"""`haechi probe`: how many requests in flight a device bears. It asks for what the site reads anyway, checks every reply, and never writes."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

import numpy as np

from controller.site.look import Look
from controller.site.model import Device, ModbusRtu, ModbusTcp, Site, has_transaction_ids
from drivers.link import LinkError, NotConnectedError, TimedOutError
from drivers.modbus.errors import TransactionError, Where
from drivers.modbus.frame import Ask, Batch, Framing, ask_read
from drivers.modbus.plan import plan_link
from drivers.modbus.wire import Connect, Once, Wire

DEPTHS = (1, 2, 4, 8, 16)
ROUNDS = 48
MOST_FAILURES = 3
"""A depth that fails so often is given up; so is the probe when nothing can be reached."""

WORTH = 1.2
"""A deeper queue is worth its risk when it reads so many times faster (assumed)."""

_PAUSE_S = 0.5
"""Before a device is connected anew: some still hold the connection that was lost."""


class NoTargetError(Exception):
    """There is nothing of that name to probe; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Target:
    """A device, its link, the devices that share it, and the requests of its read plan."""

    name: str
    link: str
    entry: ModbusTcp | ModbusRtu
    devices: dict[str, Device]
    framing: Framing
    asks: tuple[Ask, ...]

    @property
    def has_depth(self) -> bool:
        """Whether replies can be told apart, so that more than one request may be in flight."""
        return self.framing is Framing.TCP

    @property
    def place(self) -> str:
        """Endpoint or tty, for people."""
        return self.entry.port if isinstance(self.entry, ModbusRtu) else self.entry.endpoint


@dataclass(slots=True)
class Trial:
    """What came of one depth. `round_s` are the times from the first request of a round to its last reply."""

    depth: int
    answered: int = 0
    refused: int = 0
    missing: int = 0
    displaced: int = 0
    wrong: int = 0
    busy_s: float = 0.0
    round_s: list[float] = field(default_factory=list)
    last_error: str = ""

    @property
    def failures(self) -> int:
        """Rounds that did not bring every right answer."""
        return self.missing + self.displaced + self.wrong

    @property
    def reads_per_s(self) -> float:
        """Answers in a second, without what was lost with failures."""
        return self.answered / self.busy_s if self.busy_s else 0.0

    def percentile_ms(self, share: float) -> float:
        """Percentile of the rounds' times; NaN without one."""
        return 1e3 * float(np.percentile(self.round_s, share)) if self.round_s else math.nan


@dataclass(frozen=True, slots=True)
class Probed:
    """All trials; the largest depth at which every request was answered rightly, and the one to be stated (0: none)."""

    trials: tuple[Trial, ...]
    largest: int
    worth: int


def target(site: Site, name: str) -> Target:
    """The device `name` of a checked site. Raises `NoTargetError`."""
    modbus = {n: d for n, d in site.devices.items() if isinstance(site.links[d.link], (ModbusTcp, ModbusRtu))}
    device = modbus.get(name)
    if device is None:
        raise NoTargetError(f"no Modbus device is called {name}; there are {', '.join(modbus) or 'none'}")
    entry = site.links[device.link]
    blocks = [block for block in Look(site).registers.values() if block.device == name]
    if not blocks or not isinstance(entry, (ModbusTcp, ModbusRtu)):
        raise NoTargetError(f"the site reads no block of {name}; give it one")
    framing = Framing.TCP if has_transaction_ids(entry) else Framing.RTU
    has_transactions = framing is Framing.TCP
    requests = plan_link(blocks, device.max_registers, device.max_gap, has_transactions=has_transactions)
    asks = tuple(
        ask_read(Where(device.link, name, f"{r.table}@{r.address}"), r.unit, r.table, r.address, r.count)
        for r in requests
    )
    sharers = {n: d for n, d in modbus.items() if d.link == device.link}
    return Target(name, device.link, entry, sharers, framing, asks)


async def probe(connect: Connect, framing: Framing, asks: Sequence[Ask]) -> Probed:
    """Try one depth after the other, until one fails; where no transaction tells replies apart, depth 1 alone."""
    trials: list[Trial] = []
    for depth in DEPTHS if framing is Framing.TCP else DEPTHS[:1]:
        trials.append(await _try(connect, framing, asks, depth))
        if not _is_borne(trials[-1], trials[0]):
            break
    return judge(trials, len(asks))


def judge(trials: Sequence[Trial], requests: int) -> Probed:
    """Which depth was borne, and which is worth it: no deeper than takes all `requests` of the plan at once."""
    largest, worth = 0, trials[0]
    for trial in trials:
        if not _is_borne(trial, trials[0]):
            break
        largest = trial.depth
        if trial.depth < 2 * requests and trial.reads_per_s >= WORTH * worth.reads_per_s:
            worth = trial
    return Probed(tuple(trials), largest, worth.depth if largest else 0)


def _is_borne(trial: Trial, alone: Trial) -> bool:
    """Whether every request was answered, and not refused more often than when it came alone."""
    if trial.failures or not trial.answered:
        return False
    return trial.refused * alone.answered <= alone.refused * trial.answered


async def _try(connect: Connect, framing: Framing, asks: Sequence[Ask], depth: int) -> Trial:
    trial = Trial(depth)
    coming = cycle(asks)
    wire: Wire | None = None
    try:
        for _ in range(ROUNDS):
            if trial.failures >= MOST_FAILURES:
                break
            batch = Batch(tuple(islice(coming, depth)), framing)
            try:
                wire = await _ready(wire, connect, trial)
                await _round(wire, batch, trial)
            except LinkError as error:
                _note(trial, error)
    finally:
        if wire is not None:
            wire.close()
    return trial


async def _ready(wire: Wire | None, connect: Connect, trial: Trial) -> Wire:
    """The wire, or a new one in its place."""
    if wire is not None and await wire.ready():
        return wire
    if trial.failures:
        await asyncio.sleep(_PAUSE_S)
    return await connect(lambda error: _note(trial, error))


async def _round(wire: Wire, batch: Batch, trial: Trial) -> None:
    """One batch; counts what came."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    once = Once(batch)
    await wire.poll(once)
    if not once.is_answered:
        raise NotConnectedError(str(batch.asks[0].where), "the connection went before the device was asked")
    took_s = loop.time() - began_s
    trial.busy_s += took_s
    trial.round_s.append(took_s)
    trial.answered += len(batch.asks)
    trial.refused += sum(code != 0 for code in batch.codes)


def _note(trial: Trial, error: LinkError | None) -> None:
    """Count what went wrong, by kind; None is a connection that was closed while nothing was asked."""
    if error is None:
        return
    trial.last_error = str(error)
    match error:
        case TimedOutError() | NotConnectedError():
            trial.missing += 1
        case TransactionError():
            trial.displaced += 1
        case _:
            trial.wrong += 1
