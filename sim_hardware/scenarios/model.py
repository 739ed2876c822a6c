"""A drill as a file: what breaks or burns when, what people do, and what counts as passed."""

import math
from typing import Literal

import msgspec

from controller.core.commands import AnyCommand
from sim_hardware.faults.spec import FaultSpec


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all: frozen, unknown fields refused."""


class Load(Strict, frozen=True, kw_only=True):
    """From `at_s` on each string of `zone` carries `current_a` (+ charges). `every_s` repeats the step (0: once)."""

    at_s: float
    zone: str
    current_a: float
    every_s: float = 0.0


class Initiation(Strict, frozen=True, kw_only=True):
    """What starts in the plant at `at_s`. Places are the rack's name and numbers from 0; rates by kind (see `sim_hardware.physics`).

    ``runaway-drill`` is the calibrated internal short, at the given place.
    """

    kind: Literal["runaway-drill", "internal-short", "heater", "smoke", "heat", "gas", "cable-smoulder"]
    zone: str
    at_s: float
    rack: str = ""
    module: int = 0
    cell: int = 0
    duration_s: float = math.inf
    power_w: float = 0.0
    stored_fraction: float = 1.0
    smoke_g_per_s: float = 0.0
    h2_l_per_s: float = 0.0
    co_l_per_s: float = 0.0
    voc_l_per_s: float = 0.0


class Input(Strict, frozen=True, kw_only=True):
    """Somebody operates a wired input: head `input` says yes (or no) from `at_s` on."""

    at_s: float
    input: str
    value: bool = True


class Act(Strict, frozen=True, kw_only=True):
    """Somebody at the panel gives `command`: `after_s` after the first event of `kind` about `what` (both empty: after the start)."""

    command: AnyCommand
    after_s: float = 0.0
    kind: str = ""
    what: str = ""
    subject: str = ""


class Responses(Strict, frozen=True, kw_only=True):
    """Which responses the controller may carry out; all in a real drill, fewer to see what they are worth."""

    isolate: bool = True
    extinguish: bool = True
    cool: bool = True


class Comparison(Strict, frozen=True, kw_only=True):
    """The same drill, seed and faults in virtual time with fewer `responses`, to show what they are worth.

    Its figures stand beside the drill's as `NAME.metric`. With `until_spread` it ends soon after a second rack runs away.
    """

    name: str
    title: str
    title_ko: str = ""
    responses: Responses
    duration_s: float
    until_spread: bool = False


class Criterion(Strict, frozen=True, kw_only=True):
    """One line of acceptance: the figure `metric` must be `at_most`, `at_least` or `equals`. `title` is for people.

    Metrics: `sim_hardware.report.figures`, and `NAME.metric` for those of a comparison.
    """

    metric: str
    title: str
    title_ko: str = ""
    at_most: float | None = None
    at_least: float | None = None
    equals: float | None = None

    def met(self, value: float | None) -> bool:
        """Whether the figure passes; one that never came about (None) passes only what asks for nothing."""
        if value is None or math.isnan(value):
            return False
        return (
            (self.at_most is None or value <= self.at_most)
            and (self.at_least is None or value >= self.at_least)
            and (self.equals is None or value == self.equals)
        )


Highest = Literal["normal", "watch", "isolate", "fire", "activated", "released"]
"""The stages a zone may reach, in their order."""


class Row(Strict, frozen=True, kw_only=True):
    """One row of a table of runs: the faults of this run, and the highest stage that any zone may reach with them.

    The fault must show, too: a zone comes to `reaches` at least, and the controller `tells` of it ("SUBJECT WHAT" of an event).
    """

    name: str
    faults: tuple[FaultSpec, ...]
    highest: Highest
    reaches: Highest = "normal"
    tells: str = ""


class Scenario(Strict, frozen=True, kw_only=True):
    """A drill. `site` is a site file, beside the scenario's folder or a path; with `rows` it is run once a row."""

    name: str
    title: str
    title_ko: str = ""
    site: str
    duration_s: float
    seed: int = 1
    load: tuple[Load, ...] = ()
    initiations: tuple[Initiation, ...] = ()
    inputs: tuple[Input, ...] = ()
    acts: tuple[Act, ...] = ()
    faults: tuple[FaultSpec, ...] = ()
    rows: tuple[Row, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    on_sockets_s: float = 0.0
    """Plant time of the drill on sockets, where that is not `duration_s` (0: the same)."""
    responses: Responses = Responses()
