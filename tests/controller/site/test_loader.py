from pathlib import Path

import pytest

from controller.core.layout import lay_out
from controller.site.loader import load, loads
from controller.site.problem import Problem, SiteError, merge

SITES = Path(__file__).parents[3] / "deploy" / "sites"
HALL = (SITES / "hall.toml").read_text(encoding="utf-8")


def problems_of(text: str) -> dict[str, Problem]:
    with pytest.raises(SiteError) as raised:
        loads(text)
    return {problem.path: problem for problem in raised.value.problems}


def test_ranges_of_names_fill_number_and_place_into_every_text() -> None:
    site = load(SITES / "hall.toml")
    assert site.links["bms-8"].endpoint == "127.0.0.1:15028"  # type: ignore[union-attr]
    assert site.heads["h2-3"].points == ("gas-h2[2]",)
    assert site.heads["h2-3"].rack == "rack-3"
    assert site.outputs["coolant-8"].feedback is not None
    assert site.outputs["coolant-8"].feedback.point == "rack-flow[7]"
    assert site.devices["do-2"].watchdog is not None
    assert site.devices["do-2"].watchdog.point == "do-2-watchdog"


def test_ranges_in_lists_expand_in_place() -> None:
    site = load(SITES / "hall.toml")
    assert site.zones["hall"].racks == tuple(f"rack-{n}" for n in range(1, 9))
    assert site.matrix["close-up"].then == ("damper-1", "damper-2", "damper-3", "damper-4", "hvac-stop")
    assert len(site.blocks["climate-humidity"].topics) == 24


def test_hall_is_laid_out_with_every_cell() -> None:
    layout = lay_out(load(SITES / "hall.toml"))
    cells = [head for head in layout.heads if head.head.family == "cell-temperature"]
    assert sum(len(head.points) for head in cells) == 1024
    assert layout.racks[0] == "rack-1"
    assert layout.point_name(layout.point("bms-3-voltage[127]")) == "bms-3-voltage[127]"


def test_poor_room_has_three_values_a_rack() -> None:
    layout = lay_out(load(SITES / "poor-room.toml"))
    racks = [head for head in layout.heads if head.head.family == "cell-temperature"]
    assert [len(head.points) for head in racks] == [3, 3, 3, 3]


def test_every_structural_fault_comes_at_once() -> None:
    text = HALL.replace("scan_s = 0.1", 'scann_s = 0.1\nlanguage = "fr"')
    text = text.replace('kind = "mqtt"', 'kind = "mqt"')
    text = text.replace('["rack-[1-8]"]', '["rack-1", 3]')
    text = text.replace("pre_warning_s = 30.0 ", 'pre_warning_s = "soon" ')
    text = text.replace("neighbours = 1\n", "neighbours = 1.5\nneighbors = 1\n")
    text = text.replace('discharged = "discharged[1]"\n', "")
    found = problems_of(text)
    assert set(found) == {
        "site.scann_s", "site.language", "links.broker.kind", "zones.hall.racks[1]", "zones.hall.release.pre_warning_s",
        "zones.hall.cooling.neighbours", "zones.hall.cooling.neighbors", "zones.server.release.discharged",
    }  # fmt: skip
    assert "scan_s" in found["site.scann_s"].remedy
    assert "modbus-tcp, modbus-rtu, mqtt, recording" in found["links.broker.kind"].remedy


def test_a_name_that_comes_twice_is_refused() -> None:
    found = problems_of(HALL.replace("[devices.gas]", '[devices.bms-3]\nlink = "gas"\n\n[devices.gas]'))
    assert "twice" in found["devices.bms-3"].what


@pytest.mark.parametrize("name", ["h2-[8-1]", "h2-[1-2]-[1-4]", "h2-[1-99999]"])
def test_a_faulty_range_is_named(name: str) -> None:
    found = problems_of(HALL.replace('heads."h2-[1-8]"', f'heads."{name}"'))
    assert f"heads.{name}" in found


def test_text_that_is_no_toml_names_its_line() -> None:
    found = problems_of("[site]\nname = \n")
    assert "line 2" in found["(file)"].what


def test_missing_sections_are_named_together() -> None:
    found = problems_of('[site]\nname = "x"\n[bogus]\n')
    assert {"links", "devices", "blocks", "zones", "heads", "outputs", "matrix", "bogus"} == set(found)


def test_entries_of_one_range_make_one_problem() -> None:
    merged = merge([Problem(f"outputs.breaker-{n}.feedback", "none", "add it") for n in (1, 2, 3)])
    assert merged == (
        Problem("outputs.breaker-1.feedback", "none (and 2 more like it, to outputs.breaker-3.feedback)", "add it"),
    )
