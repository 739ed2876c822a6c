"""A change of a site file as a fire engineer says it: the item by its name, the field by its title, values as people write them."""

from collections.abc import Mapping
from typing import Any

from controller.site.model import Zone
from controller.tools.diff.changes import Change
from controller.tools.diff.titles import FIELDS, SECTIONS, UNITS, VALUES

_LANGUAGES = ("en", "ko")
_WORDS = {
    "en": {"new": "is new", "gone": "is gone", "yes": "yes", "no": "no", "none": "none"},
    "ko": {"new": "추가", "gone": "삭제", "yes": "예", "no": "아니오", "none": "없음"},
}
_NUMBERS = {"s": "초", "h": "시간"}


def section_title(section: str, language: str) -> str:
    """The title of a section of the site file. `language`: "en" or "ko"."""
    return SECTIONS[section][_LANGUAGES.index(language)]


def sentence(change: Change, zones: Mapping[str, Zone], language: str) -> str:
    """A line for one change. `zones`: those of both sites, for their titles."""
    words = _WORDS[language]
    what = _what(change, zones, language)
    if change.before is None:
        return f"+ {what} {words['new']}: {_said(change.field_path, change.after, language)}"
    if change.after is None:
        return f"- {what} {words['gone']}: {_said(change.field_path, change.before, language)}"
    before, after = (_said(change.field_path, value, language) for value in (change.before, change.after))
    return f"~ {what}: {before} -> {after}"


def _what(change: Change, zones: Mapping[str, Zone], language: str) -> str:
    """The item, and the titles of the fields within it."""
    path = change.field_path
    fields = ", ".join(_title(path[: end + 1], language) for end in range(1, len(path)))
    parts = (_item(change, zones, language), fields)
    return ": ".join(part for part in parts if part)


def _item(change: Change, zones: Mapping[str, Zone], language: str) -> str:
    zone = zones.get(change.entry) if change.section == "zones" else None
    title = "" if zone is None else (zone.title_ko or zone.title) if language == "ko" else zone.title
    return f"{change.entry} ({title})" if title and title != change.entry else change.entry


def _title(path: tuple[str, ...], language: str) -> str:
    titles = FIELDS.get(".".join(path[-2:])) or FIELDS[path[-1]]
    return titles[_LANGUAGES.index(language)]


def _said(path: tuple[str, ...], value: Any, language: str) -> str:
    """A value of the field at `path`. Of a table what says something: empty fields and `no` are left out."""
    words = _WORDS[language]
    if isinstance(value, dict):
        return ", ".join(_field((*path, name), inner, language) for name, inner in value.items() if _says(inner))
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or words["none"]
    if isinstance(value, int | float):
        return f"{value:.12g}" + _unit(path[-1], language)
    meaning = VALUES.get((".".join(path[-2:]), str(value))) or VALUES.get((path[-1], str(value)))
    tail = f" ({meaning[_LANGUAGES.index(language)]})" if meaning else ""
    return (str(value) or words["none"]) + tail


def _says(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_says, value.values()))
    return value is not None and value is not False and value not in ("", (), [])


def _field(path: tuple[str, ...], value: Any, language: str) -> str:
    said = _said(path, value, language)
    return f"{_title(path, language)} " + (f"({said})" if isinstance(value, dict) else said)


def _unit(name: str, language: str) -> str:
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
    return _NUMBERS.get(unit.strip(), unit) if language == "ko" else unit
