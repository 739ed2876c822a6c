"""`haechi probe` against a server that bears any depth, one that does not, and devices that do other things wrong."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.cli.main import main
from controller.tools.probe import DEPTHS, MOST_FAILURES, ROUNDS, Probed, Trial, judge, probe
from drivers.modbus.errors import Where
from drivers.modbus.frame import Ask, Framing, ask_read
from drivers.modbus.tcp import tcp_connector
from drivers.points import DataType, RegisterBlock, Table
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.wires.bulk import Bulk
from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.serial_server import SerialServer
from tests.drivers.field import Ask as Heard
from tests.drivers.field import pymodbus_server, raw_server
from tests.drivers.line import plugged
from tests.drivers.oracle import WRITE_FUNCTIONS

SITE = Path(__file__).parents[3] / "deploy/sites/poor-room.toml"
GAS = "127.0.0.1:15130"
TIMEOUT_S = 0.5


def asks(*addresses: int, count: int = 50) -> Sequence[Ask]:
    return [ask_read(Where("bus", "d", f"{n}"), 1, Table.HOLDING, n, count) for n in addresses]


async def probed(port: int, framing: Framing = Framing.TCP, timeout_s: float = TIMEOUT_S) -> Probed:
    return await probe(tcp_connector("bus", "127.0.0.1", port, framing, timeout_s), framing, asks(0, 50, 200))


async def test_a_server_that_bears_any_depth() -> None:
    plant = Bulk(1, 300)
    server = ModbusServer(plant, "127.0.0.1", 0, plant.units)
    await server.start()
    try:
        result = await probed(server.port, timeout_s=5.0)
    finally:
        await server.stop()
    assert result.largest == DEPTHS[-1]
    assert [trial.answered for trial in result.trials] == [ROUNDS * depth for depth in DEPTHS]
    assert [trial.failures for trial in result.trials] == [0] * len(DEPTHS)
    assert server.requests == sum(ROUNDS * depth for depth in DEPTHS)
    assert all(trial.percentile_ms(50) <= trial.percentile_ms(99) for trial in result.trials)


async def test_pymodbus_breaks_when_requests_are_in_flight_together() -> None:
    async with pymodbus_server() as (_, port):
        result = await probed(port)
    assert [trial.depth for trial in result.trials] == [1, 2], "nothing deeper is tried"
    assert (result.largest, result.worth) == (1, 1)
    assert result.trials[1].missing == MOST_FAILURES


async def test_without_transaction_ids_depth_one_alone_is_measured() -> None:
    plant = Bulk(1, 300)
    server = ModbusServer(plant, "127.0.0.1", 0, plant.units, "rtu")
    await server.start()
    try:
        result = await probed(server.port, Framing.RTU)
    finally:
        await server.stop()
    assert [(trial.depth, trial.answered, trial.failures) for trial in result.trials] == [(1, ROUNDS, 0)]
    assert (result.largest, result.worth) == (1, 1)


async def test_replies_out_of_order_are_counted_and_nothing_is_written() -> None:
    async def answer(ask: Heard) -> bytes:
        if ask.address == 0:
            await asyncio.sleep(0.02)
        return ask.reply()

    async with raw_server(answer) as raw:
        result = await probed(raw.port)
    assert (result.largest, result.trials[1].depth, result.trials[1].displaced) == (1, 2, MOST_FAILURES)
    assert not WRITE_FUNCTIONS & {ask.function for ask in raw.heard}


async def test_a_device_that_says_busy_does_not_bear_the_depth() -> None:
    """What is refused when it comes alone is no fault of the depth; what is refused more often then is."""
    waiting = 0

    async def answer(ask: Heard) -> bytes:
        nonlocal waiting
        waiting += 1
        await asyncio.sleep(0.002)
        waiting -= 1
        return ask.frame(b"\x06", function=ask.function | 0x80) if waiting or ask.address == 200 else ask.reply()

    async with raw_server(answer) as raw:
        result = await probed(raw.port)
    assert result.trials[0].refused == ROUNDS // 3
    assert result.largest == 1


async def test_a_device_that_is_not_there() -> None:
    async with raw_server() as raw:
        port = raw.port
    result = await probed(port)
    assert (result.largest, result.worth, len(result.trials)) == (0, 0, 1)
    assert result.trials[0].missing == MOST_FAILURES


def trial(depth: int, reads_per_s: float, missing: int = 0) -> Trial:
    return Trial(depth, answered=100, busy_s=100 / reads_per_s, missing=missing)


@pytest.mark.parametrize(
    ("trials", "requests", "expected"),
    [
        ([trial(1, 100), trial(2, 190), trial(4, 200), trial(8, 230)], 20, (8, 8)),
        ([trial(1, 100), trial(2, 190), trial(4, 200), trial(8, 210)], 20, (8, 2)),
        ([trial(1, 100), trial(2, 200), trial(4, 400), trial(8, 800)], 3, (8, 4)),
        ([trial(1, 100), trial(2, 200)], 1, (2, 1)),
        ([trial(1, 100), trial(2, 110), trial(4, 300, missing=1)], 20, (2, 1)),
        ([trial(1, 100, missing=1)], 20, (0, 0)),
    ],
)
def test_a_depth_must_be_borne_and_worth_it(trials: list[Trial], requests: int, expected: tuple[int, int]) -> None:
    result = judge(trials, requests)
    assert (result.largest, result.worth) == expected


# --- the command ----------------------------------------------------------------------------------------------------


def gas_head() -> SimpleNamespace:
    """A plant with one device of input registers."""
    block = RegisterBlock("gas", "gas", 1, Table.INPUT, 0, 100, DataType.UINT16, 1.0, 3.0)
    memory = DeviceMemory("gas", [block], frozenset(), max_gap=0)
    return SimpleNamespace(memories={"gas": memory}, answers=lambda _device: 0.0)


def site_with(folder: Path, port: int) -> Path:
    text = SITE.read_text(encoding="utf-8")
    assert GAS in text
    path = folder / "site.toml"
    path.write_text(text.replace(GAS, f"127.0.0.1:{port}"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ("Is the daemon stopped?", "nothing is written", "answered rightly up to depth 16", "missing")),
        ("ko", ("데몬을 멈췄습니까?", "아무것도 쓰지 않음", "깊이 16까지", "무응답")),
    ],
)
async def test_the_command_prints_the_line_for_the_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, says: tuple[str, ...]
) -> None:
    server = ModbusServer(gas_head(), "127.0.0.1", 0, {1: "gas"})
    await server.start()
    try:
        words = ["probe", str(site_with(tmp_path, server.port)), "gas", "--language", language]
        assert await asyncio.to_thread(main, words) == 0
    finally:
        await server.stop()
    said = capsys.readouterr().out
    assert all(part in said for part in says), said
    assert said.splitlines()[-2:] == ["[devices.gas]", "depth = 1"], "the plan has one request"


@pytest.mark.needs("socat")
@pytest.mark.parametrize(("language", "says"), [("en", "no transaction ids"), ("ko", "트랜잭션 번호가 없어")])
async def test_the_command_on_a_serial_line_says_why_depth_stays_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, says: str
) -> None:
    async with plugged(tmp_path) as line:
        server = SerialServer(gas_head(), line.theirs, {1: "gas"})
        await server.start()
        path = tmp_path / "site.toml"
        tcp = f'[links.gas]\nkind = "modbus-tcp"\nendpoint = "{GAS}"'
        text = SITE.read_text(encoding="utf-8")
        assert tcp in text
        path.write_text(text.replace(tcp, f'[links.gas]\nkind = "modbus-rtu"\nport = "{line.ours}"'), encoding="utf-8")
        try:
            assert await asyncio.to_thread(main, ["probe", str(path), "gas", "--language", language]) == 0
        finally:
            await server.stop()
    said = capsys.readouterr().out
    assert says in said
    assert said.splitlines()[-2:] == ["[devices.gas]", "depth = 1"]


async def test_the_command_says_when_nothing_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with raw_server() as raw:
        port = raw.port
    assert await asyncio.to_thread(main, ["probe", str(site_with(tmp_path, port)), "gas"]) == 1
    said = capsys.readouterr().out
    assert "Not even single requests are answered rightly" in said
    assert "depth =" not in said


def test_the_command_knows_its_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", str(site_with(tmp_path, 1)), "nobody"]) == 2
    assert "no Modbus device is called nobody; there are bms, gas" in capsys.readouterr().err
