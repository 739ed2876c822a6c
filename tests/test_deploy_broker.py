"""The example configuration of the broker: Mosquitto starts with it as Debian includes it, and it keeps people out as it says."""

import asyncio
import contextlib
import getpass
import secrets
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from drivers.link import LinkError, RefusedError
from drivers.mqtt.session import Broker, session
from drivers.tls import client_context
from tests.drivers.certificates import Authority
from tests.drivers.conftest import free_port
from tests.drivers.field import until

DEPLOY = Path(__file__).parents[1] / "deploy" / "broker"
THERE = "/etc/mosquitto/haechi/"
USERS = ("haechi", "climate", "viewer")
TOPIC = "hall-1/climate/sensor-1"
pytestmark = pytest.mark.needs("mosquitto", "mosquitto_passwd", "openssl")


@dataclass(frozen=True)
class Site:
    folder: Path
    port: int
    password: str

    def broker(self, user: str, password: str | None = None) -> Broker:
        tls = client_context(self.folder / "ca.pem")
        return Broker("127.0.0.1", self.port, "5", tls, username=user, password=password or self.password)


def _set_up(folder: Path) -> Site:
    """What the file's head tells a person to do, in another folder and at another port."""
    here, confd, site = folder / "haechi", folder / "conf.d", Site(folder / "haechi", free_port(), secrets.token_hex())
    for new in (here, confd, folder / "lib"):
        new.mkdir()
    authority = Authority(folder, "ca")
    pair = authority.issue("broker")
    authority.ca_file.rename(here / "ca.pem")
    pair.certificate_file.rename(here / "broker.pem")
    pair.key_file.rename(here / "broker.key")
    for place, user in enumerate(USERS):
        option = [] if place else ["-c"]
        command = ["mosquitto_passwd", *option, "-b", str(here / "passwords"), user, site.password]
        subprocess.run(command, check=True, capture_output=True)
    (here / "acl").write_text((DEPLOY / "acl").read_text())
    for file in here.iterdir():
        file.chmod(0o600)
    text = (DEPLOY / "mosquitto.conf").read_text()
    assert text.count("\nlistener 8883\n") == 1
    text = text.replace("\nlistener 8883\n", f"\nlistener {site.port} 127.0.0.1\n").replace(THERE, f"{here}/")
    (confd / "haechi.conf").write_text(text)
    main = f"user {getpass.getuser()}\npersistence true\npersistence_location {folder}/lib/\ninclude_dir {confd}\n"
    (folder / "mosquitto.conf").write_text(main)
    return site


@contextlib.asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[list[str]]:
    """The broker, from its listening on; yields what it has said, as it comes."""
    process = await asyncio.create_subprocess_exec(
        "mosquitto", "-v", "-c", str(folder / "mosquitto.conf"), stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said: list[str] = []
    stream = process.stdout
    assert stream is not None

    async def listen() -> None:
        while line := await stream.readline():
            said.append(line.decode())

    listening = asyncio.create_task(listen())
    try:
        await until(lambda: any(line.rstrip().endswith("running") for line in said) or listening.done(), within_s=5)
        assert not listening.done(), said
        yield said
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5.0)
        except TimeoutError:  # it says that it is running before it heeds the signal
            process.kill()
        await listening


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = _set_up(tmp_path)
    async with _running(tmp_path) as said:
        at_start = [line for line in said if "as root" not in line]  # as who it runs is not the file's matter
        yield site
    assert not [line for line in at_start if "Error" in line or "Warning" in line]


async def test_the_sensors_gateway_is_heard_by_the_controller_and_by_nobody_who_may_not(site: Site) -> None:
    heard: list[tuple[str, str]] = []
    async with (
        session("ear", site.broker("haechi"), "haechi/broker/state", lambda *m: heard.append(("haechi", m[0]))) as ear,
        session(
            "other", site.broker("climate"), "hall-1/climate/state", lambda *m: heard.append(("climate", m[0]))
        ) as other,
        session("gateway", site.broker("climate"), "hall-1/climate/beat", lambda *_: None) as gateway,
    ):
        await ear.subscribe(["hall-1/#"])
        await other.subscribe([TOPIC])
        await gateway.publish(TOPIC, b"{}")
        await until(lambda: ("haechi", TOPIC) in heard, within_s=5)
        with pytest.raises(RefusedError, match=r"publish to hall-1/smoke/1 refused \(Not authorized\)"):
            await gateway.publish("hall-1/smoke/1", b"{}")
        with pytest.raises(RefusedError, match="Not authorized"):
            await ear.publish(TOPIC, b"{}")
        assert ("climate", TOPIC) not in heard


@pytest.mark.parametrize(("user", "password"), [("", None), ("haechi", "wrong"), ("stranger", None)])
async def test_nobody_comes_in_without_a_name_and_its_password(site: Site, user: str, password: str | None) -> None:
    with pytest.raises(LinkError, match=r"broker refuses user .*Not authorized"):
        async with session("ear", site.broker(user, password), "haechi/x/state", lambda *_: None):
            pass


async def test_nothing_is_spoken_without_tls(site: Site) -> None:
    with pytest.raises(LinkError):
        async with session("ear", Broker("127.0.0.1", site.port, "5"), "haechi/x/state", lambda *_: None):
            pass


async def test_what_is_retained_lives_through_a_restart(tmp_path: Path) -> None:
    site = _set_up(tmp_path)
    async with (
        _running(tmp_path),
        session("gateway", site.broker("climate"), "hall-1/climate/state", lambda *_: None) as gateway,
    ):
        await gateway.publish(TOPIC, b"{}", retain=True)
    heard: list[tuple[str, bool]] = []
    async with (
        _running(tmp_path),
        session(
            "ear", site.broker("haechi"), "haechi/x/state", lambda topic, _, kept: heard.append((topic, kept))
        ) as ear,
    ):
        await ear.subscribe([TOPIC])
        await until(lambda: (TOPIC, True) in heard, within_s=5)


def test_small_packets_are_sent_at_once() -> None:
    assert "\nset_tcp_nodelay true\n" in (DEPLOY / "mosquitto.conf").read_text()
