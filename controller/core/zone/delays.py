"""Delays to outputs (domain.md F6): rows say for how long (`investigate_s`), an operator says by zone whether it counts.

A delay that is on is shown apart from what is out of service, or people forget to switch it on again (domain.md 2.3). It counts for one head at
its first stage alone: a second head, fire 2, runaway, what heads say together and a call point pass it, and from then on it is
passed for this alarm.
"""

from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.rules import ZoneRules
from controller.core.state import Alarm
from controller.core.zone.alarms import is_called, is_certain, standing


def switch(draft: Draft, zone: ZoneRules, *, on: bool) -> str:
    """Switch the zone's delays on or off; returns why not. On only before an alarm: what has begun is not taken back."""
    state = draft.zones[zone.index]
    if on and zone.index not in draft.rules.matrix.delayed:
        return f"no row of the matrix asks for {zone.name} with investigate_s"
    if on and not state.delays and (state.alarm is not Alarm.NONE or is_called(draft, zone)):
        return f"{zone.name} is in alarm: reset first"
    if on != state.delays:
        draft.zone(zone.index, delays=on, passed=False)
        draft.tell(Kind.WORK, zone.name, zone.name, "delays on" if on else "delays off")
    return ""


def pass_delays(draft: Draft, zone: ZoneRules) -> None:
    """Whether the alarm of the zone is past its delays: kept until the alarm is over."""
    state = draft.zones[zone.index]
    if not state.delays:
        return
    called = is_called(draft, zone)
    certain = state.weighed >= Level.ALARM or is_certain(draft, zone, standing(draft, zone))
    passed = (called or state.alarm is not Alarm.NONE) and (state.passed or certain)
    if passed != state.passed:
        draft.zone(zone.index, passed=passed)


def undelayed(draft: Draft) -> frozenset[int]:
    """Zones whose delays do not count now."""
    return frozenset(
        z.index for z in draft.rules.zones if not draft.zones[z.index].delays or draft.zones[z.index].passed
    )
