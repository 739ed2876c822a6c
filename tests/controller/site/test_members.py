"""Members of the enumerations that decide asks are found at once, and the enumerations are what they were in every other way."""

import pickle
import timeit
from enum import Enum, EnumType, Flag, IntFlag, StrEnum, auto

import msgspec
import pytest

from controller.core.state import Stage, Tri
from controller.site.model import Family, Role
from controller.site.model.members import found_directly


@found_directly
class Colour(StrEnum):
    RED = "red"
    GREEN = "green"
    CRIMSON = "red"

    def loud(self) -> str:
        return self.upper()


@found_directly
class Right(IntFlag):
    READ = 1
    WRITE = 2


class Painted(msgspec.Struct):
    colour: Colour


def test_everything_of_an_enumeration_is_found() -> None:
    assert list(Colour) == [Colour.RED, Colour.GREEN]
    assert Colour("green") is Colour["GREEN"] is Colour.GREEN
    assert (Colour.RED.name, Colour.RED.value, f"{Colour.RED}", repr(Colour.RED)) == (
        "RED",
        "red",
        "red",
        "<Colour.RED: 'red'>",
    )
    assert Colour.RED.loud() == Colour.loud(Colour.RED) == "RED"
    assert Colour.lower(Colour.RED) == "red"  # what the class inherits
    assert Colour.__members__["CRIMSON"] is Colour.RED
    assert pickle.loads(pickle.dumps((Colour, Colour.GREEN))) == (Colour, Colour.GREEN)  # noqa: S301 our own bytes
    assert Right(3) == Right.READ | Right.WRITE
    with pytest.raises(AttributeError, match="BLUE"):
        Colour.BLUE  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(AttributeError):
        Colour.RED = "blue"  # type: ignore[misc]
    with pytest.raises(ValueError, match="blue"):
        Colour("blue")


def test_a_site_file_is_read_and_written_as_before() -> None:
    assert msgspec.json.decode(b'{"colour":"red"}', type=Painted).colour is Colour.RED
    assert msgspec.json.encode(Painted(Colour.GREEN)) == b'{"colour":"green"}'
    with pytest.raises(msgspec.ValidationError, match="blue"):
        msgspec.json.decode(b'{"colour":"blue"}', type=Painted)


def test_what_would_be_found_wrongly_is_refused() -> None:
    class OfItsOwn(Enum):
        ONE = auto()

        @classmethod
        def first(cls) -> "OfItsOwn":
            return cls.ONE

    class Hidden(Flag):
        name = 1  # type: ignore[assignment] # the very case

    with pytest.raises(TypeError, match="OfItsOwn: first would"):
        found_directly(OfItsOwn)
    with pytest.raises(TypeError, match="Hidden: name would"):
        found_directly(Hidden)


class Plain(StrEnum):
    NO = "no"


@pytest.mark.parametrize("expression", ["Stage.WAITING", "Tri.YES", "Family.SMOKE", "Role.AGENT"])
def test_a_member_is_found_faster_than_before_python_3_12(expression: str) -> None:
    known = {"Stage": Stage, "Tri": Tri, "Family": Family, "Role": Role, "Plain": Plain}

    def took_s(what: str) -> float:
        return min(timeit.repeat(what, globals=known, number=2000, repeat=60))

    assert "__getattr__" not in vars(EnumType) or took_s(expression) < 0.7 * took_s("Plain.NO")
