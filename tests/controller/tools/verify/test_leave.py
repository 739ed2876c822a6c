"""Direct mode asks for the site's own record of verification; shadow and request do not."""

from pathlib import Path

import pytest

from controller.cli.main import main
from controller.runtime import daemon
from controller.site.loader import load
from controller.tools.verify.record import write_record

HALL = Path("deploy/sites/hall.toml").read_text(encoding="utf-8")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Sites that would have been protected."""
    sites: list[object] = []

    def take_down(_: object, site: object) -> int:
        sites.append(site)
        return 0

    monkeypatch.setattr(daemon, "run_daemon", take_down)
    return sites


def put(folder: Path, mode: str) -> Path:
    file = folder / "hall.toml"
    file.write_text(HALL.replace('mode = "direct"', f'mode = "{mode}"'), encoding="utf-8")
    return file


def test_direct_mode_without_a_record_is_refused_with_the_remedy(
    tmp_path: Path, ran: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(put(tmp_path, "direct"))]) == 2
    said = capsys.readouterr().err
    assert "haechi verify hall.toml" in said
    assert ran == []


def test_with_its_own_record_it_runs_and_with_another_s_it_does_not(tmp_path: Path, ran: list[object]) -> None:
    file = put(tmp_path, "direct")
    write_record(file, load(file), {"P1": "proved"})
    assert main(["run", str(file)]) == 0
    file.write_text(file.read_text(encoding="utf-8").replace("flooding_s = ", "flooding_s = 1"), encoding="utf-8")
    assert main(["run", str(file)]) == 2
    assert len(ran) == 1


def test_a_bench_says_that_its_plant_is_simulated(tmp_path: Path, ran: list[object]) -> None:
    assert main(["run", str(put(tmp_path, "direct")), "--unverified"]) == 0
    assert len(ran) == 1


def test_who_only_observes_needs_no_record(tmp_path: Path, ran: list[object]) -> None:
    assert main(["run", str(put(tmp_path, "shadow"))]) == 0
    assert len(ran) == 1
