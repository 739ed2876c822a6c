"""Stories: short tables of what happens, of which what is told stands word by word in `stories.txt`, with a digest of all that is decided.

A walk is drawn by chance and gets where chance leads; a story goes where it should: to the discharge that is blocked half-way, to the gas that
comes back, to the second room that waits for the bank. What is approved is written by `python -m tests.walks`, as the walks are.

A row: seconds to wait | what happens then, one after the other, a scan each. What happens: as in `field.play`; `gas high`, `low`, `bad`;
`do-1 lost`, `do-1 back`; `damper sticks`, `damper moves`; `rack-1 hot`, `rack-1 dead`, `rack-1 calm`; `cells-1 flat`, `cells-1 silent`;
`together alarm@rack-1`: what heads say together; `point[3] 1`: forged, or moved by hand; `a+b fault`: both at once; `host 1 2001`: a fact
of the runtime; `restart`, `restart lost` (without its state); `night`, `day`; and `say` with a command as it stands on the wire: `say reset
zone=hall`.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from controller.core.commands import AnyCommand
from controller.core.detect.fusion import Weighed
from controller.core.draft import Draft
from controller.core.events import Event, Feature, Kind, Level
from controller.core.inputs import DRIFTED
from controller.core.scan import ScanResult
from controller.core.trips import NIGHT
from controller.core.zone.conditions import condition_vector
from drivers.points import Quality
from tests.controller.core.field import _do, site
from tests.controller.core.random_room import QUICK
from tests.controller.core.tales import TALES
from tests.controller.core.walks import Recorded

APPROVED = Path(__file__).with_name("stories.txt")
GAS = {"high": (20000.0, Quality.GOOD), "low": (0.0, Quality.GOOD), "bad": (0.0, Quality.BAD)}
RACK = {"hot": (300.0, 1.0), "dead": (25.0, 0.0), "calm": (25.0, 1.0)}
"""Hottest cell in degC and live fraction."""

UNTOLD = frozenset({Kind.OUTPUT, Kind.INPUT, Kind.DIGEST})
"""Each output's steps and contact's changes would hide what is told; the digest of all that is decided knows them."""


class Row(NamedTuple):
    """What happened, what was told, and the digest of all that was decided since the start."""

    text: str
    told: tuple[str, ...]
    digest: str


class Told(Recorded):
    """Keeps what the matrix may be asked for as well: the rows of one site name a few of the conditions alone."""

    def _scan_after(self, step_ms: int, *commands: object) -> ScanResult:
        result = super()._scan_after(step_ms, *commands)
        inputs = self.controller.inputs
        if result.state_changed and inputs is not None:
            place = (self.scan_number, self.tick_ms)
            draft = Draft(self.controller.rules, result.state, inputs, place, self.script.evidence)
            self._seen.update(msgspec.json.encode(condition_vector(draft)))
        return result


def story(name: str) -> Iterator[Row]:
    """Its steps, a row each."""
    changes, rows = TALES[name]
    field = Told(site(*QUICK, *changes))
    field.clear()
    for row in filter(None, map(str.strip, rows.strip().splitlines())):
        wait_s, _, happens = row.partition("|")
        field.run(float(wait_s))
        for action in filter(None, map(str.strip, happens.split(","))):
            _happens(field, action)
            field.scan()
        yield Row(row, tuple(_word(event) for event in field.told_since() if event.kind not in UNTOLD), field.digest())


def _word(event: Event) -> str:
    return f"{event.kind} {event.zone} {event.subject}: {event.what} {event.text}".rstrip()


@cache
def approved() -> dict[str, list[Row]]:
    """Per story, its steps as approved."""
    found: dict[str, list[Row]] = {}
    for block in APPROVED.read_text(encoding="utf-8").split("# ")[1:]:
        name, *lines = block.splitlines()
        steps = found.setdefault(name, [])
        for line in lines:
            if line.startswith("    "):
                steps[-1] = steps[-1]._replace(told=(*steps[-1].told, line.strip()))
            else:
                digest, _, text = line.partition(" ")
                steps.append(Row(text, (), digest))
    return found


def lines_of(name: str) -> Iterator[str]:
    """A story as it is approved."""
    yield f"# {name}\n"
    for step in story(name):
        yield f"{step.digest} {step.text}\n"
        yield from (f"    {line}\n" for line in step.told)


def _happens(field: Recorded, action: str) -> None:
    what, _, how = action.partition(" ")
    if what == "say":
        do, *rest = how.split()
        told = dict(part.split("=", 1) for part in rest)
        told = {key: value.replace("_", " ") for key, value in told.items()}
        field.scan(msgspec.convert({"do": do, "operator": "kim", **told}, AnyCommand, strict=False))
    elif what == "restart":
        field.restart(lose_state=how == "lost")
    elif what in {"night", "day"}:
        field.host = tuple(int(what == "night") if place == NIGHT else fact for place, fact in enumerate(field.host))
    elif what == "host":
        place, fact = map(int, how.split())
        field.host = (*field.host[:place], fact, *field.host[place + 1 :])
    elif what == "gas":
        for place in range(3):
            field.point(f"gas-h2[{place}]", *GAS[how])
    elif what in RACK_NAMES:
        rack = field.layout.racks.index(what)
        field.script.readings.rack_hottest_degc[rack], field.script.readings.rack_live_fraction[rack] = RACK[how]
    else:
        for name in what.split("+"):
            _thing(field, name, how)


RACK_NAMES = ("rack-1", "rack-2", "rack-3")


def _thing(field: Recorded, what: str, how: str) -> None:
    """A device, an output, a point, or a head."""
    if how in {"lost", "back"}:
        (field.lost.add if how == "lost" else field.lost.discard)(what)
    elif how in {"sticks", "moves"}:
        (field.stuck.add if how == "sticks" else field.stuck.discard)(what)
    elif how == "dirty":
        field.script.readings.marks[field.head(what)] |= DRIFTED
    elif how == "well":
        field.fault(what, 0)
    elif how in {"flat", "silent", "sound"}:
        _doubt(field, what, how)
    elif what.startswith("together"):
        rack = how.partition("@")[2]
        heads = ("cells-1", "h2-1")
        field.weigh(*heads, level=Level[how.partition("@")[0].replace("-", "_").upper()], rack=rack)
    elif what.endswith("]"):
        field.point(what, float(how))
    else:
        _do(field, f"{what} {how}")


def _doubt(field: Recorded, head: str, how: str) -> None:
    """A head is flat or silent from now on, beside those that are; or sound again, and all with it."""
    if how == "sound":
        field.script.zones[0] = Weighed()
    else:
        feature = Feature.FLAT if how == "flat" else Feature.NO_VALUE
        before = field.script.zones[0].doubts
        field.doubt(head, feature=feature)
        field.script.zones[0] = field.script.zones[0]._replace(doubts=(*before, *field.script.zones[0].doubts))
