"""Changes in words: every section and field of the site model has a title, values are written as people write them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from controller.site.loader import loads
from controller.site.model import Family, Feed, Limits, Site
from controller.tools.diff.changes import Change, changes
from controller.tools.diff.retest import retest
from controller.tools.diff.titles import FIELDS, SECTIONS, VALUES
from controller.tools.diff.wording import section_title, sentence

LANGUAGES = ("en", "ko")
HALL = loads(Path("deploy/sites/hall.toml").read_text(encoding="utf-8"))


def fields_of(kind: Any) -> Iterator[str]:
    """Names of all fields under a type of the site model, as a site file writes them."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag_field
        yield from [] if tag is None else [tag]
        for field in msgspec.structs.fields(kind):
            yield field.encode_name
            yield from fields_of(field.type)
    else:
        for inner in get_args(kind):
            yield from fields_of(inner)


def test_every_section_and_every_field_has_its_titles() -> None:
    sections = {field.name: field.type for field in msgspec.structs.fields(Site)}
    assert sections.keys() == SECTIONS.keys()
    known = {name for kind in sections.values() for name in fields_of(kind)}
    tables = {path for path in FIELDS if "." in path}
    assert {path for path in FIELDS if path not in tables} == known
    assert {path.rpartition(".")[2] for path in tables} <= known
    assert all(title.strip() for titles in [*FIELDS.values(), *SECTIONS.values(), *VALUES.values()] for title in titles)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", [field.name for field in msgspec.structs.fields(Site)])
def test_a_change_of_any_section_has_words_and_a_reach(section: str, language: str) -> None:
    feeds = {"in": Feed(begins="mains", ends="rack-1")}
    old = msgspec.structs.replace(HALL, feeds=feeds, settings={Family.SMOKE: Limits(alarm=4.0)})
    if section == "site":
        new = msgspec.structs.replace(old, site=msgspec.structs.replace(old.site, scan_s=0.2))
    else:
        entries = dict(getattr(old, section))
        entries.pop(next(iter(entries)))
        new = msgspec.structs.replace(old, **{section: entries})
    for before, after in ((old, new), (new, old)):
        found = changes(before, after)
        assert {change.section for change in found} == {section}
        assert section_title(section, language)
        assert all(sentence(change, old.zones, language).strip() for change in found)
        retest(before, after, found)


SPOKEN: list[tuple[str, Any, Any, str]] = [
    ("zones.hall.release.pre_warning_s", 30.0, 20.0, "~ hall (Battery hall): release, pre-warning: 30 s -> 20 s"),
    (
        "zones.hall.release.same_family",
        False,
        True,
        ("~ hall (Battery hall): release, two heads of one family may release: no -> yes"),
    ),
    ("matrix.drain.then", ("drain",), ("drain", "beacon"), "~ drain: drives: drain -> drain, beacon"),
    (
        "zones.hall.coincidence",
        None,
        {"type": "B", "cancel_s": 600.0, "faulty_member": "single"},
        (
            "+ hall (Battery hall): coincidence is new: type B (fire by two heads), an ended head counts for 600 s, "
            "with a faulty or disabled head single"
        ),
    ),
    ("heads.heat-1.limits.alarm", 68.0, None, "- heat-1: limits, alarm is gone: 68"),
    (
        "heads.heat-1",
        None,
        {
            "family": "heat",
            "points": ("a", "b"),
            "rack": "",
            "reference": False,
            "limits": {"alarm": 68.0, "low": None},
        },
        ("+ heat-1 is new: type heat, points a, b, limits (alarm 68)"),
    ),
    ("site.scan_s", 0.1, 0.2, "~ scan: 0.1 s -> 0.2 s"),
    ("matrix.drain.to", "active", "normal", "~ drain: drives them to: active -> normal"),
    ("feeds.in.to", "rack-1", "rack-2", "~ in: to: rack-1 -> rack-2"),
]


@pytest.mark.parametrize(("path", "before", "after", "said"), SPOKEN)
def test_a_change_is_said_as_people_say_it(path: str, before: Any, after: Any, said: str) -> None:
    zones = {"hall": msgspec.structs.replace(HALL.zones["hall"], title="Battery hall", title_ko="배터리실")}
    assert sentence(Change(path, before, after), zones, "en") == said


def test_it_is_said_in_korean() -> None:
    zones = {"hall": msgspec.structs.replace(HALL.zones["hall"], title="Battery hall", title_ko="배터리실")}
    said = sentence(Change("zones.hall.release.pre_warning_s", 30.0, 20.0), zones, "ko")
    assert said == "~ hall (배터리실): 소화약제 방출, 방출 전 경고: 30초 -> 20초"
