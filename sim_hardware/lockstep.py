"""Lock-step virtual time: plant and controller core in one process, no sockets, as fast as the machine can."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from controller.core.chain import GENESIS, encode, hash_next
from controller.core.events import Event
from controller.core.image import Image
from controller.core.rules import ResponseSettings
from controller.core.scan import Controller
from controller.core.trips import HOST_FACTS
from controller.site.model import Mode, Site
from sim_hardware.coarse import Stride
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.truth import Truth
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.faults.targets import refuse_on_wires
from sim_hardware.scenarios.model import Responses, Scenario
from sim_hardware.scenarios.nuisances import expand
from sim_hardware.scenarios.people import People
from sim_hardware.virtual_field import VirtualField

HEALTHY = (0,) * len(HOST_FACTS)
"""What the runtime knows of itself in virtual time: all is well."""


class Moment(NamedTuple):
    """One scan, for an observer: its image and events, and the live plant and controller (to look at, not to touch)."""

    image: Image
    events: tuple[Event, ...]
    plant: Plant
    controller: Controller


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. `chain` is the journal's hash: equal runs have equal ones, bit for bit."""

    events: tuple[Event, ...]
    truth: Truth
    chain: str
    scans: int


class LockStep:
    """Plant and controller, scan by scan. `settings` None switches on what the scenario lets the controller do.

    `step_s` None is full detail; 1 to 10 are coarse steps while nothing stirs (`sim_hardware.coarse`). `tick_ms` is the next scan's time.
    """

    def __init__(
        self,
        site: Site,
        scenario: Scenario | None = None,
        *,
        seed: int | None = None,
        faults: Sequence[FaultSpec] = (),
        settings: ResponseSettings | None = None,
        step_s: float | None = None,
    ) -> None:
        seed = (scenario.seed if scenario else 1) if seed is None else seed
        self.plant = Plant(site, seed, scenario, faults)
        refuse_on_wires(self.plant.faulting.on_wires)
        layout = self.plant.layout
        responses = scenario.responses if scenario else Responses()
        self.controller = Controller(
            layout, None, settings or ResponseSettings(responses.isolate, responses.extinguish, responses.cool)
        )
        self._field = VirtualField(self.plant)
        self._people = People(expand(scenario, site, seed).acts if scenario else ())
        self._scan_ms = round(site.site.scan_s * 1000)
        self._may_write = site.site.mode is not Mode.SHADOW
        self.tick_ms = 0
        self._stride = Stride(self.plant, self._scan_ms, step_s) if step_s is not None else None
        self._chain = GENESIS

    def step(self) -> Moment:
        """One scan: the plant moves on, its field is polled, the core decides, its writes reach the modules."""
        tick_ms = self.tick_ms
        self.plant.advance_to(tick_ms)
        self._field.poll(tick_ms)
        image = self._field.freeze(tick_ms // self._scan_ms, tick_ms, HEALTHY)
        result = self.controller.scan(image, self._people.say(tick_ms))
        for event in result.events:
            self._chain = hash_next(self._chain, encode(event))
        self._people.hear(result.events)
        if self._may_write:
            for write in result.writes:
                self._field.write(write, tick_ms)
            self._field.kick(tick_ms)
        self.tick_ms += self._stride.after(tick_ms, result, self.controller) if self._stride else self._scan_ms
        return Moment(image, result.events, self.plant, self.controller)

    @property
    def chain(self) -> str:
        """The journal's hash so far."""
        return self._chain.hex()


def run(
    site: Site,
    scenario: Scenario | None = None,
    *,
    duration_s: float | None = None,
    seed: int | None = None,
    faults: Sequence[FaultSpec] = (),
    settings: ResponseSettings | None = None,
    observer: Callable[[Moment], None] | None = None,
    stop: Callable[[Moment], bool] | None = None,
    step_s: float | None = None,
) -> Result:
    """Run a site in virtual time for `duration_s` of plant time (the scenario's, if None), or until `stop` says so.

    With `step_s` (1 to 10) quiet life goes in coarse steps, for years of it; what they cost, and when they are refused, stands in
    `sim_hardware.coarse`. Raises ValueError without a scenario and a duration or for another `step_s`, FaultError and KeyError for what does
    not fit the site.
    """
    if duration_s is None:
        if scenario is None:
            raise ValueError("how long? remedy: give a scenario or duration_s")
        duration_s = scenario.duration_s
    lockstep = LockStep(site, scenario, seed=seed, faults=faults, settings=settings, step_s=step_s)
    events: list[Event] = []
    end_ms = round(duration_s / site.site.scan_s) * round(site.site.scan_s * 1000)
    scans = 0
    while lockstep.tick_ms < end_ms:
        scans += 1
        moment = lockstep.step()
        events += moment.events
        if observer is not None:
            observer(moment)
        if stop is not None and stop(moment):
            break
    return Result(tuple(events), lockstep.plant.truth(), lockstep.chain, scans)
