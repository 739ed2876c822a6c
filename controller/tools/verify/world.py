"""What surrounds a part of a site: every input vector that the environment may show, and what people may say."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np

from controller.core.commands import AnyCommand
from controller.core.detect.readings import Readings
from controller.core.events import Evidence, Feature
from controller.core.image import Image
from controller.core.inputs import FIRE_2, InputReader, Inputs
from controller.core.layout import Layout, OutputLayout, lay_out
from controller.core.rules import Rules, make_rules
from controller.core.state import NEVER, TripState, ZoneState
from controller.core.trips import HOST_FACTS, NIGHT
from controller.site.model import ON_AT_REST, Family, Physics, Release, Role, Site
from controller.tools.verify.canonical import RUNNING_MS
from controller.tools.verify.words import ALARM, NO, YES
from drivers.points import Quality


class Beside(NamedTuple):
    """Another room on the same bank, as the first one finds it. Since when its selector was told so, and for how long the room's own."""

    zone: ZoneState = ZoneState()
    told_ms: int = NEVER
    own_told_ms: int = RUNNING_MS


ALONE = Beside()
"""The other room is at rest, or there is none."""


class Change(NamedTuple):
    """One input away from rest. `hand` marks abort and hold. `values` are (field of Inputs, place, value)."""

    text: str
    values: tuple[tuple[str, int, object], ...]
    hand: bool = False
    beside: Beside | None = None


@dataclass(slots=True)
class Vector:
    """All inputs in one scan, told by what is away from rest. `shown` are the troubles that stand under it, so that none ripens."""

    changes: tuple[Change, ...]
    inputs: Inputs
    place: int = 0
    calm: int = -1
    """Place of the same vector without abort and hold; -1: this one has neither."""
    shown: tuple[TripState, ...] = ()
    beside: Beside = ALONE

    @property
    def text(self) -> str:
        """For people."""
        return ", ".join(change.text for change in self.changes) or "all inputs at rest"


SAID_UNDER = 2
"""People speak while everything is at rest, and while the first of the changes shows (in the release parts: both heads in alarm)."""


@dataclass(slots=True)
class World:
    """A part of a site with its environment. `said` are commands, each tried under the first `said_under` vectors."""

    name: str
    layout: Layout
    rules: Rules
    vectors: list[Vector]
    said: tuple[AnyCommand, ...] = ()
    said_under: int = SAID_UNDER
    restarts: bool = False
    free_clocks: bool = True
    starts: tuple[object, ...] = ()
    roles: dict[tuple[Role, ...], tuple[OutputLayout, ...]] = field(default_factory=dict)

    @property
    def release(self) -> Release | None:
        """The agent of the zone."""
        return self.rules.zones[0].zone.release

    def of_role(self, roles: tuple[Role, ...]) -> tuple[OutputLayout, ...]:
        """Outputs with one of the roles; sought once for each question."""
        found = self.roles.get(roles)
        if found is None:
            found = self.roles[roles] = tuple(o for o in self.layout.outputs if o.output.role in roles)
        return found

    def evidence(self, head_index: int) -> Evidence:
        """What a head would show; what it is makes no difference to any decision."""
        head = self.layout.heads[head_index]
        return Evidence(head.name, Feature.HIGH, head.name, 1.0, 1.0)


Groups = Sequence[Sequence[Change]]
"""Inputs that move apart; of one group one change at most is in a vector."""


def at_rest(layout: Layout) -> Inputs:
    """The inputs of a sound plant in which nothing happens, read the way the daemon reads them: keys on automatic, contacts off."""
    value = np.zeros(layout.n_points)
    for head in layout.heads:
        if head.physics is Physics.WIRED:
            on = head.head.family in ON_AT_REST
            value[head.points[0]] = head.head.active if on else 1 - head.head.active
            value[head.points[1:]] = 1.0
            if head.points.size > 1:
                value[head.points[0]] = 0.0
    for output in layout.outputs:
        value[list(output.channels)] = output.output.normal
        if output.output.feedback is not None:
            value[output.feedback] = output.output.feedback.inactive
    whole = np.zeros(layout.n_points, np.int64)
    image = Image(0, 0, value, np.full(layout.n_points, Quality.GOOD, np.uint8), whole, whole, (0,) * len(HOST_FACTS))
    readings = Readings.empty(layout)
    readings.level[:] = 0
    readings.fault[:] = 0
    readings.rack_hottest_degc[:] = 25.0
    readings.rack_slope_degc_per_s[:] = 0.0
    readings.rack_live_fraction[:] = 1.0
    inputs = InputReader(layout).read(image, readings)
    return inputs._replace(gas_high=(NO,) * len(layout.zones))


def changed(rest: Inputs, changes: Iterable[Change]) -> Inputs:
    """The inputs with some changes."""
    fields: dict[str, list[Any]] = {}
    for change in changes:
        for name, place, value in change.values:
            fields.setdefault(name, list(getattr(rest, name)))[place] = value
    whole: dict[str, Any] = {name: tuple(values) for name, values in fields.items()}
    return rest._replace(**whole)


def vectors(rest: Inputs, groups: Groups, most: int) -> list[Vector]:
    """Every vector with at most `most` groups away from rest, the calmest first; each knows its twin without abort and hold."""
    found: dict[tuple[Change, ...], Vector] = {}
    for size in range(min(most, len(groups)) + 1):
        for chosen in combinations(groups, size):
            for changes in product(*chosen):
                beside = next((change.beside for change in changes if change.beside is not None), ALONE)
                found[changes] = Vector(changes, changed(rest, changes), len(found), beside=beside)
    for changes, vector in found.items():
        if any(change.hand for change in changes):
            vector.calm = found[tuple(change for change in changes if not change.hand)].place
    return list(found.values())


def make_world(
    name: str,
    site: Site,
    groups_of: Callable[[Layout, Inputs], Groups],
    most: int,
    said: tuple[AnyCommand, ...] = (),
    *,
    restarts: bool = False,
    free_clocks: bool = True,
) -> World:
    """A part of a site with everything that may happen around it."""
    layout = lay_out(site)
    rest = at_rest(layout)
    groups = groups_of(layout, rest)
    if any(row.at != "always" for row in site.matrix.values()):
        groups, most = [*groups, [Change("it is night", (("host", NIGHT, 1),))]], most + 1
    made = vectors(rest, groups, most)
    return World(name, layout, make_rules(layout), made, said, restarts=restarts, free_clocks=free_clocks)


# --- changes that inputs may make -------------------------------------------------------------------------------------


def head_change(rest: Inputs, layout: Layout, names: Sequence[str], level: int, *, fault: int = 0) -> Change:
    """Heads that read a level (a BMS head in alarm says runaway as well, a smoke head fire 2), or are in fault."""
    values = []
    for head in layout.heads:
        if head.name in names:
            runaway = int(head.physics is Physics.BMS and level == ALARM)
            marks = FIRE_2 if head.physics is Physics.SMOKE and level == ALARM else 0
            values.append(
                (
                    "heads",
                    head.index,
                    rest.heads[head.index]._replace(level=level, runaway=runaway, fault=fault, marks=marks),
                )
            )
    what = "in fault" if fault else {1: "advisory", 2: "pre-alarm", 3: "alarm"}.get(level, "normal")
    return Change(f"{' and '.join(names)} {what}", tuple(values))


def contact_changes(layout: Layout, rest: Inputs, family: Family, tris: tuple[int, ...] = (0, 1, 2)) -> list[Change]:
    """What the zone's first wired input of a family may say instead of what it says at rest."""
    found = []
    for head in layout.heads:
        if head.head.family is family:
            said = {0: "off", 1: "on", 2: "not readable"}
            found += [
                Change(f"{head.name} {said[tri]}", (("wired", head.index, tri),), family in {Family.ABORT, Family.HOLD})
                for tri in tris
                if tri != rest.wired[head.index]
            ]
            break
    return found


def tri_changes(name: str, where: str, tris: tuple[int, ...] = (1, 2)) -> list[Change]:
    """A value of the zone that is yes, or not known (discharged, gas_high, flowing)."""
    said = {1: "yes", 2: "not known"}
    return [Change(f"{name}: {said[tri]}", ((where, 0, tri),)) for tri in tris]


def feedback_changes(layout: Layout, names: Iterable[str], says: tuple[int, ...] = (1, -1)) -> Iterator[list[Change]]:
    """What the field may show of an output: active, or nothing."""
    for output in layout.outputs:
        if output.name in set(names) and output.output.feedback is not None:
            yield [
                Change(
                    f"{output.name} {'shows active' if s == YES else 'shows nothing'}", (("feedback", output.index, s),)
                )
                for s in says
            ]
