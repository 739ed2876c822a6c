"""Fixtures of the stand; a folder's conftest imports them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stand.stand import Nursery

_NURSERY = pytest.StashKey[Nursery]()


@pytest.fixture(scope="session")
def nursery(request: pytest.FixtureRequest) -> Nursery:
    """One for all folders that import it (a fixture of many conftests would be made anew in each)."""
    stash = request.config.stash
    if _NURSERY not in stash:
        stash[_NURSERY] = Nursery()
        request.config.add_cleanup(stash[_NURSERY].close)
    return stash[_NURSERY]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: that of a socket may have 108 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="haechi-") as path:
        yield Path(path)
