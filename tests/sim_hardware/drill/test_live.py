"""The live view, drawn into a file as on a terminal; and the plain lines."""

from __future__ import annotations

import io

from rich.console import Console

from controller.core.events import Kind
from controller.core.status import CoreStatus, OutputStatus, RackStatus, ZoneStatus
from sim_hardware.live import HOTTEST, Lines, Screen, colour, view_for
from tests.sim_hardware.drill import samples

CORE = CoreStatus(
    scan=1, tick_ms=104_000, mode="direct",
    zones=(
        ZoneStatus(
            name="hall", title="Battery hall", title_ko="배터리실", stage="activated", since_ms=0, due_ms=134_000,
            trigger="automatic", responses=("isolate", "cool"), inhibits=("exhaust first",), availability="full",
            occupied=False, acknowledged=False, silenced=False, first_fire_ms=100_000, heads=(),
            racks=(RackStatus("rack-3", 25.0, "none", False, False), RackStatus("rack-4", 300.0, "proven", True, True)),
        ),
    ),
    outputs=(OutputStatus("breaker-4", "hall", True, "settled", 1), OutputStatus("breaker-5", "hall", False, "settled", 0)),
    troubles=(), disabled=(),
)  # fmt: skip


def test_the_screen_shows_heat_responses_outputs_and_events() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, height=60, color_system=None)
    screen = view_for(console, 200.0, live=True)
    assert isinstance(screen, Screen)
    asked = samples.event(104, Kind.REQUEST, "rack-4", "confirm-isolated")
    screen.show(104.0, CORE, samples.truth_at(104, runaway=2), (asked,))
    text = stream.getvalue()
    screen.close()
    for part in ("1:44 of 3:20", "module 5", "129", "pre-warning 30 s left", "isolate, cool", "rack-4 proven, water"):
        assert part in text
    assert "breaker-4" in text
    assert "breaker-5" not in text
    assert "confirm-isolated" in text


def test_lines_tell_weighty_events_and_progress_every_fifteen_seconds() -> None:
    stream = io.StringIO()
    lines = view_for(Console(file=stream, width=200), 200.0, live=True)
    assert isinstance(lines, Lines)
    stage = samples.event(2, Kind.STAGE, "hall", "activated")
    quiet = samples.event(2, Kind.OUTPUT, "relief", "active")
    for now_s in (0.0, 2.0, 14.0, 16.0, 29.0, 31.0):
        lines.show(now_s, CORE, samples.truth_at(104), (stage, quiet) if now_s == 2.0 else ())
    lines.close()
    told = stream.getvalue().splitlines()
    assert [line.split(" of ")[0] for line in told if " of " in line] == ["0:00", "0:16", "0:31"]
    assert sum("activated" in line and "hall" in line for line in told) == 1
    assert "relief" not in stream.getvalue()
    assert "hottest 129 °C" in told[0]


def test_hotter_is_another_colour() -> None:
    names = [colour(temp_degc) for temp_degc in (20.0, 40.0, 50.0, 70.0, 100.0, 300.0, 700.0)]
    assert len(set(names)) == len(names)
    assert names[-1] == HOTTEST
