"""A drill as a file: what breaks or burns when, what people do, and what counts as passed."""

import math
from typing import Literal

import msgspec

from controller.core.commands import AnyCommand
from sim_hardware.faults.spec import FaultSpec


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all: frozen, unknown fields refused."""


class Load(Strict, kw_only=True):
    """From `at_s` on each string of `zone` carries `current_a` (+ charges). `every_s` repeats the step (0: once)."""

    at_s: float
    zone: str
    current_a: float
    every_s: float = 0.0


class Initiation(Strict, kw_only=True):
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


class Input(Strict, kw_only=True):
    """Somebody operates a wired input: head `input` says yes (or no) from `at_s` on."""

    at_s: float
    input: str
    value: bool = True


class Act(Strict, kw_only=True):
    """Somebody at the panel gives `command`: `after_s` after the first event of `kind` about `what` (both empty: after the start)."""

    command: AnyCommand
    after_s: float = 0.0
    kind: str = ""
    what: str = ""
    subject: str = ""


class Responses(Strict, kw_only=True):
    """Which responses the controller may carry out; all in a real drill, fewer to see what they are worth."""

    isolate: bool = True
    extinguish: bool = True
    cool: bool = True


class Criterion(Strict, kw_only=True):
    """One line of acceptance: the report's figure `metric` must be `at_most`, `at_least` or `equals`. `title` is for people."""

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


class Row(Strict, kw_only=True):
    """One row of a table of runs: the faults of this run, and the highest stage that any zone may reach with them."""

    name: str
    faults: tuple[FaultSpec, ...]
    highest: Highest


class Scenario(Strict, kw_only=True):
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
    responses: Responses = Responses()
