"""What changed from one site to another, field by field, whatever the spelling of their files."""

from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import Any

import msgspec

from controller.site.digest import meaning
from controller.site.model import Site


class Change(msgspec.Struct, frozen=True):
    """One change: its path in the site file, the values before and after, a table for a whole entry (None: there is none)."""

    path: str
    before: Any
    after: Any

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
        parts = self.field_path[1:]
        return parts[0] if parts else ""

    @property
    def field_path(self) -> tuple[str, ...]:
        """The section and the fields down to the one that changed, without the name of the entry."""
        return (self.section, *self.path.split(".")[1 if self.section == "site" else 2 :])


def changes(before: Site, after: Site) -> tuple[Change, ...]:
    """All changes in the order of the sections. What a file leaves out counts as its default.

    An entry that came or went is told by what it says beyond its defaults.
    """
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    said = meaning(before), meaning(after)
    return tuple(change for section in old for change in _compare((section,), old[section], new[section], said))


def _compare(path: tuple[str, ...], old: Any, new: Any, said: tuple[Any, Any]) -> Iterator[Change]:
    """Leaves that differ. An entry that came or went is one change, not one a field."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _compare((*path, name), old.get(name), new.get(name), said)
    elif old != new:
        yield Change(".".join(path), _told(path, old, said[0]), _told(path, new, said[1]))


def _told(path: tuple[str, ...], value: Any, said: Any) -> Any:
    """A table without what is so by default; any other value as it is."""
    return reduce(getitem, path, said) if isinstance(value, dict) else value
