"""Addresses that cannot be, and peers that want a certificate of ours: a link tells of them in its health and goes on."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from drivers.link import Link, LinkState
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.mqtt.mqtt_link import MqttLink
from drivers.points import TopicBlock
from drivers.tls import client_context
from tests.drivers.certificates import Authority
from tests.drivers.field import running, tick_ms, until
from tests.drivers.test_plan import block

HERE = "127.0.0.1"
TOPICS = TopicBlock("temperature", "sensors", ("room/th-0",), "temp_degc", 1.0, 5.0)


def modbus(host: str, port: int, framing: Framing = Framing.TCP, tls: ssl.SSLContext | None = None) -> ModbusLink:
    connect = tcp_connector("bus", host, port, framing, 0.1, tls)
    only = block("h", 0, 4, period_s=0.02)
    return ModbusLink("bus", connect, framing, {"h": only}, {only.device: DeviceLimits()}, 0.1, tick_ms, True, 1.0)


def mqtt(host: str, port: int) -> MqttLink:
    return MqttLink("hall", host, port, {"temperature": TOPICS}, {}, tick_ms)


@pytest.mark.parametrize(("host", "port"), [(HERE, 99999), (HERE, -1), ("a..b", 502), ("x" * 64, 502)])
@pytest.mark.parametrize("make", [modbus, mqtt])
async def test_an_address_that_cannot_be_is_an_error_of_the_link_and_not_its_end(
    make: Callable[[str, int], Link], host: str, port: int
) -> None:
    link = make(host, port)
    task = asyncio.create_task(link.run())
    try:
        await until(lambda: link.health().errors > 0 or task.done())
        assert not task.done()
        assert f"{host}:{port} cannot be an address" in link.health().last_error
        assert link.health().state is not LinkState.UP
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def at_server(authority: Authority) -> ssl.SSLContext:
    pair = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cafile=authority.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(pair.certificate_file, pair.key_file)
    return context


@contextmanager
def outspoken(context: ssl.SSLContext) -> Iterator[int]:
    """A server that says by an alert why it refuses; asyncio's hangs up without a word."""
    listener = socket.create_server((HERE, 0))

    def serve() -> None:
        with suppress(OSError):  # the listener is shut when the test is over
            while True:
                peer, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(peer, server_side=True) as secure:
                    secure.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("none", "the peer wants a certificate of ours; remedy: tls.certificate_file"),
        ("a stranger's", "the peer does not trust our certificate; remedy: tls.certificate_file"),
    ],
)
async def test_a_device_that_refuses_our_certificate_is_understood(
    tmp_path: Path, framing: Framing, shown: str, words: str
) -> None:
    authority = Authority(tmp_path, "site")
    pair = Authority(tmp_path, "other").issue("client") if shown != "none" else None
    ours = client_context(authority.ca_file, *((pair.certificate_file, pair.key_file) if pair else ()))
    with outspoken(at_server(authority)) as port:
        link = modbus(HERE, port, framing, ours)
        async with running(link):
            await until(lambda: words in link.health().last_error)


@pytest.mark.needs("openssl")
async def test_a_device_that_hangs_up_without_a_word_may_want_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "site")
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncio's server logs whom it refuses
    server = await asyncio.start_server(lambda *_: None, HERE, 0, ssl=at_server(authority))
    link = modbus(HERE, server.sockets[0].getsockname()[1], tls=client_context(authority.ca_file))
    async with running(link):
        await until(lambda: "if it wants a certificate, check tls.certificate_file" in link.health().last_error)
    server.close()
