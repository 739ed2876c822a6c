"""A plant whose wires are a serial line, TLS and a guarded broker, read by the controller's own links; and what serve says without its ends."""

from __future__ import annotations

import asyncio
import re
import secrets
import signal
import subprocess
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from msgspec.structs import replace

from controller.core.layout import lay_out
from controller.runtime.assemble import Field, assemble
from controller.runtime.clock import PlantClock as ControllerClock
from controller.site.check import check
from controller.site.loader import load, loads
from controller.site.model import ModbusTcp, Site
from drivers.points import Quality
from sim_hardware.cli.main import main
from sim_hardware.devices.messages import DECIMALS
from sim_hardware.devices.noise import CLIP_SIGMA
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.sensors import Sensor
from sim_hardware.rehost import free_endpoints, rehost, split_endpoint, write_site
from sim_hardware.serve import Ends, PlantClock, Server
from sim_hardware.wires.servers import server_tls
from tests.drivers.certificates import Authority
from tests.drivers.conftest import BrokerProcess
from tests.drivers.field import running, until
from tests.drivers.line import Line, plugged

STAND = (Path(__file__).parents[1] / "stand" / "site.toml").read_text(encoding="utf-8")
EDITS = {
    'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15020"': (
        'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15020"\n'
        'tls = { ca_file = "site.crt", certificate_file = "site-controller.crt", key_file = "site-controller.key" }'
    ),
    'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15031"': (
        'kind = "modbus-rtu"\nport = "LINE"\nbaud = 38400\nparity = "odd"\nbudget_requests_per_s = 40.0'
    ),
    'kind = "mqtt"\n': (
        'kind = "mqtt"\nversion = "5"\nusername = "haechi"\npassword_file = "password"\n'
        'tls = { ca_file = "site.crt", certificate_file = "site-controller.crt", key_file = "site-controller.key", '
        'server_name = "broker.example" }\n'
    ),
}
DRIFT = 0.02
"""What the truth may change between a sample and its comparison (a calm room)."""
pytestmark = pytest.mark.needs("socat", "openssl", "mosquitto", "mosquitto_passwd")


def _edited(port: str) -> Site:
    text = STAND
    for old, new in EDITS.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new.replace("LINE", port))
    site = loads(text)
    assert check(site) == ()
    return site


@dataclass(frozen=True)
class Bench:
    """A site file whose wires are there: its line, its broker, its certificates beside it."""

    file: Path
    line: Line
    broker: BrokerProcess

    @property
    def site(self) -> Site:
        return load(self.file)

    @property
    def options(self) -> list[str]:
        files = {
            of: str(self.file.parent / name)
            for of, name in (("certificate", "site-plant.crt"), ("key", "site-plant.key"))
        }
        tls = [
            "--tls-certificate",
            files["certificate"],
            "--tls-key",
            files["key"],
            "--tls-ca",
            str(self.file.parent / "site.crt"),
        ]
        return ["--serial", f"heat={self.line.theirs}", *tls]

    @property
    def ends(self) -> Ends:
        here = self.file.parent
        tls = server_tls(here / "site-plant.crt", here / "site-plant.key", here / "site.crt")
        return Ends(here, {"heat": self.line.theirs}, tls)


def _guarded_broker(folder: Path, authority: Authority) -> BrokerProcess:
    """Mosquitto which wants password and certificate; its own names broker.example alone, not the address."""
    password = secrets.token_hex()
    (folder / "password").write_text(f"{password}\n")
    passwords = folder / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", str(passwords), "haechi", password]
    subprocess.run(command, check=True, capture_output=True)
    passwords.chmod(0o600)
    pair = authority.issue("broker", "DNS:broker.example")
    lines = (
        f"cafile {authority.ca_file}", f"certfile {pair.certificate_file}", f"keyfile {pair.key_file}",
        "require_certificate true", "allow_anonymous false", f"password_file {passwords}", "set_tcp_nodelay true",
    )  # fmt: skip
    return BrokerProcess("mosquitto", folder, "\n".join(lines))


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    authority = Authority(tmp_path, "site")
    for name in ("plant", "controller"):
        authority.issue(name)
    broker = _guarded_broker(tmp_path, authority)
    async with plugged(tmp_path) as line:
        site = _edited(line.ours)
        write_site(rehost(site, {**free_endpoints(site), "broker": f"127.0.0.1:{broker.port}"}), tmp_path / "site.toml")
        await broker.start()
        try:
            yield Bench(tmp_path / "site.toml", line, broker)
        finally:
            await broker.stop()


@asynccontextmanager
async def _served(bench: Bench, plant: Plant, epoch_ns: int) -> AsyncIterator[Server]:
    server = Server(plant, PlantClock(epoch_ns), ends=bench.ends)
    await server.start()
    moving = asyncio.create_task(server.run())
    try:
        yield server
    finally:
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)
        await server.stop()


@asynccontextmanager
async def _handshakes_may_fail() -> AsyncIterator[None]:
    """In debug mode asyncio tells its handler of errors of each handshake that fails."""
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()
    assert usual is not None

    def note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not context["message"].startswith("Error on transport creation"):
            usual(loop, context)

    loop.set_exception_handler(note)
    try:
        yield
    finally:
        loop.set_exception_handler(usual)


def _without_mqtt(site: Site) -> Site:
    return replace(
        site,
        links={name: link for name, link in site.links.items() if name != "broker"},
        devices={name: device for name, device in site.devices.items() if device.link != "broker"},
        blocks={name: block for name, block in site.blocks.items() if block.device != "climate"},
        heads={name: head for name, head in site.heads.items() if name != "climate"},
    )


def _is_good(field: Field) -> bool:
    return all((buffer.quality == Quality.GOOD).all() for buffer in field.buffers)


def _step(sensor: Sensor) -> float:
    """The resolution of a block's values."""
    return float(getattr(getattr(sensor.block, "scaling", None), "factor", 10.0**-DECIMALS))


async def test_the_controller_reads_the_truth_over_a_serial_line_tls_and_a_guarded_broker(bench: Bench) -> None:
    site, epoch_ns = bench.site, time.monotonic_ns()
    plant = Plant(site, 1)
    layout = lay_out(site)
    field = assemble(layout, ControllerClock(epoch_ns), bench.file.parent)
    async with _served(bench, plant, epoch_ns) as server, running(*field.links.values()):
        await until(lambda: _is_good(field), within_s=8.0)
        buffers = dict(zip((block.name for block in layout.blocks), field.buffers, strict=True))
        assert {sensor.block.name for sensor in plant.sensors} >= {
            "bms-1-temperature", "heat-temperature", "climate-temperature", "asd-obscuration"
        }  # fmt: skip
        for sensor in plant.sensors:
            off = np.abs(buffers[sensor.block.name].value - sensor.truth)
            assert (off <= CLIP_SIGMA * sensor._heads.sigma + 0.51 * _step(sensor) + DRIFT).all(), sensor.block.name
        assert buffers["bms-1-temperature"].value.min() > 15.0
        assert buffers["heat-temperature"].value.min() > 15.0
        assert server.serial["heat"].requests > 0
        assert server.mqtt["broker"].published > 0


@pytest.mark.parametrize("stranger", ["plant", "controller"])
async def test_devices_with_tls_and_the_controller_know_each_other(bench: Bench, stranger: str) -> None:
    """Whichever of them shows a certificate of another authority: no value comes, and the other links go on."""
    strange = Authority(bench.file.parent, "strange").issue(stranger)
    for file, old in ((strange.certificate_file, "crt"), (strange.key_file, "key")):
        file.replace(bench.file.parent / f"site-{stranger}.{old}")
    site, epoch_ns = _without_mqtt(bench.site), time.monotonic_ns()
    field = assemble(lay_out(site), ControllerClock(epoch_ns), bench.file.parent)
    links = (field.links["bms"], field.links["heat"])
    link = site.links["bms"]
    assert isinstance(link, ModbusTcp)
    async with _handshakes_may_fail(), _served(bench, Plant(site, 1), epoch_ns) as server, running(*links):
        heat, bms = field.links["heat"].buffers["heat-temperature"], field.links["bms"].buffers["bms-1-temperature"]
        await until(lambda: bool((heat.quality == Quality.GOOD).all()) and field.links["bms"].health().errors > 0)
        assert not (bms.quality == Quality.GOOD).any()
        assert server.modbus[split_endpoint(link.endpoint)].requests == 0
        told = field.links["bms"].health().last_error
        # asyncio's server ends a handshake without the alert that would say why.
        assert ("certificate of the peer refused" if stranger == "plant" else "the peer has closed") in told


async def test_the_command_serves_every_wire(bench: Bench) -> None:
    words = ["-m", "sim_hardware.cli.main", "serve", str(bench.file), *bench.options]
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE, stderr=PIPE)
    try:
        assert process.stdout is not None
        ready = await process.stdout.readline()
        field = assemble(lay_out(bench.site), ControllerClock(time.monotonic_ns()), bench.file.parent)
        async with running(*field.links.values()):
            await until(lambda: _is_good(field), within_s=8.0)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert ready.startswith(b"ready: 5 Modbus endpoints, 1 brokers, 1 serial lines")


# --- what is missing ------------------------------------------------------------------------------------------------

TLS_FILES = ["--tls-certificate", "site-plant.crt", "--tls-key", "site-plant.key", "--tls-ca", "site.crt"]
TTY = ["--serial", "heat=/dev/theirs"]
REFUSED = [
    ([], "links bms: they speak TLS, .*remedy: --tls-certificate FILE --tls-key FILE --tls-ca FILE"),
    (TLS_FILES, r"links heat: serial lines .*remedy: --serial heat=TTY; .*socat pty,raw,echo=0,link=/dev/ours"),
    ([*TLS_FILES, "--serial", "heat=/dev/ours"], "that end is the controller's; remedy: the other end"),
    ([*TLS_FILES, *TTY, "--serial", "bms=/dev/x"], "--serial bms: no serial link of the site; remedy: one of heat"),
    ([*TLS_FILES, *TTY], "/dev/theirs cannot be served: .*No such file"),
    ([*TLS_FILES, "--serial", "heat"], "--serial heat: not understood; remedy: LINK=TTY"),
    ([*TLS_FILES, *TTY, *TTY], "remedy: LINK=TTY, once for each serial link"),
    ([*TLS_FILES[:4], *TTY], "--tls-certificate, --tls-key and --tls-ca belong together; remedy: give all three"),
    ([*TLS_FILES[:4], "--tls-ca", "none.crt", *TTY], "ca_file none.crt: No such file.*remedy"),
    (
        [*TLS_FILES[:2], "--tls-key", "site-controller.key", *TLS_FILES[4:], *TTY],
        "key_file site-controller.key.*remedy",
    ),
    ([*TLS_FILES, *TTY, "--server", "pymodbus"], "links bms: the server pymodbus .*remedy: --server own"),
    ([*TLS_FILES, *TTY, "--broker", "127.0.0.1:1"], "links broker are encrypted; remedy: links without tls"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site file with its certificates, but without its line."""
    folder = tmp_path_factory.mktemp("site")
    authority = Authority(folder, "site")
    for name in ("plant", "controller"):
        authority.issue(name)
    (folder / "password").write_text("x")
    site = _edited("/dev/ours")
    write_site(rehost(site, free_endpoints(site)), folder / "site.toml")
    return folder


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_without_the_plant_s_end_of_a_wire_serve_says_what_is_missing(
    folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main(["serve", "site.toml", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(says, said.err), said.err
