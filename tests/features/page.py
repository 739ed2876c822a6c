"""docs/features.md, made of the table and of what pytest collected and saw: `make features` writes it."""

from collections.abc import Mapping

from tests.features.table import FEATURES, Standing

Results = Mapping[str, Mapping[str, Mapping[str, int]]]
"""By feature, then by test (file::name without its parameters): how many passed, failed, were skipped, or were collected alone."""

_HEAD = """# Features of the field, and the tests that hold them

Made by `make features` from `tests/features/table.py` and from the markers on the tests. The rows are those of the project's domain reference
(F1 to F44: what EN, UL and NFPA documents, authorities and makers ask for); no compliance with any of them is claimed. A row that is ours
has tests; of the others it is said why not, or what is missing.

| # | feature | standing | tests, and what the last run of them gave |
|---|---|---|---|
"""


def page(results: Results) -> str:
    """The whole page."""
    return _HEAD + "".join(_row(number, results.get(number, {})) for number in FEATURES)


def _row(number: str, tests: Mapping[str, Mapping[str, int]]) -> str:
    feature = FEATURES[number]
    lines = [f"`{test}`: {_counts(counts)}" for test, counts in sorted(tests.items())]
    told = [feature.why] if feature.standing is not Standing.OURS else []
    return f"| {number} | {feature.title} | {feature.standing} | {'<br>'.join([*told, *lines])} |\n"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))


def mapping(text: str) -> dict[str, set[str]]:
    """Which tests a page names for each feature."""
    rows = (line.split(" | ") for line in text.splitlines() if line.startswith("| F"))
    return {row[0].removeprefix("| "): {part.partition("`")[0] for part in row[-1].split("`")[1::2]} for row in rows}
