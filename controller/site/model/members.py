"""Enumerations whose members are found as fast before Python 3.12 as from there on.

Up to Python 3.11 `enum.EnumType` has a `__getattr__`, for members that do not lie in the class itself. None of ours is such a one, but
because of it `Stage.WAITING` takes the interpreter's slow way to every name of the class. A decision asks for 180 members.
"""

from enum import Enum, EnumType
from typing import Any, TypeVar

E = TypeVar("E", bound=Enum)


class _Direct(EnumType):
    """A class that looks into its own table first, as objects do: members lie there. What is not there is sought as in any class."""

    __getattribute__ = object.__getattribute__

    def __getattr__(cls, name: str) -> Any:
        """What the class inherits. Raises AttributeError."""
        return type.__getattribute__(cls, name)


def found_directly(kind: type[E]) -> type[E]:
    """Class decorator of an enumeration: members are found at once; nothing else about it changes.

    Raises TypeError for an enumeration of which another name would be found wrongly: one that is to be bound first (a class method, a
    property), or a member that does not lie in the class itself, as one called `name` or `value`.
    """
    own = vars(kind)
    bound = [name for name, value in own.items() if isinstance(value, classmethod | staticmethod | property)]
    hidden = [name for name, member in kind.__members__.items() if own.get(name) is not member]
    if bound or hidden:
        message = f"{kind.__name__}: {', '.join(dict.fromkeys(bound + hidden))} would not be found; leave the decorator out, or the name"
        raise TypeError(message)
    if "__getattr__" in vars(EnumType):
        type.__setattr__(kind, "__class__", _Direct)
    return kind
