"""The stories are as they were approved: every word that is told, and the digest of all that is decided."""

import pytest

from tests.controller.core.stories import approved, story
from tests.controller.core.tales import TALES

REMEDY = "Is it meant? Then `python -m tests.walks`, and commit stories.txt with the change."


@pytest.mark.parametrize("name", TALES)
def test_a_story_is_as_approved(name: str) -> None:
    expected = approved()[name]
    for step, meant in zip(story(name), expected, strict=True):
        assert step == meant, REMEDY


def test_no_story_is_approved_that_is_not_told() -> None:
    assert list(approved()) == list(TALES)
