"""Every trouble in one table: id, delay, severity, consequence, guidance in English and Korean. And the step that raises and clears them."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from controller.core.actuation import holds
from controller.core.draft import Draft
from controller.core.events import Feature, Kind
from controller.core.inputs import DRIFTED, WHOLE_HEAD
from controller.core.layout import OutputLayout
from controller.core.state import BEFORE_FLOODING, Drive, Stage, Tri, TripState
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


class Severity(StrEnum):
    """What a trouble asks of people."""

    MAINTENANCE = "maintenance"
    TROUBLE = "trouble"
    URGENT = "urgent"


class Trip(NamedTuple):
    """One row of the table. `delay_s` None: the site's `trouble_delay_s`."""

    delay_s: float | None
    severity: Severity
    consequence: str
    guidance: str
    guidance_ko: str


TRIPS: dict[str, Trip] = {
    "device_lost": Trip(
        None, Severity.TROUBLE, "its points are in fault and count for nothing",
        "Check the device's supply and network; its points return by themselves.",
        "장치의 전원과 통신선을 확인하십시오. 복구되면 자동으로 정상 표시됩니다.",
    ),
    "device_near_deadline": Trip(
        10.0, Severity.MAINTENANCE, "its answers come close to the time-out: a little later, and its points are in fault",
        "Look for what slows the device or its bus down; read it less often, or raise timeout_s of its link.",
        "장치 응답이 제한 시간에 가깝습니다. 장치와 버스의 부하를 줄이거나 timeout_s를 늘리십시오.",
    ),
    "device_unreliable": Trip(
        0.0, Severity.TROUBLE, "many requests to it failed within the last minute: its points come and go",
        "Check its wiring, termination and supply, and who else is on its bus or talks to it.",
        "최근 1분간 통신 실패가 많습니다. 배선, 종단 저항, 전원과 다른 마스터의 유무를 확인하십시오.",
    ),
    "messages_lost": Trip(
        0.0, Severity.MAINTENANCE, "messages of its devices were lost on the way: what they told in between is not known",
        "Check the broker's load and limits and the network between the devices, the broker and the controller.",
        "전송 중 메시지가 유실되었습니다. 브로커의 부하와 제한, 네트워크를 확인하십시오.",
    ),
    "head_fault": Trip(
        None, Severity.TROUBLE, "the head cannot raise an alarm; release availability is degraded",
        "Check the detector and its wiring; replace it if the fault stays.",
        "감지기와 배선을 점검하고, 고장이 계속되면 교체하십시오.",
    ),
    "bms_flat": Trip(
        0.0, Severity.TROUBLE, "the battery management shows the same values over and over: it may be blind, its silence counts for nothing",
        "Look at the rack and compare with a measurement by hand; have the battery management checked.",
        "BMS 값이 변하지 않습니다. 랙을 직접 확인하고 실측값과 비교한 뒤 BMS를 점검하십시오.",
    ),
    "points_fault": Trip(
        30.0, Severity.MAINTENANCE, "some values of the head are missing; the rest still counts",
        "Find the faulty sensors in the head's list and have them replaced.",
        "감지기 목록에서 고장난 센서를 찾아 교체하십시오.",
    ),
    "contact_fault": Trip(
        1.0, Severity.TROUBLE, "the input counts as fault: not automatic for keys, no release for call points",
        "The two contacts disagree or a wire is broken: check both contacts and both modules.",
        "두 접점이 일치하지 않거나 단선입니다. 두 접점과 모듈을 확인하십시오.",
    ),
    "detector_dirty": Trip(
        60.0, Severity.MAINTENANCE, "the drift of its clean-air value has reached the limit of its compensation; it still detects",
        "Clean or replace the detector; a restart of the controller forgets the drift.",
        "감지기 오염 보상이 한계에 도달했습니다. 감지기를 청소하거나 교체하십시오.",
    ),
    "output_unconfirmed": Trip(
        0.0, Severity.TROUBLE, "the field does not show the output in its commanded place",
        "Go and look at the device; operate it by hand if the fire asks for it.",
        "현장에서 장치를 확인하고 필요하면 수동으로 조작하십시오.",
    ),
    "breaker_stuck": Trip(
        0.0, Severity.URGENT, "the rack is not proven isolated: no water on it without a person's word",
        "Open the breaker by hand, then confirm the isolation at the panel.",
        "차단기를 수동으로 개방한 뒤 제어반에서 격리를 확인하십시오.",
    ),
    "damper_unproven": Trip(
        0.0, Severity.URGENT, "agent may leak; the site's policy decides whether release goes on",
        "Close the damper by hand.",
        "댐퍼를 수동으로 닫으십시오.",
    ),
    "selector_unproven": Trip(
        0.0, Severity.URGENT, "the way of the agent into the room is not proven: none is let go into it",
        "Open the selector valve of the room by hand; see that those of the other rooms are closed.",
        "방호구역의 선택밸브를 수동으로 개방하고 다른 구역의 선택밸브가 닫혔는지 확인하십시오.",
    ),
    "coolant_no_flow": Trip(
        0.0, Severity.URGENT, "a rack that should be cooled gets no coolant",
        "Open the rack's valve by hand and check the pump.",
        "랙의 밸브를 수동으로 열고 펌프를 확인하십시오.",
    ),
    "release_unconfirmed": Trip(
        0.0, Severity.URGENT, "the agent is not proven released; the room is treated as flooded",
        "Do not enter. Check the cylinder pressure; a person may release the reserve bank by key and call point.",
        "출입 금지. 용기 압력을 확인하십시오. 예비 용기는 키와 수동 조작으로만 방출할 수 있습니다.",
    ),
    "release_channel": Trip(
        0.0, Severity.URGENT, "one release channel is on without command; nothing is released",
        "A module or wire is stuck or forged: lock the release mechanically and find it.",
        "방출 채널 하나가 명령 없이 동작 중입니다. 기계적으로 잠그고 원인을 찾으십시오.",
    ),
    "output_forced": Trip(
        1.0, Severity.TROUBLE, "an output does not hold its commanded level",
        "Somebody else writes to the module, or it fell back: check its connection.",
        "다른 장치가 모듈에 쓰고 있거나 통신이 끊겼습니다. 연결을 확인하십시오.",
    ),
    "feedback_disagrees": Trip(
        5.0, Severity.TROUBLE, "the field shows an output in another place than commanded",
        "Somebody moved the device by hand, or its switch is faulty: go and look.",
        "장치가 수동으로 조작되었거나 스위치가 고장입니다. 현장을 확인하십시오.",
    ),
    "unexpected_flow": Trip(
        1.0, Severity.URGENT, "agent may be in the room: exhaust is off, no automatic release before a reset",
        "Somebody opened a valve by hand, it leaks, or the switch is stuck: do not enter before it is known.",
        "방출 명령 없이 방출 스위치가 동작했습니다. 확인 전에는 출입하지 마십시오.",
    ),
    "low_agent": Trip(
        1.0, Severity.URGENT, "automatic release is unavailable",
        "Have the cylinders weighed and refilled.",
        "용기의 중량을 측정하고 재충전하십시오.",
    ),
    "obstructed": Trip(
        0.0, Severity.URGENT, "the fire curtain is not lowered",
        "Clear the space under the curtain.",
        "방화막 아래의 장애물을 치우십시오.",
    ),
    "scan_overrun": Trip(
        0.0, Severity.TROUBLE, "decisions came late",
        "The controller is overloaded: look for other programs on it.",
        "제어기 부하가 큽니다. 다른 프로그램을 확인하십시오.",
    ),
    "journal_late": Trip(
        0.0, Severity.TROUBLE, "decisions go on but are not yet durable",
        "Check the disk: full, worn out or hung.",
        "디스크 용량과 상태를 확인하십시오.",
    ),
    "recorder_late": Trip(
        0.0, Severity.MAINTENANCE, "raw inputs are not being recorded",
        "Check the disk: full, worn out or hung.",
        "디스크 용량과 상태를 확인하십시오.",
    ),
    "intent_not_durable": Trip(
        0.0, Severity.URGENT, "agent was released before the intent was on disk",
        "Check the disk; keep this journal as evidence.",
        "디스크를 확인하고 기록을 증거로 보존하십시오.",
    ),
    "loop_late": Trip(
        0.0, Severity.TROUBLE, "the control loop ran late",
        "The controller is overloaded: look for other programs on it.",
        "제어기 부하가 큽니다. 다른 프로그램을 확인하십시오.",
    ),
    "clock_step": Trip(
        0.0, Severity.MAINTENANCE, "the wall clock jumped; decisions are not touched, times in reports may be",
        "Check the time server.",
        "시각 서버를 확인하십시오.",
    ),
    "state_lost": Trip(
        0.0, Severity.URGENT, "what was latched before the start is not known: manual-only, as if people were inside",
        "Look into the room, disable again what is being worked on, then say that nobody is inside (occupied ZONE no).",
        "이전 상태가 복원되지 않았습니다. 실내를 확인하고 작업 중인 기기를 다시 차단한 뒤 재실 해제를 입력하십시오.",
    ),
    "hand_at_rest": Trip(
        10.0, Severity.TROUBLE, "an abort or hold device is operated while nothing is to be held: an automatic release would not come",
        "Let go of the device; if nobody holds it, it is stuck or its wire is shorted.",
        "중단·보류 장치가 조작된 상태입니다. 장치를 원위치하고, 아무도 조작하지 않았다면 고착 또는 단락을 확인하십시오.",
    ),
    "agent_blocked": Trip(
        1.0, Severity.URGENT, "the agent is blocked mechanically: nobody can release it",
        "Open the block as soon as the work is done.",
        "소화약제가 기계적으로 차단되어 있습니다. 작업이 끝나면 즉시 개방하십시오.",
    ),
    "work": Trip(
        0.0, Severity.MAINTENANCE, "work has been announced in the zone: no automatic release while it runs",
        "Say when the work has ended (work ZONE ... --minutes 0).",
        "작업 중입니다. 작업이 끝나면 종료를 입력하십시오.",
    ),
    "work_ran_out": Trip(
        0.0, Severity.TROUBLE, "announced work ran out of time: manual-only until a person says that it has ended",
        "Look whether people still work there; then announce it again, or end it (work ZONE ... --minutes 0).",
        "작업 시간이 초과되었습니다. 현장을 확인한 뒤 연장하거나 종료를 입력하십시오.",
    ),
    "disabled": Trip(
        0.0, Severity.MAINTENANCE, "taken out of service by a person",
        "Enable it when the work is done.",
        "작업이 끝나면 다시 사용 상태로 되돌리십시오.",
    ),
}  # fmt: skip

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
SILENT_FIELD = frozenset({Stage.UNCONFIRMED, Stage.HOLD_TIME, Stage.DISCHARGED})
"""Stages that agent may have reached without proof."""
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
    delay_s = TRIPS[trip.trip].delay_s
    delay_ms = round((draft.layout.site.site.trouble_delay_s if delay_s is None else delay_s) * 1000)
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


def _device_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    for name, alive in zip(draft.layout.devices, draft.inputs.devices, strict=True):
        if not alive:
            yield "device_lost", name


def _head_causes(draft: Draft) -> Iterator[tuple[str, str]]:
    """A head whose whole device is lost is told once, as the device."""
    lost = {name for name, alive in zip(draft.layout.devices, draft.inputs.devices, strict=True) if not alive}
    for head, reading in zip(draft.layout.heads, draft.inputs.heads, strict=True):
        if head.device in lost:
            continue
        if reading.fault >= WHOLE_HEAD:
            yield "head_fault", head.name
        elif reading.fault:
            yield "points_fault", head.name
        if reading.marks & DRIFTED:
            yield "detector_dirty", head.name
        if draft.inputs.wired[head.index] == Tri.UNKNOWN:
            yield "contact_fault", head.name
    for zone in draft.inputs.weighed:
        for doubt in zone.doubts:
            if doubt.feature is Feature.FLAT:
                yield "bms_flat", doubt.head


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
        if zone.stage in SILENT_FIELD and not zone.proven:
            yield "release_unconfirmed", rules.name
        if zone.stage is Stage.QUIESCENT and operated(draft, rules):
            yield "hand_at_rest", rules.name
        if any(draft.inputs.wired[head] == Tri.YES for head in rules.wired.get(Family.MECHANICAL_BLOCK, ())):
            yield "agent_blocked", rules.name
        if zone.works:
            yield "work", rules.name
        if zone.ran_out:
            yield "work_ran_out", rules.name
        if zone.stage in BEFORE_FLOODING and zone.strayed:
            yield "unexpected_flow", rules.name
        for family, trip in ((Family.LOW_AGENT, "low_agent"), (Family.OBSTRUCTION, "obstructed")):
            if any(draft.inputs.wired[head] == Tri.YES for head in rules.wired.get(family, ())):
                yield trip, rules.name


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
