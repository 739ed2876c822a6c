"""Walks: long stories drawn from a fixed seed, of which every scan is kept as a short digest, so that no decision and no text changes unseen.

Where the random rooms ask whether the rules hold, a walk asks whether anything at all became another: a stage a scan later, a word in a
message, a write more. What is approved stands in `walks.txt`; `python -m tests.walks` writes it anew, and the change of that file belongs
into the same commit as the change of behaviour. Nothing here depends on a library's way of drawing.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

import msgspec

from controller.core.commands import (
    Acknowledge,
    AnyCommand,
    ConfirmIsolated,
    Delays,
    Disable,
    Enable,
    Extract,
    Force,
    HandOver,
    Occupied,
    Reset,
    Silence,
    Work,
)
from controller.core.events import Event
from controller.core.scan import ScanResult
from controller.site.model import Site, Strategy
from drivers.points import Quality
from tests.controller.core.field import LEVELS, site
from tests.controller.core.holding import GAS_LOW, HOLDING
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.random_room import CONTACTS, FORCED, HEADS, POLICIES, QUICK, SUBJECTS, Watched
from tests.controller.core.two_feeds import TWO_FEEDS

APPROVED = Path(__file__).with_name("walks.txt")
STEPS = 70
KINDS = {
    "two banks": (),
    "one bank": ONE_BANK,
    "two feeds": TWO_FEEDS,
    "holding": HOLDING,
    "holding, gas low": (*HOLDING, GAS_LOW),
}
OUTPUTS = ("breaker-1", "breaker-2", "damper", "agent", "main-a", "selector-hall", "selector-server")
DEVICES = ("do-1", "do-2", "fb", "di-1")
PAIRS = (("smoke-1", "heat-1"), ("cells-2", "smoke-2"), ("server-smoke-3", "server-smoke-4"))

T = TypeVar("T")
Act = tuple[str, Callable[[Watched], object]]


class Step(NamedTuple):
    """What was done, what was told since the step before, and the digest of all that was decided."""

    text: str
    told: tuple[Event, ...]
    digest: str


def _names() -> Iterator[tuple[str, tuple[int, Strategy, str, str]]]:
    policies = sorted(POLICIES)
    for number, (strategy, kind) in enumerate(product(Strategy, KINDS)):
        policy = policies[number % len(policies)]
        yield f"{strategy}, {kind}, {policy}", (number, strategy, kind, policy)


NAMES = dict(_names())
"""Every walk: its seed, abort or hold, banks and feeds, and what stands between one head and an alarm."""


def walk(name: str) -> Iterator[Step]:
    """One story: a site, and acts drawn one after the other."""
    number, strategy, kind, policy = NAMES[name]
    table = ("[zones.hall.cooling]", f"{POLICIES[policy]}[zones.hall.cooling]")
    field = Recorded(site(*QUICK, table, ('strategy = "hold-reload"', f'strategy = "{strategy}"'), *KINDS[kind]))
    draw = Random(number)
    for _ in range(STEPS):
        text, act = _one_of(draw, _one_of(draw, ACTS))
        act(field)
        yield Step(text, field.told_since(), field.digest())


@cache
def approved() -> dict[str, list[tuple[str, str]]]:
    """Per walk, (digest, text) of every step as approved."""
    found: dict[str, list[tuple[str, str]]] = {}
    steps: list[tuple[str, str]] = []
    for line in APPROVED.read_text(encoding="utf-8").splitlines():
        first, _, rest = line.partition(" ")
        if first == "#":
            steps = found.setdefault(rest, [])
        else:
            steps.append((first, rest))
    return found


class Recorded(Watched):
    """A field that keeps a digest of every scan's state, events and writes; the rules are looked at as in the random rooms."""

    def __init__(self, the_site: Site) -> None:
        self._seen = hashlib.blake2b(digest_size=4)
        super().__init__(the_site)

    def _scan_after(self, step_ms: int, *commands: object) -> ScanResult:
        result = super()._scan_after(step_ms, *commands)
        self._seen.update(msgspec.json.encode((self.controller.state, result.events, result.writes)))
        return result

    def told_since(self) -> tuple[Event, ...]:
        """What was told since the last call."""
        told = tuple(self.events)
        self.clear()
        return told

    def digest(self) -> str:
        """Of everything since the start."""
        return self._seen.hexdigest()


def _one_of(draw: Random, things: tuple[T, ...]) -> T:
    """Drawn by `random` alone, the only draw whose sequence Python promises to keep."""
    return things[int(draw.random() * len(things))]


# --- what may happen --------------------------------------------------------------------------------------------------


def _levels(names: tuple[str, ...], level: str, field: Watched) -> None:
    for name in names:
        field.level(name, LEVELS[level], runaway=level == "alarm" and name.startswith("cells"))
        field.scan()


def _faults(name: str, fault: int, field: Watched) -> None:
    field.fault(name, fault)
    field.scan()


def _contact(name: str, on: bool | None, field: Watched) -> None:
    if on is None:
        field.contact_fault(name)
    else:
        field.contact(name, on=on)
    field.scan()


def _gas(ppm: float, quality: Quality, field: Watched) -> None:
    for i in range(3):
        field.point(f"gas-h2[{i}]", ppm, quality)
    field.scan()


def _device(name: str, field: Watched, *, lost: bool) -> None:
    (field.lost.add if lost else field.lost.discard)(name)
    field.scan()


def _output(name: str, field: Watched, *, sticks: bool) -> None:
    (field.stuck.add if sticks else field.stuck.discard)(name)
    field.scan()


def _coil(place: str, value: float, field: Watched) -> None:
    field.point(place, value)
    field.scan()


def _time(seconds: float, field: Watched) -> None:
    field.run(seconds)


def _restart(field: Watched) -> None:
    field.restart()
    field.run(2.5)


def _say(command: AnyCommand, field: Watched) -> None:
    field.say(command)


def _said(command: AnyCommand) -> Act:
    return str(msgspec.to_builtins(command)), partial(_say, command)


def _commands() -> Iterator[AnyCommand]:
    who = "kim"
    for zone in ("hall", "server"):
        yield Reset(operator=who, zone=zone)
        yield Acknowledge(operator=who, zone=zone)
    yield Silence(operator=who, zone="hall")
    yield HandOver(operator=who, zone="hall")
    for subject in SUBJECTS:
        yield Disable(operator=who, subject=subject)
        yield Enable(operator=who, subject=subject)
    for on in (False, True):
        yield Occupied(operator=who, zone="hall", occupied=on)
        yield Delays(operator=who, zone="hall", on=on)
        yield Extract(operator=who, zone="hall", on=on)
    for rack in ("rack-1", "rack-2"):
        yield ConfirmIsolated(operator=who, rack=rack)
    for minutes in (0, 1, 60):
        yield Work(operator=who, zone="hall", work="work permit", minutes=minutes)
        yield Work(operator=who, zone="hall", work="walk test", minutes=minutes)
        yield Work(operator=who, zone="hall", work="output test", minutes=minutes)
    for subject, seconds in product(FORCED, (0, 5, 60)):
        yield Force(operator=who, subject=subject, seconds=seconds)


COILS = tuple(f"do-{module}-coils[{place}]" for module, place in product((1, 2), range(12)))
TRUE_OR_NOT = (False, True)
ACTS: tuple[tuple[Act, ...], ...] = (
    tuple((f"{n} reads {to}", partial(_levels, (n,), to)) for n, to in product(HEADS, (*LEVELS, "alarm"))),
    tuple((f"{pair[0]} and {pair[1]} alarm", partial(_levels, pair, "alarm")) for pair in PAIRS),
    tuple((f"{n} in fault {fault}", partial(_faults, n, fault)) for n, fault in product(HEADS, (0, 1, 2))),
    tuple((f"{n} {on}", partial(_contact, n, on)) for n, on in product(CONTACTS, TRUE_OR_NOT)),
    tuple((f"{n} cannot be read", partial(_contact, n, None)) for n in CONTACTS),
    tuple(
        (f"gas {ppm} {quality.name}", partial(_gas, ppm, quality))
        for ppm, quality in product((0.0, 20000.0), (Quality.GOOD, Quality.BAD))
    ),
    tuple(
        (f"{n} {'lost' if lost else 'back'}", partial(_device, n, lost=lost))
        for n, lost in product(DEVICES, TRUE_OR_NOT)
    ),
    tuple(
        (f"{n} {'sticks' if sticks else 'moves'}", partial(_output, n, sticks=sticks))
        for n, sticks in product(OUTPUTS, TRUE_OR_NOT)
    ),
    tuple((f"{place} forged {value}", partial(_coil, place, value)) for place, value in product(COILS, (0.0, 1.0))),
    tuple((f"{seconds} s pass", partial(_time, seconds)) for seconds in (0.5, 2.0, 5.0, 10.0)),
    tuple((f"{seconds} s pass", partial(_time, seconds)) for seconds in (2.0, 5.0, 10.0)),
    (("the controller restarts", _restart),),
    tuple(_said(command) for command in _commands()),
    tuple(_said(command) for command in _commands() if isinstance(command, Reset | Acknowledge | Work)),
)
"""Groups of acts: a group is drawn first, then an act of it."""
