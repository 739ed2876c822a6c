"""docs/links.md: its examples load and pass the check, it names every option, and the defaults that it states are those of the model."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from controller.core.troubles import TRIPS
from controller.site.checks.blocks import blocks
from controller.site.checks.identity import identity
from controller.site.checks.links import links
from controller.site.checks.wires import wires
from controller.site.loader import loads
from controller.site.look import Look
from controller.site.model import Block, Device, ModbusRtu, ModbusTcp, Mqtt, Recording, Tls

PAGE = (Path(__file__).parents[3] / "docs" / "links.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
REST = '[site]\nname = "page"\n[zones]\n[heads]\n[outputs]\n[matrix]\n'


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_loads_and_passes_the_check(example: str) -> None:
    empty = "".join(f"[{section}]\n" for section in ("devices", "blocks") if f"[{section}." not in example)
    look = Look(loads(REST + empty + example))
    assert [problem for theme in (links, wires, blocks, identity) for problem in theme(look)] == []


def test_there_is_an_example_of_each_wire() -> None:
    kinds = re.findall(r'kind = "([a-z-]+)"', "".join(EXAMPLES))
    assert set(kinds) == {"modbus-tcp", "modbus-rtu", "mqtt"}
    assert 'framing = "rtu"' in "".join(EXAMPLES)
    assert "tls = " in "".join(EXAMPLES)


@pytest.mark.parametrize("struct", [ModbusTcp, ModbusRtu, Mqtt, Recording, Tls, Device, Block])
def test_every_option_is_named(struct: type[msgspec.Struct]) -> None:
    tables = PAGE.partition("## Every option")[2]
    missing = [field.name for field in msgspec.structs.fields(struct) if f"`{field.name}`" not in tables]
    assert missing == []


@pytest.mark.parametrize(
    ("struct", "option", "default"),
    [
        (ModbusRtu, "baud", "19200"), (ModbusRtu, "parity", '`"even"`'), (ModbusRtu, "stop_bits", "1"),
        (ModbusTcp, "framing", '`"tcp"`'), (ModbusTcp, "timeout_s", "0.3"), (ModbusRtu, "timeout_s", "0.3"),
        (Mqtt, "version", '`"3.1.1"`'), (Mqtt, "keepalive_s", "2"), (Device, "depth", "1"), (Device, "spacing_s", "0"),
        (Device, "max_registers", "125"), (Device, "max_gap", "8"), (Block, "order", '`"abcd"`'), (Block, "type", '`"uint16"`'),
        (Block, "period_s", "1"), (Block, "max_age_s", "5"),
    ],
)  # fmt: skip
def test_a_stated_default_is_that_of_the_model(struct: type[msgspec.Struct], option: str, default: str) -> None:
    rows = [
        [cell.strip() for cell in line.split("|")] for line in PAGE.splitlines() if line.startswith(f"| `{option}` |")
    ]
    assert any(default in row for row in rows), rows
    (field,) = [field for field in msgspec.structs.fields(struct) if field.name == option]
    stated = default.strip('`"')
    assert (float(stated) if isinstance(field.default, (int, float)) else stated) == field.default


def test_every_trouble_of_the_page_is_one_of_the_table() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## What is told")[2], re.MULTILINE)
    assert len(named) == 4
    assert set(named) <= set(TRIPS)
