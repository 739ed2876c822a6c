"""The page of the mutants: how many there are in each file, how many were noticed, and the rest one by one with its reason."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.mutants.made import Mutant
from tests.mutants.run import HUNG, KILLED, SURVIVED, Result

PAGE = Path("docs/validation/mutants.md")
UNEXPLAINED = "Not explained: a gap in the tests, or a budget too short"
NOT_RUN = "not run"
HEAD = """# Mutants of the core

Written by `make mutants`; do not edit. {day}, budget {budget_s:g} s of processor time a mutant (the tests of one take up to 90 s).

The code that decides is changed in one small place at a time (a condition turned round, a number one higher, an argument left out, a text
altered; made by mutmut), and the tests of the core and of the thirteen rules are run until one of them notices. A mutant that outlives its
budget or all tests that touch its function has survived. One that hangs counts as noticed, and apart: the watchdog would see it. What has
survived is listed below with its reason (`tests/mutants/reasons.toml`); `make mutants` fails while one has none. Where not all have been run,
those that were are drawn by chance.

| file | mutants | run | noticed | hung | survived | noticed or hung, of those run |
|---|---|---|---|---|---|---|
"""


def line_of(mutant: Mutant) -> str:
    """A mutant for people and for the table of reasons: where, what went, what came."""
    gone, came = mutant.change()
    return f"{mutant.place.removeprefix('controller.core.')}: {' '.join(gone)} -> {' '.join(came)}"


def reasons_in(file: Path) -> dict[str, str]:
    """Why a mutant survives, by its line."""
    groups = tomllib.loads(file.read_text(encoding="utf-8"))
    return {line: group["why"] for group in groups.values() for line in group["mutants"]}


def write_page(mutants: Sequence[Mutant], found: Mapping[str, Result], budget_s: float, reasons: Path) -> list[str]:
    """Write it. Returns the survivors that nobody has explained, and what is no survivor any more but still has a reason."""
    why, groups = reasons_in(reasons), defaultdict[str, list[str]](list)
    for mutant in mutants:
        if mutant.name in found and found[mutant.name].what == SURVIVED:
            groups[why.get(line_of(mutant), UNEXPLAINED)].append(line_of(mutant))
    head = HEAD.format(day=datetime.now(UTC).date(), budget_s=budget_s)
    PAGE.write_text(head + _table(mutants, found) + _survivors(groups), encoding="utf-8")
    return groups[UNEXPLAINED] + sorted(set(why) - {line for lines in groups.values() for line in lines})


def _table(mutants: Sequence[Mutant], found: Mapping[str, Result]) -> str:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        for file in (mutant.module.removeprefix("controller.core.").replace(".", "/") + ".py", "**all**"):
            counts[file][found[mutant.name].what if mutant.name in found else NOT_RUN] += 1
    return "".join(_row(file, counts[file]) for file in sorted(counts, key=lambda file: (file == "**all**", file)))


def _row(file: str, count: Counter[str]) -> str:
    ran = count.total() - count[NOT_RUN]
    seen = f"{100 * (count[KILLED] + count[HUNG]) / ran:.1f} %" if ran else "-"
    return f"| {file} | {count.total()} | {ran} | {count[KILLED]} | {count[HUNG]} | {count[SURVIVED]} | {seen} |\n"


def _survivors(groups: Mapping[str, Sequence[str]]) -> str:
    parts = []
    for why in sorted(groups, key=lambda why: (why != UNEXPLAINED, -len(groups[why]))):
        lines = Counter(groups[why])
        listed = "".join(f"- `` {line} ``{f' ({n} times)' if n > 1 else ''}\n" for line, n in lines.items())
        parts.append(f"\n## {why.rstrip('.')} ({lines.total()})\n\n{listed}" if lines else "")
    return "".join(parts)
