"""Versions of installed packages are those that the standard library finds."""

from importlib.metadata import version

import pytest

from drivers.installed import installed_version


@pytest.mark.parametrize("package", ["haechi", "numba", "numpy", "msgspec"])
def test_a_version_is_what_the_standard_library_says(package: str) -> None:
    assert installed_version(package) == version(package)


def test_what_is_not_installed_has_none() -> None:
    assert installed_version("no_such_package") == ""
