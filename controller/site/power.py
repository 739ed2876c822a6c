"""Rule 7: which breakers make a rack dead, what else goes dark then, and whether it is dead. Pure; checker, core and plant ask it alike.

Current is followed along the feeds of the site. It passes through buses, panels and UPS, never through a rack: a load with two supplies
does not feed one from the other. A rack for which the site states no feeds has one of its own behind each of its breakers.
"""

import heapq
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import count
from typing import NamedTuple

from controller.site.model import Role, Site


class Line(NamedTuple):
    """A way for current from one place to another, and the breakers in it."""

    name: str
    begins: str
    ends: str
    breakers: tuple[str, ...]


class Plan(NamedTuple):
    """The least isolation set of a rack, in the order of the site file, and what else loses its last feed by it."""

    breakers: tuple[str, ...]
    dark: tuple[str, ...]


class Power:
    """The feeds of a site. Names that nothing has are places like any other; the checker names them."""

    def __init__(self, site: Site) -> None:
        self.racks = tuple(rack for zone in site.zones.values() for rack in zone.racks)
        self._order = {name: place for place, name in enumerate(site.outputs)}
        lines = [*_stated(site)]
        stated = {line.ends for line in lines}
        lines += [line for line in _own(site) if line.ends not in stated]
        self._into: dict[str, list[Line]] = {}
        for line in lines:
            self._into.setdefault(line.ends, []).append(line)
        self._giving = {f.begins for f in site.feeds.values() if f.both_ways} | {
            f.ends for f in site.feeds.values() if f.both_ways
        }
        passes_on = {line.begins for line in lines}
        self._loads = (*self.racks, *(place for place in self._into if place not in passes_on | set(self.racks)))

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(b for lines in self._into.values() for line in lines for b in line.breakers)

    def is_fed(self, rack: str) -> bool:
        """Whether any feed is known of the rack; of one without, nothing can be proven."""
        return rack in self._into

    def way(self, rack: str, open_: Collection[str]) -> tuple[Line, ...] | None:
        """The shortest way from a source to the rack with no breaker of `open_` in it; None: the rack is dead."""
        seen = {rack}
        ways: list[tuple[str, tuple[Line, ...]]] = [(rack, ())]
        for place, way in ways:
            for line in self._into.get(place, ()):
                if line.begins in seen or any(breaker in open_ for breaker in line.breakers):
                    continue
                longer: tuple[Line, ...] = (line, *way)
                if self._is_source(line.begins):
                    return longer
                seen.add(line.begins)
                if line.begins not in self.racks:
                    ways.append((line.begins, longer))
        return None

    def _is_source(self, place: str) -> bool:
        return place not in self._into or (place in self.racks and place in self._giving)

    def is_dead(self, rack: str, open_: Collection[str]) -> bool:
        """Whether nothing feeds the rack while the breakers of `open_` are open; never of a rack whose feeds are not known."""
        return self.is_fed(rack) and self.way(rack, open_) is None

    def uncut(self, rack: str) -> tuple[Line, ...] | None:
        """A way to the rack that no breaker can cut; None: there is none."""
        return self.way(rack, self._all)

    def cuts(self, rack: str, breaker: str) -> bool:
        """Whether the breaker stands in a way to the rack, from whatever source."""
        seen, places = {rack}, [rack]
        for place in places:
            for line in self._into.get(place, ()):
                if breaker in line.breakers:
                    return True
                if line.begins not in seen and line.begins not in self.racks:
                    seen.add(line.begins)
                    places.append(line.begins)
        return False

    def dark(self, rack: str, open_: Collection[str]) -> tuple[str, ...]:
        """Racks and other ends of the feeds, beside `rack`, that lose their last feed when the breakers of `open_` open."""
        lost = (load for load in self._loads if load != rack and self.way(load, open_) is None)
        return tuple(load for load in lost if self.way(load, ()) is not None)

    def plan(self, rack: str, without: Collection[str] = ()) -> Plan | None:
        """The set that makes the rack dead with the least else dark, then with the fewest breakers, then first in the site file.

        `without` are breakers that cannot be opened. None: no set does it. Exact: both costs only grow with a set, so the cheapest set
        first, and of a way that is still live any one breaker must open.
        """
        usable = self._all - set(without)
        if not self.is_fed(rack) or self.way(rack, usable) is not None:
            return None
        tried: set[frozenset[str]] = set()
        ties = count()
        sets: list[tuple[int, int, list[int], int, frozenset[str]]] = [(0, 0, [], next(ties), frozenset())]
        while sets:
            *_, chosen = heapq.heappop(sets)
            way = self.way(rack, chosen)
            if way is None:
                breakers = tuple(sorted(chosen, key=self._place))
                return Plan(breakers, self.dark(rack, chosen))
            for breaker in dict.fromkeys(b for line in way for b in line.breakers if b in usable):
                more = chosen | {breaker}
                if more not in tried:
                    tried.add(more)
                    order = sorted(map(self._place, more))
                    heapq.heappush(sets, (len(self.dark(rack, more)), len(more), order, next(ties), more))
        return None

    def _place(self, breaker: str) -> int:
        return self._order.get(breaker, len(self._order))


def said(plan: Plan) -> str:
    """A plan for people."""
    dark = f"; this takes the last feed of {', '.join(plan.dark)}" if plan.dark else "; nothing else goes dark"
    return f"Open {' and '.join(plan.breakers)}{dark}"


def _stated(site: Site) -> Iterator[Line]:
    for name, feed in site.feeds.items():
        yield Line(name, feed.begins, feed.ends, feed.breakers)
        if feed.both_ways:
            yield Line(name, feed.ends, feed.begins, feed.breakers)


def _own(site: Site) -> Iterator[Line]:
    """A feed of its own behind each breaker of a rack."""
    for name, output in site.outputs.items():
        if output.role is Role.BREAKER and output.rack:
            yield Line(name, f"feed of {name}", output.rack, (name,))
