"""The digest of a site: an upgrade that adds a setting keeps it, whatever changes what a site means does not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from controller.site import digest
from controller.site.digest import neutral, site_digest
from controller.site.loader import loads
from controller.site.model import Night, Site, Strict, Tls
from controller.tools.verify.record import logic_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
HALL = (ROOT / "deploy" / "sites" / "hall.toml").read_text(encoding="utf-8")
DEFAULTS = Path(__file__).with_name("defaults.json")
"""Every default of the model as it came into it. A change has its place in `controller.site.digest.FORMER`, not here."""


class Valve(Strict, frozen=True, kw_only=True):
    """A table as it was."""

    output: str
    delay_s: float = 1.0


class LaterValve(Strict, frozen=True, kw_only=True):
    """The same table after an upgrade, with one more setting in its midst."""

    output: str
    strokes: int = 0
    delay_s: float = 1.0


def _bytes(table: msgspec.Struct) -> bytes:
    return msgspec.json.encode(digest.meaning(table))


def test_a_new_setting_with_a_default_leaves_every_site_what_it_was() -> None:
    for said in ({}, {"delay_s": 2.0}):
        assert _bytes(LaterValve(output="a", **said)) == _bytes(Valve(output="a", **said))  # type: ignore[arg-type]
    assert _bytes(LaterValve(output="a", strokes=1)) != _bytes(Valve(output="a"))


def test_a_changed_default_makes_another_site_of_one_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(digest.FORMER, ("LaterValve", "delay_s"), 3.0)
    neutral.cache_clear()
    assert _bytes(LaterValve(output="a")) != _bytes(Valve(output="a"))
    neutral.cache_clear()


def test_a_default_that_changed_in_a_table_that_is_there_by_default_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = site_digest(loads(HALL))
    monkeypatch.setitem(digest.FORMER, ("Limits", "stuck_s"), 60.0)
    neutral.cache_clear()
    assert site_digest(loads(HALL)) != before
    neutral.cache_clear()


def test_defaults_written_out_do_not_count() -> None:
    silent = HALL.replace("trouble_delay_s = 3.0\n", "", 1)
    assert silent != HALL
    assert site_digest(loads(silent)) == site_digest(loads(HALL))
    assert logic_digest(loads(silent)) == logic_digest(loads(HALL))


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("scan_s", 0.25),
        ("max_automatic_openings", 7),
        ("while_discharging", "open"),
        ("night", Night(begins="22:00", ends="06:00")),
    ],
)
def test_every_changed_word_of_a_site_makes_another_one(field: str, other: Any) -> None:
    site = loads(HALL)
    assert site_digest(replace(site, site=replace(site.site, **{field: other}))) != site_digest(site)


def test_the_order_of_entries_counts_because_points_have_their_places_by_it() -> None:
    site = loads(HALL)
    assert site_digest(replace(site, heads=dict(reversed(site.heads.items())))) != site_digest(site)


def test_no_default_changed_without_a_word() -> None:
    known = json.loads(DEFAULTS.read_text())
    here = {f"{struct.__name__}.{name}": json.loads(msgspec.json.encode(usual)) for struct, name, usual in _defaults()}
    changed = {name for name in known if name in here and here[name] != known[name]}
    assert changed == set(), "a site that says nothing means something else now: put the former default into FORMER"
    assert here.keys() - known.keys() == set(), f"a new setting: add its default to {DEFAULTS.name}"


def _defaults() -> Iterator[tuple[type[msgspec.Struct], str, Any]]:
    for struct in sorted(_structs(), key=lambda one: one.__name__):
        for name, _, usual in neutral(struct):
            if usual is not msgspec.NODEFAULT:
                yield struct, name, usual


@cache
def _structs() -> frozenset[type[msgspec.Struct]]:
    """Every table that a site may hold."""
    return frozenset(one for one in Strict.__subclasses__() if one.__module__.startswith("controller.site.model"))


def test_every_table_is_looked_at() -> None:
    assert {Site, Tls} <= _structs()
