"""The conditions that cause-and-effect rows may name: `zone.condition`, `zone.rack.condition`, `site.condition`."""

from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """What a zone must have for a condition to arise in it."""

    DETECTION = "a head that detects fire, or a call point"
    GAS = "a gas head"
    RELEASE = "an agent ([zones.NAME.release])"
    EXTENDED = "an extended discharge (extended_output in [zones.NAME.release])"
    EXTRACT = "a timed extract (extract_s in [zones.NAME.release])"
    SELECTOR = "a selector valve (selector in [zones.NAME.release])"
    RESERVE = "a reserve bank (reserve_output in [zones.NAME.release])"
    DOOR = "an input of family door"
    ROUTING = "an input of family routing-acknowledged"
    COOLING = "coolant ([zones.NAME.cooling])"
    RACK_EVIDENCE = "a head in that rack"
    RACK_CELLS = "a cell-temperature head in that rack or in one that it protects"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a cause means, for people, and what must be there for it to arise."""

    en: str
    ko: str
    needs: tuple[Need, ...] = ()


_N = Need

ZONE: dict[str, Condition] = {
    "watch": Condition("something drifts or a sensor is not trusted: inspect", "관찰: 점검 필요"),
    "isolate": Condition("pre-alarm, or any one fire head (latched)", "격리: 예비경보 (유지)", (_N.DETECTION,)),
    "gas": Condition("off-gas (latched): evacuate, do not enter", "오프가스 검출: 대피, 진입 금지 (유지)", (_N.GAS,)),
    "first-alarm": Condition(
        "one fire head in alarm, or fire: waits for no second one", "1차 경보 또는 화재경보", (_N.DETECTION,)
    ),
    "fire": Condition("fire alarm (latched); by the zone's coincidence type", "화재경보 (유지)", (_N.DETECTION,)),
    "pre-activated": Condition("one head of a coincidence in alarm", "소화 1차 감지", (_N.RELEASE, _N.DETECTION)),
    "activated": Condition("release confirmed or by hand; to the end of hold", "소화 기동", (_N.RELEASE,)),
    "curtain": Condition("after activation and delay, not obstructed", "방화커튼 하강 허가", (_N.RELEASE,)),
    "release": Condition("the main bank is let go", "소화약제 방출", (_N.RELEASE,)),
    "release-reserve": Condition("the reserve bank is let go, by a person", "예비 약제 방출", (_N.RELEASE, _N.RESERVE)),
    "release-extended": Condition(
        "the extended discharge holds the concentration", "연장 방출", (_N.RELEASE, _N.EXTENDED)
    ),
    "selected": Condition(
        "the bank is led to this room: its selector opens", "방호구역 선택", (_N.RELEASE, _N.SELECTOR)
    ),
    "released": Condition("the field says that agent flows", "방출 확인", (_N.RELEASE,)),
    "exhaust": Condition("exhaust wanted; off from release until a reset", "배기 요구", (_N.DETECTION,)),
    "extract": Condition("the room is cleared after the hold time", "방출 후 배기", (_N.RELEASE, _N.EXTRACT)),
    "cool": Condition("a rack is cooled", "냉각 중", (_N.COOLING,)),
    "supply": Condition("water wanted: barrier and pump", "냉각수 공급 요구", (_N.COOLING,)),
    "hand-over": Condition("not controlled: the fire brigade takes over", "소방대 인계", (_N.DETECTION,)),
    "guard": Condition("controlled: watch for re-ignition", "재발화 감시", (_N.COOLING,)),
    "alert": Condition("new alarm, not silenced", "경보음 (정지 가능)", (_N.DETECTION,)),
    "evacuate": Condition("leave the room; not silenceable during pre-warning", "대피", (_N.DETECTION,)),
    "request": Condition("a person is asked to act", "조치 요청"),
    "manual-only": Condition("no automatic release: key, presence or permit", "수동 전용", (_N.RELEASE,)),
    "routed": Condition("the alarm that was sent is acknowledged", "경보 전송 수신 확인", (_N.ROUTING,)),
    "delays": Condition("delays to outputs are switched on", "출력 지연 사용 중"),
    "door-open": Condition("a door stands open", "문 열림", (_N.DOOR,)),
    "trouble": Condition("any trouble of the site", "고장"),
}

RACK: dict[str, Condition] = {
    "stop-charge": Condition(
        "stop the charge of this rack; also while a person is asked", "랙 충전 정지", (_N.RACK_EVIDENCE,)
    ),
    "isolate": Condition("open the breaker of this rack", "랙 격리", (_N.RACK_EVIDENCE,)),
    "cool": Condition("coolant on this rack, after its isolation", "랙 냉각", (_N.COOLING, _N.RACK_CELLS)),
}

SITE: dict[str, Condition] = {
    "trouble": Condition("any trouble", "고장 (전체)"),
    "fire": Condition("fire in any zone", "화재 (전체)"),
}
