"""The record beside the site: it speaks for one logic and one core, wherever the devices are reached."""

from pathlib import Path

from msgspec.structs import replace

from controller.site.model import ModbusTcp
from controller.tools.verify import record
from tests.controller.core.field import site


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
