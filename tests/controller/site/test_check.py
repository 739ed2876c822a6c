"""Faults are put into the example hall by small edits; each must come out with its place and its remedy."""

import re
from pathlib import Path

import pytest

from controller.core.layout import lay_out
from controller.core.troubles import TRIPS
from controller.core.zone.coincidence import releasing_pairs as pairs_of_the_core
from controller.site.conditions import RACK, SITE, ZONE
from controller.site.loader import load, loads
from controller.site.look import Look
from controller.site.summary import summary
from controller.tools.check import main
from tests.controller.site.hall import SITES, edited, problems_of

ASD = """[blocks."asd-[1-4]-obscuration"]
device = "asd-{n}"
table = "input"
address = 0
"""
ASD_ON_ONE_DEVICE = """[blocks."asd-[1-3]-obscuration"]
device = "asd-{n}"
table = "input"
address = 0

[blocks.asd-4-obscuration]
device = "asd-3"
table = "input"
address = 1
"""
EXHAUST = """channels = ["room-coils[0]"]
feedback = { point = "room-feedback[0]" }
confirm_s = 15.0
on_restart = "keep"
on_comm_loss = "hold\""""
AGENT = """channels = ["arm-coils[2]", "fire-coils[2]"]
confirm_s = 30.0
consequence = "release_unconfirmed"
on_restart = "keep"
on_comm_loss = 0"""

TEN = {
    "unknown field": (("scan_s = 0.1", "scan_ms = 100"), "site.scan_ms", "unknown field", "scan_s"),
    "wrong type": (
        ("max_automatic_openings = 2 ", 'max_automatic_openings = "two" '),
        "site.max_automatic_openings",
        "'int'",
        "kind",
    ),
    "overlapping registers": (
        ("address = 9", "address = 8"),
        "blocks.gas-co.address",
        "register 8",
        "registers of its own",
    ),
    "head without zone": (
        ('family = "door"\nzone = "hall"', 'family = "door"\nzone = ""'),
        "heads.door.zone",
        "no zone",
        "zone",
    ),
    "output without feedback": (
        ('feedback = { point = "room-feedback[0]" }\n', ""),
        "outputs.exhaust.feedback",
        "without feedback",
        "contact or flow",
    ),
    "heads that are not independent": (
        (ASD, ASD_ON_ONE_DEVICE),
        "zones.server.release",
        "both are on device asd-3",
        "rule 3",
    ),
    "release with one channel": (
        ('channels = ["arm-coils[2]", "fire-coils[2]"]', 'channels = ["fire-coils[2]"]'),
        "outputs.server-agent.channels",
        "1 channel",
        "arm and fire",
    ),
    "impossible bus load": (
        ('endpoint = "127.0.0.1:15030"', 'endpoint = "127.0.0.1:15030"\nbudget_requests_per_s = 0.5'),
        "links.gas.budget_requests_per_s",
        "1.0 requests a second",
        "period_s",
    ),
    "missing fail-safe value": (
        (EXHAUST, EXHAUST.removesuffix('on_comm_loss = "hold"')),
        "outputs.exhaust.on_comm_loss",
        "missing",
        '"hold"',
    ),
    "unreachable row": (
        ('when = ["server.activated"]', 'when = ["server.guard"]'),
        "matrix.server-close-up.when",
        "unreachable",
        "take",
    ),
}


@pytest.mark.parametrize("name", TEN)
def test_a_broken_file_gives_its_one_problem(name: str) -> None:
    edit, path, what, remedy = TEN[name]
    problems = problems_of(edited(edit))
    assert len(problems) == 1, problems
    assert problems[0].path == path
    assert what in problems[0].what
    assert remedy in problems[0].remedy


HALL = 'strategy = "hold-reload"\n'


def stated(line: str) -> tuple[str, str]:
    """The hall's release states one thing more, or otherwise."""
    return HALL, f"{HALL}{line}\n"


MORE = {
    "long manual delay": (
        ('manual_delay_s = 10.0\nstrategy = "hold-reload"', 'manual_delay_s = 30.5\nstrategy = "hold-reload"'),
        "zones.hall.release.manual_delay_s",
    ),
    "no time for a proof": (stated("confirm_s = 0.0"), "zones.hall.release.confirm_s"),
    "long time for a proof": (stated("confirm_s = 30.5"), "zones.hall.release.confirm_s"),
    "no attempt": (stated("attempts = 0"), "zones.hall.release.attempts"),
    "attempts without end": (stated("attempts = 4"), "zones.hall.release.attempts"),
    "long reset lock": (stated("reset_lock_s = 1801.0"), "zones.hall.release.reset_lock_s"),
    "reset lock below zero": (stated("reset_lock_s = -1.0"), "zones.hall.release.reset_lock_s"),
    "agent that stays nowhere": (("flooding_s = 120.0", "flooding_s = 9.5"), "zones.hall.release.flooding_s"),
    "room kept closed for a moment": (("hold_time_s = 600.0", "hold_time_s = 59.5"), "zones.hall.release.hold_time_s"),
    "damper that the release does not ask for": (
        ('dampers = ["damper-[1-4]"]', 'dampers = ["damper-[1-3]"]'),
        "outputs.damper-4",
    ),
    "dampers behind a delay": (
        ('then = ["damper-[1-4]", "hvac-stop"]', 'then = ["damper-[1-4]", "hvac-stop"]\ndelay_s = 3600.0'),
        "outputs.damper-1",
    ),
    "air conditioning stopped late": (
        ('then = ["damper-[1-4]", "hvac-stop"]', 'then = ["damper-[1-4]", "hvac-stop"]\ndelay_s = 3600.0'),
        "outputs.hvac-stop",
    ),
    "relief opened late": (('then = ["relief"]', 'then = ["relief"]\ndelay_s = 3600.0'), "outputs.relief"),
    "dangling rack": (('racks = ["rack-[1-8]"]', 'racks = ["rack-[1-7]"]'), "heads.cell-temperature-8.rack"),
    "point out of range": (('points = ["gas-voc[8]"]', 'points = ["gas-voc[9]"]'), "heads.voc-room.points"),
    "channels on one module": (
        ('["arm-coils[2]", "fire-coils[2]"]', '["arm-coils[2]", "signal-coils[6]"]'),
        "outputs.server-agent.channels",
    ),
    "no pre-warning": (("pre_warning_s = 30.0  ", "pre_warning_s = 0.0  "), "zones.hall.release.pre_warning_s"),
    "no manual delay": (
        ('manual_delay_s = 10.0\nstrategy = "hold-reload"', 'manual_delay_s = 0.0\nstrategy = "hold-reload"'),
        "zones.hall.release.manual_delay_s",
    ),
    "long pre-warning": (("pre_warning_s = 30.0  ", "pre_warning_s = 61.0  "), "zones.hall.release.pre_warning_s"),
    "same family without policy": (("same_family = true", "same_family = false"), "zones.server.release"),
    "one family that stands for ever": (
        ("same_family = true", "same_family = true\nsame_family_hold_s = 600.0"),
        "zones.server.release.same_family_hold_s",
    ),
    "two links on one endpoint": (("127.0.0.1:15031", "127.0.0.1:15030"), "links.heat.endpoint"),
    "call point with one contact": (
        ('["di-1-inputs[0]", "di-2-inputs[0]"]', '["di-1-inputs[0]"]'),
        "heads.call-point.points",
    ),
    "call point on one module": (
        ('["di-1-inputs[0]", "di-2-inputs[0]"]', '["di-1-inputs[0:2]"]'),
        "heads.call-point.points",
    ),
    "strategy without input": (
        ('family = "abort"\nzone = "server"', 'family = "door"\nzone = "server"'),
        "zones.server.release.strategy",
    ),
    "agent by another condition": (
        ('when = ["hall.release"]\nthen = ["agent"]', 'when = ["hall.fire"]\nthen = ["agent"]'),
        "matrix.release.when",
    ),
    "agent behind a delay": (('then = ["agent"]', 'then = ["agent"]\ndelay_s = 5.0'), "matrix.release"),
    "water before isolation": (('when = ["hall.rack-{n}.cool"]', 'when = ["hall.fire"]'), "matrix.cool-1.when"),
    "output that nothing drives": (('then = ["drain"]', 'then = ["attention"]'), "outputs.drain"),
    "more votes than causes": (('then = ["drain"]', 'then = ["drain"]\nvotes = 2'), "matrix.drain.votes"),
    "latched row with an end": (
        ('then = ["drain"]', 'then = ["drain"]\nlatch = true\nfor_s = 60.0'),
        "matrix.drain.for_s",
    ),
    "sounder held back": (
        ('when = ["hall.alert", "hall.evacuate"]', 'when = ["hall.alert", "hall.evacuate"]\nto = "normal"'),
        "matrix.sound.to",
    ),
    "breaker by the clock": (
        ('when = ["hall.rack-{n}.isolate"]', 'when = ["hall.rack-{n}.isolate"]\nfor_s = 5.0'),
        "matrix.isolate-1.for_s",
    ),
    "breakers that nobody opens by night": (
        ('when = ["hall.rack-{n}.isolate"]', 'when = ["hall.rack-{n}.isolate"]\nat = "day"'),
        "outputs.breaker-1",
    ),
    "coolant behind a delay": (
        ('when = ["hall.rack-{n}.cool"]', 'when = ["hall.rack-{n}.cool"]\ndelay_s = 3600.0'),
        "outputs.coolant-1",
    ),
    "exhaust unless there is gas": (
        ('when = ["hall.exhaust"]', 'when = ["hall.exhaust"]\nunless = ["hall.gas"]'),
        "outputs.exhaust",
    ),
    "dampers opened after the release": (
        (
            "[matrix.doors]",
            '[matrix.open]\nwhen = ["hall.released"]\nthen = ["damper-1"]\nto = "normal"\npriority = 9\n\n[matrix.doors]',
        ),
        "matrix.open.to",
    ),
    "a cause that votes twice": (
        ('when = ["hall.cool"]', 'when = ["hall.cool", "hall.cool"]\nvotes = 2'),
        "matrix.drain.when",
    ),
    "agent by night only": (('then = ["agent"]', 'then = ["agent"]\nat = "night"'), "matrix.release"),
    "day without a night": (('then = ["drain"]', 'then = ["drain"]\nat = "day"'), "matrix.drain.at"),
    "row that cancels itself": (
        ('when = ["hall.cool"]', 'when = ["hall.cool"]\nunless = ["hall.cool"]'),
        "matrix.drain",
    ),
    "watchdog missing": (('watchdog = { point = "do-{n}-watchdog", timeout_s = 5.0 }', ""), "devices.do-1.watchdog"),
    "agent kept on communication loss": (
        (AGENT, AGENT.replace("on_comm_loss = 0", 'on_comm_loss = "hold"')),
        "outputs.server-agent.on_comm_loss",
    ),
    "age below the period": (
        ("period_s = 2.5\nmax_age_s = 7.0", "period_s = 2.5\nmax_age_s = 3.0"),
        "blocks.do-1-watchdog.max_age_s",
    ),
    "topic read twice": (('field = "humidity"', 'field = "temperature"'), "blocks.climate-humidity.topics"),
    "scan too slow": (("scan_s = 0.1", "scan_s = 2.0"), "site.scan_s"),
    "no such condition": (('when = ["hall.supply"]', 'when = ["hall.suply"]'), "matrix.water.when"),
    "heartbeat missing": (('heartbeat = "hall-1/climate/heartbeat"', ""), "devices.climate.heartbeat"),
    "fault relay that does not drop": (
        ('channels = ["signal-coils[6]"]\nnormal = 1', 'channels = ["signal-coils[6]"]\nnormal = 0'),
        "outputs.fault-relay.normal",
    ),
}


@pytest.mark.parametrize("name", MORE)
def test_other_faults_are_found_too(name: str) -> None:
    edit, path = MORE[name]
    problems = problems_of(edited(edit))
    assert path in {problem.path for problem in problems}, problems
    assert all(problem.remedy for problem in problems)


BOUNDS = {
    "manual_delay_s": (
        ('manual_delay_s = 10.0\nstrategy = "hold-reload"', 'manual_delay_s = 30.0\nstrategy = "hold-reload"')
    ),
    "confirm_s": stated("confirm_s = 30.0"),
    "one attempt": stated("attempts = 1"),
    "attempts": stated("attempts = 3"),
    "reset_lock_s": stated("reset_lock_s = 1800.0"),
    "flooding_s": ("flooding_s = 120.0", "flooding_s = 10.0"),
    "hold_time_s": ("hold_time_s = 600.0", "hold_time_s = 60.0"),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_itself_is_allowed(name: str) -> None:
    assert not problems_of(edited(BOUNDS[name]))


def test_a_room_without_agent_may_drive_its_dampers_late() -> None:
    """Another room's damper on the hall's row: nothing must stay in that room."""
    damper = '[outputs."damper-[1-4]"]'
    other = (
        damper.replace("damper-[1-4]", "shaft-damper")
        + """
role = "damper"
zone = "shaft"
channels = ["damper-coils[4]"]
feedback = { point = "damper-closed[4]" }
on_restart = "keep"
on_comm_loss = "hold"
"""
    )
    row = '[matrix.shaft]\nwhen = ["hall.activated"]\nthen = ["shaft-damper"]\ndelay_s = 60.0\n\n[matrix.doors]'
    shaft = '[zones.shaft]\ntitle = "Shaft"\n[zones.server]'
    problems = problems_of(edited((damper, other + damper), ("[matrix.doors]", row), ("[zones.server]", shaft)))
    assert "outputs.shaft-damper" not in {problem.path for problem in problems}, problems


def test_a_curtain_over_an_obstruction_that_nobody_sees() -> None:
    text = edited(('family = "obstruction"', 'family = "door"'))
    assert "zones.hall" in {problem.path for problem in problems_of(text)}


def test_heads_over_mqtt_never_count_for_release() -> None:
    text = edited(
        ('[devices."asd-[1-4]"]\nlink = "asd-{n}"', '[devices."asd-[1-4]"]\nlink = "broker"\nheartbeat = "asd-{n}"'),
        (
            ASD,
            '[blocks."asd-[1-4]-obscuration"]\ndevice = "asd-{n}"\ntopics = ["asd-{n}"]\nfield = "v"\n',
        ),
    )
    (problem,) = problems_of(text)
    assert problem.path == "zones.server.release"
    assert "MQTT" in problem.what


def test_faults_of_every_theme_come_at_once() -> None:
    edits = [TEN[name][0] for name in TEN if name not in {"unknown field", "wrong type", "missing fail-safe value"}]
    problems = problems_of(edited(*edits))
    assert {problem.path for problem in problems} == {
        TEN[name][1] for name in TEN if name not in {"unknown field", "wrong type", "missing fail-safe value"}
    }


@pytest.mark.parametrize("name", ["hall", "poor-room", "container"])
def test_example_sites_are_clean_and_summed_up_on_one_screen(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SITES / f"{name}.toml") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    assert {output.consequence for output in load(SITES / f"{name}.toml").outputs.values()} <= set(TRIPS)


def test_summary_tells_load_pairs_availability_and_what_nobody_watches() -> None:
    text = summary(load(SITES / "hall.toml"))
    rate = re.search(r"wires: ([\d.]+) requests/s", text)
    assert rate is not None
    assert float(rate[1]) <= 70
    assert "cell-temperature 1024 (heads 8)" in text
    assert "heat + smoke (8 pairs)" in text
    assert "by site policy" in text.replace("\n        ", " ")
    assert "drain, sounder, beacon" in text


def test_three_values_a_rack_promise_neither_release_nor_water() -> None:
    """Without its module's median a cell never counts as runaway, so no pair and no water may be promised on it."""
    site = load(SITES / "poor-room.toml")
    look = Look(site)
    assert look.releasing_pairs("room") == (("smoke", "heat-1"), ("smoke", "heat-2"))
    text = summary(site)
    assert "no automatic water: nothing confirms runaway in rack-[1-4]" in text
    assert "no automatic water" not in summary(load(SITES / "hall.toml"))
    grouped = (
        (SITES / "poor-room.toml")
        .read_text(encoding="utf-8")
        .replace('"bms-temperature[0:3]"]', '"bms-temperature[0:3]"]\ngroup = 3')
    )
    assert "nothing confirms runaway in rack-[2-4]" in summary(loads(grouped))


def test_a_zone_that_only_coarse_cells_and_smoke_watch_is_refused() -> None:
    text = (SITES / "poor-room.toml").read_text(encoding="utf-8")
    text = text.replace('[heads."heat-[1-2]"]\nfamily = "heat"', '[heads."heat-[1-2]"]\nfamily = "climate-temperature"')
    (problem,) = problems_of(text)
    assert problem.path == "zones.room.release"
    assert "no two heads may release" in problem.what


def test_command_prints_every_problem_with_its_remedy_and_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(edited(TEN["output without feedback"][0], TEN["unreachable row"][0]), encoding="utf-8")
    assert main(path) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["outputs.exhaust.feedback", "matrix.server-close-up.when"]
    assert all("Remedy: " in line for line in lines[:2])
    assert "2 problems" in lines[2]


def test_command_refuses_an_unknown_consequence_and_a_missing_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(edited(('consequence = "breaker_stuck"', 'consequence = "breaker_stuk"')), encoding="utf-8")
    assert main(path) == 2
    assert main(tmp_path / "none.toml") == 2
    out = capsys.readouterr().out
    assert "outputs.breaker-1.consequence" in out
    assert "cannot be read" in out


@pytest.mark.parametrize("name", ["hall", "poor-room", "container"])
def test_pairs_of_the_checker_are_those_of_the_core(name: str) -> None:
    site = load(SITES / f"{name}.toml")
    layout = lay_out(site)
    for index, zone in enumerate(site.zones):
        core = {frozenset(head.name for head in pair) for pair in pairs_of_the_core(layout, index)}
        assert {frozenset(pair) for pair in Look(site).releasing_pairs(zone)} == core
        assert core


def test_every_condition_says_what_it_means_in_both_languages() -> None:
    for condition in (*ZONE.values(), *RACK.values(), *SITE.values()):
        assert condition.en
        assert any("가" <= letter <= "힣" for letter in condition.ko)
