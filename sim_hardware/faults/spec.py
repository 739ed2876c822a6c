"""A fault as it stands in a scenario or on the command line: what goes wrong, with what, from when to when."""

import math
from collections.abc import Iterable

import msgspec


class FaultSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault. `target` is a head, `head[i]`, a block, `block[i]`, a device, an output, a zone or a link, as its `kind` asks.

    `param` is what the kind makes of it (`sim_hardware.faults.kinds.FAULTS`); times are seconds of plant time, half open.
    """

    kind: str
    target: str
    param: float | None = None
    at_s: float = 0.0
    until_s: float = math.inf

    def holds(self, now_s: float) -> bool:
        """Whether the fault is there at plant time `now_s`."""
        return self.at_s <= now_s < self.until_s


class FaultError(ValueError):
    """A fault that cannot be: the text names what is wrong and the remedy."""


def no_such(spec: FaultSpec, what: str, names: Iterable[str]) -> FaultError:
    """The error of a fault whose target is not there."""
    return FaultError(f"fault {spec.kind}: no {what} {spec.target!r}; remedy: one of {', '.join(names)}")


def parse_fault(text: str) -> FaultSpec:
    """A fault from `KIND:TARGET[:PARAM][@FROM[-UNTIL]]`, as on the command line; each number may end in `s`. Raises FaultError."""
    body, _, when = text.partition("@")
    kind, _, rest = body.partition(":")
    target, _, param = rest.partition(":")
    begin, _, end = when.partition("-")
    if not kind or not target:
        raise FaultError(f"--fault {text!r}: no kind or no target; remedy: KIND:TARGET[:PARAM][@FROM[-UNTIL]]")
    try:
        return FaultSpec(
            kind=kind,
            target=target,
            param=_number(param) if param else None,
            at_s=_number(begin) if begin else 0.0,
            until_s=_number(end) if end else math.inf,
        )
    except ValueError as error:
        raise FaultError(
            f"--fault {text!r}: {error}; remedy: PARAM, FROM and UNTIL are numbers, with or without s for seconds"
        ) from error


def _number(text: str) -> float:
    number = float(text.removesuffix("s"))
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number
