"""Settings by head type: merged default, settings, head; and every impossible one told at once, with its place and a remedy."""

from pathlib import Path

import pytest

from controller.core.detect.defaults import DEFAULTS, limits_of
from controller.core.layout import lay_out
from controller.site.loader import loads
from controller.site.model import Family
from controller.site.problem import Problem, SiteError
from controller.tools.check import load_checked
from tests.controller.site.hall import HALL, SITES, edited


def problems_of(text: str, folder: Path) -> dict[str, Problem]:
    file = folder / "site.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SiteError) as raised:
        load_checked(file)
    return {problem.path: problem for problem in raised.value.problems}


def test_a_head_is_judged_by_its_own_limits_over_its_types_settings_over_the_defaults() -> None:
    head = '[heads.co-room]\nfamily = "co"\n'
    text = edited((head, head + "limits = { alarm = 150.0 }\n"))
    site = loads(text + "\n[settings.co]\nalarm = 120.0\nadvisory = 20.0\n")
    limits = {head.name: limits_of(head.head) for head in lay_out(site).heads if head.head.family == Family.CO}
    own = limits.pop("co-room")
    assert (own.alarm, own.advisory, own.pre_alarm) == (150.0, 20.0, DEFAULTS[Family.CO].pre_alarm)
    assert limits
    assert {(one.alarm, one.advisory) for one in limits.values()} == {(120.0, 20.0)}
    assert {limits_of(h.head).advisory for h in lay_out(loads(HALL)).heads if h.head.family == Family.CO} == {
        DEFAULTS[Family.CO].advisory
    }


def test_types_that_do_not_exist_and_fields_that_do_not_come_out_together(tmp_path: Path) -> None:
    found = problems_of(HALL + "\n[settings.smokes]\nalarm = 1.0\n[settings.heat]\nalarms = 3.0\n", tmp_path)
    assert found["settings.smokes"].remedy == "write 'smoke' if you mean that"
    assert "write 'alarm'" in found["settings.heat.alarms"].remedy


IMPOSSIBLE = """
[settings.smoke]
advisory = 5.0
persistence_s = -1.0
[settings.heat]
rate_window_s = 0.0
rate_pre_alarm = 0.5
alarm = 5000.0
[settings.cell-voltage]
advisory = 0.5
[settings.co]
low = 10.0
high = 5.0
[settings.door]
alarm = 1.0
[settings.h2]
alarm = nan
"""


def test_impossible_orders_windows_and_types_are_told_at_once(tmp_path: Path) -> None:
    found = problems_of(HALL + IMPOSSIBLE, tmp_path)
    wanted = {
        "settings.smoke.advisory",
        "settings.smoke.persistence_s",
        "settings.heat.rate_window_s",
        "settings.heat.rate_pre_alarm",
        "settings.heat.alarm",
        "settings.cell-voltage.advisory",
        "settings.co.low",
        "settings.door",
        "settings.h2.alarm",
    }
    assert wanted <= found.keys()
    assert "below pre_alarm" in found["settings.cell-voltage.advisory"].what
    assert all(found[path].remedy for path in wanted)


def test_a_heads_own_limits_are_held_against_the_settings_of_its_type(tmp_path: Path) -> None:
    head = '[heads.co-room]\nfamily = "co"\n'
    text = edited((head, head + "limits = { alarm = 54.0 }\n")) + "\n[settings.co]\npre_alarm = 55.0\n"
    found = problems_of(text, tmp_path)
    assert list(found) == ["heads.co-room.limits.alarm"]
    assert "pre_alarm 55 is above alarm 54" in found["heads.co-room.limits.alarm"].what


@pytest.mark.parametrize("name", ["hall", "container", "poor-room"])
def test_the_example_sites_have_no_such_problem(name: str) -> None:
    load_checked(SITES / f"{name}.toml")
