"""What a site file may not ask for: water or agent without the controller, a silent device, a last word that nobody has."""

from pathlib import Path

import pytest

from controller.site.check import check
from controller.site.loader import loads
from controller.site.model import Block, SiteInfo
from controller.site.problem import Problem
from controller.site.summary import summary

SITES = Path(__file__).parents[3] / "deploy" / "sites"
HALL = (SITES / "hall.toml").read_text(encoding="utf-8")
ROOM = (SITES / "poor-room.toml").read_text(encoding="utf-8")
COOLANT = 'consequence = "coolant_no_flow"\non_restart = "keep"\non_comm_loss = "hold"'
AGENT = 'role = "agent"\n'
PANEL = 'role = "agent"\npanel_input = true\n'


def problems_of(text: str) -> tuple[Problem, ...]:
    return check(loads(text))


def edited(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)


@pytest.mark.parametrize(
    "values",
    [
        'on_restart = "keep"\non_comm_loss = 1',
        'on_restart = 1\non_comm_loss = "hold"',
        'normal = 1\non_restart = "keep"\non_comm_loss = 0',
    ],
)
def test_no_water_without_the_controller(values: str) -> None:
    text = edited(HALL, COOLANT, f'consequence = "coolant_no_flow"\n{values}')
    (problem,) = problems_of(text)
    assert problem.path == "outputs.coolant-1.on_comm_loss"
    assert "rule 7" in problem.what


def test_in_request_mode_agent_goes_through_a_certified_panel() -> None:
    request = edited(ROOM, 'mode = "direct"', 'mode = "request"')
    (problem,) = problems_of(request)
    assert problem.path == "outputs.agent.panel_input"
    wired = edited(request, AGENT, PANEL)
    assert problems_of(wired) == ()
    words = "agent outputs are wired to a certified panel's inputs; its word is last"
    assert words in summary(loads(wired))
    assert words not in summary(loads(ROOM))


def test_the_reserve_bank_goes_through_the_panel_too() -> None:
    request = edited(edited(HALL, 'mode = "direct"', 'mode = "request"'), AGENT, PANEL)
    assert [problem.path for problem in problems_of(request)] == ["outputs.agent-reserve.panel_input"]


def test_in_direct_mode_no_panel_stands_between() -> None:
    (problem,) = problems_of(edited(ROOM, AGENT, PANEL))
    assert problem.path == "outputs.agent.panel_input"
    assert "direct" in problem.what


def test_a_site_in_shadow_may_say_either() -> None:
    shadow = edited(ROOM, 'mode = "direct"', 'mode = "shadow"')
    assert problems_of(shadow) == ()
    assert problems_of(edited(shadow, AGENT, PANEL)) == ()


def test_panel_input_is_said_of_agent_alone() -> None:
    shadow = edited(ROOM, 'mode = "direct"', 'mode = "shadow"')
    (problem,) = problems_of(edited(shadow, 'role = "damper"\n', 'role = "damper"\npanel_input = true\n'))
    assert problem.path == "outputs.damper.panel_input"


def test_a_frozen_device_with_the_default_ages_is_a_trouble_within_ten_seconds() -> None:
    assert SiteInfo(name="x").trouble_delay_s + Block(device="x").max_age_s + SiteInfo(name="x").scan_s <= 10.0


@pytest.mark.parametrize("block", ["gas-h2", "di-1-inputs", "room-feedback", "do-1-coils", "main-flow"])
def test_a_silent_device_is_told_in_time(block: str) -> None:
    text = ROOM.replace("period_s = 0.2\nmax_age_s = 1.5", "max_age_s = 3.0")
    assert problems_of(text) == ()
    head, name, rest = text.partition(f"[blocks.{block}]")
    (problem,) = problems_of(head + name + rest.replace("max_age_s = 3.0", "max_age_s = 7.5", 1))
    assert problem.path == f"blocks.{block}.max_age_s"
    assert "7.5 + 3" in problem.what


def test_coarse_values_are_summed_up_instead() -> None:
    """They come every ten seconds, so nobody can miss them sooner; the owner reads it in the summary."""
    assert "may be dead for up to 28 s before it is told: bms-temperature" in summary(loads(ROOM)).replace(
        "\n        ", " "
    )
    grouped = edited(ROOM, 'points = ["bms-temperature[0:3]"]', 'points = ["bms-temperature[0:3]"]\ngroup = 3')
    assert [problem.path for problem in problems_of(grouped)] == ["blocks.bms-temperature.max_age_s"]
