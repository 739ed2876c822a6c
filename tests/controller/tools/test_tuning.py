"""A proposal fitted to normal life: it keeps its budget on the recording, tells what it cannot do, and applies nothing."""

import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from controller.cli.main import main
from controller.core.detect.defaults import DEFAULTS
from controller.site.loader import loads
from controller.site.model import Family
from controller.tools.recordings.mapping import read_map
from controller.tools.tuning.propose import Budget
from controller.tools.tuning.run import TableError, table_source
from controller.tools.tuning.run import tune as fit_site
from controller.tools.tuning.tail import fit
from tests.controller.site.hall import HALL

DAYS_S = 3 * 86400
STEP_S = 10


def life(folder: Path, days_s: int = DAYS_S, dust: float = 0.1, seed: int = 1) -> tuple[Path, Path]:
    """Days of a dusty room: smoke heads with noise and now and then a puff, heat heads with a day's course."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, days_s, STEP_S)
    puffs = np.zeros((t.size, 2))
    for column in range(2):
        for at in rng.integers(0, t.size, t.size // 60):
            puffs[at : at + 12, column] += rng.exponential(dust)
    smoke = np.abs(rng.normal(0.05, 0.02, puffs.shape)) + puffs
    heat = 24 + 3 * np.sin(t / 86400 * 2 * np.pi)[:, None] + rng.normal(0, 0.1, (t.size, 2))
    rows = [f"{s},{a[0]:.3f},{a[1]:.3f},{h[0]:.2f},{h[1]:.2f}\n" for s, a, h in zip(t, smoke, heat, strict=True)]
    recording, plan = folder / "life.csv", folder / "life.toml"
    recording.write_text("Time,S1,S2,H1,H2\n" + "".join(rows))
    plan.write_text('[time]\ncolumn = "Time"\n[columns]\n"S*" = "smoke %/m"\n"H*" = "heat degC"\n')
    return recording, plan


def tune(folder: Path, recording: Path, plan: Path, *words: str) -> int:
    site = folder / "site.toml"
    site.write_text(HALL, encoding="utf-8")
    code = main(["tune", str(site), "--from", str(recording), "--map", str(plan), "--out", str(folder / "out"), *words])
    assert site.read_text(encoding="utf-8") == HALL, "nothing may be applied"
    return code


def test_a_proposal_keeps_the_budget_when_it_is_run_over_the_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording, plan = life(tmp_path, dust=0.3)
    assert main(["replay", str(recording), "--map", str(plan)]) == 0
    assert "normal -> advisory" in capsys.readouterr().out, "the defaults must break the budget, or nothing is shown"
    assert tune(tmp_path, recording, plan, "--advisories-per-week", "2", "--alarms-per-year", "1") == 0
    said = capsys.readouterr().out
    assert "the proposal keeps the budget" in said
    assert "LESS SAFE" in said
    proposal = tmp_path / "out" / "proposal.toml"
    smoke = tomllib.loads(proposal.read_text())["settings"]["smoke"]
    assert smoke["advisory"] > (DEFAULTS[Family.SMOKE].advisory or 0)
    assert main(["replay", str(recording), "--map", str(plan), "--settings", str(proposal), "--json"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if '"settings":"proposal.toml"' in line]
    assert not [line for line in lines if '"kind":"level"' in line]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") >= 2
    assert "Nothing has been applied" in page


def gas_life(folder: Path, ppm: float = 6.0, around: float = 20.0) -> tuple[Path, Path]:
    """Forty hours of one gas head with this much noise, every ten seconds."""
    shown = np.maximum(0.0, around + ppm * np.random.default_rng(2).normal(size=40 * 360))
    recording, plan = folder / "gas.csv", folder / "gas.toml"
    recording.write_text("Time,G\n" + "".join(f"{10 * k},{value:.3f}\n" for k, value in enumerate(shown)))
    plan.write_text('[time]\ncolumn = "Time"\n[columns]\nG = "h2 ppm rack=rack-1"\n')
    return recording, plan


def test_the_noise_of_gas_heads_and_their_smallest_rise_are_proposed_and_the_rest_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tune(tmp_path, *gas_life(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "LESS SAFE: noise of h2 is raised from 1 to" in said
    assert "the proposal keeps the budget" in said
    proposal = tomllib.loads((tmp_path / "out" / "proposal.toml").read_text())["settings"]["h2"]
    assert proposal["noise"] == pytest.approx(6.0, rel=0.05)
    assert proposal["min_rise"] > (DEFAULTS[Family.H2].min_rise or 0.0)
    assert "Not fitted" in (tmp_path / "out" / "report.html").read_text()


def test_a_quiet_gas_head_keeps_its_noise(tmp_path: Path) -> None:
    assert tune(tmp_path, *gas_life(tmp_path, ppm=0.3, around=4.0)) == 0
    settings = tomllib.loads((tmp_path / "out" / "proposal.toml").read_text()).get("settings", {})
    assert not {"noise", "min_rise"} & settings.get("h2", {}).keys(), "neither is made smaller"


def test_features_that_are_not_fitted_are_named(tmp_path: Path) -> None:
    assert tune(tmp_path, *life(tmp_path)) == 0
    assert "smoke: fast_rise, drift_limit" in (tmp_path / "out" / "report.html").read_text()


def test_a_map_with_heads_that_the_site_does_not_have_is_refused(tmp_path: Path) -> None:
    recording, plan = gas_life(tmp_path)
    site = loads(HALL)
    heads = {name: head for name, head in site.heads.items() if head.family is not Family.H2}
    without = msgspec.structs.replace(site, heads=heads)
    source = table_source(recording, read_map(plan), {})
    with pytest.raises(
        TableError, match="heads of type h2, of which the site has none; remedy: take those columns out"
    ):
        fit_site(without, [source], Budget())


def test_quiet_rooms_get_earlier_advisories_and_no_other_alarms(tmp_path: Path) -> None:
    assert tune(tmp_path, *life(tmp_path, dust=0.0)) == 0
    settings = tomllib.loads((tmp_path / "out" / "proposal.toml").read_text())["settings"]
    assert set(settings) == {"smoke"}, "temperatures have seasons: no earlier thresholds from three days"
    assert set(settings["smoke"]) == {"advisory"}
    default = DEFAULTS[Family.SMOKE].advisory or 0.0
    assert default / 2 <= settings["smoke"]["advisory"] < default


def test_a_bound_is_not_passed_and_said_loudly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune(tmp_path, *life(tmp_path, dust=3.0)) == 1
    said = capsys.readouterr().out
    assert "BUDGET NOT KEPT: pre_alarm of smoke" in said
    assert "THE PROPOSAL DOES NOT KEEP THE BUDGET" in said
    settings = tomllib.loads((tmp_path / "out" / "proposal.toml").read_text())["settings"]["smoke"]
    assert settings["alarm"] <= 10.0
    assert settings["pre_alarm"] <= 3.3
    assert settings["advisory"] <= settings["pre_alarm"]


def test_too_little_is_refused_with_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune(tmp_path, *life(tmp_path, days_s=6 * 3600)) == 2
    assert "record at least 18.0 h more" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert tune(tmp_path, *life(tmp_path, days_s=30 * 3600), "--advisories-per-week", "0.01") == 2
    assert "more, or bear more of them" in capsys.readouterr().err


@pytest.mark.parametrize("shape", [0.0, 0.2, 0.4])
def test_the_tail_is_found_again(shape: float) -> None:
    u = np.random.default_rng(3).uniform(size=40_000)
    values = -np.log(u) if shape == 0 else (u**-shape - 1) / shape
    tail = fit(values)
    assert tail is not None
    assert tail.shape == pytest.approx(shape, abs=0.06)
    for share in (1e-2, 1e-3, 1e-4):
        true = -np.log(share) if shape == 0 else (share**-shape - 1) / shape
        assert tail.level(share) == pytest.approx(true, rel=0.25)
        assert tail.exceeded(tail.level(share)) == pytest.approx(share)


def test_no_tail_is_made_of_too_little_and_none_is_shorter_than_what_was_seen() -> None:
    assert fit(np.full(50, np.nan)) is None
    assert fit(np.arange(20.0)) is None
    bounded = fit(np.random.default_rng(1).uniform(size=5000))
    assert bounded is not None
    assert bounded.shape == 0.0
    assert bounded.level(1e-9) > 1.0


def test_where_the_budget_holds_no_threshold_becomes_less_safe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        tune(tmp_path, *life(tmp_path, dust=0.12), "--advisories-per-week", "1000", "--alarms-per-year", "0.001") == 0
    )
    said = capsys.readouterr().out
    assert "smoke pre_alarm:" not in said
    assert "LESS SAFE" not in said
    smoke = tomllib.loads((tmp_path / "out" / "proposal.toml").read_text()).get("settings", {}).get("smoke", {})
    for name, value in smoke.items():
        assert value <= getattr(DEFAULTS[Family.SMOKE], name), name


def test_every_raised_threshold_is_said_to_be_less_safe_advisories_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tune(tmp_path, *life(tmp_path, dust=3.0))
    said = capsys.readouterr().out
    proposal = (tmp_path / "out" / "proposal.toml").read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    smoke = tomllib.loads(proposal)["settings"]["smoke"]
    raised = [name for name, value in smoke.items() if value > getattr(DEFAULTS[Family.SMOKE], name)]
    assert "advisory" in raised
    assert len(raised) > 1
    for name in raised:
        for text in (said, proposal, page):
            assert f"LESS SAFE: {name} of smoke is raised" in text
