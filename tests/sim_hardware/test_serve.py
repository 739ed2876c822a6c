"""The plant on real sockets, read by other makers' clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from pymodbus.client import AsyncModbusTcpClient

from controller.site.model import Family, Site
from drivers.points import Table
from sim_hardware.devices.messages import DECIMALS
from sim_hardware.devices.noise import CLIP_SIGMA
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.sensors import SIGMA
from sim_hardware.faults.spec import parse_fault
from sim_hardware.rehost import free_endpoints, rehost, split_endpoint, write_site
from sim_hardware.scenarios import loader
from sim_hardware.serve import PlantClock, Server
from sim_hardware.wires.servers import OWN, SERVERS

# A server that closes leaves pymodbus's own transports to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def moved(hall: Site) -> Site:
    return rehost(hall, free_endpoints(hall))


def _port(site: Site, link: str) -> int:
    return split_endpoint(site.links[link].endpoint)[1]  # type: ignore[union-attr]


@contextlib.asynccontextmanager
async def _served(plant: Plant, modbus_server: str = OWN) -> AsyncIterator[Server]:
    """The Modbus units of a plant whose time stands still unless the test moves it."""
    server = Server(plant, PlantClock(time.monotonic_ns()), modbus_server=modbus_server)
    server.mqtt = {}
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest_asyncio.fixture
async def plant(moved: Site) -> AsyncIterator[Plant]:
    faults = ["device-dead:gas", "device-late:heat:0.3", "device-dead:di-1"]
    plant = Plant(moved, 1, faults=[parse_fault(text) for text in faults])
    plant.advance_to(3_000)
    async with _served(plant):
        yield plant


async def _client(port: int) -> AsyncModbusTcpClient:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.5, retries=0)
    assert await client.connect()
    return client


async def test_cells_come_over_the_wire_as_they_are(moved: Site, plant: Plant) -> None:
    client = await _client(_port(moved, "bms-5"))
    try:
        low = await client.read_input_registers(0, count=100, device_id=1)
        high = await client.read_input_registers(100, count=29, device_id=1)
        words = np.array([*low.registers, *high.registers], np.uint16)
        truth = plant.battery("hall").room.cell_temp_degc[4].ravel()
        assert np.abs(words[:128].view(np.int16) * 0.1 - truth).max() <= 0.1
        assert words[128] == plant.memories["bms-5"].view(plant.layout.blocks[0].table, 128, 1)[0]  # type: ignore[union-attr]
    finally:
        client.close()


async def test_coils_are_written_read_back_and_act(moved: Site, plant: Plant) -> None:
    client = await _client(_port(moved, "io-1"))
    try:
        assert not (await client.write_coil(8 + 3, True, device_id=1)).isError()
        assert not (await client.write_coils(0, [True, False, True], device_id=1)).isError()
        back = await client.read_coils(0, count=16, device_id=1)
        assert [place for place, bit in enumerate(back.bits[:16]) if bit] == [0, 2, 11]
        plant.advance_to(4_000)
        assert plant.battery("hall").room.inputs.breaker_open.tolist() == [False] * 3 + [True] + [False] * 4
    finally:
        client.close()


async def test_what_is_not_there_is_refused_with_the_right_exception(moved: Site, plant: Plant) -> None:
    client = await _client(_port(moved, "io-1"))
    try:
        assert (await client.read_coils(26, count=1, device_id=1)).exception_code == 2
        assert (await client.read_coils(20, count=7, device_id=1)).exception_code == 2
        assert (await client.read_input_registers(0, count=1, device_id=1)).exception_code == 2
        assert (await client.read_coils(0, count=1, device_id=9)).exception_code == 11
    finally:
        client.close()


async def test_a_value_cannot_be_written_where_the_site_does_not_say_so(moved: Site, plant: Plant) -> None:
    client = await _client(_port(moved, "bms-1"))
    try:
        assert (await client.write_register(0, 1, device_id=1)).exception_code == 2
    finally:
        client.close()


async def test_a_dead_device_is_silent_while_its_neighbour_answers(moved: Site, plant: Plant) -> None:
    client = await _client(_port(moved, "io-1"))
    try:
        with pytest.raises(Exception, match="No response"):
            await client.read_discrete_inputs(0, count=1, device_id=2)
        assert not (await client.read_coils(0, count=1, device_id=1)).isError()
    finally:
        client.close()


async def test_a_late_device_answers_late(moved: Site, plant: Plant) -> None:
    client = await _client(_port(moved, "heat"))
    try:
        began_s = time.monotonic()
        assert not (await client.read_input_registers(0, count=4, device_id=1)).isError()
        assert time.monotonic() - began_s >= 0.3
    finally:
        client.close()


async def _mbpoll(port: int, first: int) -> list[int]:
    """128 input registers from `first` on, as mbpoll prints them."""
    found: list[int] = []
    for start in (first, first + 64):
        words = ["-0", "-1", "-a", "1", "-t", "3", "-r", str(start), "-c", "64", "-p", str(port), "127.0.0.1"]
        process = await asyncio.create_subprocess_exec(
            "mbpoll", "-m", "tcp", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output
        lines = [line.split(":") for line in output.decode().splitlines() if line.startswith("[")]
        assert [int(place.strip("[]")) for place, _ in lines] == list(range(start, start + 64))
        found += [int(value.split()[0]) for _, value in lines]
    return found


def _advance_to_sample(plant: Plant, block: str) -> None:
    """Let the plant go on until `block` has just been measured, so that its registers and the truth are of one moment."""
    sensor = next(sensor for sensor in plant.sensors if sensor.block.name == block)
    before = sensor.sample
    while sensor.sample == before:
        plant.advance_to(plant.tick_ms + 100)


@pytest.mark.needs("mbpoll")
async def test_mbpoll_reads_temperatures_and_voltages_of_the_bms(moved: Site, plant: Plant) -> None:
    room = plant.battery("hall").room
    for rack, cell in ((1, 5), (6, 11)):
        room.inject_heater(rack, 2, cell, plant.tick_ms / 1000, 1500.0)
    plant.advance_to(15_000)
    for rack, cell in ((1, 5), (6, 11)):
        bms = f"bms-{rack + 1}"
        _advance_to_sample(plant, f"{bms}-temperature")
        temps_degc = np.array(await _mbpoll(_port(moved, bms), 0)) * 0.1
        assert np.abs(temps_degc - room.cell_temp_degc[rack].ravel()).max() <= 0.1
        assert temps_degc.argmax() == 2 * 16 + cell  # the heated cell stands in its place
        _advance_to_sample(plant, f"{bms}-voltage")
        volts = np.array(await _mbpoll(_port(moved, bms), 129)) * 0.001
        assert np.abs(volts - room.cell_voltage_v[rack].ravel()).max() <= 0.001


@pytest.mark.needs("mbpoll")
async def test_both_servers_show_the_same_registers(moved: Site) -> None:
    plant = Plant(moved, 1)
    plant.advance_to(3_000)
    shown: dict[str, list[int]] = {}
    for name in SERVERS:
        async with _served(plant, name):
            shown[name] = await _mbpoll(_port(moved, "bms-5"), 0) + await _mbpoll(_port(moved, "bms-5"), 129)
    memory = plant.memories["bms-5"]
    held = [memory.read(Table.INPUT, first, 128).view(np.int16).tolist() for first in (0, 129)]
    assert shown == dict.fromkeys(SERVERS, held[0] + held[1])


FIELDS = {"temperature": Family.CLIMATE_TEMPERATURE, "humidity": Family.CLIMATE_HUMIDITY}


# --- as a process ---------------------------------------------------------------------------------------------------


@pytest.fixture
def broker(moved: Site) -> Iterator[int]:
    port = _port(moved, "broker")
    process = subprocess.Popen(["mosquitto", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(5)


@pytest.mark.needs("mosquitto", "mosquitto_sub")
def test_serve_publishes_tells_the_truth_and_stops_cleanly(moved: Site, broker: int, tmp_path: Path) -> None:
    write_site(moved, tmp_path / "site.toml")
    truth = tmp_path / "truth.ndjson"
    words = ["serve", str(tmp_path / "site.toml"), "--speed", "10", "--truth", str(truth), "--scenario", "runaway"]
    with subprocess.Popen(
        [sys.executable, "-m", "sim_hardware.cli.main", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready: 17 Modbus endpoints, 1 brokers")
            heard = subprocess.run(
                ["mosquitto_sub", "-p", str(broker), "-t", "hall-1/climate/+", "-C", "60", "-W", "10", "-v"],
                capture_output=True, text=True, check=True, timeout=20,
            ).stdout  # fmt: skip
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert errors == ""
    topics = {line.split(" ", 1)[0] for line in heard.splitlines()}
    assert topics == {f"hall-1/climate/sensor-{n}" for n in range(1, 25)} | {"hall-1/climate/heartbeat"}
    _compare_with_twin(moved, [line.split(" ", 1) for line in heard.splitlines()])
    told = [json.loads(line) for line in truth.read_text().splitlines()]
    assert [entry["tick_ms"] for entry in told] == list(range(0, 1000 * len(told), 1000))
    assert len(told[0]["battery"][0]["module_max_degc"]) == 8


def _compare_with_twin(site: Site, heard: list[list[str]]) -> None:
    """Each value that came lies within noise and resolution of the truth of a second plant, equal to the one that was served."""
    scenario = loader.load("runaway")
    twin = Plant(site, scenario.seed, scenario)
    sensors = {s.block.name: s for s in twin.sensors if s.block.name in {"climate-temperature", "climate-humidity"}}
    compared = 0
    for topic, payload in sorted(heard, key=lambda pair: int(json.loads(pair[1])["t"])):
        message = json.loads(payload)
        twin.advance_to(message["t"])
        for field, family in FIELDS.items():
            if field in message:
                place = int(topic.rpartition("-")[2]) - 1
                off = abs(message[field] - sensors[f"climate-{field}"].truth[place])
                assert off <= CLIP_SIGMA * SIGMA[family] + 0.51 * 10.0**-DECIMALS, (topic, message)
                compared += 1
    assert compared >= 48
