"""`haechi diff`: what changed between two site files, for a fire engineer, and what to test again."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from controller.tools.check import load_or_tell
from controller.tools.diff.changes import Change, changes
from controller.tools.diff.retest import Retest, retest

SAME, DIFFERENT, MISUSED = 0, 1, 2

_SECTIONS = {
    "en": {
        "site": "the whole site", "links": "links", "devices": "devices", "blocks": "blocks", "zones": "zones",
        "heads": "heads", "outputs": "outputs", "matrix": "cause and effect", "settings": "settings by head type",
    },
    "ko": {
        "site": "사이트 전체", "links": "통신 링크", "devices": "장치", "blocks": "블록", "zones": "구역", "heads": "감지기·접점",
        "outputs": "출력", "matrix": "원인-결과", "settings": "감지기 종류별 설정",
    },
}  # fmt: skip
_WORDS = {
    "en": {
        "new": "new", "gone": "gone", "same": "the two sites are the same",
        "affected": "Test again, affected ({}):", "sample": "Test again, {} of the {} others:",
        "none": "nothing is to be tested again",
    },
    "ko": {
        "new": "추가", "gone": "삭제", "same": "두 사이트가 같습니다",
        "affected": "재시험 - 변경 영향 ({}):", "sample": "재시험 - 나머지 {1}개 중 {0}개:", "none": "재시험 대상이 없습니다",
    },
}  # fmt: skip


def show_changes(old: Path, new: Path, language: str | None, *, as_json: bool) -> int:
    """Print changes and retest list; 0 when the sites are the same, 1 when not, 2 when one of them may not run."""
    before, after = load_or_tell(old), load_or_tell(new)
    if before is None or after is None:
        return MISUSED
    found = changes(before, after)
    again = retest(before, after, found)
    if as_json:
        print(msgspec.json.encode({"changes": found, "retest": again}).decode())
    else:
        print("\n".join(_lines(found, again, language or after.site.language)))
    return DIFFERENT if found else SAME


def _lines(found: tuple[Change, ...], again: Retest, language: str) -> list[str]:
    words = _WORDS[language]
    if not found:
        return [words["same"]]
    lines: list[str] = []
    section = ""
    for change in found:
        if change.section != section:
            section = change.section
            lines += ["", _SECTIONS[language][section]]
        lines.append(f"  {_change(change, words)}")
    if not again.affected:
        return [*lines[1:], "", words["none"]]
    lines += ["", words["affected"].format(len(again.affected)), *_by_section(again.affected, language)]
    if again.sample:
        lines += [
            "",
            words["sample"].format(len(again.sample), again.untouched),
            *_by_section(again.sample, language),
        ]
    return lines[1:]


def _by_section(items: tuple[str, ...], language: str) -> Iterator[str]:
    """A line a section, in the order of the site: who tests goes from head to head, then from output to output."""
    for section, of_section in groupby(items, lambda item: item.partition(".")[0]):
        names = [item.partition(".")[2] for item in of_section]
        yield f"  {_SECTIONS[language][section]} ({len(names)}): {', '.join(names)}"


def _change(change: Change, words: dict[str, str]) -> str:
    if not change.before:
        return f"+ {change.path} ({words['new']}): {change.after}"
    if not change.after:
        return f"- {change.path} ({words['gone']}): {change.before}"
    return f"~ {change.path}: {change.before} -> {change.after}"
