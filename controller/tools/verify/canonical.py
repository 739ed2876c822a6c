"""States made comparable: time counted from now, and what no decision of a part depends on put to one value.

Clocks are of two kinds. Exact ones (the release machine's time, the turn of the exhaust, delays of rows) are kept to the millisecond,
counted from now. Free ones (how long ago an alarm ended, a first fire alarm, a calm room, a wish to isolate) are kept as "running" or
"long over", and may run out at any moment: more than can happen, so what holds of it holds of the plant.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, TypeVar

from msgspec.structs import replace

from controller.core.rules import Rules
from controller.core.state import (
    BEFORE_FLOODING,
    NEVER,
    Alarm,
    HeadLatch,
    OutputState,
    RackState,
    Stage,
    State,
    ZoneState,
)
from controller.core.zone.selector import AIR_MS
from controller.core.zone.signals import EXHAUST_OFF_MS
from controller.site.model import Mode, Role

NOW_MS = 10**9
"""Every decision is taken at this tick; what was earlier lies before it."""
RUNNING_MS = NOW_MS + 5 * 10**8
"""A free clock that has not run out: begun so late that it never does by itself."""
LONG_AGO_MS = NOW_MS - 5 * 10**8
"""A free clock that has run out."""
FAR_MS = NOW_MS + 2 * 10**8
"""A boundary beyond this is that of a free clock: time does not wait for it."""

_LONGEST_MS = 10**8
"""A number above this is a tick, one below a duration."""

_HEAD_FLAGS = frozenset({"since_ms", "pre_alarm_ms"})
_ZONE_FLAGS = frozenset({"cool_ms", "flowing_ms", "hand_over_ms", "guard_ms"})
_RACK_FLAGS = frozenset({"cool_wanted_ms"})
"""Ticks whose age no decision asks for: they tell that something has happened. Any other that is not exact is a free clock."""
_COUNTING = {Stage.ACTIVATED, Stage.WAITING}
"""Stages in which a press may prolong the countdown; every automatic way into them sets anew until when."""
_TRIED = {Stage.RELEASING, Stage.RETRYING}
"""Stages in which the tries of the actuator are counted; every way into them begins to count anew."""
_PROVABLE = {*_TRIED, Stage.UNCONFIRMED}
"""Stages that the field's proof leads out of."""
_OVER = {Stage.HOLD_TIME, Stage.DISCHARGED}
"""Stages in which no bank is energised; a person's new word begins without what was found dropped."""
_SIGNS = {"alert", "evacuate"}
_FIRES = {"first-alarm", "fire"}
_ASKING = {"hand-over", "request", "guard"}


Mirrored = Callable[[tuple[HeadLatch, ...]], tuple[HeadLatch, ...]]


class Canon:
    """Makes the states of one part comparable."""

    def __init__(
        self, rules: Rules, *, free_clocks: bool, works: bool = False, mirrored: Mirrored | None = None
    ) -> None:
        """`works`: people announce work, which asks whether anything has burnt. `mirrored` puts the latches of alike heads in order."""
        self._mirrored = mirrored
        site = rules.layout.site
        causes = {c.rsplit(".", 1)[-1] for row in site.matrix.values() for c in (*row.when, *row.unless)}
        self._signs = bool(causes & _SIGNS)
        self._ladder = works or bool(rules.layout.racks) or bool(causes & _ASKING)
        self._alarms = bool(causes & _FIRES)
        self._free = free_clocks
        self._normal = tuple(-1 if o.output.role is Role.COOLANT else o.output.normal for o in rules.layout.outputs)
        self._acts = site.site.mode is not Mode.SHADOW
        releases = [zone.release for zone in site.zones.values() if zone.release is not None]
        longest_s = max((release.purge_limit_s for release in releases), default=0.0)
        self._waited_ms = NOW_MS - round(longest_s * 1000) - EXHAUST_OFF_MS
        self._beside = tuple(ZoneState() for _ in rules.zones[1:])
        """Another room of the bank is environment: it may be another one in each scan, and nothing of it is kept."""
        if self._beside:
            selectors = [o.output for o in rules.layout.outputs if o.output.role is Role.SELECTOR]
            self._waited_ms -= AIR_MS + round(max((o.confirm_s for o in selectors), default=0.0) * 1000)
        self._early = any(release.strategy == "iri" for release in releases)
        self._timed = tuple(
            row.delay_s > 0 or row.investigate_s > 0 or row.latch or row.for_s > 0 for row in site.matrix.values()
        )
        self._ends = tuple(row.for_s > 0 for row in site.matrix.values())
        self._racks = bool(rules.layout.racks)
        pairs = [pair for zone in rules.zones for pair in zone.pairs]
        self._fire_2 = any(a.physics is b.physics for a, b in pairs)
        self._banks = any(release.reserve_output for release in releases)
        self.head = lru_cache(maxsize=100_000)(self._head)
        self.zone = lru_cache(maxsize=100_000)(self._zone)
        self.rack = lru_cache(maxsize=100_000)(self._rack)
        self.output = lru_cache(maxsize=100_000)(self._output)

    def of(self, state: State) -> State:
        """The one state that stands for all that no decision tells from this one, and for its mirror images."""
        return self.mirrored(self.upright(state))

    def upright(self, state: State) -> State:
        """The one state that stands for all that no decision tells from this one, mirror images apart."""
        return replace(
            state,
            tick_ms=NOW_MS,
            heads=tuple(map(self.head, state.heads)),
            zones=(self.zone(state.zones[0]), *self._beside),
            racks=tuple(map(self.rack, state.racks)),
            outputs=tuple(map(self.output, state.outputs, self._normal)),
            wired=(),
            row_since_ms=tuple(
                since if timed else NEVER for since, timed in zip(state.row_since_ms, self._timed, strict=True)
            ),
            row_drove_ms=tuple((row, since if self._ends[row] else NOW_MS) for row, since in state.row_drove_ms),
            trips=(),
            disabled=tuple(sorted(state.disabled)),
            host=(),
            chatter=(),  # told, never asked
            forced=tuple((name, RUNNING_MS if until > NOW_MS else LONG_AGO_MS) for name, until in state.forced),
        )

    def mirrored(self, state: State) -> State:
        """A state that stands for all as it is, but for which of its alike heads is which."""
        return state if self._mirrored is None else replace(state, heads=self._mirrored(state.heads))

    def _head(self, latch: HeadLatch) -> HeadLatch:
        """An alarm that stands, and one that has just ended, differ by what may be read next alone. Fire 2 has stood long enough at once.

        When a head first came to pre-alarm tells racks apart, fire 2 counts for two heads of one family: elsewhere nothing asks for them.
        """
        if not latch.level:
            return HeadLatch()
        over = self._free and latch.ended_ms != NEVER and latch.ended_ms < NOW_MS
        changes: dict[str, Any] = {"ended_ms": LONG_AGO_MS if over else RUNNING_MS}
        if not self._racks:
            changes |= {"pre_alarm_ms": NEVER}
        if not self._fire_2:
            changes |= {"fire_2_ms": NEVER, "fire_2": False}
        elif not self._free and latch.fire_2_ms != NEVER:
            changes |= {"fire_2_ms": LONG_AGO_MS, "fire_2": True}
        return replace(_timed(latch, _HEAD_FLAGS), **changes)

    def _zone(self, zone: ZoneState) -> ZoneState:
        changes: dict[str, Any] = {"inhibits": (), "active": (), "availability": "", "coincidence": "", "routing": ""}
        changes["walked"] = ()  # told, never asked
        changes["since_ms"] = max(zone.since_ms, self._waited_ms) if zone.stage == "waiting" else NOW_MS
        changes["due_ms"] = zone.due_ms
        capped = zone.stage in _COUNTING and zone.prolong_until_ms != NEVER
        changes["prolong_until_ms"] = max(zone.prolong_until_ms, NOW_MS) if capped else NEVER
        changes["purged_ms"] = NEVER if zone.purged_ms == NEVER else max(zone.purged_ms, NOW_MS - EXHAUST_OFF_MS)
        changes["works"] = tuple((work, RUNNING_MS if until > NOW_MS else LONG_AGO_MS) for work, until in zone.works)
        changes["attempt"] = zone.attempt if zone.stage in _TRIED else 0
        changes["provable"] = zone.provable and zone.stage in _PROVABLE
        changes["spent"] = zone.spent and zone.stage not in _OVER
        if zone.stage not in BEFORE_FLOODING and (zone.reserve or not self._banks):
            changes["call_point_rested"] = True  # no second bank is left for a person's new word
        if not self._early:
            changes["pressed_early"] = False
        if not self._signs:
            changes |= {"acknowledged": True, "silenced": False}
        if not self._alarms:
            changes |= {"alarm": Alarm.NONE, "alarm_ms": NEVER, "investigate_ms": NEVER}
        if not self._ladder:
            changes |= {"handed_over": False, "first_fire_ms": NEVER, "hand_over_ms": NEVER}
        return replace(_timed(zone, _ZONE_FLAGS), **changes)

    @staticmethod
    def _rack(rack: RackState) -> RackState:
        return _timed(rack, _RACK_FLAGS)

    def _output(self, output: OutputState, normal: int) -> OutputState:
        """Without writes nothing but a valve's own level is asked for (rule 7: what runs may run on)."""
        if self._acts:
            return _timed(output, frozenset())
        return replace(output, since_ms=NOW_MS, wanted=output.wanted if normal < 0 else normal)


_Part = TypeVar("_Part", HeadLatch, ZoneState, RackState, OutputState)


def _timed(part: _Part, flags: frozenset[str]) -> _Part:
    """Every tick of a part that is no exact clock: `flags` say that something was, the others are free clocks. Durations stay."""
    changes: dict[str, int] = {}
    for name in _ticks(part.__class__):
        value = getattr(part, name)
        if value > _LONGEST_MS:
            changes[name] = NOW_MS if name in flags else _free(value)
    return replace(part, **changes) if changes else part


@cache
def _ticks(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name.endswith("_ms"))


def _free(since_ms: int) -> int:
    if since_ms == NEVER:
        return NEVER
    return LONG_AGO_MS if since_ms < LONG_AGO_MS // 2 + NOW_MS // 2 else RUNNING_MS


def later(state: State, by_ms: int) -> State:
    """The same state some time on: every exact clock lies further back."""

    def moved(zone: ZoneState) -> ZoneState:
        ticks = ((name, getattr(zone, name)) for name in _ticks(ZoneState))
        moved_ticks: dict[str, Any] = {name: tick - by_ms for name, tick in ticks if LONG_AGO_MS < tick < RUNNING_MS}
        return replace(zone, **moved_ticks)

    return replace(
        state,
        zones=tuple(map(moved, state.zones)),
        row_since_ms=tuple(s if s == NEVER else s - by_ms for s in state.row_since_ms),
        row_drove_ms=tuple((row, since_ms - by_ms) for row, since_ms in state.row_drove_ms),
    )


def run_out(state: State) -> list[tuple[str, State]]:
    """States in which one free clock that was running has run out."""
    found = []
    for whole in ("heads", "zones", "racks", "outputs"):
        parts = getattr(state, whole)
        for index, part in enumerate(parts):
            for name in _ticks(part.__class__):
                if getattr(part, name) == RUNNING_MS:
                    over = (*parts[:index], replace(part, **{name: LONG_AGO_MS}), *parts[index + 1 :])
                    text = f"what began with {name.removesuffix('_ms')} ({whole.removesuffix('s')} {index}) has had its time"
                    found.append((text, replace(state, **{whole: over})))
    for index, zone in enumerate(state.zones):
        if any(until == RUNNING_MS for _, until in zone.works):
            ended = replace(zone, works=tuple((work, LONG_AGO_MS) for work, _ in zone.works))
            found.append(
                (
                    "the time of a work is over",
                    replace(state, zones=(*state.zones[:index], ended, *state.zones[index + 1 :])),
                )
            )
    if any(until == RUNNING_MS for _, until in state.forced):
        ended_forces = tuple((name, LONG_AGO_MS) for name, _ in state.forced)
        found.append(("the time of a force is over", replace(state, forced=ended_forces)))
    return found


def all_run_out(state: State) -> State:
    """The state once every free clock that was running has run out."""
    while over := run_out(state):
        state = over[0][1]
    return state
