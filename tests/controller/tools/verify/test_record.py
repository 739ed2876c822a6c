"""The record beside the site: it speaks for one logic and one core, wherever the devices are reached."""

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from controller.site.model import (
    Block,
    Device,
    Framing,
    Identity,
    ModbusRtu,
    ModbusTcp,
    Mqtt,
    Parity,
    Recording,
    Tls,
    Watchdog,
)  # fmt: skip
from controller.tools.verify import record
from drivers.points import DataType, Order, Table
from tests.controller.core.field import site

ROOT = Path(__file__).resolve().parents[4]


def _moved() -> object:
    links = {n: replace(k, endpoint="10.0.0.9:502") if isinstance(k, ModbusTcp) else k for n, k in site().links.items()}
    return replace(site(), links=links)


def test_a_record_speaks_for_its_site(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    missing = record.find_fault(file, site())
    assert missing is not None
    assert "no hall.toml.verified" in missing.why
    assert "haechi verify hall.toml" in missing.remedy
    record.write_record(file, site(), {"P1": "proved"})
    assert record.find_fault(file, site()) is None


def test_endpoints_are_no_logic(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    record.write_record(file, site(), {})
    assert record.find_fault(file, _moved()) is None  # type: ignore[arg-type]


def _fields(*tables: type[msgspec.Struct]) -> list[tuple[type[msgspec.Struct], str]]:
    return [(table, field.name) for table in tables for field in msgspec.structs.fields(table)]


_OTHER: dict[Any, Any] = {
    "framing": Framing.RTU, "parity": Parity.ODD, "stop_bits": 2, "version": "5", "table": Table.INPUT, "type": DataType.INT16,
    "order": Order.CDAB, "tls": Tls(ca_file="ca.pem"), "watchdog": Watchdog(point="do-1-coils[0]", timeout_s=2.0),
    "identity": Identity(address=7, value=9), "invalid": (65535,), "topics": ("a/b",), "counter": 3,
}  # fmt: skip
"""A value that a field does not have in the tables below, where another text or number will not do."""
_LINKS = (ModbusTcp(endpoint="h:1"), ModbusRtu(port="/dev/a"), Mqtt(endpoint="h:2"), Recording(file="f", mapping="m"))
_TABLES: dict[type[msgspec.Struct], Any] = {
    type(table): table for table in (*_LINKS, Device(link="io-1"), Block(device="di-1"), Tls(ca_file="a"))
}


def _digest(table: Any) -> str:
    """Of the test site with one more table of a wire."""
    whole = site()
    if isinstance(table, Tls):
        return _digest(ModbusTcp(endpoint="h:1", tls=table))
    section = "devices" if isinstance(table, Device) else "blocks" if isinstance(table, Block) else "links"
    return record.logic_digest(replace(whole, **{section: {**getattr(whole, section), "more": table}}))


def _changed(value: Any, name: str) -> Any:
    if name in _OTHER:
        return _OTHER[name]
    return (not value) if isinstance(value, bool) else f"{value}x" if isinstance(value, str) else (value or 0) + 1


@pytest.mark.parametrize(("table", "name"), _fields(*_TABLES))
def test_all_that_a_wire_is_counts_but_where_it_leads(table: type[msgspec.Struct], name: str) -> None:
    entry = _TABLES[table]
    other = replace(entry, **{name: _changed(getattr(entry, name), name)})
    left_out = name in record.PLACES or name.endswith("_file")
    assert (_digest(other) == _digest(entry)) is left_out


def test_a_record_of_another_version_is_told_by_the_core(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    path = record.write_record(file, site(), {})
    old = path.read_text().replace(record.core_digest(), "0" * 64).replace(record.logic_digest(site()), "1" * 64)
    path.write_text(old)
    changed = record.find_fault(file, site())
    assert changed is not None
    assert "the core is another" in changed.why


def test_a_changed_time_is_another_site(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    record.write_record(file, site(), {})
    changed = record.find_fault(file, site(("pre_warning_s = 30.0", "pre_warning_s = 31.0")))
    assert changed is not None
    assert "the site is another" in changed.why


def test_another_core_needs_another_record(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    path = record.write_record(file, site(), {})
    path.write_bytes(path.read_bytes().replace(record.core_digest().encode(), b"0" * 64))
    changed = record.find_fault(file, site())
    assert changed is not None
    assert "the core is another" in changed.why


def test_rubbish_is_no_record(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    record.path_of(file).write_text("verified, honestly")
    fault = record.find_fault(file, site())
    assert fault is not None
    assert "no record of a verification" in fault.why


def test_the_digest_of_the_core_covers_every_site_module_that_it_imports() -> None:
    sources = {file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for file in record.core_sources()}
    asked: set[str] = set()
    for file in record.core_sources():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "controller.site":
                asked |= {f"controller.site.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("controller.site."):
                asked.add(str(node.module))
    assert "controller.site.model" in asked
    assert {name for name in asked if name not in sources and f"{name}.__init__" not in sources} == set()
