"""What a person's hold or abort device does while a release is coming, by the name that the site file gives it.

One table, a row a strategy: which contact is the device, when pressing it stops the countdown, and what the countdown is once it is let
go. The stages stand in `machine.py`; here is only what differs. All of it acts before flooding alone and never against a person's own
release (rule 4). Behaviour after the makers' documents that domain.md 4.1 collects; no claim of compliance with any of them.
"""

from collections.abc import Callable
from typing import NamedTuple

from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.state import BEFORE_FLOODING, NEVER, Stage, Tri, Trigger, ZoneState
from controller.core.zone.contacts import wired
from controller.core.zone.machine import Signal
from controller.site.model import Family, Release, Strategy

ULI_STOP_MS = 10_000
"""ULI and IRI: the countdown runs on to this and stops there; from below it goes back to it (domain.md 4.1)."""
NYC_MORE_MS = 90_000
NYC_MOST_MS = 120_000
"""NYC: a press sets the countdown to the pre-warning and 90 s more; all presses together to 120 s after the activation (domain.md 4.1)."""


class Manner(NamedTuple):
    """A row of the table.

    `device` is the contact. `aborts`: a wired abort contact stops the release until a reset. `stops(draft, zone, state)`: pressed now, it
    stops the countdown. `leaves_ms(release, left_ms)`: what the countdown is when the device is let go, of what was left when it stopped.
    `prolongs_ms(release)`: what a press sets the countdown to, which runs on. `by_force`: the device asks for constant force, so that one
    whose contact is lost is let go.
    """

    device: Family | None
    aborts: bool = False
    stops: Callable[[Draft, ZoneState], bool] | None = None
    leaves_ms: Callable[[Release, int], int] | None = None
    prolongs_ms: Callable[[Release], int] | None = None
    by_force: bool = False


def _full_ms(release: Release) -> int:
    return round(release.pre_warning_s * 1000)


def _anew_ms(release: Release, _left_ms: int) -> int:
    return _full_ms(release)


def _at_once(_draft: Draft, _state: ZoneState) -> bool:
    return True


def _at_ten(draft: Draft, state: ZoneState) -> bool:
    return state.stage is not Stage.ACTIVATED or draft.reached(state.due_ms - ULI_STOP_MS)


def _at_ten_if_early(draft: Draft, state: ZoneState) -> bool:
    return state.pressed_early and _at_ten(draft, state)


def _ten_ms(release: Release, _left_ms: int) -> int:
    return min(ULI_STOP_MS, _full_ms(release))


def _nyc_ms(release: Release) -> int:
    return _full_ms(release) + NYC_MORE_MS


MANNERS: dict[Strategy, Manner] = {
    Strategy.HOLD_RELOAD: Manner(Family.HOLD, aborts=True, stops=_at_once, leaves_ms=_anew_ms),
    Strategy.LATCHED_ABORT: Manner(Family.ABORT, aborts=True),
    Strategy.LOCAL: Manner(Family.ABORT, stops=_at_once, leaves_ms=_anew_ms),
    Strategy.DEAD_MAN: Manner(Family.ABORT, stops=_at_once, leaves_ms=lambda _, left_ms: left_ms, by_force=True),
    Strategy.ULI: Manner(Family.ABORT, stops=_at_ten, leaves_ms=_ten_ms),
    Strategy.IRI: Manner(Family.ABORT, stops=_at_ten_if_early, leaves_ms=_ten_ms),
    Strategy.NYC: Manner(Family.ABORT, prolongs_ms=_nyc_ms),
    Strategy.NONE: Manner(None),
}


def people(draft: Draft, zone: ZoneRules, release: Release) -> list[Signal]:
    """The signals of the zone's hold and abort devices now."""
    manner = MANNERS[release.strategy]
    state = _remember(draft, zone, manner)
    if manner.device is None or state.stage not in BEFORE_FLOODING or state.trigger is Trigger.MANUAL:
        return []
    found = [Signal.ABORT] if manner.aborts and wired(draft, zone, Family.ABORT) is Tri.YES else []
    gains = held_ms(draft, release, state, Signal.PROLONG) > max(draft.tick_ms, state.due_ms)
    if gains and _pressed_now(draft, zone, manner.device):
        found.append(Signal.PROLONG)
    contact = wired(draft, zone, manner.device)
    # A contact that is lost while a person holds is not a person who lets go, but for a device that asks for constant force.
    held = contact is Tri.YES or (contact is Tri.UNKNOWN and state.stage is Stage.HELD and not manner.by_force)
    holding = held and manner.stops is not None and manner.stops(draft, state)
    found.append(Signal.HOLD if holding else Signal.HOLD_ENDS)
    return found


def operated(draft: Draft, zone: ZoneRules) -> tuple[Family, ...]:
    """The hold and abort contacts of the zone's strategy that are closed now, whether they act or not."""
    if zone.zone.release is None:
        return ()
    manner = MANNERS[zone.zone.release.strategy]
    families = dict.fromkeys(filter(None, (manner.device, Family.ABORT if manner.aborts else None)))
    return tuple(family for family in families if wired(draft, zone, family) is Tri.YES)


def _remember(draft: Draft, zone: ZoneRules, manner: Manner) -> ZoneState:
    """Whether the device was pressed between the first alarm and the second, and has not been let go since (IRI)."""
    state = draft.zones[zone.index]
    contact = Tri.NO if manner.device is None else wired(draft, zone, manner.device)
    early = contact is Tri.YES and state.stage is Stage.PRE_ACTIVATED
    early = early or (contact is not Tri.NO and state.pressed_early)
    return state if early == state.pressed_early else draft.zone(zone.index, pressed_early=early)


def _pressed_now(draft: Draft, zone: ZoneRules, device: Family) -> bool:
    """Whether a contact of the device closed in this scan; one that comes back from a fault was not pressed anew."""
    heads = zone.wired.get(device, ())
    return any(draft.inputs.wired[head] == Tri.YES and draft.before.wired[head] == Tri.NO for head in heads)


def held_ms(draft: Draft, release: Release, before: ZoneState, signal: Signal) -> int:
    """The pre-warning of a zone that becomes activated by its devices: when it ends, in ticks; NEVER: no device brought it there."""
    manner = MANNERS[release.strategy]
    if signal is Signal.PROLONG and manner.prolongs_ms is not None:
        return min(draft.tick_ms + manner.prolongs_ms(release), before.prolong_until_ms)
    if signal is Signal.HOLD_ENDS and manner.leaves_ms is not None:
        return draft.tick_ms + manner.leaves_ms(release, before.left_ms)
    return NEVER


def prolong_until_ms(draft: Draft, release: Release) -> int:
    """Until when presses may put off a release that is activated now; NEVER under a strategy that knows no such press."""
    return NEVER if MANNERS[release.strategy].prolongs_ms is None else draft.tick_ms + NYC_MOST_MS
