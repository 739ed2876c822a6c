"""Change control: what changed, and what must be tested again because of it."""

from pathlib import Path

import msgspec
import pytest

from controller.cli.main import main
from controller.site.loader import loads
from controller.site.model import Site
from controller.tools.diff.changes import changes
from controller.tools.diff.retest import SAMPLE_MOST, Retest, retest
from tests.controller.core.one_bank import one_bank

TEXT = Path("deploy/sites/hall.toml").read_text(encoding="utf-8")
HALL = loads(TEXT)


def changed(*pairs: tuple[str, str]) -> Site:
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return loads(text)


def of(new: Site, old: Site = HALL) -> tuple[list[str], Retest]:
    found = changes(old, new)
    return [change.path for change in found], retest(old, new, found)


def test_the_same_site_in_another_spelling_is_no_change() -> None:
    spelt = changed(("scan_s = 0.1", "scan_s = 0.10 # a comment"))
    assert of(spelt) == ([], Retest((), (), len(HALL.heads) + len(HALL.outputs) + len(HALL.matrix)))


@pytest.mark.feature("F39")
def test_a_changed_head_is_tested_again_with_a_tenth_of_the_others() -> None:
    paths, again = of(changed(('family = "heat"', 'limits = { alarm = 68.0 }\nfamily = "heat"')))
    assert paths == [f"heads.heat-{n}.limits.alarm" for n in range(1, 5)]
    assert again.affected == ("heads.heat-1", "heads.heat-2", "heads.heat-3", "heads.heat-4")
    assert len(again.sample) == min(SAMPLE_MOST, -(-again.untouched // 10))
    assert not set(again.sample) & set(again.affected)


@pytest.mark.feature("F39")
def test_a_changed_device_touches_all_that_hangs_on_it() -> None:
    _, again = of(changed(('[devices.gas]\nlink = "gas"', '[devices.gas]\nlink = "gas"\nunit = 7')))
    assert {item for item in again.affected if item.startswith("heads.")} == {
        f"heads.{name}" for name, head in HALL.heads.items() if head.family in {"h2", "co", "voc"}
    }


def test_a_changed_module_touches_outputs_and_the_rows_that_drive_them() -> None:
    _, again = of(
        changed(
            ("[blocks.arm-coils]", "[blocks.arm-coils]\nperiod_s = 0.3"),
            ('count = 3\ntype = "bit"\nwritable = true\nperiod_s = 0.2', 'count = 3\ntype = "bit"\nwritable = true'),
        )
    )
    assert {"outputs.agent", "outputs.agent-reserve", "outputs.server-agent"} <= set(again.affected)
    assert {"matrix.release", "matrix.release-reserve", "matrix.server-release"} <= set(again.affected)
    assert "outputs.drain" not in again.affected


def test_a_changed_row_touches_its_outputs_before_and_after() -> None:
    paths, again = of(
        changed(('when = ["hall.cool"]\nthen = ["drain"]', 'when = ["hall.cool"]\nthen = ["drain", "beacon"]'))
    )
    assert paths == ["matrix.drain.then"]
    assert set(again.affected) == {"matrix.drain", "outputs.drain", "outputs.beacon"}
    _, back = of(
        HALL, changed(('when = ["hall.cool"]\nthen = ["drain"]', 'when = ["hall.cool"]\nthen = ["drain", "beacon"]'))
    )
    assert set(back.affected) == set(again.affected)


def test_a_zone_touches_its_heads_outputs_and_rows_but_not_by_its_title() -> None:
    _, again = of(changed(("pre_warning_s = 30.0  ", "pre_warning_s = 20.0  ")))
    assert {f"heads.{name}" for name, head in HALL.heads.items() if head.zone == "hall"} <= set(again.affected)
    assert not any(f"heads.{name}" in again.affected for name, head in HALL.heads.items() if head.zone == "server")
    titled = msgspec.structs.replace(
        HALL, zones=HALL.zones | {"hall": msgspec.structs.replace(HALL.zones["hall"], title="x")}
    )
    assert of(titled)[1].affected == of(titled)[1].sample == ()


ROWS = """[matrix.cross]
when = ["hall.fire"]
then = ["server-sounder"]

[matrix.held]
when = ["server.fire"]
unless = ["hall.fire"]
then = ["server-beacon"]

[matrix.drain]"""
CROSS = ("[matrix.drain]", ROWS)


def test_a_zone_touches_the_rows_that_ask_it_and_what_they_drive_elsewhere() -> None:
    _, again = of(changed(CROSS, ("pre_warning_s = 30.0  ", "pre_warning_s = 20.0  ")), changed(CROSS))
    assert {"matrix.cross", "outputs.server-sounder", "matrix.held", "outputs.server-beacon"} <= set(again.affected)


def test_a_zone_touches_the_rooms_on_its_bank() -> None:
    old = one_bank()
    zone = old.zones["hall"]
    assert zone.release is not None
    release = msgspec.structs.replace(zone.release, hold_time_s=700.0)
    hall = msgspec.structs.replace(zone, release=release)
    _, again = of(msgspec.structs.replace(old, zones={**old.zones, "hall": hall}), old)
    server = {f"outputs.{name}" for name, output in old.outputs.items() if output.zone == "server"}
    assert {*server, "heads.server-hold", "matrix.select-server"} <= set(again.affected)


def test_an_output_touches_the_others_on_its_channels() -> None:
    old = one_bank()
    agent = msgspec.structs.replace(old.outputs["agent"], confirm_s=4.0)
    _, again = of(msgspec.structs.replace(old, outputs={**old.outputs, "agent": agent}), old)
    assert {"outputs.agent", "outputs.server-agent"} <= set(again.affected)


def test_a_setting_of_a_head_type_touches_all_heads_of_it() -> None:
    _, again = of(changed(("[devices.gas]", "[settings.smoke]\nalarm = 4.0\n\n[devices.gas]")))
    assert set(again.affected) == {f"heads.{name}" for name, head in HALL.heads.items() if head.family == "smoke"}


def test_a_new_entry_is_one_change() -> None:
    new = changed(("[matrix.drain]", '[matrix.extra]\nwhen = ["hall.cool"]\nthen = ["beacon"]\n\n[matrix.drain]'))
    (change,) = changes(HALL, new)
    assert (change.path, change.before) == ("matrix.extra", None)
    assert change.after["when"] == ["hall.cool"]


def test_another_change_draws_another_sample() -> None:
    samples = {of(changed(("flooding_s = ", f"flooding_s = 1{digit}")))[1].sample for digit in (2, 3, 4)}
    assert len(samples) == 3


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str) -> None:
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_text(TEXT, encoding="utf-8")
    new.write_text(TEXT.replace("max_automatic_openings = 2", "max_automatic_openings = 3"), encoding="utf-8")
    assert main(["diff", str(old), str(new), "--language", language]) == 1
    said = capsys.readouterr().out
    titles = {"en": "breakers that may open without a person", "ko": "자동 차단기 개방 한도"}
    assert f"~ {titles[language]}: 2 -> 3" in said
    lines = said.splitlines()
    groups = {"en": "  heads (", "ko": "  감지기·접점 ("}
    assert sum(line.startswith(groups[language]) for line in lines) == 1  # one line of names, not a line a head
    assert not any(line.strip().startswith("heads.") for line in lines)
    assert main(["diff", str(old), str(old)]) == 0
    capsys.readouterr()
    assert main(["diff", str(old), str(new), "--json"]) == 1
    assert msgspec.json.decode(capsys.readouterr().out)["retest"]["sample"] == []
