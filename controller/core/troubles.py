"""Every trouble in one table: id, delay, severity, consequence, guidance in English and Korean."""

from enum import StrEnum
from typing import NamedTuple

from controller.site.model import SiteInfo
from controller.site.model.members import found_directly


@found_directly
class Delay(StrEnum):
    """Classes of delays that a site may set (`[site] trouble_delay_s` and `[site.delays]`), each within its bound of domain.md."""

    DEVICE = "device"
    FAULT = "fault"
    SUPERVISORY = "supervisory"
    DOOR = "door"
    POWER = "power"
    ROUTING = "routing"


class Severity(StrEnum):
    """What a trouble asks of people."""

    MAINTENANCE = "maintenance"
    TROUBLE = "trouble"
    URGENT = "urgent"


class Trip(NamedTuple):
    """One row of the table. `delay_s` is the number itself, or the class whose number the site says."""

    delay_s: float | Delay
    severity: Severity
    consequence: str
    guidance: str
    guidance_ko: str
    times: int = 1
    """How often its cause comes within a minute before it is a trouble; 1: the first time."""


TRIPS: dict[str, Trip] = {
    "device_lost": Trip(
        Delay.DEVICE, Severity.TROUBLE, "its points are in fault and count for nothing",
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
        Delay.DEVICE, Severity.TROUBLE, "the head cannot raise an alarm; release availability is degraded",
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
        Delay.FAULT, Severity.TROUBLE, "the input counts as fault: not automatic for keys, no release for call points",
        "The two contacts disagree or a wire is broken: check both contacts and both modules.",
        "두 접점이 일치하지 않거나 단선입니다. 두 접점과 모듈을 확인하십시오.",
    ),
    "contact_chatters": Trip(
        0.0, Severity.TROUBLE, "what the contact says counts scan by scan, and is not told any more until it has been still for a minute",
        "Look for a loose wire, a worn contact or induced voltage; the journal shows what it says once it is still.",
        "접점이 반복해서 변합니다. 느슨한 배선, 마모된 접점, 유도 전압을 확인하십시오. 안정되면 상태가 다시 기록됩니다.",
        times=10,  # assumed: nobody operates a device five times a minute (ISA-18.2 calls an alarm chattering from three a minute)
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
        Delay.SUPERVISORY, Severity.URGENT, "automatic release is unavailable",
        "Have the cylinders weighed and refilled.",
        "용기의 중량을 측정하고 재충전하십시오.",
    ),
    "actuator_removed": Trip(
        Delay.SUPERVISORY, Severity.URGENT, "the actuator is not on its cylinder or valve: a release would let nothing go",
        "Put the actuator back in place; until then only what the installation releases by itself remains.",
        "기동장치가 분리되어 있습니다. 작업이 끝나면 즉시 원위치하십시오.",
    ),
    "door_open": Trip(
        Delay.DOOR, Severity.TROUBLE, "agent would escape through the open door, and its hold time be lost; no release waits for it",
        "Close the door; if it is shut, check its contact.",
        "문이 열려 있습니다. 문을 닫고, 닫혀 있다면 접점을 점검하십시오.",
    ),
    "door_open_in_release": Trip(
        0.0, Severity.URGENT, "the door stands open while agent is coming or must hold: it escapes",
        "Once everybody is out, close the door from outside; do not go in.",
        "전원 대피 후 밖에서 문을 닫으십시오. 방호구역에 들어가지 마십시오.",
    ),
    "routing_not_acknowledged": Trip(
        Delay.ROUTING, Severity.URGENT, "nobody has acknowledged the alarm that was sent: the fire brigade may not know",
        "Call the fire brigade by telephone; then have the transmission path checked.",
        "경보 전송이 확인되지 않았습니다. 전화로 소방서에 신고하고 전송 경로를 점검하십시오.",
    ),
    "earth_fault": Trip(
        Delay.FAULT, Severity.TROUBLE, "a conductor touches earth: a second one may operate or hold back an output",
        "Have the wiring measured; do not reset it away, stray currents have released agent before.",
        "지락이 발생했습니다. 배선 절연을 측정하고 원인을 제거하십시오.",
    ),
    "mains_lost": Trip(
        Delay.POWER, Severity.TROUBLE, "the panel runs from its battery: its time is limited",
        "Check the mains of the panel; plan a watch before the battery is empty.",
        "제어반 상용전원이 상실되었습니다. 전원을 확인하고 축전지 방전 전에 감시 인력을 배치하십시오.",
    ),
    "battery_fault": Trip(
        Delay.POWER, Severity.TROUBLE, "without mains the panel would go dark",
        "Check the panel's battery, its fuse and its charger.",
        "제어반 축전지, 퓨즈, 충전기를 점검하십시오.",
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
    "call_point_not_rested": Trip(
        0.0, Severity.URGENT, "the call point is operated and was not seen at rest before: it does not release by this",
        "Bring it to rest and check which contact is which. If you want release, operate it again; the manual path of the installation works.",
        "수동조작함을 원위치하고 접점 배선을 확인하십시오. 방출이 필요하면 다시 조작하십시오. 설비 자체의 수동 기동장치는 동작합니다.",
    ),
    "agent_blocked": Trip(
        Delay.SUPERVISORY, Severity.URGENT, "the agent is blocked mechanically: nobody can release it",
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
    "output_test": Trip(
        0.0, Severity.MAINTENANCE, "an engineer forces the output for a limited time; it says nothing of the fire",
        "It is let go by itself, by an alarm, or by hand (force OUTPUT --seconds 0).",
        "출력 시험 중입니다. 시간이 지나거나 경보가 발생하면 자동으로 해제됩니다.",
    ),
    "disabled": Trip(
        0.0, Severity.MAINTENANCE, "taken out of service by a person",
        "Enable it when the work is done.",
        "작업이 끝나면 다시 사용 상태로 되돌리십시오.",
    ),
}  # fmt: skip


def delay_s(row: Trip, info: SiteInfo) -> float:
    """How long the cause of a trouble stands before it is told, in seconds."""
    match row.delay_s:
        case Delay.DEVICE:
            return info.trouble_delay_s
        case Delay():
            own: float = getattr(info.delays, f"{row.delay_s}_s")
            return own
        case _:
            return row.delay_s
