"""Takes down which tests stand for which feature, and with --features FILE what they gave."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.features.page import page

MARKED = "feature"


class Features:
    """Counts outcomes by feature and test; writes the page at the end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._results: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test: its call, or a set-up that failed or skipped."""
        if report.when == "call" or (report.when == "setup" and not report.passed):
            test = report.nodeid.partition("[")[0]
            for name, number in report.user_properties:
                if name == MARKED:
                    self._results[str(number)][test][report.outcome] += 1

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        self._file.write_text(page(self._results), encoding="utf-8")


def mark(items: list[pytest.Item]) -> None:
    """Let every report of a test carry its features, also from a worker of another process."""
    for item in items:
        item.user_properties += [(MARKED, number) for mark in item.iter_markers(MARKED) for number in mark.args]
