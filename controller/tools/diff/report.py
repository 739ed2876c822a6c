"""The report of `haechi diff`: what changed, section by section, and what to test again."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from controller.site.model import Zone
from controller.tools.diff.changes import Change
from controller.tools.diff.retest import Retest
from controller.tools.diff.wording import section_title, sentence

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


def lines(found: Sequence[Change], again: Retest, zones: Mapping[str, Zone], language: str) -> list[str]:
    """The whole report. `zones`: those of both sites, for their titles; `language`: "en" or "ko"."""
    words = _WORDS[language]
    if not found:
        return [words["same"]]
    told: list[str] = []
    section = ""
    for change in found:
        if change.section != section:
            section = change.section
            told += ["", section_title(section, language)]
        told.append(f"  {sentence(change, zones, language)}")
    if not again.affected:
        return [*told[1:], "", words["none"]]
    told += ["", words["affected"].format(len(again.affected)), *_by_section(again.affected, language)]
    if again.sample:
        told += [
            "",
            words["sample"].format(len(again.sample), again.untouched),
            *_by_section(again.sample, language),
        ]
    return told[1:]


def _by_section(items: tuple[str, ...], language: str) -> Iterator[str]:
    """A line a section, in the order of the site: who tests goes from head to head, then from output to output."""
    for section, of_section in groupby(items, lambda item: item.partition(".")[0]):
        names = [item.partition(".")[2] for item in of_section]
        yield f"  {section_title(section, language)} ({len(names)}): {', '.join(names)}"
