"""The file of results: durable, resumed, never mixed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Failed, Order, Outcome
from sim_hardware.campaign.store import FILE, Store
from tests.sim_hardware.campaign import samples

CASE = samples.case()


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    ends: list[Outcome | Failed] = [
        samples.outcome(1),
        replace(samples.outcome(2), infinite=("spread_s",)),
        Failed("spark", 3, "lightning", 2),
    ]
    with Store(tmp_path, (CASE,), "code") as store:
        for end in ends:
            store.add(end)
    with Store(tmp_path, (CASE,), "code") as store:
        assert [*store.done.values(), *store.failed.values()] == ends


def test_the_last_word_about_a_run_counts(tmp_path: Path) -> None:
    with Store(tmp_path, (CASE,), "code") as store:
        store.add(Failed("spark", 3, "lightning"))
        store.add(samples.outcome(3))
        assert (list(store.done), list(store.failed)) == ([Order("spark", 3)], [])
    with Store(tmp_path, (CASE,), "code") as store:
        assert (list(store.done), list(store.failed)) == ([Order("spark", 3)], [])


def test_a_line_that_was_cut_off_is_left_out_and_written_anew(tmp_path: Path) -> None:
    with Store(tmp_path, (CASE,), "code") as store:
        store.add(samples.outcome(1))
        store.add(samples.outcome(2))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-20])
    with Store(tmp_path, (CASE,), "code") as store:
        assert list(store.done) == [Order("spark", 1)]
        store.add(samples.outcome(2))
    with Store(tmp_path, (CASE,), "code") as store:
        assert list(store.done) == [Order("spark", 1), Order("spark", 2)]


def test_a_broken_line_in_the_middle_is_told(tmp_path: Path) -> None:
    with Store(tmp_path, (CASE,), "code") as store:
        store.add(samples.outcome(1))
    with (tmp_path / FILE).open("ab") as stream:
        stream.write(b"{}\n")
    with pytest.raises(CampaignError, match=r"line 3.*remedy"):
        Store(tmp_path, (CASE,), "code")


@pytest.mark.parametrize("changed", ["code", "scenario", "site"])
def test_runs_are_not_mixed(tmp_path: Path, changed: str) -> None:
    Store(tmp_path, (CASE,), "code").__exit__()
    now = {
        "code": CASE,
        "scenario": replace(CASE, scenario=replace(CASE.scenario, duration_s=11.0)),
        "site": replace(CASE, site=replace(CASE.site, site=replace(CASE.site.site, name="another"))),
    }[changed]
    with pytest.raises(CampaignError, match=rf"{changed}.*remedy: --out"):
        Store(tmp_path, (now,), "other" if changed == "code" else "code")


def test_another_case_may_join(tmp_path: Path) -> None:
    Store(tmp_path, (CASE,), "code").__exit__()
    other = replace(CASE, name="other", scenario=replace(CASE.scenario, name="other", duration_s=11.0))
    Store(tmp_path, (CASE, other), "code").__exit__()
    with pytest.raises(CampaignError, match="scenario of other has changed"):
        Store(tmp_path, (replace(other, scenario=CASE.scenario),), "code")


def test_one_campaign_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path, (CASE,), "code"), pytest.raises(CampaignError, match=r"another campaign.*remedy"):
        Store(tmp_path, (CASE,), "code")
