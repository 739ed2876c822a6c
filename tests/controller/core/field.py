"""A small field for tests of the pure core: what heads read is said by name, writes come back as read-backs, devices move or stick.

Nothing here waits or listens: a scan is one call. `play` runs a table of rows, so that a story reads like a test protocol.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.commands import AnyCommand
from controller.core.detect.detector import Detector
from controller.core.detect.fusion import Weighed
from controller.core.detect.readings import Readings
from controller.core.events import Event, Evidence, Feature, Kind, Level, Write
from controller.core.image import Changes, Image, freeze
from controller.core.layout import Layout, OutputLayout, lay_out
from controller.core.rules import ResponseSettings
from controller.core.scan import Controller, ScanResult
from controller.core.state import RackState, State, ZoneState
from controller.core.trips import HOST_FACTS
from controller.site.loader import loads
from controller.site.model import ON_AT_REST, Family, Site
from drivers.points import BlockBuffer, Quality
from tests.controller.core.standing import Outputs

SITE = Path(__file__).with_name("site.toml")
SCAN_MS = 100
COARSE_MS = 1000
FINE_MS = 2000
READ_BACK_MS = 200
"""A written coil reads back after one poll of its module."""
TRAVEL_MS = 1000
"""A breaker, damper or valve moves for so long before its contact shows it."""

LEVELS = {"normal": Level.NORMAL, "advisory": Level.ADVISORY, "pre-alarm": Level.PRE_ALARM, "alarm": Level.ALARM}
REST = dict.fromkeys(ON_AT_REST, True)
"""Contacts at rest are off, but for the key that stands on automatic."""


@cache
def site(*changes: tuple[str, str]) -> Site:
    """The test site with some texts of its file replaced; each text must be there."""
    text = SITE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return loads(text)


def two_gases() -> Site:
    """The test site with carbon monoxide heads in its racks as well."""
    block = '[blocks.gas-co]\ndevice = "gas"\ntable = "input"\naddress = 4\ncount = 3\nunit = "ppm"\n'
    heads = '[heads."co-[1-3]"]\nfamily = "co"\nzone = "hall"\nrack = "rack-{n}"\npoints = ["gas-co[{i}]"]\n'
    after = '[blocks."asd-[1-4]-obscuration"]', "[heads.h2-room]"
    return site((after[0], block + after[0]), (after[1], heads + after[1]))


class Script(Detector):
    """A detector that reads what the test says. `kept` is evidence of the past, which a reset drops (rule 1)."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.readings = Readings.empty(layout)
        self.readings.rack_hottest_degc[:] = 25.0
        self.readings.rack_slope_degc_per_s[:] = 0.0
        self.readings.rack_live_fraction[:] = 1.0
        self.kept: set[int] = set()
        self.zones = [Weighed()] * len(layout.zones)
        self.agent: tuple[bool, ...] = ()

    def advance(self, image: Image, changed: Changes | None = None) -> Readings:
        return self.readings

    def agent_in(self, zones: Sequence[bool]) -> None:
        self.agent = tuple(zones)

    def evidence(self, head_index: int) -> Evidence:
        head = self.layout.heads[head_index]
        level = int(self.readings.level[head_index])
        feature = Feature.RUNAWAY if self.readings.runaway[head_index] else Feature.HIGH
        return Evidence(head.name, feature, self.layout.point_name(int(head.points[0])), 10.0 * level, 10.0 * level - 1)

    @property
    def weighed(self) -> tuple[Weighed, ...]:
        return tuple(self.zones)

    def leave_out(self, names: tuple[str, ...]) -> None:
        """What is out of service is the test's affair."""

    def reset(self, head_index: int) -> None:
        if head_index in self.kept:
            self.kept.discard(head_index)
            self.readings.level[head_index] = Level.NORMAL


class Field:
    """The plant of the test site around a controller."""

    def __init__(
        self,
        the_site: Site | None = None,
        *,
        settings: ResponseSettings | None = None,
        real_detector: bool = False,
        settle: bool = True,
    ) -> None:
        self.layout = _laid_out(the_site or site())
        self.settings = settings
        self.buffer = BlockBuffer.empty(self.layout.n_points)
        self.buffer.value[:] = 0.0
        self.buffer.quality[:] = Quality.GOOD
        self.buffer.sample[:] = 0
        self.lost: set[str] = set()
        self.stuck: set[str] = set()
        """Outputs whose device does not move."""
        self.deaf: set[str] = set()
        """Outputs whose module takes no write."""
        self.agent_flows = True
        self.tick_ms, self.scan_number = 0, 0
        self.host = (0,) * len(HOST_FACTS)
        self.events: list[Event] = []
        self.writes: list[tuple[int, Write]] = []
        self._coming: list[tuple[int, Write]] = []
        self._moved_ms: dict[int, int] = {}
        self._outputs, self._flow = Outputs(self.layout), self.layout.point("flow")
        self._answer = np.concatenate(self.layout.device_points)
        self._lost_then: frozenset[str] = frozenset()
        self._real_detector = real_detector
        self._warm()
        for head in self.layout.heads:
            if head.physics == "wired":
                self.contact(head.name, on=REST.get(head.head.family, False))
        for output in self.layout.outputs:
            for channel in output.channels:
                self.buffer.value[channel] = output.output.normal
        self.controller = Controller(self.layout, settings=settings)
        self._put_script()
        if settle:
            self.run(TRAVEL_MS / 1000)

    def _warm(self) -> None:
        """Heads at room values, for the tests that use the real detector."""
        for head in self.layout.heads:
            room = {Family.CELL_TEMPERATURE: 25.0, Family.HEAT: 22.0, Family.CLIMATE_TEMPERATURE: 22.0}
            self.buffer.value[head.points] = room.get(head.head.family, 0.0)

    def _put_script(self) -> None:
        self.script = Script(self.layout)
        if not self._real_detector:
            self.controller.detector = self.script

    # --- what happens in the field

    def head(self, name: str) -> int:
        """Index of a head."""
        return next(h.index for h in self.layout.heads if h.name == name)

    def level(self, name: str, level: Level, *, runaway: bool = False, fire_2: bool = False) -> None:
        """A head reads a level from now on."""
        self.script.readings.marks[self.head(name)] = fire_2
        self.script.readings.level[self.head(name)] = level
        self.script.readings.runaway[self.head(name)] = runaway

    def weigh(self, *heads: str, level: Level, rack: str = "", zone: str = "hall") -> None:
        """Heads of a zone say together what none of them says alone."""
        place = self.layout.zones.index(zone)
        named = self.layout.racks.index(rack) if rack else -1
        said = tuple(self.script.evidence(self.head(name)) for name in heads)
        self.script.zones[place] = self.script.zones[place]._replace(level=int(level), rack=named, evidence=said)

    def doubt(self, *heads: str, feature: Feature = Feature.FLAT, zone: str = "hall") -> None:
        """The BMS heads of a zone that are flat or silent from now on."""
        place = self.layout.zones.index(zone)
        said = tuple(Evidence(name, feature, f"{name}[0]", 40.0, 30.0, 0.0) for name in heads)
        self.script.zones[place] = self.script.zones[place]._replace(doubts=said)

    def fault(self, name: str, fault: int = 2) -> None:
        """A head is in fault (2: as a whole), or sound again (0)."""
        self.script.readings.fault[self.head(name)] = fault

    def contact(self, name: str, *, on: bool) -> None:
        """A wired input changes; an antivalent pair changes both contacts."""
        first, *second = self.layout.heads[self.head(name)].points
        self.buffer.value[first] = on
        for point in second:
            self.buffer.value[point] = not on

    def contact_fault(self, name: str) -> None:
        """A wired input of two contacts disagrees; one of a single contact loses its module's answer."""
        first, *second = self.layout.heads[self.head(name)].points
        if second:
            self.buffer.value[first] = self.buffer.value[second[0]]
        else:
            self.buffer.quality[first] = Quality.BAD

    def point(self, reference: str, value: float, quality: Quality = Quality.GOOD) -> None:
        """One point by its reference."""
        index = self.layout.point(reference)
        self.buffer.value[index], self.buffer.quality[index] = value, quality

    def lose(self, device: str) -> None:
        """A device answers no more: its points go stale."""
        self.lost.add(device)

    # --- time

    def scan(self, *commands: AnyCommand) -> ScanResult:
        """One scan, with the commands that came with it."""
        return self._scan_after(SCAN_MS, *commands)

    def _scan_after(self, step_ms: int, *commands: AnyCommand) -> ScanResult:
        self.tick_ms += step_ms
        self.scan_number += 1
        self._move()
        answering = self._answering()
        self.buffer.sample[answering] += 1
        self.buffer.received_ms[answering] = self.tick_ms
        image = freeze(self.scan_number, self.tick_ms, [self.buffer], self.layout.max_age_ms, self.host)
        result = self.controller.scan(image, commands)
        self.image = image
        self.events += result.events
        self.writes += [(self.tick_ms, write) for write in result.writes]
        self._coming += [(self.tick_ms + READ_BACK_MS, write) for write in result.writes]
        return result

    def say(self, command: AnyCommand) -> Event:
        """An operator says something; returns the answer."""
        result = self.scan(command)
        return next(e for e in result.events if e.kind in {Kind.COMMAND, Kind.REFUSED})

    def run(self, seconds: float) -> None:
        """Scan for so long; the middle of a long wait once a second, which the core's timers do not mind."""
        left_ms, began_ms = round(seconds * 1000), self.tick_ms
        while left_ms > 0:
            coarse = self.tick_ms - began_ms >= FINE_MS and left_ms > FINE_MS + COARSE_MS
            step_ms = COARSE_MS if coarse else SCAN_MS
            self._scan_after(step_ms)
            left_ms -= step_ms

    def restart(self, *, lose_state: bool = False) -> None:
        """A new controller on the same field, with the latched state of the old one (through its bytes), or without."""
        state = None if lose_state else _through_bytes(self.controller.state)
        script = self.script
        self.controller = Controller(self.layout, state, self.settings)
        if not self._real_detector:
            self.controller.detector = self.script = script

    def _answering(self) -> npt.NDArray[np.int32]:
        """Image indices of all points whose devices answer."""
        lost = frozenset(self.lost)
        if lost != self._lost_then:
            devices = zip(self.layout.devices, self.layout.device_points, strict=True)
            kept = [points for device, points in devices if device not in lost]
            self._answer, self._lost_then = np.concatenate(kept or [np.zeros(0, np.int32)]), lost
        return self._answer

    def _move(self) -> None:
        due = [write for at_ms, write in self._coming if at_ms <= self.tick_ms]
        self._coming = [(at_ms, write) for at_ms, write in self._coming if at_ms > self.tick_ms]
        for write in due:
            if write.output not in self.deaf:
                self.buffer.value[write.point] = write.value
        standing = self._outputs.standing(self.buffer.value)
        differs = self._outputs.differs(self.buffer.value, standing)
        for index in self._moved_ms.keys() - differs:
            del self._moved_ms[index]
        for index in differs:
            self._move_device(self.layout.outputs[index], float(standing[index]))
        self._agent(standing)
        self.buffer.value[self._flow] = 60.0 * self.buffer.value[self._outputs.valves].any()

    def _move_device(self, output: OutputLayout, wanted: float) -> None:
        if output.name in self.stuck:
            self._moved_ms.pop(output.index, None)
            return
        since_ms = self._moved_ms.setdefault(output.index, self.tick_ms)
        if self.tick_ms - since_ms >= TRAVEL_MS:
            self.buffer.value[output.feedback] = wanted

    def _agent(self, standing: npt.NDArray[np.bool_]) -> None:
        """The pressure switch of a zone closes while a bank is let go by both its channels, and led to it; it stays closed."""
        if not standing[self._outputs.banks].any():
            return
        for zone in self.layout.site.zones.values():
            if zone.release is None or not self.agent_flows:
                continue
            banks = [name for name in (zone.release.output, zone.release.reserve_output) if name]
            selector = zone.release.selector
            led_here = not selector or bool(self.buffer.value[self.layout.output(selector).feedback])
            if led_here and any(self.on(name) for name in banks if name not in self.stuck):
                self.point(zone.release.discharged, 1.0)

    # --- what one sees

    def on(self, output: str) -> bool:
        """Whether every channel of an output stands away from its normal level in the module."""
        layout = self.layout.output(output)
        return all(self.buffer.value[channel] != layout.output.normal for channel in layout.channels)

    def zone(self, name: str = "hall") -> ZoneState:
        """A zone's latched state."""
        return self.controller.state.zones[self.layout.zones.index(name)]

    def rack(self, name: str) -> RackState:
        """A rack's latched state."""
        return self.controller.state.racks[self.layout.racks.index(name)]

    def told(self, kind: Kind, subject: str = "") -> list[str]:
        """What was told of a kind (and a subject), in its order."""
        return [e.what for e in self.events if e.kind is kind and subject in {"", e.subject}]

    def troubles(self) -> set[str]:
        """Troubles that are shown now, as trip:subject."""
        return {f"{t.trip}:{t.subject}" for t in self.controller.state.trips if t.shown}

    def clear(self) -> None:
        """Forget what was told and written so far."""
        self.events.clear()
        self.writes.clear()


_layouts: dict[int, tuple[Site, Layout]] = {}


def _laid_out(the_site: Site) -> Layout:
    """A layout is frozen, so tests may share it."""
    return _layouts.setdefault(id(the_site), (the_site, lay_out(the_site)))[1]


def _through_bytes(state: State) -> State:
    return msgspec.json.decode(msgspec.json.encode(state), type=State)


# --- stories


def play(field: Field, table: str, zone: str = "hall") -> None:
    """Run a story. Each row: seconds to wait | what happens then | stage of the zone one scan later | outputs on (+) and off (-).

    What happens: `smoke-1 alarm`, `cells-1 runaway`, `smoke-1 normal`, `hold on`, `abort off`, `h2-1 fault`, `call-point fault`;
    several are parted by commas. An empty cell is not judged.
    """
    for row in filter(None, map(str.strip, table.strip().splitlines())):
        wait_s, happens, stage, outputs = ([cell.strip() for cell in row.split("|")] + ["", "", ""])[:4]
        field.run(float(wait_s))
        for action in filter(None, (part.strip() for part in happens.split(","))):
            _do(field, action)
        field.scan()
        assert stage in {"", str(field.zone(zone).stage)}, f"row {row!r}: stage is {field.zone(zone).stage}"
        for name in outputs.split():
            assert field.on(name[1:]) == (name[0] == "+"), f"row {row!r}: {name[1:]} is {field.on(name[1:])}"


def _do(field: Field, action: str) -> None:
    name, what = action.split()
    wired = field.layout.heads[field.head(name)].physics == "wired"
    if what == "fault":
        (field.contact_fault if wired else field.fault)(name)
    elif wired:
        field.contact(name, on=what == "on")
    elif what == "fire-2":
        field.level(name, Level.ALARM, fire_2=True)
    elif what == "runaway":
        field.level(name, Level.ALARM, runaway=True)
    else:
        field.level(name, LEVELS[what])


def writes_of(field: Field, output: str) -> list[tuple[int, int, int]]:
    """(tick, channel place, value) of every write to an output."""
    channels = field.layout.output(output).channels
    return [(tick, channels.index(w.point), w.value) for tick, w in field.writes if w.output == output]


def names(events: Iterable[Event]) -> list[str]:
    """Events in short, for comparisons."""
    return [f"{e.kind} {e.subject} {e.what}" for e in events]
