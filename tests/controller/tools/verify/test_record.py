"""The record beside the site: it speaks for one logic and one core, wherever the devices are reached."""

import ast
from pathlib import Path

from msgspec.structs import replace

from controller.site.model import ModbusTcp
from controller.tools.verify import record
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
