"""The step that raises and clears troubles. What they are called, how long each waits and what it asks of people stands in `troubles`."""

from collections.abc import Iterator

from msgspec.structs import replace

from controller.core.actuation import holds
from controller.core.chatter import CHATTER, chatters
from controller.core.draft import Draft
from controller.core.events import Feature, Kind
from controller.core.inputs import DRIFTED, WHOLE_HEAD
from controller.core.layout import HeadLayout, OutputLayout
from controller.core.rules import ZoneRules
from controller.core.state import BEFORE_FLOODING, PEOPLE_OUT, Drive, Stage, Tri, TripState, ZoneState
from controller.core.troubles import TRIPS, delay_s
from controller.core.zone.contacts import wired
from controller.core.zone.routing import SENT
from controller.core.zone.strategies import operated
from controller.site.model import Family, Mode

HOST_FACTS = (
    "scan_overruns_permille",
    "journal_lag_ms",
    "recorder_lag_ms",
    "intent_timeouts_total",
    "loop_late_ms",
    "wall_clock_step_ms",
    "near_deadline_device",
    "unreliable_device",
    "lossy_link",
    "night",
)
"""What the runtime knows of itself, its links and the time of day, in the order of `Image.host`. Overruns: share of the last 600 periods.
Lags are given in whole steps of 50 ms, so that a healthy controller gives the same facts scan after scan. Devices and links: 0 for none,
otherwise 1 + the place of the first one in the layout; the next is told when that one is well again. `night`: 1 within the site's night."""

OVERRUN_LIMIT_PERMILLE = 10
JOURNAL_LAG_LIMIT_MS = 2000
LOOP_LATE_LIMIT_MS = 500
CLOCK_STEP_LIMIT_MS = 5000

_HOST_LIMITS = (
    ("scan_overrun", 0, OVERRUN_LIMIT_PERMILLE),
    ("journal_late", 1, JOURNAL_LAG_LIMIT_MS),
    ("recorder_late", 2, JOURNAL_LAG_LIMIT_MS),
    ("loop_late", 4, LOOP_LATE_LIMIT_MS),
    ("clock_step", 5, CLOCK_STEP_LIMIT_MS),
)
_DEVICE_FACTS = (
    ("device_near_deadline", HOST_FACTS.index("near_deadline_device")),
    ("device_unreliable", HOST_FACTS.index("unreliable_device")),
)
_LOSSY_LINK = HOST_FACTS.index("lossy_link")
SILENT_FIELD = frozenset({Stage.RETRYING, Stage.UNCONFIRMED, Stage.HOLD_TIME, Stage.DISCHARGED})
"""Stages that agent may have reached without proof, once the field has been silent for the time that it is given."""
NIGHT = HOST_FACTS.index("night")
INTENT_TIMEOUTS = HOST_FACTS.index("intent_timeouts_total")
HOST_HOLD_MS = 60_000
"""A release whose intent was not durable in time is shown for this long."""


def is_night(draft: Draft) -> bool:
    """Whether it is night by the site's word; by day the runtime says 0, and without its facts it is day."""
    return len(draft.inputs.host) > NIGHT and draft.inputs.host[NIGHT] == 1


def step_trips(draft: Draft) -> None:
    """Raise the troubles whose cause has stood for its delay, clear those whose cause is gone."""
    causes = dict.fromkeys(_causes(draft))
    kept: list[TripState] = []
    for trip in draft.trips:
        key = (trip.trip, trip.subject)
        if key in causes:
            del causes[key]
            kept.append(_ripen(draft, trip))
        elif trip.shown:
            draft.tell(Kind.TROUBLE, "", trip.subject, f"{trip.trip}:cleared")
    kept.extend(_ripen(draft, TripState(name, subject, draft.tick_ms)) for name, subject in causes)
    draft.trips = tuple(kept)


def _ripen(draft: Draft, trip: TripState) -> TripState:
    delay_ms = round(delay_s(TRIPS[trip.trip], draft.layout.site.site) * 1000)
    if trip.shown or not draft.reached(trip.since_ms + delay_ms):
        return trip
    row = TRIPS[trip.trip]
    text = row.guidance_ko if draft.layout.site.site.language == "ko" else row.guidance
    draft.tell(Kind.TROUBLE, "", trip.subject, trip.trip, text)
    return replace(trip, shown=True)


def _causes(draft: Draft) -> Iterator[tuple[str, str]]:
    yield from _device_causes(draft)
    yield from _head_causes(draft)
    yield from _output_causes(draft)
    yield from _zone_causes(draft)
    yield from _host_causes(draft)
    for name in draft.lost:
        yield "state_lost", name
    for name in draft.disabled:
        yield "disabled", name
    for name, _ in draft.forced:
        yield "output_test", name


def _device_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    for name in _lost_devices(draft):
        yield "device_lost", name


def _lost_devices(draft: Draft) -> list[str]:
    return [name for index, name in enumerate(draft.layout.devices) if not draft.inputs.devices[index]]


_CONTACTS = {
    Family.EARTH_FAULT: (Tri.YES, "earth_fault"),
    Family.MAINS_FAULT: (Tri.YES, "mains_lost"),
    Family.BATTERY_FAULT: (Tri.YES, "battery_fault"),
    Family.ACTUATOR_IN_PLACE: (Tri.NO, "actuator_removed"),
}
"""Contacts that are a trouble of their own: what they say then, and what it is called."""


_ZONE_CONTACTS = {
    Family.MECHANICAL_BLOCK: "agent_blocked",
    Family.LOW_AGENT: "low_agent",
    Family.OBSTRUCTION: "obstructed",
}
"""Contacts that are a trouble of their zone while they say yes."""


def _door_causes(draft: Draft, rules: ZoneRules) -> Iterator[tuple[str, str]]:
    """A door that stands open where agent must stay in: at once from activation to the end of hold, else when people had time to pass it."""
    if rules.zone.release is not None and wired(draft, rules, Family.DOOR) is Tri.YES:
        coming = draft.zones[rules.index].stage in PEOPLE_OUT
        yield ("door_open_in_release" if coming else "door_open"), rules.name


def _head_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    """A head whose whole device is lost is told once, as the device."""
    lost = _lost_devices(draft)
    for head in draft.layout.heads:
        if head.device in lost:
            continue
        reading = draft.inputs.heads[head.index]
        if reading.fault >= WHOLE_HEAD:
            yield "head_fault", head.name
        elif reading.fault:
            yield "points_fault", head.name
        if reading.marks & DRIFTED:
            yield "detector_dirty", head.name
        yield from _contact_causes(draft, head)
    for zone in draft.inputs.weighed:
        for doubt in zone.doubts:
            if doubt.feature is Feature.FLAT:
                yield "bms_flat", doubt.head


def _contact_causes(draft: Draft, head: HeadLayout) -> Iterator[tuple[str, str]]:
    if draft.inputs.wired[head.index] == Tri.UNKNOWN:
        yield "contact_fault", head.name
    if chatters(draft, head.index):
        yield CHATTER, head.name
    bad, trip = _CONTACTS.get(head.head.family, (None, ""))
    if draft.inputs.wired[head.index] == bad:
        yield trip, head.name


def _output_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    shadow = draft.layout.site.site.mode is Mode.SHADOW
    for output in draft.layout.outputs:
        state = draft.outputs[output.index]
        active = int(state.wanted != output.output.normal)
        if state.drive is Drive.FAILED:
            yield (output.output.consequence if active else "output_unconfirmed"), output.name
        if output.is_release and not active and not shadow and holds(draft, output) and _uncommanded(draft, output):
            yield "release_channel", output.name
        elif (
            state.drive is Drive.WRITING
            and draft.before.outputs[output.index].drive is Drive.WRITING
            and not output.is_release
        ):
            yield "output_forced", output.name
        elsewhere = draft.inputs.feedback[output.index] == 1 - active
        if state.drive is Drive.SETTLED and elsewhere and not shadow:
            yield "feedback_disagrees", output.name


def _uncommanded(draft: Draft, output: OutputLayout) -> bool:
    """A release channel is on without command: not in the polls that a channel takes to drop after its command has ended.

    The run before a restart may have ended that command, so that the first look at the field shows a channel that was still to drop.
    """
    if not any(level == 1 - output.output.normal for level in draft.inputs.channels[output.index]):
        return False
    before, state = draft.before.outputs[output.index], draft.outputs[output.index]
    told = any(trip.trip == "release_channel" and trip.subject == output.name for trip in draft.trips)
    first_look = before.drive is Drive.UNREAD and state.drive is not Drive.UNREAD
    still_to_drop = first_look and draft.zones[output.zone].stage not in BEFORE_FLOODING
    return told or (before.wanted == state.wanted and before.drive is not Drive.WRITING and not still_to_drop)


def _zone_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    for rules in draft.rules.zones:
        zone = draft.zones[rules.index]
        yield from ((trip, rules.name) for trip in _release_causes(draft, rules, zone))
        if zone.stage is Stage.QUIESCENT and operated(draft, rules):
            yield "hand_at_rest", rules.name
        if zone.routing == SENT:
            yield "routing_not_acknowledged", rules.name
        if zone.works:
            yield "work", rules.name
        if zone.ran_out:
            yield "work_ran_out", rules.name
        for family, trip in _ZONE_CONTACTS.items():
            if any(draft.inputs.wired[head] == Tri.YES for head in rules.wired.get(family, ())):
                yield trip, rules.name
        yield from _door_causes(draft, rules)


def _release_causes(draft: Draft, rules: ZoneRules, zone: ZoneState) -> Iterator[str]:
    tried_again = zone.stage is Stage.RELEASING and zone.attempt > 1
    if (zone.stage in SILENT_FIELD or tried_again) and not zone.proven:
        yield "release_unconfirmed"
    if zone.stage not in BEFORE_FLOODING:
        return
    if zone.strayed:
        yield "unexpected_flow"
    if not zone.call_point_rested and wired(draft, rules, Family.CALL_POINT) is Tri.YES:
        yield "call_point_not_rested"


def _host_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    host, last = draft.inputs.host, draft.before.host
    if not host:
        return
    for trip, place, limit in _HOST_LIMITS:
        if abs(host[place]) > limit:
            yield trip, "controller"
    for trip, place in _DEVICE_FACTS:
        if host[place]:
            yield trip, draft.layout.devices[host[place] - 1]
    if host[_LOSSY_LINK]:
        yield "messages_lost", draft.layout.links[host[_LOSSY_LINK] - 1]
    fresh = bool(last) and host[INTENT_TIMEOUTS] > last[INTENT_TIMEOUTS]
    held = any(t.trip == "intent_not_durable" and not draft.reached(t.since_ms + HOST_HOLD_MS) for t in draft.trips)
    if fresh or held:
        yield "intent_not_durable", "controller"
