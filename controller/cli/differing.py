"""`haechi diff`: what changed between two site files, for a fire engineer, and what to test again."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import msgspec

from controller.site.model import Zone
from controller.tools.check import load_or_tell
from controller.tools.diff.changes import Change, changes
from controller.tools.diff.retest import Retest, retest
from controller.tools.diff.wording import section_title, sentence

SAME, DIFFERENT, MISUSED = 0, 1, 2

_WORDS = {
    "en": {
        "same": "the two sites are the same",
        "affected": "Test again, affected ({}):", "sample": "Test again, {} of the {} others:",
        "none": "nothing is to be tested again",
    },
    "ko": {
        "same": "두 사이트가 같습니다",
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
        print("\n".join(_lines(found, again, before.zones | after.zones, language or after.site.language)))
    return DIFFERENT if found else SAME


def _lines(found: tuple[Change, ...], again: Retest, zones: Mapping[str, Zone], language: str) -> list[str]:
    words = _WORDS[language]
    if not found:
        return [words["same"]]
    lines: list[str] = []
    section = ""
    for change in found:
        if change.section != section:
            section = change.section
            lines += ["", section_title(section, language)]
        lines.append(f"  {sentence(change, zones, language)}")
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
        yield f"  {section_title(section, language)} ({len(names)}): {', '.join(names)}"
