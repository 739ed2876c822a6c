"""What one sees while a drill runs: racks as a heat map, responses, outputs, events; plain lines where there is no terminal."""

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from controller.core.events import Event, Kind
from controller.core.status import CoreStatus, ZoneStatus
from sim_hardware.devices.truth import BatteryTruth, Truth
from sim_hardware.report.svg import clock
from sim_hardware.report.words import RESPONSES, stage

LINE_EVERY_S = 15.0
MOST_LINES = 480
"""Plant time between two plain lines."""
EVENTS_SHOWN = 12
TOLD = frozenset({Kind.LEVEL, Kind.STAGE, Kind.RESPONSE, Kind.REQUEST, Kind.COMMAND, Kind.REFUSED, Kind.TROUBLE})
"""Kinds of events that people are shown; the journal has all."""
HEAT = (
    (30.0, "grey37"), (45.0, "green4"), (60.0, "yellow3"), (80.0, "orange3"), (150.0, "dark_orange3"), (400.0, "red3"),
)  # fmt: skip
"""Upper ends in degC, and the colour below them; beyond all: HOTTEST."""
HOTTEST = "bright_magenta"
SEVERITY = {Kind.STAGE: "bold yellow", Kind.REQUEST: "bold magenta", Kind.TROUBLE: "cyan", Kind.COMMAND: "green"}


class View(Protocol):
    """What follows a drill."""

    def show(self, now_s: float, core: CoreStatus | None, truth: Truth | None, events: Iterable[Event]) -> None:
        """Take in the present and what has been told since the last call."""
        ...

    def close(self) -> None:
        """The drill is over."""
        ...


class Lines:
    """Plain lines: what happens, and a sign of life every 15 s of plant time, `MOST_LINES` at most."""

    def __init__(self, console: Console, duration_s: float) -> None:
        self._console = console
        self._duration_s = duration_s
        self._every_s = max(LINE_EVERY_S, duration_s / MOST_LINES)
        self._due_s = 0.0

    def show(self, now_s: float, core: CoreStatus | None, truth: Truth | None, events: Iterable[Event]) -> None:
        """Print new events of weight, and the progress when it is due."""
        for event in events:
            if event.kind in {Kind.STAGE, Kind.REQUEST, Kind.COMMAND, Kind.REFUSED, Kind.TROUBLE}:
                self._console.print(_event_text(event), soft_wrap=True)
        if now_s >= self._due_s:
            self._due_s = now_s - now_s % self._every_s + self._every_s
            self._console.print(f"{clock(now_s)} of {clock(self._duration_s)}  {_summary(core, truth)}", soft_wrap=True)

    def close(self) -> None:
        """Nothing to take down."""


class Screen:
    """The live view on a terminal."""

    def __init__(self, console: Console, duration_s: float) -> None:
        self._duration_s = duration_s
        self._events: deque[Event] = deque(maxlen=EVENTS_SHOWN)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def show(self, now_s: float, core: CoreStatus | None, truth: Truth | None, events: Iterable[Event]) -> None:
        """Draw anew."""
        self._events.extend(event for event in events if event.kind in TOLD)
        self._live.update(picture(now_s, self._duration_s, core, truth, tuple(self._events)), refresh=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()


def view_for(console: Console, duration_s: float, *, live: bool) -> View:
    """A live view on a terminal, lines elsewhere or when asked for."""
    return Screen(console, duration_s) if live and console.is_terminal else Lines(console, duration_s)


def picture(
    now_s: float, duration_s: float, core: CoreStatus | None, truth: Truth | None, events: tuple[Event, ...]
) -> Group:
    """The whole view."""
    parts: list[Panel] = []
    if truth:
        parts += [
            Panel(heat_map(room), title=f"{room.zone}: hottest cell of each module, °C") for room in truth.battery
        ]
    if core:
        parts.append(Panel(_responses(core), title="Responses"))
        parts.append(Panel(_outputs(core), title="Outputs"))
    told = Text("\n").join(_event_text(event) for event in events)
    parts.append(Panel(told, title="Events", height=EVENTS_SHOWN + 2))
    head = Text(f"Haechi drill   {clock(now_s)} of {clock(duration_s)} of plant time", style="bold")
    return Group(head, *parts)


def heat_map(room: BatteryTruth) -> Table:
    """Racks side by side, their modules from top to bottom; runaway cells below."""
    table = Table.grid(padding=(0, 1))
    racks = room.module_max_degc
    table.add_row("", *(f"rack {k + 1}" for k in range(len(racks))))
    for module in reversed(range(len(racks[0]) if racks else 0)):
        cells = (Text(f"{rack[module]:6.0f}", style=f"white on {colour(rack[module])}") for rack in racks)
        table.add_row(f"module {module + 1}", *cells)
    table.add_row("runaway", *(Text(f"{n:6d}", style="bold red" if n else "grey50") for n in room.runaway))
    table.add_row("water", *(f"{flow:6.0f}" for flow in room.coolant_lpm))
    return table


def colour(temp_degc: float) -> str:
    """The colour of a temperature."""
    return next((name for end, name in HEAT if temp_degc < end), HOTTEST)


def _responses(core: CoreStatus) -> Table:
    table = Table.grid(padding=(0, 2))
    for zone in core.zones:
        table.add_row(Text(zone.title or zone.name, style="bold"), _stage(core, zone), _active(zone), zone.availability)
        racks = [f"{rack.name} {rack.isolation}{', water' if rack.cool else ''}" for rack in zone.racks]
        moved = [text for rack, text in zip(zone.racks, racks, strict=True) if rack.isolation != "none" or rack.cool]
        if moved:
            table.add_row("", "isolation", "; ".join(moved), "; ".join(zone.inhibits))
    return table


def _stage(core: CoreStatus, zone: ZoneStatus) -> str:
    left_s = (zone.due_ms - core.tick_ms) / 1000
    return f"{stage(zone.stage).en}" + (f" {left_s:.0f} s left" if left_s > 0 else "")


def _active(zone: ZoneStatus) -> str:
    return ", ".join(RESPONSES[name].en if name in RESPONSES else name for name in zone.responses) or "no response"


def _outputs(core: CoreStatus) -> Text:
    """Active outputs with how far they have come."""
    text = Text()
    for output in core.outputs:
        if output.active:
            style = {"settled": "green", "failed": "bold red"}.get(output.drive, "yellow")
            text.append(f"{output.name} ", style=style)
    return text or Text("all at rest", style="grey50")


def _event_text(event: Event) -> Text:
    who = f" ({event.operator})" if event.operator else ""
    words = f"{clock(event.tick_ms / 1000):>6}  {event.kind:9} {event.subject} {event.what}{who}"
    return Text(words + (f"  {event.text}" if event.text else ""), style=SEVERITY.get(event.kind, ""))


def _summary(core: CoreStatus | None, truth: Truth | None) -> str:
    zones = [f"{zone.name}: {stage(zone.stage).en}, {_active(zone)}" for zone in core.zones] if core else []
    hot = [f"hottest {max(max(r) for r in b.module_max_degc):.0f} °C" for b in truth.battery] if truth else []
    return "; ".join(zones + hot)
