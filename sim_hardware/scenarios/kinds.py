"""What each kind of initiation asks for and may say, and in which room it can be; the checker holds scenarios to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import fields

from sim_hardware.scenarios.model import Initiation


class Where(StrEnum):
    """The rooms of a kind."""

    ANY = "any"
    BATTERY = "battery"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Use:
    """The fields of a kind: `required` all, `one_of` one at least, `allowed` as wanted. `kind`, `zone` and `at_s` go with every kind."""

    where: Where
    required: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """All fields that mean something."""
        return (*self.required, *self.one_of, *self.allowed)


COMMON = frozenset({"kind", "zone", "at_s"})
CELL = ("module", "cell")
PUFF = Use(Where.SERVER, ("rate_g_per_s",), ("place", "duration_s"))

USES: Mapping[str, Use] = {
    "runaway-drill": Use(Where.BATTERY, ("rack",), CELL),
    "internal-short": Use(Where.BATTERY, ("rack", "power_w"), (*CELL, "stored_fraction")),
    "nail": Use(Where.BATTERY, ("rack",), CELL),
    "heater": Use(Where.BATTERY, ("rack", "power_w"), (*CELL, "duration_s")),
    "overcharge": Use(Where.BATTERY, ("rack", "current_a"), ("duration_s",)),
    "gas": Use(Where.BATTERY, (), ("rack", "duration_s"), ("h2_l_per_s", "co_l_per_s", "voc_l_per_s")),
    "spark": Use(Where.BATTERY, (), ("duration_s",)),
    "smoke": Use(Where.ANY, ("smoke_g_per_s",), ("duration_s",)),
    "heat": Use(Where.ANY, ("power_w",), ("duration_s",)),
    "losses": Use(Where.ANY, ("power_w",), ("duration_s",)),
    "cable-smoulder": Use(Where.SERVER, (), ("place",)),
    "server-fire": Use(Where.SERVER, (), ("place",)),
    "dust": PUFF,
    "aerosol": PUFF,
    "steam": PUFF,
}
"""By kind. A field counts as given when it is not as it is left (`Initiation`)."""


def given(item: Initiation) -> tuple[str, ...]:
    """The fields that a scenario has set, beside those of every kind."""
    return tuple(f.name for f in fields(item) if f.name not in COMMON and getattr(item, f.name) != f.default)


def strange(item: Initiation) -> tuple[str, ...]:
    """The fields that are set and mean nothing to the item's kind."""
    return tuple(name for name in given(item) if name not in USES[item.kind].known)


def missing(item: Initiation) -> tuple[str, ...]:
    """The fields that the item's kind needs and that are not set; of `one_of` all, if none is set."""
    use, said = USES[item.kind], given(item)
    return (*_not_in(said, use.required), *(() if set(use.one_of) & set(said) else use.one_of))


def _not_in(said: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in set(said))
