"""How a rule is shown to be held: its check passes on the product, and fails on a product in which the rule is broken on purpose.

A mutant replaces one function, or one entry of a table, of the product. Only a failed assertion counts as "the check has noticed".
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

Check = Callable[[], None]
Mutant = Callable[[pytest.MonkeyPatch], None]


def notices(check: Check) -> None:
    """The check fails now."""
    with pytest.raises(AssertionError):
        check()


def original(module: ModuleType, name: str) -> Any:
    """The product's function as a module knows it, to build a mutant around."""
    return getattr(module, name)
