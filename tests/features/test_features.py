"""The page of features is not old: it names the tests that are marked, and every row that is ours has some."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.features.page import mapping, page
from tests.features.table import FEATURES, Standing

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
LISTING = """
import pytest
from tests.features.plugin import MARKED

class Listing:
    def pytest_collection_modifyitems(self, items):
        for item in items:
            for name, number in item.user_properties:
                if name == MARKED:
                    print("feature", number, item.nodeid.partition("[")[0])

pytest.main(["--collect-only", "-qq", "-m", "feature", "-p", "no:cacheprovider", "tests"], plugins=[Listing()])
"""


@pytest.fixture(scope="module")
def marked() -> dict[str, set[str]]:
    """Tests by the feature that they are marked with."""
    told = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=True).stdout
    found: dict[str, set[str]] = {}
    for line in told.splitlines():
        if line.startswith("feature "):
            _, number, test = line.split(" ")
            found.setdefault(number, set()).add(test)
    return found


def test_the_rows_are_f1_to_f44() -> None:
    assert list(FEATURES) == [f"F{number}" for number in range(1, 45)]


def test_every_mark_names_a_row(marked: dict[str, set[str]]) -> None:
    assert marked.keys() <= FEATURES.keys()


def test_what_is_ours_has_tests_and_what_is_not_says_why(marked: dict[str, set[str]]) -> None:
    for number, feature in FEATURES.items():
        assert feature.standing is Standing.OURS or feature.why, number
        assert feature.standing not in {Standing.OURS, Standing.PARTLY} or marked.get(number), f"{number} has no test"
        assert feature.standing not in {Standing.MISSING, Standing.OUTSIDE} or number not in marked, number


def test_the_page_names_the_tests_that_are_marked(marked: dict[str, set[str]]) -> None:
    named = {number: tests for number, tests in mapping(PAGE.read_text(encoding="utf-8")).items() if tests}
    assert named == marked, "make features"


def test_the_page_says_what_did_not_pass() -> None:
    made = page({"F1": {"a.py::test_it": {"failed": 2, "passed": 1}}})
    assert "`a.py::test_it`: 2 failed, 1 passed" in made
    assert mapping(made)["F1"] == {"a.py::test_it"}
