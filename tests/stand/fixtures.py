"""Fixtures of the stand; a folder's conftest imports them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stand.stand import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as started:
        yield started


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: that of a socket may have 108 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="haechi-") as path:
        yield Path(path)
