"""Modules without any controller: what their coils show over a Modbus client of our own, and how the next daemon takes it up."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from controller.core.events import Kind
from controller.core.state import Drive, Stage
from controller.protocol import StatusReply
from tests.stand.launcher import ARM, FIRE
from tests.stand.look import edges, hall, in_stage, output, stages, times
from tests.stand.stand import Nursery, Stand, read_coils, stand

SPEED = 10.0
WATCHDOG_S = 20.0
SILENCE_S = 60.0
COILS = {"do-1-coils": ("io-1", 7), "do-2-coils": ("io-2", 7)}


def read(here: Stand) -> dict[tuple[str, int], int]:
    """Every coil of both modules, by block and place."""
    return {
        (block, place): level
        for block, (link, count) in COILS.items()
        for place, level in enumerate(read_coils(here.port(link), 1, count))
    }


def after_silence(here: Stand, before: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """What the site file says of every coil once its module has heard nothing for too long."""
    expected = dict(before)
    for one in here.model.outputs.values():
        for channel in one.channels:
            block, _, place = channel.rstrip("]").partition("[")
            if one.on_comm_loss != "hold":
                expected[block, int(place)] = one.on_comm_loss
    return expected


def let_burn(here: Stand) -> StatusReply:
    """A fire with everything: isolation, coolant, agent, people warned. Ends with the daemon killed in mid-flooding."""
    daemon = here.daemon()
    daemon.until(lambda status: hall(status).availability == "full")
    here.plant("fault", fault="bms-lies:bms-1:5", for_s=40.0)
    here.plant("fault", fault="ramp:heat-1:3", for_s=40.0)
    daemon.until(lambda status: any("coolant-flowing" in event.what for event in here.events()))
    here.plant("input", head="call-point", value=True)
    daemon.until(in_stage(Stage.RELEASED))
    status = daemon.until(
        lambda status: (
            all(o.drive == Drive.SETTLED for o in status.core.outputs if o.active)
            and status.storage.durable_seq == status.last_seq
        )
    )
    assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
    return status


def test_without_a_controller_every_coil_holds_what_the_site_says(nursery: Nursery, folder: Path) -> None:
    with stand(nursery, folder, SPEED, watchdog_s=str(WATCHDOG_S), flooding_s="200") as here:
        status = let_burn(here)
        killed_ms, began_s = here.plant()["tick_ms"], time.monotonic()
        left = read(here)
        on = {name for name, level in left.items() if level}
        assert {ARM, FIRE, ("do-1-coils", 0), ("do-2-coils", 0), ("do-2-coils", 3), ("do-1-coils", 4)} <= on
        expected = after_silence(here, left)
        assert {"hold", 0, 1} == {one.on_comm_loss for one in here.model.outputs.values()}
        assert expected[ARM] == expected[FIRE] == 0
        reads = fallen = 0
        while (waited_s := (time.monotonic() - began_s) * SPEED) < SILENCE_S:
            now = read(here)
            if waited_s < WATCHDOG_S * 0.7:  # the last sign of life came up to a quarter of the time before the kill
                assert now == left
            elif waited_s > WATCHDOG_S * 1.1:
                assert now == expected
                fallen += 1
            reads += 1
            time.sleep(0.05)
        assert reads > 40
        assert fallen > 20
        seen = here.plant()
        assert seen["fallen"] == ["do-1", "do-2"]
        assert seen["tick_ms"] - killed_ms >= SILENCE_S * 1000
        # And the next daemon: agent is spent, everything else is as the fire left it.
        second = here.daemon()
        again = second.ready()
        assert hall(again).stage == Stage.RELEASED
        assert hall(again).due_ms == hall(status).due_ms
        back = {("do-2-coils", 5): 1, ("do-2-coils", 6): 0}  # beacon on again, the server room's off again
        second.until(lambda status: all(read(here)[coil] == level for coil, level in back.items()))
        second.until(lambda status: output(status, "agent").drive == Drive.SETTLED)
        holding = {name for name in on if expected[name]}
        assert all(read(here)[name] for name in holding)
        seen = here.plant()
        assert (edges(seen, ARM, 1), edges(seen, FIRE, 1)) == (1, 1)
        assert second.stop() == 0
        events = here.events()
        assert stages(events)[-3:] == ["activated", "releasing", "released"]
        assert times(events, Kind.INTENT, "agent", "activate") == 1


@pytest.mark.parametrize("point", ["after-commit:intent", "after-write:fire"])
def test_a_release_that_waits_for_proof_goes_on_after_its_channels_have_dropped(
    nursery: Nursery, folder: Path, point: str
) -> None:
    """Decision 0004: the intent is durable and nothing proves that agent came, so the same release goes on; it is not a new one."""
    with stand(nursery, folder, SPEED, watchdog_s="8") as here:
        here.plant("fault", fault="pressure-switch-failed:hall", for_s=60.0)
        first = here.daemon(point)
        first.until(lambda status: hall(status).availability == "full")
        here.plant("input", head="call-point", value=True)
        first.killed()
        fired = edges(here.plant(), FIRE, 1)
        here.until_plant(lambda seen: seen["fallen"] == ["do-1", "do-2"] and not seen["coils"]["do-1-coils"][2])
        assert here.latched().zones[0].stage is Stage.RELEASING
        second = here.daemon()
        here.until_plant(lambda seen: seen["coils"]["do-1-coils"][2] == seen["coils"]["do-2-coils"][2] == 1)
        assert edges(here.plant(), FIRE, 1) == fired + 1
        assert second.stop() == 0
        assert times(here.events(), Kind.INTENT, "agent", "activate") == 1
