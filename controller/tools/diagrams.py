"""The release machine as a page for people, drawn from the very tables that run: what the fire engineer signs is the code.

`python -m controller.tools.diagrams FILE` writes it; a test fails when the page in docs/ is old.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from controller.core.state import AGENT_IN_ROOM, BEFORE_FLOODING, NO_EXHAUST, Stage
from controller.core.zone.after import CLEARABLE, HOLDING
from controller.core.zone.machine import TABLE, Signal
from controller.core.zone.selector import PIPE
from controller.core.zone.strategies import MANNERS
from controller.site.model import Strategy
from controller.texts import text

SIGNALS: dict[Signal, tuple[str, str]] = {
    Signal.BLOCKED: ("agent blocked mechanically", "약제 기계적 차단"),
    Signal.PROOF: ("the field says that agent flows", "약제 방출 확인"),
    Signal.MANUAL: ("wired manual release", "수동 방출 조작"),
    Signal.ABORT: ("abort device", "중단 조작"),
    Signal.NOT_AUTOMATIC: ("manual-only, occupied or disabled", "수동 전용·재실·사용 중지"),
    Signal.PROLONG: ("a press that prolongs the pre-warning", "예고 시간 연장 조작"),
    Signal.HOLD: ("hold device stops the countdown", "보류 조작"),
    Signal.HOLD_ENDS: ("hold device let go", "보류 해제"),
    Signal.CONFIRMED: ("two independent heads (rule 3)", "독립 감지기 2개 확인 (규칙 3)"),
    Signal.FIRST_ALARM: ("first fire alarm of a member", "첫 화재 감지"),
    Signal.OVER: ("its time is over, nothing stands against it", "시간 경과"),
    Signal.OVER_INHIBITED: ("its time is over, a named inhibit stands", "시간 경과, 억제 조건 존재"),
    Signal.OVER_LAST_TRY: ("no proof after the last try", "마지막 시도 후 미확인"),
    Signal.RESET: ("a person resets", "복구 조작"),
}
"""What each signal means, in English and Korean."""

GROUPS: dict[str, frozenset[Stage]] = {
    "hold and abort act": BEFORE_FLOODING,
    "agent may be in the room": AGENT_IN_ROOM,
    "exhaust off but for the extract": NO_EXHAUST,
    "needs the pipe of a shared bank": PIPE,
    "extended discharge may run": HOLDING,
    "extract may run": CLEARABLE,
}
"""What goes on beside the stages, and in which of them."""

_HEAD = """# The release machine

Drawn from the tables of `controller/core/zone` by `python -m controller.tools.diagrams docs/release-machine.md`; a test fails when it is
old. Several signals may be true in one scan: the first one, in the order of the list below, that has an arrow from the present stage moves
the zone, one move a scan. A signal without an arrow is refused and changes nothing.

Names follow the practice of EN 12094-1; no compliance is claimed.
"""


def page() -> str:
    """The whole page, Markdown with a Mermaid diagram."""
    parts = (_HEAD, *_diagram(), "\n## Stages\n", *_stages(), "\n## Signals\n", *_signals())
    return "\n".join((*parts, "\n## Moves\n", *_moves(), "\n## Hold and abort devices\n", *_strategies())) + "\n"


def _diagram() -> Iterator[str]:
    yield "```mermaid\nstateDiagram-v2\n    direction TB"
    yield f"    [*] --> {_id(Stage.QUIESCENT)}"
    for stage in Stage:
        yield f'    state "{stage}" as {_id(stage)}'
    for stage, moves in TABLE.items():
        for target in dict.fromkeys(moves.values()):
            signals = ", ".join(str(signal) for signal in moves if moves[signal] is target)
            yield f"    {_id(stage)} --> {_id(target)}: {signals}"
    yield f"    classDef flooding fill:#f7d9d6\n    class {','.join(_id(s) for s in Stage if s in AGENT_IN_ROOM)} flooding\n```"


def _id(stage: Stage) -> str:
    return stage.replace("-", "_")


def _stages() -> Iterator[str]:
    yield f"| stage | shown as | 표시 | {' | '.join(GROUPS)} |\n|{'---|' * (3 + len(GROUPS))}"
    for stage in Stage:
        marks = " | ".join("yes" if stage in group else "" for group in GROUPS.values())
        yield f"| {stage} | {text(stage)} | {text(stage, 'ko')} | {marks} |"


def _signals() -> Iterator[str]:
    yield "| signal, first one first | meaning | 의미 |\n|---|---|---|"
    for signal in Signal:
        english, korean = SIGNALS[signal]
        yield f"| {signal} | {english} | {korean} |"


def _moves() -> Iterator[str]:
    yield f"| from \\ on | {' | '.join(Signal)} |\n|{'---|' * (len(Signal) + 1)}"
    for stage, moves in TABLE.items():
        yield f"| {stage} | {' | '.join(str(moves.get(signal, '')) for signal in Signal)} |"


def _strategies() -> Iterator[str]:
    """By what the table says of each strategy; what its times are, decision 0025 and the code say."""
    yield "| strategy | device | stops the countdown | aborts until a reset | prolongs it |\n|---|---|---|---|---|"
    for strategy in Strategy:
        manner = MANNERS[strategy]
        marks = (manner.stops is not None, manner.aborts, manner.prolongs_ms is not None)
        yield f"| {strategy} | {manner.device or ''} | {' | '.join('yes' if mark else '' for mark in marks)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
