"""Titles of figures, stages and responses for people, in English and Korean."""

from typing import NamedTuple


class Title(NamedTuple):
    """What something is called."""

    en: str
    ko: str


STAGES: dict[str, Title] = {
    "quiescent": Title("quiescent", "대기"),
    "pre-activated": Title("first alarm", "1차 경보"),
    "activated": Title("pre-warning", "방출 예고"),
    "held": Title("held", "지연"),
    "aborted": Title("aborted", "중지"),
    "waiting": Title("waiting", "대기 중"),
    "releasing": Title("releasing", "방출 개시"),
    "retrying": Title("retrying", "재시도"),
    "unconfirmed": Title("unconfirmed", "미확인"),
    "released": Title("released", "방출"),
    "hold-time": Title("hold time", "유지 시간"),
    "discharged": Title("discharged", "방출 완료"),
}
RESPONSES: dict[str, Title] = {
    "watch": Title("watch", "감시"),
    "isolate": Title("isolate", "격리"),
    "extinguish": Title("extinguish", "소화"),
    "cool": Title("cool", "냉각"),
    "hand-over": Title("hand over", "소방대 인계"),
    "guard": Title("guard", "재발화 감시"),
}
LANES: dict[str, Title] = {
    "plant": Title("Plant (truth)", "설비 (실제)"),
    "detect": Title("Detected", "감지"),
    "isolate": Title("Isolate", "격리"),
    "extinguish": Title("Extinguish", "소화"),
    "room": Title("Room", "실내 설비"),
    "cool": Title("Cool", "냉각"),
    "people": Title("People", "사람"),
}
ROLES: dict[str, Title] = {
    "exhaust": Title("exhaust", "배기"),
    "damper": Title("dampers closed", "댐퍼 폐쇄"),
    "hvac-stop": Title("HVAC stopped", "공조 정지"),
    "curtain": Title("fire curtain", "방화막"),
    "water-barrier": Title("water barrier", "수벽"),
    "relief": Title("relief open", "과압 배출"),
}
"""Outputs that the timeline shows."""


def stage(name: str) -> Title:
    """The title of a stage of the release machine."""
    return STAGES.get(name, Title(name, name))
