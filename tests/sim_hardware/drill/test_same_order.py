"""The same scenario over sockets and in virtual time: the same stages in the same order, and every hop as long within what polling allows."""

from __future__ import annotations

from pathlib import Path

from controller.core.events import Event, Kind
from sim_hardware.drill.options import parse
from sim_hardware.drill.sockets import run_on_sockets
from sim_hardware.drill.virtual import run_virtual
from sim_hardware.report.record import Record
from tests.sim_hardware.drill import samples

FILE = Path(__file__).with_name("short-fire.toml")
SCANS_PER_HOP = 2
"""How far the two may lie apart a hop, in scans (design: decided, noise)."""
POLL_MS, SAMPLE_MS = 1000, 1000
"""A link on sockets reads when its turn comes, in virtual time at the full second: what a hop waits for comes up to a period apart. And a rate
of rise, which asks for whole seconds between samples, may wait for one sample more where they do not come evenly."""


class Unseen:
    """A view that shows nothing."""

    def show(self, *_: object) -> None:
        """Nobody looks."""


def stages(record: Record) -> list[Event]:
    return [event for event in record.events if event.kind is Kind.STAGE]


async def _on_sockets(folder: Path) -> Record:
    drill = parse([str(FILE), "--site", str(samples.HALL), "--out", str(folder), "--speed", "4", "--no-live"])
    record, _ = await run_on_sockets(drill, Unseen())  # type: ignore[arg-type]
    return record


async def test_sockets_and_virtual_time_give_the_same_stages_in_the_same_order(tmp_path: Path) -> None:
    over_sockets = await _on_sockets(tmp_path)
    virtual = run_virtual(over_sockets.site, over_sockets.scenario, over_sockets.seed, 110.0)
    assert [(e.subject, e.what) for e in stages(over_sockets)] == [(e.subject, e.what) for e in stages(virtual)]
    assert [e.what for e in stages(virtual)] == ["pre-activated", "activated", "releasing", "released"]
    scan_ms = round(over_sockets.site.site.scan_s * 1000)
    # On a loaded machine scans are left out; each that was is time that no controller could have kept.
    apart_ms = SCANS_PER_HOP * scan_ms + POLL_MS + SAMPLE_MS + over_sockets.overruns * scan_ms
    began_ms = virtual_began_ms = 0
    for event, other in zip(stages(over_sockets), stages(virtual), strict=True):
        hop_ms, virtual_hop_ms = event.tick_ms - began_ms, other.tick_ms - virtual_began_ms
        assert abs(hop_ms - virtual_hop_ms) <= apart_ms, f"{event.what}: {hop_ms} and {virtual_hop_ms} ms"
        began_ms, virtual_began_ms = event.tick_ms, other.tick_ms
