"""Every option of links, devices and blocks that the wires know: what the checker refuses, and what the layout and the summary make of it."""

from __future__ import annotations

import re
import termios
from pathlib import Path

import pytest
from msgspec.structs import replace

from controller.core.layout import lay_out
from controller.site.checks.links import BAUDS, links
from controller.site.digest import site_digest
from controller.site.load import loads_of_links
from controller.site.loader import loads
from controller.site.look import Look
from controller.site.model import Framing, ModbusRtu, ModbusTcp, Mqtt, has_transaction_ids
from controller.site.summary import summary
from controller.tools.check import main
from drivers.points import DataType, Identity, Order, RegisterBlock
from tests.controller.site.hall import HALL, edited, problems_of

GAS = 'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15030"'
HEAT = 'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15031"'
BROKER = 'kind = "mqtt"\nendpoint = "127.0.0.1:18883"'
GAS_SERIAL = 'kind = "modbus-rtu"\nport = "/dev/serial/by-id/gas"'
HEAT_SERIAL = 'kind = "modbus-rtu"\nport = "/dev/serial/by-id/heat"'
GAS_RTU = f'{GAS}\nframing = "rtu"'
GAS_DEVICE = '[devices.gas]\nlink = "gas"'
HEAT_BLOCK = 'address = 0\ncount = 4\ntype = "int16"\nfactor = 0.1'
VOC_BLOCK = "address = 18\ncount = 9"
TLS = 'tls = { ca_file = "ca.pem", certificate_file = "own.pem", key_file = "own.key" }'


WRONG: dict[str, tuple[tuple[tuple[str, str], ...], str, str, str]] = {
    "framing": (((GAS, f'{GAS}\nframing = "ascii"'),), "links.gas.framing", "ascii", "tcp, rtu"),
    "no such parity": (((GAS, f'{GAS_SERIAL}\nparity = "mark"'),), "links.gas.parity", "mark", "even, odd, none"),
    "no such stop bits": (((GAS, f"{GAS_SERIAL}\nstop_bits = 3"),), "links.gas.stop_bits", "3", "1, 2"),
    "parity and two stop bits": (((GAS, f"{GAS_SERIAL}\nstop_bits = 2"),), "links.gas.stop_bits", "12 bits", "none"),
    "no such baud": (((GAS, f"{GAS_SERIAL}\nbaud = 19000"),), "links.gas.baud", "19000", "19200"),
    "no tty": (
        ((GAS, GAS_SERIAL.replace("/dev/serial/by-id/gas", "COM3")),), "links.gas.port", "COM3", "/dev/serial/by-id",
    ),
    "two links on one tty": (
        ((GAS, GAS_SERIAL), (HEAT, HEAT_SERIAL.replace("by-id/heat", "by-id/gas"))),
        "links.heat.port", "not independent", "one tty",
    ),
    "an endpoint on a serial line": (
        ((GAS, f'{GAS_SERIAL}\nendpoint = "127.0.0.1:1"'),), "links.gas.endpoint", "unknown", "port",
    ),
    "depth on a serial line": (
        ((GAS, GAS_SERIAL), (GAS_DEVICE, f"{GAS_DEVICE}\ndepth = 2")), "devices.gas.depth", "told apart", "depth = 1",
    ),
    "depth on RTU over TCP": (
        ((GAS, GAS_RTU), (GAS_DEVICE, f"{GAS_DEVICE}\ndepth = 2")), "devices.gas.depth", "told apart", "framing",
    ),
    "no depth": (((GAS_DEVICE, f"{GAS_DEVICE}\ndepth = 0"),), "devices.gas.depth", "nothing", "1 or more"),
    "depth and silence": (
        ((GAS_DEVICE, f"{GAS_DEVICE}\ndepth = 4\nspacing_s = 0.01"),), "devices.gas.depth", "silence", "spacing_s = 0",
    ),
    "negative spacing": (((GAS_DEVICE, f"{GAS_DEVICE}\nspacing_s = -0.1"),), "devices.gas.spacing_s", "-0.1", "0"),
    "unit 0 on a serial line": (
        ((GAS, GAS_SERIAL), (GAS_DEVICE, f"{GAS_DEVICE}\nunit = 0")), "devices.gas.unit", "unit 0", "1 to 247",
    ),
    "unit 250 on RTU over TCP": (
        ((GAS, GAS_RTU), (GAS_DEVICE, f"{GAS_DEVICE}\nunit = 250")), "devices.gas.unit", "unit 250", "1 to 247",
    ),
    "no such order": (((HEAT_BLOCK, f'{HEAT_BLOCK}\norder = "abdc"'),), "blocks.heat-temperature.order", "abdc", "cdab"),
    "words of one word swapped": (
        ((HEAT_BLOCK, f'{HEAT_BLOCK}\norder = "cdab"'),), "blocks.heat-temperature.order", "one word", "badc",
    ),
    "both of one word swapped": (
        ((HEAT_BLOCK, f'{HEAT_BLOCK}\norder = "dcba"'),), "blocks.heat-temperature.order", "one word", "badc",
    ),
    "a value that never comes whole": (
        (
            (HEAT_BLOCK, HEAT_BLOCK.replace("int16", "float64")),
            ('[devices.heat]\nlink = "heat"', '[devices.heat]\nlink = "heat"\nmax_registers = 3'),
        ),
        "blocks.heat-temperature.type", "4 registers", "max_registers to 4",
    ),
    "float64 beyond the table": (
        ((HEAT_BLOCK, HEAT_BLOCK.replace("int16", "float64").replace("address = 0", "address = 65521")),),
        "blocks.heat-temperature", "does not fit", "65535",
    ),
    "identity in its block": (
        ((VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 20, value = 7 }}"),),
        "blocks.gas-voc.address", "register 20", "registers of its own",
    ),
    "identity in another block": (
        ((VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 12, value = 7 }}"),),
        "blocks.gas-co.address", "identity", "registers of its own",
    ),
    "identity too far": (
        ((VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 36, value = 7 }}"),),
        "blocks.gas-voc.identity.address", "9 registers away", "max_gap",
    ),
    "identity beyond one request": (
        (
            (VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 27, value = 7 }}"),
            (GAS_DEVICE, f"{GAS_DEVICE}\nmax_registers = 9"),
        ),
        "blocks.gas-voc.identity.address", "take 10 registers", "split the block",
    ),
    "identity of 17 bits": (
        ((VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 27, value = 65536 }}"),),
        "blocks.gas-voc.identity.value", "65536", "0 to 65535",
    ),
    "identity that counts": (
        ((VOC_BLOCK, f"{VOC_BLOCK}\ncounter = 27\nidentity = {{ address = 27, value = 1 }}"),),
        "blocks.gas-voc.identity.address", "sample counter", "never changes",
    ),
    "identity on MQTT": (
        (('field = "humidity"', 'field = "humidity"\nidentity = { address = 1, value = 1 }'),),
        "blocks.climate-humidity", "registers", "identity",
    ),
    "Modbus over TLS without our certificate": (
        ((GAS, f'{GAS}\ntls = {{ ca_file = "ca.pem" }}'),), "links.gas.tls.certificate_file", "mutual", "key_file",
    ),
    "a certificate without its key": (
        ((BROKER, f'{BROKER}\ntls = {{ ca_file = "ca.pem", certificate_file = "own.pem" }}'),),
        "links.broker.tls.key_file", "only one", "both",
    ),
    "TLS that trusts everybody": (
        ((BROKER, f'{BROKER}\ntls = {{ ca_file = "" }}'),), "links.broker.tls.ca_file", "any certificate", "authority",
    ),
    "no such version": (((BROKER, f'{BROKER}\nversion = "3.1"'),), "links.broker.version", "3.1", "3.1.1, 5"),
    "a frozen broker noticed late": (
        ((BROKER, f"{BROKER}\nkeepalive_s = 3"),), "links.broker.keepalive_s", "7 s", "1 or 2",
    ),
    "a frozen broker never noticed": (
        ((BROKER, f"{BROKER}\nkeepalive_s = 0"),), "links.broker.keepalive_s", "never", "1 or 2",
    ),
    "a password of nobody": (
        ((BROKER, f'{BROKER}\npassword_file = "secret"'),), "links.broker.password_file", "user name", "username",
    ),
    "a time-out of nothing": (((GAS, f"{GAS}\ntimeout_s = 0.0"),), "links.gas.timeout_s", "0 s", "0.3"),
    "a budget of nothing": (
        ((GAS, f"{GAS}\nbudget_requests_per_s = 0.0"),), "links.gas.budget_requests_per_s", "0 requests", "bears",
    ),
    "a line too slow": (
        ((GAS, f"{GAS_SERIAL}\nbaud = 1200"), ("address = 9\ncount = 9", "address = 9\ncount = 9\nperiod_s = 0.5")),
        "links.gas", "busy for", "baud",
    ),
    "too much silence": (((GAS_DEVICE, f"{GAS_DEVICE}\nspacing_s = 1.0"),), "links.gas", "busy for 1.00 s", "spacing_s"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_option_gives_its_one_problem(name: str) -> None:
    edits, path, what, remedy = WRONG[name]
    problems = problems_of(edited(*edits))
    assert [problem.path for problem in problems] == [path], problems
    assert what in problems[0].what
    assert remedy in problems[0].remedy


RIGHT: dict[str, tuple[tuple[str, str], ...]] = {
    "serial": ((GAS, f'{GAS_SERIAL}\nbaud = 9600\nparity = "none"\nstop_bits = 2'),),
    "RTU over TCP": ((GAS, GAS_RTU),),
    "TLS": ((GAS, f"{GAS}\n{TLS}"),),
    "several requests in flight": ((GAS_DEVICE, f"{GAS_DEVICE}\ndepth = 8"),),
    "silence": ((GAS, GAS_SERIAL), (GAS_DEVICE, f"{GAS_DEVICE}\nspacing_s = 0.05")),
    "swapped bytes": ((HEAT_BLOCK, f'{HEAT_BLOCK}\norder = "badc"'),),
    "little-endian": ((HEAT_BLOCK, HEAT_BLOCK.replace("int16", "float64") + '\norder = "dcba"'),),
    "identity behind the block": ((VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 35, value = 65535 }}"),),
    "MQTT 5 with TLS": ((BROKER, f'{BROKER}\nversion = "5"\nkeepalive_s = 1\ntls = {{ ca_file = "ca.pem" }}'),),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_option_gives_none(name: str) -> None:
    assert problems_of(edited(*RIGHT[name])) == ()


def test_blocks_may_share_an_identity_but_not_disagree_about_it() -> None:
    gap = (GAS_DEVICE, f"{GAS_DEVICE}\nmax_gap = 9")
    voc = (VOC_BLOCK, f"{VOC_BLOCK}\nidentity = {{ address = 27, value = 7 }}")
    co = "address = 9\ncount = 9"
    assert problems_of(edited(gap, voc, (co, f"{co}\nidentity = {{ address = 27, value = 7 }}"))) == ()
    (problem,) = problems_of(edited(gap, voc, (co, f"{co}\nidentity = {{ address = 27, value = 8 }}")))
    assert problem.path == "blocks.gas-voc.identity.value"
    assert "always holds 8, says block gas-co" in problem.what


def test_every_baud_that_passes_is_one_that_a_tty_knows() -> None:
    known = [int(name[1:]) for name in dir(termios) if re.fullmatch(r"B\d+", name)]
    site = loads(edited((GAS, GAS_SERIAL)))
    for baud in known:
        link = replace(site.links["gas"], baud=baud)
        told = {problem.path for problem in links(Look(replace(site, links=site.links | {"gas": link})))}
        assert told == (set() if baud in BAUDS else {"links.gas.baud"})
    assert set(BAUDS) <= set(known)


NINE = (GAS_DEVICE, f"{GAS_DEVICE}\nmax_registers = 9")


@pytest.mark.parametrize("wire", [GAS_SERIAL, GAS_RTU])
def test_requests_that_nothing_tells_apart_are_refused_without_transaction_ids(wire: str) -> None:
    """Three reads of nine input registers each, where the device gives no more than nine: none can be made longer."""
    (problem,) = problems_of(edited((GAS, wire), NINE))
    assert problem.path == "devices.gas"
    assert "blocks gas-co, gas-h2" in problem.what
    assert "passes for the other" in problem.what
    assert "identity" in problem.remedy
    assert problems_of(edited(NINE)) == ()
    assert problems_of(edited((GAS, wire), (NINE[0], NINE[1].replace("9", "12")))) == ()


def test_identity_registers_tell_requests_apart() -> None:
    moved = (
        ("address = 9\ncount = 9", "address = 10\ncount = 9\nidentity = { address = 19, value = 2 }"),
        (VOC_BLOCK, "address = 20\ncount = 9\nidentity = { address = 29, value = 3 }"),
    )
    ten = (NINE[0], NINE[1].replace("9", "10"))
    assert problems_of(edited((GAS, GAS_SERIAL), ten, *moved)) == ()
    same = (moved[0][0], moved[0][1].replace("value = 2", "value = 3"))
    (problem,) = problems_of(edited((GAS, GAS_SERIAL), ten, same, moved[1]))
    assert problem.path == "devices.gas"


def test_every_option_reaches_the_model_and_the_driver_blocks() -> None:
    site = loads(
        edited(
            (GAS, f'{GAS_SERIAL}\nbaud = 9600\nparity = "odd"'),
            (HEAT, f'{HEAT}\nframing = "rtu"\n{TLS}'),
            (
                HEAT_BLOCK,
                HEAT_BLOCK.replace("int16", "float64") + '\norder = "cdab"\nidentity = { address = 16, value = 9 }',
            ),
            (GAS_DEVICE, f"{GAS_DEVICE}\nspacing_s = 0.05"),
        )
    )
    gas, heat, broker = site.links["gas"], site.links["heat"], site.links["broker"]
    assert isinstance(gas, ModbusRtu)
    assert (gas.port, gas.baud, gas.parity, gas.stop_bits, gas.timeout_s) == (
        "/dev/serial/by-id/gas", 9600, "odd", 1, 0.3,
    )  # fmt: skip
    assert isinstance(heat, ModbusTcp)
    assert heat.framing is Framing.RTU
    assert heat.tls is not None
    assert heat.tls.key_file == "own.key"
    assert isinstance(broker, Mqtt)
    assert (broker.version, broker.keepalive_s, broker.tls) == ("3.1.1", 2, None)
    assert [has_transaction_ids(site.links[name]) for name in ("gas", "heat", "broker", "bms-1")] == [
        False, False, False, True,
    ]  # fmt: skip
    block = next(block for block in lay_out(site).blocks if block.name == "heat-temperature")
    assert isinstance(block, RegisterBlock)
    assert (block.data_type, block.order, block.identity) == (DataType.FLOAT64, Order.CDAB, Identity(16, 9))
    assert Look(site).registers["heat-temperature"] == block
    assert site.devices["gas"].spacing_s == 0.05


def test_time_on_a_serial_line_is_counted_from_the_plan() -> None:
    """27 registers in one request a second: (8 + 5 + 54) characters of 11 bits and two silences of 3.5, at 9600 baud."""
    look = Look(loads(edited((GAS, f"{GAS_SERIAL}\nbaud = 9600"), (GAS_DEVICE, f"{GAS_DEVICE}\nspacing_s = 0.05"))))
    exchange_s = (67 + 7) * 11 / 9600
    assert loads_of_links(look)["gas"].busy == pytest.approx(exchange_s + 0.05)
    assert loads_of_links(look)["gas"].requests_per_s == 1.0
    assert loads_of_links(look)["heat"].busy == 0.0
    bare = Look(loads(edited((GAS, f'{GAS_SERIAL}\nbaud = 115200\nparity = "none"'))))
    assert loads_of_links(bare)["gas"].busy == pytest.approx(67 * 10 / 115200 + 2 * 0.00175)


@pytest.mark.parametrize("name", RIGHT)
def test_every_option_is_in_the_digest(name: str) -> None:
    assert site_digest(loads(edited(*RIGHT[name]))) != site_digest(loads(HALL))


def test_summary_tells_how_the_links_are_spoken_to() -> None:
    text = summary(
        loads(
            edited(
                (GAS, GAS_SERIAL),
                (HEAT, f'{HEAT}\nframing = "rtu"\n{TLS}'),
                (BROKER, f'{BROKER}\nversion = "5"\ntls = {{ ca_file = "ca.pem" }}'),
                ('[devices."asd-[1-4]"]\nlink = "asd-{n}"', '[devices."asd-[1-4]"]\nlink = "asd-{n}"\ndepth = 3'),
            )
        )
    )
    assert re.search(r"gas: .* budget, serial 19200 baud 8E1, no transaction ids, wire busy 4%", text)
    assert re.search(r"heat: .* budget, RTU over TCP, TLS, no transaction ids", text)
    assert re.search(r"asd-\[1-4\]: .* budget, up to 3 requests in flight", text)
    assert "broker: MQTT 5, TLS\n" in text
    assert "MQTT 3.1.1, a message that the broker refuses is not noticed" in summary(loads(HALL))


def test_files_that_the_site_names_are_looked_for_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "site.toml"
    own = '\nusername = "haechi"\npassword_file = "secret"'
    path.write_text(edited((GAS, f"{GAS}\n{TLS}"), (BROKER, f"{BROKER}{own}")), encoding="utf-8")
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    assert main(path) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        "links.gas.tls.certificate_file", "links.gas.tls.key_file", "links.broker.password_file",
    ]  # fmt: skip
    assert f"{tmp_path / 'own.pem'} cannot be read: No such file" in lines[0]
    for name in ("own.pem", "own.key", "secret"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert main(path) == 0


def test_the_summary_lists_devices_of_which_nothing_but_the_transaction_tells_replies_apart() -> None:
    told = "told apart by transaction ids alone: gas\n"
    assert told in summary(loads(edited(NINE)))
    assert told not in summary(loads(HALL))
    moved = (
        ("address = 9\ncount = 9", "address = 10\ncount = 9\nidentity = { address = 19, value = 2 }"),
        (VOC_BLOCK, "address = 20\ncount = 9\nidentity = { address = 29, value = 3 }"),
    )
    assert "transaction ids alone" not in summary(loads(edited((NINE[0], NINE[1].replace("9", "10")), *moved)))
