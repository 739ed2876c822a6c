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


class Cycle(Strict, frozen=True, kw_only=True):
    """The life of a UPS or storage string: float charge, a discharge, a rest, and the recharge of what was taken, every `every_s`.

    Currents are amounts (A); the recharge lasts until the charge taken is back. From `until_s` on the float charge alone remains.
    """

    at_s: float
    zone: str
    every_s: float
    discharge_a: float
    discharge_s: float
    rest_s: float = 0.0
    charge_a: float
    float_a: float = 1.0
    until_s: float = math.inf


class Ambient(Strict, frozen=True, kw_only=True):
    """The air outside the walls of `zone`: a mean, the swing of a day (its coldest hour is the start), and slow weather drawn from `seed`.

    `day_swing_k` and `weather_k` are amplitudes, half of what lies between the extremes.
    """

    at_s: float
    zone: str
    mean_degc: float
    day_swing_k: float = 0.0
    weather_k: float = 0.0
    seed: int = 1


class Outage(Strict, frozen=True, kw_only=True):
    """The air conditioning of `zone` does nothing from `at_s` to `until_s`, whatever it is told; nobody is told either."""

    at_s: float
    zone: str
    until_s: float = math.inf


class Initiation(Strict, frozen=True, kw_only=True):
    """What starts in the plant at `at_s`. Places are the rack's name and numbers from 0; rates by kind (see `sim_hardware.physics`).

    ``runaway-drill`` is the calibrated internal short, at the given place. ``overcharge`` drives `current_a` more than wanted.
    In a server room `place` is a measured place (-1: the room at large), `rate_g_per_s` what is raised, sprayed or let out.
    """

    kind: Literal[
        "runaway-drill", "internal-short", "nail", "heater", "overcharge", "gas", "smoke", "heat",
        "cable-smoulder", "server-fire", "dust", "aerosol", "steam",
    ]  # fmt: skip
    zone: str
    at_s: float
    rack: str = ""
    module: int = 0
    cell: int = 0
    place: int = -1
    duration_s: float = math.inf
    power_w: float = 0.0
    current_a: float = 0.0
    stored_fraction: float = 1.0
    smoke_g_per_s: float = 0.0
    rate_g_per_s: float = 0.0
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


class Nuisance(Strict, frozen=True, kw_only=True):
    """An episode of ordinary life that detectors mistake for fire, of class `kind` (`sim_hardware.scenarios.nuisances`).

    Its size, length and place are drawn from the run's seed and its own place in the list, unless `seed` says which; `zone` empty:
    any zone where it can happen.
    """

    kind: str
    at_s: float
    zone: str = ""
    seed: int | None = None


class PlantSettings(Strict, frozen=True, kw_only=True):
    """What stands in a zone, where it is not the room's default. Names are those of the room's geometry; None leaves the default."""

    chemistry: str | None = None
    """A name of `sim_hardware.physics.kinetics.CHEMISTRIES`."""
    start_soc: float | None = None
    capacity_ah: float | None = None
    volume_m3: float | None = None
    wall_m2: float | None = None
    agent: str | None = None
    """A name of the agents: `fk-5-1-12`, `ig-541`, `ig-100`, `ig-01`."""
    agent_design_pct: float | None = None

    def given(self) -> dict[str, float | str]:
        """What is set, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


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
    zone: str = ""
    """The zone that the report is about; empty: where the first initiation is, or the site's first."""
    duration_s: float
    seed: int = 1
    sources: tuple[str, ...] = ()
    """Where facts and times come from; the file's comments say which is which, and what is assumed."""
    plant: dict[str, PlantSettings] = {}
    """By zone."""
    load: tuple[Load, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    ambient: tuple[Ambient, ...] = ()
    outages: tuple[Outage, ...] = ()
    nuisances: tuple[Nuisance, ...] = ()
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
