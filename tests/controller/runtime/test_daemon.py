"""The daemon as a process, in front of modules on a real Modbus socket."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from controller.cli.replaying import replay_file
from controller.core.chain import decode
from controller.protocol import Accepted, CommandRequest, Refused, StatusReply, command
from controller.runtime.journalfile import rows, verify
from tests.controller.runtime.fakes import until
from tests.controller.runtime.plantlet import BEACON, KICK_REGISTER, SOUNDER, Daemon, plantlet, service_manager

FIRE_RAW = 900
"""90 degC: well above every heat alarm."""


def levels(status: StatusReply) -> dict[str, str]:
    return {head.name: head.latched for zone in status.core.zones for head in zone.heads}


def shown(status: StatusReply) -> set[tuple[str, str]]:
    return {(trouble.trip, trouble.subject) for trouble in status.core.troubles}


def alarm(status: StatusReply) -> bool:
    return levels(status).get("heat-1") == "alarm"


async def said(daemon: Daemon, do: str, **fields: str) -> object:
    return await daemon.ask(CommandRequest(f"{do}-{time.monotonic_ns()}", command(do, "Kim", fields)))


async def test_a_fire_from_start_to_stop_and_again_from_the_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with service_manager(tmp_path) as (address, heard):
        async with plantlet(tmp_path) as plant, plant.daemon(NOTIFY_SOCKET=address, WATCHDOG_USEC="300000") as daemon:
            await daemon.ready()
            assert heard()[0] == b"READY=1"
            assert not any(head == "alarm" for head in levels(await daemon.status()).values())
            modules = plant.modules
            await until(lambda: KICK_REGISTER in modules.registers)
            first_kick = modules.registers[KICK_REGISTER]
            modules.heat[0] = FIRE_RAW
            await daemon.until_status(alarm)
            await until(lambda: modules.coils == [1, 1])
            assert modules.registers[KICK_REGISTER] != first_kick
            # Silence stops the sounder and leaves the alarm; reset shows again what is still true.
            assert isinstance(await said(daemon, "silence", zone="room"), Accepted)
            await until(lambda: modules.coils[SOUNDER] == 0)
            assert modules.coils[BEACON] == 1
            assert isinstance(await said(daemon, "reset", zone="nowhere"), Refused)
            await until(lambda: b"WATCHDOG=1" in heard())
            status = await daemon.status()
            assert status.storage.beginning == "first start"
            assert status.late == ()
            kinds = [(entry.event.kind, entry.event.subject, entry.event.operator) for entry in await daemon.events()]
            assert ("command", "room", "Kim") in kinds
            assert ("refused", "nowhere", "Kim") in kinds
            assert await daemon.stop() == 0
            assert heard()[-1] == b"STOPPING=1"
    journal = plant.data / "journal.sqlite"
    verdict = verify(journal)
    assert verdict.problems == ()
    assert verdict.entries > 5
    assert replay_file(plant.data / "recording.hrec", plant.site, journal, quiet=True) == 0
    opening = decode(rows(journal)[0].record)  # the runtime's own entry; all others are the core's, and come again
    assert (opening.kind, opening.subject, opening.what) == ("start", "Small", "fresh")
    assert f"mode direct: {status.storage.beginning}" in opening.text
    assert f"{verdict.entries - 1} entries equal" in capsys.readouterr().out


async def test_killed_in_an_alarm_it_goes_on_where_it_was_and_fires_nothing_anew(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant:
        modules = plant.modules
        async with plant.daemon() as daemon:
            await daemon.ready()
            modules.heat[0] = FIRE_RAW
            await daemon.until_status(alarm)
            await until(lambda: modules.coils == [1, 1])
            await said(daemon, "silence", zone="room")
            await until(lambda: modules.coils[SOUNDER] == 0)
            before = await daemon.status()
            await daemon.until_status(lambda status: status.storage.durable_seq == status.last_seq)
            await daemon.stop(signal.SIGKILL)
        modules.heat[0] = 210  # the heat is gone: only the latch knows of it now
        modules.writes.clear()
        async with plant.daemon() as daemon:
            await daemon.ready()
            status = await daemon.until_status(lambda status: bool(status.core.scan > before.core.scan + 20))
            assert status.storage.beginning == "latched state restored"
            assert levels(status)["heat-1"] == "alarm"
            assert status.core.tick_ms > before.core.tick_ms
            assert [e.event.what for e in await daemon.events() if e.event.kind == "start"] == ["fresh", "restored"]
            assert modules.coils == [0, 1]
            assert {address for address, _ in modules.writes} <= {KICK_REGISTER}  # no output was touched
            again = await daemon.events(since=before.last_seq)
            assert not any(entry.event.kind == "level" for entry in again)
            assert await daemon.stop() == 0
    assert verify(plant.data / "journal.sqlite").problems == ()


async def test_shadow_writes_nothing_and_tells_what_it_would_do(tmp_path: Path) -> None:
    async with plantlet(tmp_path, mode="shadow") as plant, plant.daemon() as daemon:
        await daemon.ready()
        plant.modules.heat[0] = FIRE_RAW
        await daemon.until_status(alarm)
        await asyncio.sleep(0.5)
        assert plant.modules.functions <= {1, 2, 3, 4}
        assert any(entry.event.what == "would-activate" for entry in await daemon.events())
        assert await daemon.stop() == 0


HUNG_DISK = """
import threading, time
from controller.runtime.journal import Journal
commit = Journal._commit
def hang(self, database, batch):
    if any(b"alarm" in record for entry in batch for record in entry.records):
        time.sleep(3600)
    return commit(self, database, batch)
Journal._commit = hang
"""


async def test_a_hung_journal_disk_is_a_trouble_while_all_else_goes_on(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant, plant.daemon(before=HUNG_DISK) as daemon:
        await daemon.ready()
        plant.modules.heat[0] = FIRE_RAW
        began_s = time.monotonic()
        status = await daemon.until_status(lambda status: ("journal_late", "controller") in shown(status))
        assert time.monotonic() - began_s < 10
        assert levels(status)["heat-1"] == "alarm"
        await until(lambda: plant.modules.coils == [1, 1])
        assert status.late == ()
        later = await daemon.until_status(lambda later: later.core.scan > status.core.scan + 10)
        assert later.scans.overruns - status.scans.overruns < 5
        await daemon.stop(signal.SIGKILL)


async def test_a_device_that_dies_is_a_trouble_and_comes_back(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant, plant.daemon() as daemon:
        await daemon.ready()
        plant.modules.dead = True
        status = await daemon.until_status(lambda status: ("device_lost", "do-1") in shown(status))
        assert status.late == ()  # a dead link is a trouble, never a reboot
        plant.modules.dead = False
        await daemon.until_status(lambda status: not shown(status))
        assert await daemon.stop() == 0


LINK_BUG = """
import asyncio
from drivers.modbus.poller import ModbusLink
async def fail(self):
    await asyncio.sleep(0.3)
    raise ZeroDivisionError("a bug")
ModbusLink.run = fail
"""


async def test_the_owner_of_a_link_that_ends_withholds_the_watchdog(tmp_path: Path) -> None:
    with service_manager(tmp_path) as (address, heard):
        async with (
            plantlet(tmp_path) as plant,
            plant.daemon(before=LINK_BUG, NOTIFY_SOCKET=address, WATCHDOG_USEC="300000") as daemon,
        ):
            await daemon.ready()
            await daemon.until_status(lambda status: "link io" in status.late)
            await asyncio.sleep(0.2)
            count = len(heard())
            await asyncio.sleep(0.5)
            assert len(heard()) == count
            assert any(entry.get("event") == "watchdog_withheld" for entry in daemon.log)
            assert await daemon.stop() == 0


SCAN_BUG = """
from controller.core.scan import Controller
scan = Controller.scan
def fail(self, image, commands=()):
    if image.scan > 5:
        raise ZeroDivisionError("a bug")
    return scan(self, image, commands)
Controller.scan = fail
"""


async def test_a_core_that_fails_ends_the_daemon_for_the_service_manager_to_start_anew(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant, plant.daemon(before=SCAN_BUG) as daemon:
        async with asyncio.timeout(60):
            assert await daemon.process.wait() == 1
        await asyncio.sleep(0.05)
        assert any(entry.get("event") == "failed" for entry in daemon.log)


async def test_two_daemons_do_not_share_a_data_directory_and_a_bad_site_starts_nothing(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant, plant.daemon() as daemon:
        await daemon.ready()
        async with plant.daemon() as second, asyncio.timeout(30):
            assert await second.process.wait() == 2
            await asyncio.sleep(0.05)
            assert any("another daemon" in str(entry.get("error")) for entry in second.log)
        plant.site.write_text(plant.site.read_text().replace('zone = "room"', 'zone = "rom"'))
        async with plant.daemon() as third, asyncio.timeout(30):
            assert await third.process.wait() == 2
            await asyncio.sleep(0.05)
            assert any("heads.heat-1.zone" in str(entry.get("text")) for entry in third.log)
        assert await daemon.stop() == 0


async def test_another_site_file_starts_without_the_latched_state_and_goes_on_with_the_chain(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant:
        async with plant.daemon() as daemon:
            await daemon.ready()
            assert await daemon.stop() == 0
        plant.site.write_text(plant.site.read_text().replace('title = "Room"', 'title = "Other room"'))
        async with plant.daemon() as daemon:
            await daemon.ready()
            assert "another one now" in (await daemon.status()).storage.beginning
            assert [e.event.what for e in await daemon.events() if e.event.kind == "start"] == ["fresh", "state lost"]
            assert await daemon.stop() == 0
    assert verify(plant.data / "journal.sqlite").problems == ()
