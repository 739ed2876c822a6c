"""Mosquitto with TLS, password and access list; MQTT 3.1.1 and 5; and what a person is told when something of it is wrong."""

import asyncio
import secrets
import shutil
import socket
import ssl
import statistics
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.core.layout import Layout
from controller.runtime.assemble import _mqtt
from controller.runtime.clock import PlantClock
from controller.site.model import Device, Mqtt, Tls
from drivers.link import LinkError, LinkState, RefusedError
from drivers.mqtt.mqtt_link import MqttLink
from drivers.mqtt.payload import encode
from drivers.mqtt.session import Broker, Version, session
from drivers.points import BlockBuffer, Quality, TopicBlock
from drivers.tls import client_context
from tests.drivers.certificates import Authority, Pair, openssl
from tests.drivers.conftest import BrokerProcess
from tests.drivers.field import running, tick_ms, until

pytestmark = pytest.mark.needs("mosquitto", "mosquitto_passwd", "openssl")

BLOCK = TopicBlock("temperature", "sensors", ("room/th-0",), "temp_degc", 1.0, 5.0)
PASSWORD = secrets.token_hex()
VERSIONS: tuple[Version, ...] = ("3.1.1", "5")


@dataclass(frozen=True)
class Keys:
    ours: Authority
    theirs: Authority
    server: Pair
    client: Pair


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    return Keys(ours, theirs, ours.issue("server"), ours.issue("client"))


def secured(keys: Keys, server: Pair, mutual: bool = False) -> str:
    lines = [
        f"cafile {keys.ours.ca_file}",
        f"certfile {server.certificate_file}",
        f"keyfile {server.key_file}",
        f"require_certificate {str(mutual).lower()}",
    ]
    return "\n".join(lines)


def guarded(folder: Path, allowed: str) -> str:
    """User "haechi" with an access list, and user "plant" who may do all."""
    passwords, access = folder / "passwords", folder / "access"
    for user, option in (("haechi", "-c"), ("plant", "")):
        command = ["mosquitto_passwd", *([option] if option else []), "-b", str(passwords), user, PASSWORD]
        subprocess.run(command, check=True, capture_output=True)
    access.write_text(f"user plant\ntopic readwrite #\n\nuser haechi\n{allowed}\n")
    for file in (passwords, access):
        file.chmod(0o600)
    return f"allow_anonymous false\npassword_file {passwords}\nacl_file {access}"


@asynccontextmanager
async def mosquitto(folder: Path, *settings: str) -> AsyncIterator[BrokerProcess]:
    broker = BrokerProcess("mosquitto", folder, "\n".join(settings))
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


def link_to(broker: BrokerProcess, **options: Any) -> MqttLink:
    heartbeats = {"sensors": options.pop("heartbeat", "")}
    return MqttLink("hall", "127.0.0.1", broker.port, {"temperature": BLOCK}, heartbeats, tick_ms, **options)


def is_up(link: MqttLink) -> bool:
    return link.health().state is LinkState.UP


async def trouble(link: MqttLink) -> str:
    """What the link's health says of a connection that cannot come about."""
    async with running(link):
        await until(lambda: link.health().errors > 0, within_s=5)
        assert link.health().state is not LinkState.UP
    return link.health().last_error


async def say(broker: Broker, topic: str, data: bytes) -> None:
    async with session("test", broker, "test/state", lambda *_: None) as plant:
        await plant.publish(topic, data)


@pytest.mark.parametrize("version", VERSIONS)
async def test_values_come_over_mutual_tls_with_password_and_access_list(
    keys: Keys, tmp_path: Path, version: Version
) -> None:
    allowed = "topic read room/#\ntopic readwrite haechi/#"
    async with mosquitto(tmp_path, guarded(tmp_path, allowed), secured(keys, keys.server, mutual=True)) as broker:
        tls = client_context(keys.ours.ca_file, keys.client.certificate_file, keys.client.key_file)
        link = link_to(broker, version=version, tls=tls, username="haechi", password=PASSWORD)
        async with running(link):
            await until(partial(is_up, link), within_s=5)
            plant = Broker("127.0.0.1", broker.port, version, tls, username="plant", password=PASSWORD)
            await say(plant, BLOCK.topics[0], encode(1, 1, {"temp_degc": 21.5}))
            await until(lambda: link.buffers["temperature"].quality[0] == Quality.GOOD)
            assert link.buffers["temperature"].value[0] == 21.5
            assert link.health().errors == 0, link.health().last_error


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_wrong_password_is_told(tmp_path: Path, version: Version) -> None:
    async with mosquitto(tmp_path, guarded(tmp_path, "topic readwrite #")) as broker:
        told = await trouble(link_to(broker, version=version, username="haechi", password=PASSWORD[1:]))
    assert "hall: broker refuses user haechi (Not authorized); remedy: username and password_file" in told


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("stranger", "hall: certificate of the peer refused: not signed by the CA of tls.ca_file"),
        ("expired", "hall: certificate of the peer refused: it has expired; remedy: renew it"),
        ("other-name", "hall: certificate of the peer refused: it does not name 127.0.0.1; remedy: tls.server_name"),
        ("no-certificate", "hall: TLS: the peer wants a certificate of ours; remedy: tls.certificate_file"),
        ("no-tls", "the peer ended the TLS handshake; remedy: look whether it speaks TLS on this port"),
        ("tls-unexpected", "before the broker's welcome; remedy: does this port want TLS?"),
    ],
)
async def test_what_is_wrong_with_tls_is_told(keys: Keys, tmp_path: Path, fault: str, words: str) -> None:
    server = {
        "stranger": lambda: keys.theirs.issue("server"),
        "expired": lambda: keys.ours.issue("expired", days=-1),
        "other-name": lambda: keys.ours.issue("other", "DNS:broker.example,IP:127.0.0.2"),
    }.get(fault, lambda: keys.server)()
    settings = "" if fault == "no-tls" else secured(keys, server, mutual=fault == "no-certificate")
    async with mosquitto(tmp_path, "allow_anonymous true", settings) as broker:
        tls = None if fault == "tls-unexpected" else client_context(keys.ours.ca_file)
        told = await trouble(link_to(broker, tls=tls))
    assert words in told


async def test_the_name_in_the_certificate_may_be_stated(keys: Keys, tmp_path: Path) -> None:
    server = keys.ours.issue("named", "DNS:broker.example")
    async with mosquitto(tmp_path, "allow_anonymous true", secured(keys, server)) as broker:
        link = link_to(broker, tls=client_context(keys.ours.ca_file), server_name="broker.example")
        async with running(link):
            await until(partial(is_up, link), within_s=5)


async def test_a_refused_publish_is_noticed_and_values_still_come(tmp_path: Path) -> None:
    async with mosquitto(tmp_path, guarded(tmp_path, "topic read room/#")) as broker:
        link = link_to(broker, version="5", username="haechi", password=PASSWORD)
        async with running(link):
            await until(partial(is_up, link), within_s=5)
            assert link.health().errors == 1
            told = link.health().last_error
            assert "hall: publish to haechi/hall/state refused (Not authorized)" in told
            assert "remedy: the broker's access list, for user haechi" in told
            plant = Broker("127.0.0.1", broker.port, username="plant", password=PASSWORD)
            await say(plant, BLOCK.topics[0], encode(1, 1, {"temp_degc": 21.5}))
            await until(lambda: link.buffers["temperature"].quality[0] == Quality.GOOD)
            haechi = Broker("127.0.0.1", broker.port, "5", username="haechi", password=PASSWORD)
            with pytest.raises(RefusedError, match="publish to room/th-0 refused"):
                await say(haechi, BLOCK.topics[0], b"{}")


async def test_topics_that_the_broker_keeps_to_itself_are_bad(tmp_path: Path) -> None:
    """Mosquitto grants the subscription and delivers nothing: the heartbeat that does not come makes the points BAD."""
    async with mosquitto(tmp_path, guarded(tmp_path, "topic readwrite haechi/#")) as broker:
        link = link_to(broker, version="5", username="haechi", password=PASSWORD, heartbeat="room/beat")
        plant = Broker("127.0.0.1", broker.port, "5", username="plant", password=PASSWORD)
        async with running(link):
            await until(partial(is_up, link), within_s=5)
            await say(plant, "room/beat", encode(1, 1, {}))
            await say(plant, BLOCK.topics[0], encode(1, 1, {"temp_degc": 21.5}))
            link.buffers["temperature"].quality.fill(Quality.UNKNOWN)
            await until(lambda: link.buffers["temperature"].quality[0] == Quality.BAD, within_s=5)
            assert link.health().reads == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_giant_message_does_not_fill_our_memory(tmp_path: Path, version: Version) -> None:
    """An MQTT 5 broker keeps it to itself; from another one it ends the connection, and says who can help."""
    async with mosquitto(tmp_path, "allow_anonymous true") as broker:
        here = Broker("127.0.0.1", broker.port, version)
        async with session("plant", here, "plant/state", lambda *_: None) as plant:
            await plant.publish(BLOCK.topics[0], b"x" * 5_000_000, retain=True)
        link = link_to(broker, version=version)
        async with running(link):
            if version == "5":
                await until(partial(is_up, link), within_s=5)
                await say(here, BLOCK.topics[0], encode(1, 1, {"temp_degc": 21.5}))
                await until(lambda: link.buffers["temperature"].quality[0] == Quality.GOOD)
                assert link.health().errors == 0
            else:
                await until(lambda: link.health().errors > 0, within_s=5)
                assert "hall: connection lost (a message of 50000" in link.health().last_error
                assert "remedy: look who publishes it" in link.health().last_error


def test_the_site_file_says_how_the_broker_is_met(keys: Keys, tmp_path: Path) -> None:
    files = [Path(shutil.copy(file, tmp_path)).name for file in (keys.ours.ca_file, *vars(keys.client).values())]
    file = "password"
    (tmp_path / file).write_text(f"{PASSWORD}\n")
    tls = Tls(ca_file=files[0], certificate_file=files[1], key_file=files[2], server_name="broker.example")
    entry = Mqtt(endpoint="10.0.0.7:8883", version="5", tls=tls, username="haechi", password_file=file)
    layout = cast("Layout", SimpleNamespace(blocks=(BLOCK,)))
    device = cast("Device", SimpleNamespace(heartbeat="room/beat"))
    link = _mqtt(
        "hall", entry, layout, {"sensors": device}, PlantClock(0, 1.0), tmp_path, {BLOCK.name: BlockBuffer.empty(1)}
    )
    met = link._broker
    assert (met.host, met.port, met.version, met.server_name) == ("10.0.0.7", 8883, "5", "broker.example")
    assert (met.username, met.password, met.keepalive_s) == ("haechi", PASSWORD, 2)
    assert met.tls is not None
    assert len(met.tls.get_ca_certs()) == 1
    assert PASSWORD not in repr(met)


async def question_and_answer_ms(broker: BrokerProcess, nodelay: int) -> float:
    """Median of a message at QoS 1 one way and one back: who answers has just sent an acknowledgement."""
    here, heard = Broker("127.0.0.1", broker.port), asyncio.Event()
    async with (
        session("ear", here, "ear/state", lambda *_: heard.set()) as ear,
        session("mouth", here, "mouth/state", lambda *_: None) as mouth,
    ):
        for one in (ear, mouth):
            assert one._paho.given is not None
            assert one._paho.given.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            one._paho.given.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
        await ear.subscribe(["room/th-0"])
        times_s = []
        for _ in range(30):
            heard.clear()
            began_s = time.perf_counter()
            await mouth.publish("room/th-0", b"question")
            await heard.wait()
            await ear.publish("room/answer", b"answer")
            times_s.append(time.perf_counter() - began_s)
    return 1e3 * statistics.median(times_s)


async def test_an_answer_waits_for_no_timer(tmp_path: Path) -> None:
    """Nagle's algorithm against delayed acknowledgement costs 40 ms a message: shown by switching our protection off."""
    async with mosquitto(tmp_path, "allow_anonymous true\nset_tcp_nodelay true") as broker:
        ours_ms = await question_and_answer_ms(broker, nodelay=1)
        stalled_ms = await question_and_answer_ms(broker, nodelay=0)
    print(f"QoS 1, question and answer: {ours_ms:.1f} ms; without TCP_NODELAY {stalled_ms:.1f} ms")
    assert ours_ms < 0.5 * stalled_ms
    assert stalled_ms > 20.0


def test_a_context_that_cannot_be_built_names_file_and_remedy(keys: Keys, tmp_path: Path) -> None:
    empty, locked = tmp_path / "empty.pem", tmp_path / "locked.key"
    empty.write_text("")
    openssl("ec", "-in", keys.client.key_file, "-aes128", "-passout", f"pass:{PASSWORD}", "-out", locked)
    ca, certificate, key = keys.ours.ca_file, keys.client.certificate_file, keys.client.key_file
    for arguments, words in (
        ((tmp_path / "missing.crt",), "ca_file .*missing.crt: No such file.*remedy"),
        ((empty,), "ca_file .*empty.pem holds no PEM certificate.*remedy"),
        ((ca, certificate), ".*go together; remedy"),
        ((ca, certificate, tmp_path / "none"), "key_file .*none: No such file.*remedy"),
        ((ca, certificate, keys.server.key_file), ".*cannot be used .*mismatch.*remedy.*its own key"),
        ((ca, certificate, locked), ".*encrypted.*remedy"),
    ):
        with pytest.raises(LinkError, match=f"^hall: {words}"):
            client_context(*arguments, place="hall")
    context = client_context(ca, certificate, key)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
