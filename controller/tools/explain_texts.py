"""How `haechi explain` says things, in English and Korean: every feature, signal, reason and word of the journal that it may meet."""

from controller.core.events import Feature, Kind
from controller.core.zone.machine import Signal

Pair = tuple[str, str]
"""English, Korean."""

FEATURES: dict[Feature, Pair] = {
    Feature.NONE: ("{head}: nothing unusual ({value} at {point})", "{head}: 이상 없음 ({point} 값 {value})"),
    Feature.HIGH: (
        "{head}: {value} at {point}, at or above {threshold}",
        "{head}: {point} 값 {value}, 기준 {threshold} 이상",
    ),
    Feature.LOW: (
        "{head}: {value} at {point}, at or below {threshold}",
        "{head}: {point} 값 {value}, 기준 {threshold} 이하",
    ),
    Feature.RATE: (
        "{head}: {point} changes by {value} a second, {threshold} is allowed",
        "{head}: {point} 초당 변화 {value}, 허용 {threshold}",
    ),
    Feature.DEVIATION: (
        "{head}: {point} is {value} away from the median of its module, {threshold} is allowed",
        "{head}: {point} 모듈 중앙값과의 차이 {value}, 허용 {threshold}",
    ),
    Feature.ABOVE_REFERENCE: (
        "{head}: {value} ppm above the room's reference at {point}, {threshold} ppm is allowed",
        "{head}: {point} 실내 기준보다 {value} ppm 높음, 허용 {threshold} ppm",
    ),
    Feature.SAG: (
        "{head}: the voltage at {point} is {value} V off the median of its module, {threshold} V is allowed",
        "{head}: {point} 전압이 모듈 중앙값에서 {value} V 벗어남, 허용 {threshold} V",
    ),
    Feature.COLLAPSE: (
        "{head}: the voltage at {point} has collapsed to {value} V, below {threshold} V",
        "{head}: {point} 전압이 {value} V(으)로 붕괴, 기준 {threshold} V 미만",
    ),
    Feature.RUNAWAY: (
        "{head}: thermal runaway at {point}: {value} degC, heating itself by 1 K a second or more (limit {threshold})",
        "{head}: {point} 열폭주: {value} °C, 초당 1 K 이상 자체 발열 (한계 {threshold})",
    ),
    Feature.DIED_AFTER_RISE: (
        "{head}: the sensor {point} died after a rise ({value}, limit {threshold}): it stays as evidence",
        "{head}: {point} 센서가 상승 후 고장 ({value}, 한계 {threshold}): 증거로 유지",
    ),
    Feature.DYING_TOGETHER: (
        "{head}: {value} sensors died within a minute, the last one {point} ({threshold} are a sign of fire)",
        "{head}: 1분 내 센서 {value}개 고장, 마지막 {point} ({threshold}개부터 화재 징후)",
    ),
    Feature.OUT_OF_RANGE: (
        "{head}: {point} shows {value}, beyond the believable {threshold}: a fault, not an alarm",
        "{head}: {point} 값 {value}, 신뢰 한계 {threshold} 초과: 경보가 아닌 고장",
    ),
    Feature.NO_VALUE: ("{head}: no value from {point}: silent", "{head}: {point} 값 없음: 무응답"),
    Feature.STUCK: (
        "{head}: {point} has stood at {value} for more than {threshold} s: stuck",
        "{head}: {point} 값 {value}이(가) {threshold}초 넘게 고정됨",
    ),
    Feature.SLEW: (
        "{head}: {point} jumped to {value}, faster than {threshold} a second: not believed",
        "{head}: {point} 값이 {value}(으)로 급변 (초당 {threshold} 초과): 신뢰하지 않음",
    ),
    Feature.CONTACT: ("{head}: contact {point} reads {value}", "{head}: 접점 {point} 상태 {value}"),
    Feature.FIRE_2: (
        "{head}: smoke of {value} %/m at {point}, at or above {threshold} %/m (fire 2)",
        "{head}: {point} 연기 {value} %/m, 기준 {threshold} %/m 이상 (화재 2단계)",
    ),
    Feature.GAS_RISE: (
        "{head}: gas has risen by {value} ppm over its usual base at {point}, {threshold} ppm is allowed",
        "{head}: {point} 가스가 평소보다 {value} ppm 상승, 허용 {threshold} ppm",
    ),
    Feature.LI_ION_VENT: (
        "{head}: {value} ppm at {point} with the other gases of a venting lithium-ion cell ({threshold} ppm is allowed)",
        "{head}: {point} 값 {value} ppm, 리튬이온 셀 벤트 가스 조합 (허용 {threshold} ppm)",
    ),
    Feature.SOLVENT: (
        "{head}: {value} ppm at {point}, vapours alone: solvent or spray ({threshold} ppm is allowed)",
        "{head}: {point} 값 {value} ppm, 증기만 검출: 용제 또는 스프레이 (허용 {threshold} ppm)",
    ),
    Feature.ENGINE: (
        "{head}: {value} ppm at {point}, carbon monoxide alone: an engine's exhaust, or a fire in the room ({threshold} ppm is allowed)",
        "{head}: {point} 값 {value} ppm, 일산화탄소만 검출: 엔진 배기 또는 실내 화재 (허용 {threshold} ppm)",
    ),
    Feature.CHARGING: (
        "{head}: {value} ppm at {point}, hydrogen alone: a lead-acid battery that charges, or the sensor ({threshold} ppm is allowed)",
        "{head}: {point} 값 {value} ppm, 수소만 검출: 납축전지 충전 또는 센서 (허용 {threshold} ppm)",
    ),
    Feature.HUMIDITY: (
        "{head}: {value} ppm at {point} together with a step of humidity: steam ({threshold} ppm is allowed)",
        "{head}: {point} 값 {value} ppm, 습도 급변 동반: 수증기 (허용 {threshold} ppm)",
    ),
    Feature.OUTSIDE_AIR: (
        "{head}: {value} ppm at {point}, as much everywhere in the room: from outside, or from another rack ({threshold} ppm is allowed)",
        "{head}: {point} 값 {value} ppm, 실내 전체 유사: 외부 또는 다른 랙에서 유입 (허용 {threshold} ppm)",
    ),
    Feature.NOT_BELIEVED: (
        "{head}: {point} is not believed since agent was let go: agent harms this kind of sensor",
        "{head}: 소화약제 방출 후 {point} 신뢰하지 않음: 약제가 센서를 손상",
    ),
    Feature.VENT: (
        "{head}: the hottest cell cooled by {value} K while gas rose in its rack: a cell has vented ({threshold} K counts)",
        "{head}: 랙의 가스 상승 중 최고온 셀이 {value} K 하강: 셀 벤트 (기준 {threshold} K)",
    ),
    Feature.FLAT: (
        "{head}: not one value has moved for {value} s, {threshold} s is allowed by its own noise or load: not to be trusted",
        "{head}: {value}초 동안 값 변화 없음 (자체 잡음·부하 기준 {threshold}초): 신뢰할 수 없음",
    ),
    Feature.DRIFT: (
        "{head}: {point} drifts away from its module, or from the mean of its rack (score {value}, {threshold} counts)",
        "{head}: {point} 모듈(또는 랙 평균)에서 서서히 이탈 (지표 {value}, 기준 {threshold})",
    ),
    Feature.COMMON_RISE: (
        "{head}: {point} is {value} warmer than its heat balance allows for load and room ({threshold} counts)",
        "{head}: {point} 부하·실온 열수지보다 {value} 높음 (기준 {threshold})",
    ),
    Feature.DIP: (
        "{head}: the temperature at {point} fell by {value} K at once, as a venting cell does ({threshold} counts)",
        "{head}: {point} 온도가 {value} K 급락, 셀 벤트 징후 (기준 {threshold})",
    ),
}
"""`value`, `threshold`, `head` and `point` come from the evidence."""

SIGNALS: dict[Signal, Pair] = {
    Signal.BLOCKED: ("the release was blocked mechanically", "방출이 기계적으로 차단됨"),
    Signal.PROOF: ("the discharge switch shows that agent flows", "방출 스위치가 약제 방출을 확인"),
    Signal.MANUAL: ("a person operated the call point", "수동 조작함이 조작됨"),
    Signal.ABORT: ("a person pressed abort", "사람이 방출 중단을 누름"),
    Signal.NOT_AUTOMATIC: ("the release is not automatic any more", "자동 방출이 해제됨"),
    Signal.PROLONG: ("a person prolonged the warning", "사람이 예고 시간을 연장"),
    Signal.HOLD: ("a person holds the release", "사람이 방출을 보류 중"),
    Signal.HOLD_ENDS: ("the hold was let go", "방출 보류 해제"),
    Signal.CONFIRMED: ("two independent heads are in fire alarm", "서로 독립된 두 감지기가 화재경보"),
    Signal.FIRST_ALARM: (
        "one head is in alarm; release takes two independent ones",
        "감지기 하나가 경보; 방출에는 독립된 두 감지기 필요",
    ),
    Signal.OVER: ("its time was over and nothing stood against going on", "시간이 경과했고 억제 조건 없음"),
    Signal.OVER_INHIBITED: (
        "the warning was over, but something holds the agent back",
        "예고 시간이 끝났으나 방출 억제 조건이 있음",
    ),
    Signal.OVER_LAST_TRY: ("no proof of release in time, after the last try", "마지막 시도 후에도 방출 확인 없음"),
    Signal.RESET: ("a person reset the zone", "사람이 구역을 복구"),
}

WHAT: dict[str, Pair] = {
    "isolate-wanted": ("{subject}: open its breaker", "{subject}: 차단기 개방 명령"),
    "isolate-proven": ("{subject}: its breaker shows open", "{subject}: 차단기 개방 확인"),
    "isolate-lost": ("{subject}: its breaker does not show open any more", "{subject}: 차단기 개방 상태 상실"),
    "cool-wanted": (
        "{subject}: runs away, coolant is wanted after its isolation",
        "{subject}: 열폭주, 격리 후 냉각수 필요",
    ),
    "cool-allowed": ("{subject}: isolated, coolant may flow", "{subject}: 격리 확인, 냉각수 허용"),
    "cool-stopped": ("{subject}: coolant is stopped", "{subject}: 냉각수 정지"),
    "coolant-flowing": ("coolant flows", "냉각수 흐름 확인"),
    "guard-started": ("controlled: the watch for re-ignition begins", "진압됨: 재발화 감시 시작"),
    "guard-lost": ("not controlled any more", "진압 상태 상실"),
    "started": ("response begins: {subject}", "대응 시작: {subject}"),
    "ended": ("response ends: {subject}", "대응 종료: {subject}"),
    "selected": ("the bank is led to the room: {subject} opens", "방호구역 선택: {subject} 개방"),
    "not-selected": ("the bank is led to the room no more: {subject} closes", "방호구역 선택 해제: {subject} 폐쇄"),
    "way-blocked": ("agent cannot go into {subject}: a person is asked", "{subject} 약제 경로 차단: 조치 요청"),
    "extended-started": ("the extended discharge begins: {subject}", "연장 방출 시작: {subject}"),
    "extended-ended": ("the extended discharge ends: {subject}", "연장 방출 종료: {subject}"),
    "extract-started": ("the room {subject} is being cleared", "{subject} 방출 후 배기 시작"),
    "extract-ended": ("the room {subject} is being cleared no more", "{subject} 방출 후 배기 종료"),
    "open-breaker": ("a person is asked to open the breaker of {subject}", "{subject} 차단기 수동 개방 요청"),
    "confirm-isolated": ("a person is asked to confirm that {subject} is isolated", "{subject} 격리 확인 요청"),
    "hand-over": ("the fire brigade is asked to take over", "소방대 인계 요청"),
    "cool-by-hand": ("a person is asked to find the burning rack and cool it by hand", "발화 랙 확인과 수동 냉각 요청"),
}
"""Responses and requests by their word in the journal."""

REASONS: dict[str, Pair] = {
    "no agent": ("the zone has no agent", "소화약제 없는 구역"),
    "manual-only by key": ("the key stands on manual only", "키가 수동 전용 위치"),
    "occupied": ("people may be inside", "실내에 사람이 있을 수 있음"),
    "disabled": ("taken out of service", "사용 중지됨"),
    "damper disabled": ("a damper that must close first is out of service", "먼저 닫혀야 할 댐퍼가 사용 중지됨"),
    "actuator not in place": ("the actuator of the agent is not in its place", "소화약제 기동장치 분리됨"),
    "low agent": ("the agent is low", "소화약제 부족"),
    "blocked mechanically": ("the release is blocked mechanically", "방출이 기계적으로 차단됨"),
    "faulty member (site policy": (
        "a head of the coincidence is faulty, and the site says: block",
        "연동 감지기 고장 (현장 방침: 차단)",
    ),
    "discharge switch on without release": (
        "the discharge switch is on without a release",
        "방출 없이 방출 스위치 동작",
    ),
    "exhaust first": ("exhaust goes first: gas is above the limit or not known", "배기 우선: 가스 농도 초과 또는 불명"),
    "exhaust not proven off": ("exhaust is not proven off", "배기 정지 미확인"),
    "damper not proven": ("a damper is not proven closed", "댐퍼 폐쇄 미확인"),
    "selector not proven open": ("the room's selector valve is not proven open", "선택밸브 개방 미확인"),
    "selector of another room not proven closed": (
        "the selector valve of another room is not proven closed",
        "다른 구역 선택밸브 폐쇄 미확인",
    ),
    "pipe in use": ("another room has the pipe of the bank", "다른 구역이 공용 배관 사용 중"),
    "main bank used": ("the main bank was let go into another room", "주 약제를 다른 구역에서 사용함"),
    "reserve bank used": ("the reserve bank was let go into another room", "예비 약제를 다른 구역에서 사용함"),
    "aborted by hand": ("a person aborted it: reset first", "사람이 방출을 중단함: 먼저 복구"),
    "held by hand": ("a person holds it", "사람이 방출을 보류 중"),
    "abort operated": ("the abort device is operated", "방출 중단 장치 조작됨"),
    "no two independent heads": ("the zone has no two independent heads", "독립된 두 감지기가 없음"),
}
"""Why a release waits or is not automatic, by the words before a colon."""

PHRASES: dict[str, Pair] = {
    "at": (
        "{when} (plant time {tick}), zone {zone}, entry {seq}: ",
        "{when} (설비 시각 {tick}), 구역 {zone}, 기록 {seq}: ",
    ),
    "head": ("{subject} went to {level}.", "{subject}: {level} 단계로 상승."),
    "zone": (
        "zone {subject} went to {level}, by what its heads say alone and together.",
        "구역 {subject}: {level} 단계로 상승 (감지기 개별·종합 판단).",
    ),
    "stage": ("release of {subject}: {stage}.", "{subject} 방출 단계: {stage}."),
    "because": ("  because {why}", "  이유: {why}"),
    "evidence": ("  evidence:", "  증거:"),
    "weight": (" [weight {weight}]", " [가중치 {weight}]"),
    "together": (
        "  together {sum}: evidence of one physics family counts 3 at most and leaks within minutes; more than 4 is a pre-alarm",
        "  합계 {sum}: 물리 계열당 최대 3, 수 분에 걸쳐 감소; 4 초과 시 예비경보",
    ),
    "by-itself": (
        "  {head} by itself: a zone stands no lower than any of its heads (off-gas counts up to pre-alarm)",
        "  {head} 단독: 구역 단계는 어느 감지기보다도 낮지 않음 (가스는 예비경보까지)",
    ),
    Kind.INPUT: ("{subject} is {what}.", "{subject}: {what}."),
    "trouble": ("trouble: {what} ({subject}).", "고장: {what} ({subject})."),
    "cleared": ("trouble over: {what} ({subject}).", "고장 해소: {what} ({subject})."),
    "availability": ("release of {subject}: {what}.", "{subject} 방출: {what}."),
    "held-back": ("release of {subject} is held back: {what}.", "{subject} 방출 억제: {what}."),
    "not-held": ("nothing holds the release of {subject} back any more.", "{subject} 방출 억제 해제."),
    Kind.ALARM: ("fire alarm of {subject}: {what}.", "{subject} 화재경보: {what}."),
    Kind.INTENT: ("agent output {subject}: {what}.", "소화약제 출력 {subject}: {what}."),
    Kind.OUTPUT: ("output {subject}: {what}.", "출력 {subject}: {what}."),
    Kind.WORK: ("work, {subject}: {what}.", "작업 {subject}: {what}."),
    Kind.COMMAND: ("command to {subject}: {what}.", "{subject} 명령 수행: {what}."),
    Kind.REFUSED: ("REFUSED to {subject}: {what}.", "{subject} 명령 거부: {what}."),
    Kind.START: ("the controller of {subject} started: {what}.", "{subject} 제어기 시작: {what}."),
    Kind.DIGEST: ("digest of all {subject}: {what}.", "{subject} 전체 다이제스트: {what}."),
    "why-released": ("Why agent was released in {zone}:", "{zone} 소화약제 방출 이유:"),
    "why-not": ("Why no agent was released in {zone}:", "{zone} 소화약제 미방출 이유:"),
    "calm": ("  no head is in alarm since the last reset", "  마지막 복구 이후 경보 없음"),
    "in-alarm": ("  these heads are in alarm:", "  경보 상태 감지기:"),
    "one-only": (
        "  release takes two independent heads, with confirmed runaway, smoke with heat, or what the owner allows; these were in alarm:",
        "  방출에는 독립된 두 감지기가 필요함 (열폭주 확정, 연기와 열, 또는 소유자 허용 조합); 경보 상태:",
    ),
    "step": ("  {when} ({tick}): {stage}: {why}", "  {when} ({tick}): {stage}: {why}"),
    "by": ("  said by {operator}", "  조작자: {operator}"),
}


WORDS: dict[str, Pair] = {
    # contacts
    "on": ("on", "동작"),
    "off": ("off", "복귀"),
    "fault": ("in fault", "고장"),
    "on without release": ("on without a release", "방출 없이 동작"),
    # outputs
    "activate": ("to be switched on", "동작 명령"),
    "deactivate": ("to be let go", "복귀 명령"),
    "would-activate": ("would be switched on (shadow)", "동작 예정 (관찰 모드)"),
    "would-deactivate": ("would be let go (shadow)", "복귀 예정 (관찰 모드)"),
    "active": ("on, confirmed", "동작 확인"),
    "inactive": ("let go, confirmed", "복귀 확인"),
    "adopted": ("kept as it was found", "발견된 상태 유지"),
    "retry": ("once more", "재시도"),
    "unconfirmed": ("NOT CONFIRMED by the field", "현장 미확인"),
    "not-taken": ("NOT TAKEN by the module", "모듈이 받아들이지 않음"),
    # a fire alarm
    "none": ("none any more", "해제"),
    # works, and what became of them
    "work permit": ("work permit", "작업 허가"),
    "walk test": ("walk test", "감지기 시험"),
    "output test": ("output test", "출력 시험"),
    "delays": ("output delays", "출력 지연"),
    "begun": ("begun", "시작"),
    "ended": ("ended", "종료"),
    "ran out": ("ran out of time", "시간 초과"),
    "responds": ("responds", "응답함"),
    # commands
    "ack": ("acknowledge", "경보 확인"),
    "silence": ("silence", "음향 정지"),
    "reset": ("reset", "복구"),
    "disable": ("take out of service", "사용 중지"),
    "enable": ("put back into service", "사용 재개"),
    "occupied": ("mark as occupied or not", "재실 표시 변경"),
    "confirm-isolated": ("vouch for its isolation", "격리 확인"),
    "hand-over": ("hand over to the fire brigade", "소방대 인계"),
    "work": ("announce work or its end", "작업 신고·종료"),
    "force": ("force for a time", "출력 강제"),
    "extract": ("clear the room or end it", "방출 후 배기 지시"),
    # what is beside a level or a name
    "(second look: no alarm)": ("(looked at a second time: no alarm)", "(재확인: 화재 아님)"),
    "(second look)": ("(looked at a second time)", "(재확인)"),
    "(fire 2)": ("(fire 2)", "(화재 2단계)"),
    "(runaway)": ("(thermal runaway)", "(열폭주)"),
    "not readable": ("not readable", "읽을 수 없음"),
    # a start
    "fresh": ("for the first time", "최초 시작"),
    "restored": ("it goes on from its latched state", "유지 상태에서 계속"),
    "state lost": ("ITS LATCHED STATE IS LOST", "유지 상태 소실"),
}
"""Words of contacts, outputs, works, commands, states and starts in the journal."""

DETAILS: dict[str, Pair] = {
    "rows": ("its alarm would let these rows hold: {names}", "경보 시 성립하는 행: {names}"),
    "outputs": ("they would drive: {names}", "구동될 출력: {names}"),
    "not tried": ("heads not tried: {names}", "시험하지 않은 감지기: {names}"),
    "contacts not tried": ("contacts not tried: {names}", "시험하지 않은 접점: {names}"),
}
"""What a walk test tells beside its words, by what stands before the names."""
NO_NAMES: Pair = ("none", "없음")


def say(pair: Pair, language: str, **fields: object) -> str:
    """One side of a pair with its fields filled in."""
    return pair[language == "ko"].format(**fields)
