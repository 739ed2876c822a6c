"""Faults of wires in a served plant: proxies at the site's endpoints, coming and going in plant time; and where they cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from controller.site.loader import load
from controller.site.model import Framing, ModbusRtu, ModbusTcp, Mqtt, Site, Tls
from sim_hardware.cli.main import main
from sim_hardware.devices.plant import Plant
from sim_hardware.drill import sockets
from sim_hardware.drill.children import Children
from sim_hardware.drill.options import parse as parse_drill
from sim_hardware.faults.spec import FaultError, parse_fault
from sim_hardware.lockstep import LockStep
from sim_hardware.rehost import free_endpoints, rehost, split_endpoint, write_site
from sim_hardware.scenarios.model import Scenario
from sim_hardware.serve import PlantClock, Server
from tests.drivers.conftest import BrokerProcess
from tests.sim_hardware.faults.talk import read, talk

HALL = str(Path(__file__).parents[3] / "deploy" / "sites" / "hall.toml")


@pytest.fixture
def moved(hall: Site) -> Site:
    return rehost(hall, free_endpoints(hall))


def _port(site: Site, link: str) -> int:
    return split_endpoint(site.links[link].endpoint)[1]  # type: ignore[union-attr]


@contextlib.asynccontextmanager
async def _served(
    site: Site, *faults: str, broker: str = "", modbus_server: str = "own"
) -> AsyncIterator[tuple[Plant, Server]]:
    """A plant whose time stands still unless the test moves it."""
    plant = Plant(site, 1, faults=[parse_fault(text) for text in faults])
    server = Server(plant, PlantClock(time.monotonic_ns()), modbus_server=modbus_server, broker=broker)
    server.mqtt = {}
    await server.start()
    try:
        yield plant, server
    finally:
        await server.stop()


async def _temperatures(site: Site, link: str, framing: str = "tcp") -> bytes:
    """What comes for two registers: nine octets at least."""
    return (await talk(_port(site, link), [read(framing, 0x55, 1, 0, 2)], [9])).everything


# --- in time --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modbus_server", ["own", "pymodbus"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_fault_of_the_wire_comes_and_goes_in_plant_time(moved: Site, modbus_server: str) -> None:
    faults = ("tid-fixed:bms-3:7@2s-4s", "no-reply:di-1@2")
    async with _served(moved, *faults, modbus_server=modbus_server) as (plant, server):
        right = await _temperatures(moved, "bms-3")
        assert right[:2] == b"\0\x55"
        plant.advance_to(2_000)
        server.placing.advance(2.0)
        assert (await _temperatures(moved, "bms-3"))[:2] == b"\0\7"
        assert (await _temperatures(moved, "bms-4"))[:2] == b"\0\x55"
        coils = [read("tcp", 1, unit, 0, 1, function=1 if unit == 1 else 2) for unit in (1, 2)]
        got = await talk(_port(moved, "io-1"), coils, [10, None])
        assert [len(slot) for slot in got.slots[:2]] == [10, 0]  # do-1 answers, di-1 on the same endpoint does not
        server.placing.advance(4.0)
        assert (await _temperatures(moved, "bms-3"))[:2] == b"\0\x55"
        assert server.placing.applied() == {"tid-fixed": 1, "no-reply": 1}


async def test_only_endpoints_with_faults_have_a_proxy_and_the_running_plant_moves_them(moved: Site) -> None:
    async with _served(moved, "exception:gas:6@0.3", "device-dead:climate") as (_, server):
        assert set(server.placing.modbus) == {("127.0.0.1", _port(moved, "gas"))}
        moving = asyncio.create_task(server.run())
        try:
            async with asyncio.timeout(5.0):
                while (await _temperatures(moved, "gas"))[7:] != b"\x84\x06":
                    await asyncio.sleep(0.02)
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)


async def test_a_scenario_brings_faults_of_the_wire(moved: Site) -> None:
    scenario = Scenario(name="x", title="x", site="hall.toml", duration_s=1.0, faults=(parse_fault("wrong-unit:heat"),))
    plant = Plant(moved, 1, scenario)
    server = Server(plant, PlantClock(time.monotonic_ns()))
    server.mqtt = {}
    await server.start()
    try:
        assert (await _temperatures(moved, "heat"))[6] == 2
    finally:
        await server.stop()


async def test_rtu_over_tcp_has_faults_of_its_own(moved: Site) -> None:
    link = moved.links["heat"]
    assert isinstance(link, ModbusTcp)
    site = replace(moved, links={**moved.links, "heat": replace(link, framing=Framing.RTU)})
    async with _served(site, "bad-crc:heat@1") as (_, server):
        right = await _temperatures(site, "heat", framing="rtu")
        server.placing.advance(1.0)
        wrong = await _temperatures(site, "heat", framing="rtu")
    assert len(right) == 9
    assert (wrong[:-2], wrong[-2:] != right[-2:]) == (right[:-2], True)


@pytest.mark.needs("mosquitto")
async def test_a_broker_s_faults_stand_at_the_site_s_endpoint(moved: Site, tmp_path: Path) -> None:
    broker = BrokerProcess("mosquitto", tmp_path)
    await broker.start()
    try:
        async with _served(moved, "broker-refuses:broker@5", broker=f"127.0.0.1:{broker.port}") as (_, server):
            connect = bytes.fromhex("100c 0004 4d515454 04 02 0002 0000")
            assert (await talk(_port(moved, "broker"), [connect], [4])).everything == bytes.fromhex("20020000")
            server.placing.advance(5.0)
            assert (await talk(_port(moved, "broker"), [connect], [4])).everything == bytes.fromhex("20020003")
            assert server.placing.applied() == {"broker-refuses": 1}
    finally:
        await broker.stop()


async def test_the_command_line_serves_a_plant_with_late_replies(moved: Site, tmp_path: Path) -> None:
    write_site(moved, tmp_path / "site.toml")
    words = ["serve", str(tmp_path / "site.toml"), "--fault", "late-reply:bms-3:0.3s", "--fault", "jitter:gas:0.01"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sim_hardware.cli.main", *words, stdout=PIPE, stderr=DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30.0):
            assert (await process.stdout.readline()).startswith(b"ready:")
        asked = [read("tcp", number, 1, 0, number) for number in (1, 2, 3)]
        got = await talk(_port(moved, "bms-3"), asked, total=11 + 13 + 15)
        assert got.slots[0] == b""  # 0.15 s
        assert len(got.everything) == 11 + 13 + 15
        assert len((await talk(_port(moved, "bms-4"), asked[:1], [11])).everything) == 11
    finally:
        process.send_signal(signal.SIGTERM)
        told, _ = await process.communicate()
    assert process.returncode == 0
    assert told.endswith(b"faults of wires: late-reply 3\n")


@pytest.mark.parametrize("is_faulty", [False, True])
async def test_a_drill_s_own_broker_makes_room_for_a_faulty_one(tmp_path: Path, is_faulty: bool) -> None:
    drill = parse_drill(["quiet", *(["--fault", "message-drop:climate"] if is_faulty else [])])
    async with Children(tmp_path) as children:
        site_file, broker = await sockets._start_broker(drill, tmp_path, children)
        link = load(site_file).links["broker"]
        assert isinstance(link, Mqtt)
        connect = bytes.fromhex("100c 0004 4d515454 04 02 0002 0000")
        real = broker or link.endpoint
        assert (await talk(split_endpoint(real)[1], [connect], [4])).everything == bytes.fromhex("20020000")
        assert bool(broker) is is_faulty
        assert (real != link.endpoint) is is_faulty  # where the plant's proxy will stand


# --- where they cannot be -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("late-reply:no-such", "no Modbus device 'no-such'; remedy: one of .*bms-1"),
        ("late-reply:climate", "no Modbus device 'climate'"),
        ("late-reply:bms-3:-1s", "remedy: 0 or more"),
        ("exception:bms-3:9", "remedy: one of 1, 2, 3"),
        ("flipped-bit:bms-3", "no client could tell; remedy: a link with framing rtu"),
        ("message-drop:gas", "no MQTT device or link 'gas'; remedy: one of climate, broker"),
        ("broker-frozen:gas", "no MQTT device or link 'gas'; remedy: one of broker"),
        ("message-drop:climate:1.5", "remedy: from 0 to 1"),
    ],
)
def test_a_fault_that_fits_nothing_is_refused_with_a_remedy(hall: Site, fault: str, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        Plant(hall, 1, faults=[parse_fault(fault)])


def test_serial_lines_and_encrypted_links_have_no_place_for_a_proxy(hall: Site) -> None:
    tls = Tls(ca_file="ca.pem")
    gas, broker = hall.links["gas"], hall.links["broker"]
    assert isinstance(gas, ModbusTcp)
    assert isinstance(broker, Mqtt)
    links = {"gas": replace(gas, tls=tls), "broker": replace(broker, tls=tls), "heat": ModbusRtu(port="/dev/ttyS9")}
    site = replace(hall, links={**hall.links, **links})
    for fault, says in (
        ("no-reply:gas", "gas is encrypted; remedy: a link without tls"),
        ("message-drop:climate", "encrypted; remedy: a link without tls"),
        ("no-reply:heat", "serial line; remedy: a modbus-tcp link with framing rtu"),
    ):
        with pytest.raises(FaultError, match=says):
            Plant(site, 1, faults=[parse_fault(fault)])


def test_virtual_time_has_no_wires(hall: Site) -> None:
    for fault in ("late-reply:bms-3:0.3s", "message-drop:climate"):
        with pytest.raises(FaultError, match="virtual time has no wires; remedy: a drill on sockets"):
            LockStep(hall, faults=[parse_fault(fault)])


def test_a_broker_s_faults_need_the_real_broker(hall: Site) -> None:
    plant = Plant(hall, 1, faults=[parse_fault("message-drop:climate")])
    with pytest.raises(FaultError, match="remedy: start the broker elsewhere and say where with --broker"):
        Server(plant, PlantClock(0))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["serve", HALL, "--fault", "late-reply:bms-3:soon"], "with or without s for seconds"),
        (["serve", HALL, "--fault", "no-such:bms-3"], "remedy: one of stuck"),
        (["serve", HALL, "--fault", "tid-fixed:bms-3:70000"], "remedy: from 0 to 65535"),
        (["serve", HALL, "--fault", "message-gap:climate"], "--broker HOST:PORT"),
    ],
)
def test_the_command_line_says_what_to_do_instead(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert says in capsys.readouterr().err


def test_a_virtual_drill_refuses_what_needs_wires(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["drill", "quiet", "--virtual", "--duration", "1", "--out", str(tmp_path), "--fault", "jitter:gas"]
    assert main(words) == 2
    assert "virtual time has no wires; remedy: a drill on sockets" in " ".join(capsys.readouterr().out.split())


def test_the_listing_tells_of_every_kind_with_its_reach(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["late-reply"].split()[1] == "wire"
    assert "PARAM: 0.5" in lines["late-reply"]
    assert "framing rtu only" in lines["bad-crc"]
    assert lines["broker-frozen"].split()[1] == "broker"
