"""What stages, responses, levels and troubles are called for people, in English and Korean, by their ids. Data and one look-up."""

from typing import Literal

Language = Literal["en", "ko"]

TEXTS: dict[str, tuple[str, str]] = {
    # stages of the release machine
    "quiescent": ("normal", "정상"),
    "pre-activated": ("pre-alarm of release (one head)", "소화 1차 감지"),
    "activated": ("PRE-WARNING: leave the room", "방출 예고: 즉시 대피"),
    "held": ("release held by hand", "방출 보류"),
    "aborted": ("release aborted", "방출 중단"),
    "waiting": ("release waits for exhaust, dampers or selector", "배기·댐퍼·선택밸브 대기"),
    "releasing": ("RELEASING AGENT", "소화약제 방출 중"),
    "retrying": ("release not confirmed: once more", "방출 미확인: 재시도"),
    "unconfirmed": ("RELEASE NOT CONFIRMED", "방출 미확인"),
    "released": ("AGENT RELEASED: do not enter", "방출 완료: 출입 금지"),
    "hold-time": ("hold time: keep closed", "유지 시간: 밀폐 유지"),
    "discharged": ("discharged: reset by a person", "방출 종료: 복구 필요"),
    # responses
    "watch": ("watch", "관찰"),
    "isolate": ("isolate", "격리"),
    "extinguish": ("extinguish", "소화"),
    "cool": ("cool", "냉각"),
    "hand-over": ("hand over to the fire brigade", "소방대 인계"),
    "guard": ("guard against re-ignition", "재발화 감시"),
    # levels of a head
    "normal": ("normal", "정상"),
    "advisory": ("advisory", "주의"),
    "pre-alarm": ("pre-alarm", "예비경보"),
    "alarm": ("ALARM", "화재경보"),
    # a zone on its way to a fire alarm
    "first-alarm": ("FIRST ALARM: go and look", "1차 경보: 현장 확인"),
    "fire-held": ("FIRE: its outputs wait", "화재: 출력 대기"),
    "investigate": ("acknowledged, somebody looks", "확인됨: 현장 조사 중"),
    "answer_within": ("acknowledge within {seconds} s", "{seconds}초 이내에 확인하십시오"),
    "fire_within": ("fire unless reset within {seconds} s", "{seconds}초 이내에 복구하지 않으면 화재 출력"),
    "fire": ("FIRE", "화재"),
    "coincidence": ("coincidence", "연동 방식"),
    # faults of a head
    "whole_fault": ("FAULT", "고장"),
    "part_fault": ("FAULT (some sensors)", "일부 센서 고장"),
    "latched": ("latched", "유지"),
    "no_sensor": ("no sensor", "센서 없음"),
    "runaway": ("RUNAWAY", "열폭주"),
    # a bank that several rooms share
    "selected": ("the bank is led to this room", "방호구역 선택"),
    "not-selected": ("the bank is led to this room no more", "방호구역 선택 해제"),
    "way-blocked": ("agent cannot go into the room", "약제 경로 차단"),
    # outputs that an engineer forces
    "force begun": ("force begun", "출력 강제 시작"),
    "force ended": ("force ended", "출력 강제 종료"),
    # after a discharge
    "extended-started": ("extended discharge begun", "연장 방출 시작"),
    "extended-ended": ("extended discharge ended", "연장 방출 종료"),
    "extract-started": ("extract begun", "방출 후 배기 시작"),
    "extract-ended": ("extract ended", "방출 후 배기 종료"),
    "extended_runs": ("extended discharge", "연장 방출 중"),
    "extract_runs": ("extract", "방출 후 배기 중"),
    # isolation of a rack
    "none": ("-", "-"),
    "wanted": ("opening", "개방 중"),
    "asked": ("OPEN BY HAND", "수동 개방 요청"),
    "proven": ("isolated", "격리 확인"),
    "isolation_set": ("isolated by", "격리 차단기"),
    "goes_dark": ("; this takes the last feed of {dark}", "; 함께 정전되는 설비: {dark}"),
    # countdown of a rack: 80 % interval
    "runaway_between": (
        "runaway of a cell expected in {low} to {high} {unit}",
        "셀 열폭주 예상: {low}~{high}{unit} 후",
    ),
    "runaway_within": ("runaway of a cell expected within {high} {unit}", "셀 열폭주 예상: {high}{unit} 이내"),
    "runaway_unknown": ("time to runaway: not enough evidence", "열폭주 예상 시각: 근거 부족"),
    "unit_min": ("min", "분"),
    "unit_s": ("s", "초"),
    # release availability
    "full": ("automatic release available", "자동 방출 가능"),
    "degraded": ("automatic release degraded", "자동 방출 성능 저하"),
    "unavailable": ("automatic release UNAVAILABLE", "자동 방출 불가"),
    # severities of troubles
    "maintenance": ("maintenance", "정비"),
    "trouble": ("trouble", "고장"),
    "urgent": ("URGENT", "긴급"),
    # troubles
    "device_lost": ("device does not answer", "장치 응답 없음"),
    "device_near_deadline": ("device answers close to the time-out", "장치 응답 지연"),
    "device_unreliable": ("device fails often", "장치 통신 불안정"),
    "messages_lost": ("messages lost on the way", "메시지 유실"),
    "head_fault": ("detector faulty", "감지기 고장"),
    "bms_flat": ("battery management shows no movement", "BMS 값 고정"),
    "detector_dirty": ("detector dirty: its compensation is at its limit", "감지기 오염 (보상 한계)"),
    "points_fault": ("some sensors faulty", "일부 센서 고장"),
    "contact_chatters": ("contact changes again and again", "접점 채터링"),
    "contact_fault": ("contacts disagree or wire broken", "접점 불일치 또는 단선"),
    "output_unconfirmed": ("output not confirmed", "출력 미확인"),
    "breaker_stuck": ("breaker does not open", "차단기 개방 불가"),
    "damper_unproven": ("damper not proven closed", "댐퍼 폐쇄 미확인"),
    "selector_unproven": ("selector valve not proven", "선택밸브 미확인"),
    "coolant_no_flow": ("no coolant flow", "냉각수 흐름 없음"),
    "release_unconfirmed": ("release not confirmed", "방출 미확인"),
    "release_channel": ("release channel on without command", "방출 채널 오동작"),
    "output_forced": ("output does not hold its level", "출력 강제 변경"),
    "feedback_disagrees": ("feedback disagrees", "상태 신호 불일치"),
    "unexpected_flow": ("discharge switch on without a release", "방출 스위치 오동작"),
    "low_agent": ("agent low", "소화약제 부족"),
    "actuator_removed": ("actuator not in place", "기동장치 분리"),
    "routing_not_acknowledged": ("alarm transmission not acknowledged", "경보 전송 미확인"),
    "earth_fault": ("earth fault", "지락"),
    "mains_lost": ("mains of the panel lost", "제어반 상용전원 상실"),
    "battery_fault": ("battery of the panel faulty", "제어반 축전지 이상"),
    "door_open": ("door open", "문 열림"),
    "door_open_in_release": ("door open while agent comes or holds", "방출 중 문 열림"),
    "obstructed": ("fire curtain obstructed", "방화막 장애물"),
    "scan_overrun": ("scan overrun", "스캔 지연"),
    "journal_late": ("journal behind", "기록 지연"),
    "recorder_late": ("recorder behind", "원시 기록 지연"),
    "intent_not_durable": ("release intent not on disk in time", "방출 의도 미기록"),
    "loop_late": ("control loop late", "제어 루프 지연"),
    "clock_step": ("wall clock jumped", "시각 급변"),
    "disabled": ("out of service", "사용 중지"),
    "output_test": ("forced by an engineer for a limited time", "출력 시험 (강제 동작)"),
    "forced": ("forced", "강제"),
    "hand_at_rest": ("abort or hold device operated at rest", "중단·보류 장치 조작 상태"),
    "call_point_not_rested": ("call point operated, not seen at rest before", "수동조작함 정지 위치 미확인"),
    "agent_blocked": ("agent blocked mechanically", "소화약제 기계적 차단"),
    "work": ("work under way: manual only", "작업 중: 수동 전용"),
    "work_ran_out": ("announced work ran out of time", "작업 시간 초과"),
    "state_lost": (
        "latched state lost: manual only until a person has looked",
        "유지 상태 소실: 확인 전까지 수동 전용",
    ),
    # haechi probe
    "probe_begin": (
        "{device} at {place}: requests of the site's plan: {requests}, {rounds} rounds at each depth; nothing is written",
        "{device} ({place}): 현장 계획의 요청 {requests}건, 깊이마다 {rounds}회; 아무것도 쓰지 않음",
    ),
    "probe_alone": (
        "Is the daemon stopped? Most devices bear one client only.",
        "데몬을 멈췄습니까? 대부분의 장치는 클라이언트 하나만 허용합니다.",
    ),
    "probe_depth": ("depth", "깊이"),
    "probe_rate": ("reads/s", "읽기/초"),
    "probe_missing": ("missing", "무응답"),
    "probe_displaced": ("displaced", "순서 뒤바뀜"),
    "probe_wrong": ("wrong", "오응답"),
    "probe_refused": ("refused", "거부"),
    "probe_borne": (
        "every request was answered rightly up to depth {largest}; worth stating for this plan:",
        "깊이 {largest}까지 모든 요청에 올바로 응답함; 이 계획의 권장값:",
    ),
    "probe_one": (
        "The link has no transaction ids, so replies in flight together could not be told apart: depth stays 1.",
        "이 링크에는 트랜잭션 번호가 없어 동시 요청의 응답을 구별할 수 없음: 깊이는 1.",
    ),
    "probe_none": (
        "Not even single requests are answered rightly; mend that first.",
        "단일 요청에도 올바로 응답하지 않음: 먼저 고치십시오.",
    ),
    "probe_error": ("last error: {error}", "마지막 오류: {error}"),
    # headings
    "release": ("release", "방출"),
    "at_rest": ("quiescent", "대기"),
    "zone": ("zone", "구역"),
    "occupied": ("occupied: manual only", "재실 중: 수동 전용"),
    "routing-sent": ("alarm sent, NOT ACKNOWLEDGED yet", "경보 전송됨: 수신 확인 대기"),
    "routing-acknowledged": ("alarm acknowledged by the station", "경보 수신 확인됨"),
    "delays": ("output delays ON", "출력 지연 사용 중"),
    "unacknowledged": ("NOT ACKNOWLEDGED", "미확인 경보"),
    "troubles": ("troubles", "고장"),
    "outputs_on": ("outputs on", "동작 중 출력"),
    "inhibits": ("held back by", "방출 억제"),
    "no_troubles": ("no troubles", "고장 없음"),
}
"""Ids are those of the core's stages, responses, isolation, availability and trips."""


def text(key: str, language: str = "en") -> str:
    """What `key` is called; the key itself when it is not in the catalogue."""
    known = TEXTS.get(key)
    return key if known is None else known[language == "ko"]
