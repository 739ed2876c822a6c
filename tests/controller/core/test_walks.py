"""The walks are as they were approved: whatever is decided, written or told differently is seen, and where first."""

import pytest

from tests.controller.core import walks
from tests.controller.core.random_room import QUICK
from tests.controller.core.walks import NAMES, Step, approved, walk

REMEDY = "Is it meant? Then `python -m tests.walks`, and commit walks.txt with the change."


@pytest.mark.parametrize("name", NAMES)
def test_a_walk_is_as_approved(name: str) -> None:
    assert not differs(name)


def differs(name: str) -> str:
    """The first step of a walk that is another than approved, for people; empty when all are the same."""
    expected = approved()[name]
    steps: list[Step] = []
    for number, step in enumerate(walk(name)):
        if (step.digest, step.text) != expected[number]:
            told = "\n  ".join(f"{e.kind} {e.zone} {e.subject}: {e.what} {e.text}" for e in step.told) or "nothing"
            return (
                f"{name}, step {number}, {step.text!r}: approved was {expected[number]}. Told now:\n  {told}\n{REMEDY}"
            )
        steps.append(step)
    return (
        ""
        if len(steps) == len(expected)
        else f"{name}: {len(expected)} steps were approved, {len(steps)} are. {REMEDY}"
    )


def test_a_pre_warning_that_is_a_scan_longer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = tuple((old, new.replace("pre_warning_s = 4.0", "pre_warning_s = 4.1")) for old, new in QUICK)
    monkeypatch.setattr(walks, "QUICK", longer)
    assert any(differs(name) for name in NAMES)
