"""What changed from one site to another, field by field, whatever the spelling of their files."""

from collections.abc import Iterator
from typing import Any

import msgspec

from controller.site.model import Site


class Change(msgspec.Struct, frozen=True):
    """One change: its path in the site file, and the values before and after as people write them (empty: there was none, there is none)."""

    path: str
    before: str
    after: str

    @property
    def section(self) -> str:
        """The section of the site file."""
        return self.path.partition(".")[0]

    @property
    def entry(self) -> str:
        """The entry of the section; empty for `[site]`."""
        return "" if self.section == "site" else self.path.split(".")[1]

    @property
    def field(self) -> str:
        """The first field within the entry; empty for an entry that came or went as a whole."""
        parts = self.path.split(".")[1 if self.section == "site" else 2 :]
        return parts[0] if parts else ""


def changes(before: Site, after: Site) -> tuple[Change, ...]:
    """All changes in the order of the sections. What a file leaves out counts as its default."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    found: list[Change] = []
    for section in old:
        deep = 1 if section == "site" else 2
        found += _compare(section, old[section], new[section], deep)
    return tuple(found)


def _compare(path: str, old: Any, new: Any, deep: int) -> Iterator[Change]:
    """Leaves that differ. An entry that came or went is one change, not one a field: `deep` levels down begins the entry's inside."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield Change(path, _written(old), _written(new))
        return
    for name in [*old, *(name for name in new if name not in old)]:
        below = f"{path}.{name}"
        if name in old and name in new:
            yield from _compare(below, old[name], new[name], deep - 1)
        elif deep > 1:
            yield Change(below, _entry(old.get(name)), _entry(new.get(name)))
        else:
            yield Change(below, _written(old.get(name)), _written(new.get(name)))


def _entry(entry: Any) -> str:
    """An entry as a whole: its fields that say something."""
    if entry is None:
        return ""
    said = (f"{name} = {_written(value)}" for name, value in entry.items() if value not in (None, "", [], {}))
    return ", ".join(said)


def _written(value: Any) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
