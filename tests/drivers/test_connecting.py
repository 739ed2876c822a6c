"""When a link counts as connected, and how soon it tries again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from drivers.link import LinkState
from drivers.modbus import poller
from drivers.mqtt import mqtt_link
from drivers.tls import client_context
from tests.drivers.certificates import Authority
from tests.drivers.field import Ask, raw_server, running, until
from tests.drivers.test_refused_peers import HERE, at_server, modbus
from tests.drivers.test_tcp import good


@asynccontextmanager
async def mute(authority: Authority) -> AsyncIterator[int]:
    """A server that is content with our certificate, and says nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, HERE, 0, ssl=at_server(authority))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def states(link: poller.ModbusLink, connections: int) -> set[LinkState]:
    """What a link says of itself over so many connections."""
    seen: set[LinkState] = set()

    def look() -> bool:
        seen.add(link.health().state)
        return link.health().generation >= connections

    await until(look)
    return seen


async def test_up_means_that_the_first_read_was_answered() -> None:
    """On every connection anew."""
    is_mute = True

    async def answer(ask: Ask) -> bytes:
        return b"" if is_mute else ask.reply()

    async with raw_server(answer) as raw:
        link = modbus(HERE, raw.port)
        async with running(link):
            assert LinkState.UP not in await states(link, 3)
            is_mute = False
            await until(lambda: link.health().state is LinkState.UP)
            assert good(link, "h")
            is_mute = True
            await until(lambda: link.health().timeouts >= 3)
            assert LinkState.UP not in await states(link, link.health().generation + 2)


@pytest.mark.needs("openssl")
async def test_a_handshake_is_no_answer(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "site")
    pair = authority.issue("client")
    ours = client_context(authority.ca_file, pair.certificate_file, pair.key_file)
    async with mute(authority) as port:
        link = modbus(HERE, port, tls=ours)
        async with running(link):
            assert LinkState.UP not in await states(link, 3)
            assert "no answer within" in link.health().last_error


@pytest.mark.parametrize("backoff_s", [poller._backoff_s, mqtt_link._backoff_s])
def test_reconnections_come_at_random_within_doubling_bounds_of_two_seconds_at_most(backoff_s: object) -> None:
    assert callable(backoff_s)
    for failures in range(1, 5000, 7):
        longest_s = min(2.0, 0.1 * 2.0 ** min(failures - 1, 10))
        assert longest_s / 2 <= backoff_s(failures) <= longest_s
    assert len({backoff_s(9) for _ in range(100)}) > 90
