"""A drill as a file: what breaks or burns when, what people do, and what counts as passed."""

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from controller.core.commands import AnyCommand
from sim_hardware.faults.spec import FaultSpec

Second = Annotated[float, Meta(ge=0.0, le=1e10)]
"""A second of plant time; 300 years are more than any drill lasts. No range admits a number that is none (NaN)."""
Lasting = Annotated[float, Meta(gt=0.0)]
"""How long something lasts, or when it ends; infinity: for ever."""
Span = Annotated[float, Meta(gt=0.0, le=1e10)]
"""How long something lasts that has an end."""
Ampere = Annotated[float, Meta(ge=0.0, le=1e5)]
Signed = Annotated[float, Meta(ge=-1e5, le=1e5)]
"""A current (A) of either sign."""
Watt = Annotated[float, Meta(ge=0.0, le=1e9)]
Rate = Annotated[float, Meta(ge=0.0, le=1e6)]
"""g/s or l/s. This limit and those of A and W are beyond anything that a room holds (assumed): they catch slips of the finger."""
Limit = Annotated[float, Meta(ge=-1e12, le=1e12)]
"""What a figure is held against."""
Count = Annotated[int, Meta(ge=0)]
MOST_SEED = 2**32 - 1
Seed = Annotated[int, Meta(ge=0, le=MOST_SEED)]
"""Of cells and noise."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all: frozen, unknown fields refused."""


class Load(Strict, frozen=True, kw_only=True):
    """From `at_s` on each string of `zone` carries `current_a` (+ charges). `every_s` repeats the step (0: once)."""

    at_s: Second
    zone: str
    current_a: Signed
    every_s: Second = 0.0


class Cycle(Strict, frozen=True, kw_only=True):
    """The life of a UPS or storage string: float charge, a discharge, a rest, and the recharge of what was taken, every `every_s`.

    Currents are amounts (A); the recharge lasts until the charge taken is back. From `until_s` on the float charge alone remains.
    """

    at_s: Second
    zone: str
    every_s: Span
    discharge_a: Annotated[float, Meta(gt=0.0, le=1e5)]
    discharge_s: Span
    rest_s: Second = 0.0
    charge_a: Annotated[float, Meta(gt=0.0, le=1e5)]
    float_a: Ampere = 1.0
    until_s: Lasting = math.inf


class Ambient(Strict, frozen=True, kw_only=True):
    """The air outside the walls of `zone`: a mean, the swing of a day (its coldest hour is the start), and slow weather drawn from `seed`.

    `day_swing_k` and `weather_k` are amplitudes, half of what lies between the extremes.
    """

    at_s: Second
    zone: str
    mean_degc: Annotated[float, Meta(ge=-90.0, le=60.0)]
    day_swing_k: Annotated[float, Meta(ge=0.0, le=60.0)] = 0.0
    weather_k: Annotated[float, Meta(ge=0.0, le=60.0)] = 0.0
    seed: Seed = 1


class Outage(Strict, frozen=True, kw_only=True):
    """The air conditioning of `zone` does nothing from `at_s` to `until_s`, whatever it is told; nobody is told either."""

    at_s: Second
    zone: str
    until_s: Lasting = math.inf


class Initiation(Strict, frozen=True, kw_only=True):
    """What starts in the plant at `at_s`. Places are the rack's name and numbers from 0; rates by kind (see `sim_hardware.physics`).

    ``runaway-drill`` is the calibrated internal short, at the given place. ``overcharge`` drives `current_a` more than wanted.
    ``spark`` lights gas that can burn, and does nothing else. ``heat`` rises as one plume, ``losses`` of machines are mixed into the room.
    In a server room `place` is a measured place (-1: the room at large), `rate_g_per_s` what is raised, sprayed or let out.
    """

    kind: Literal[
        "runaway-drill", "internal-short", "nail", "heater", "overcharge", "gas", "spark", "smoke", "heat",
        "losses",
        "cable-smoulder", "server-fire", "dust", "aerosol", "steam",
    ]  # fmt: skip
    zone: str
    at_s: Second
    rack: str = ""
    module: Count = 0
    cell: Count = 0
    place: Annotated[int, Meta(ge=-1)] = -1
    duration_s: Lasting = math.inf
    power_w: Watt = 0.0
    current_a: Ampere = 0.0
    stored_fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    smoke_g_per_s: Rate = 0.0
    rate_g_per_s: Rate = 0.0
    h2_l_per_s: Rate = 0.0
    co_l_per_s: Rate = 0.0
    voc_l_per_s: Rate = 0.0


class Input(Strict, frozen=True, kw_only=True):
    """Somebody operates a wired input: head `input` says yes (or no) from `at_s` on."""

    at_s: Second
    input: str
    value: bool = True


class Act(Strict, frozen=True, kw_only=True):
    """Somebody at the panel gives `command`: `after_s` after the first event of `kind` about `what` (both empty: after the start)."""

    command: AnyCommand
    after_s: Second = 0.0
    kind: str = ""
    what: str = ""
    subject: str = ""


class Nuisance(Strict, frozen=True, kw_only=True):
    """An episode of ordinary life that detectors mistake for fire, of class `kind` (`sim_hardware.scenarios.nuisances`).

    Its size, length and place are drawn from the run's seed and its own place in the list, unless `seed` says which; `zone` empty:
    any zone where it can happen.
    """

    kind: str
    at_s: Second
    zone: str = ""
    seed: Seed | None = None


class PlantSettings(Strict, frozen=True, kw_only=True):
    """What stands in a zone, where it is not the room's default. Names are those of the room's geometry; None leaves the default."""

    chemistry: str | None = None
    """A name of `sim_hardware.physics.kinetics.CHEMISTRIES`."""
    start_soc: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    capacity_ah: Annotated[float, Meta(ge=0.1, le=1e4)] | None = None
    volume_m3: Annotated[float, Meta(ge=1.0, le=1e6)] | None = None
    wall_m2: Annotated[float, Meta(ge=1.0, le=1e6)] | None = None
    agent: str | None = None
    """A name of the agents: `fk-5-1-12`, `ig-541`, `ig-100`, `ig-01`."""
    water: str | None = None
    """How coolant comes: `rack` (nozzles at each rack), `sprinkler` (from the ceiling) or `mist`."""
    agent_design_pct: Annotated[float, Meta(gt=0.0, lt=100.0)] | None = None
    contact_m2k_per_w: Annotated[float, Meta(gt=0.0, le=10.0)] | None = None
    """What lies between two cells: faces that touch 0.004, an air gap of 5 mm 0.1, a sheet its thickness over its conductivity."""
    barrier_m2k_per_w: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None
    """A fire barrier between modules, as above; 0 is none."""

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
    duration_s: Span
    until_spread: bool = False


class Criterion(Strict, frozen=True, kw_only=True):
    """One line of acceptance: the figure `metric` must be `at_most`, `at_least` or `equals`. `title` is for people.

    Metrics: `sim_hardware.report.figures`, and `NAME.metric` for those of a comparison.
    """

    metric: str
    title: str
    title_ko: str = ""
    at_most: Limit | None = None
    at_least: Limit | None = None
    equals: Limit | None = None

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
    duration_s: Span
    seed: Seed = 1
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
    on_sockets_s: Second = 0.0
    """Plant time of the drill on sockets, where that is not `duration_s` (0: the same)."""
    responses: Responses = Responses()
