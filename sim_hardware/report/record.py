"""What a run leaves behind, whichever way it was run: the controller's events and the plant's truth, over plant time."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from controller.core.events import Event
from controller.site.model import Site
from sim_hardware.devices.truth import BatteryTruth, ServerTruth, Truth
from sim_hardware.scenarios.model import Initiation, Scenario


@dataclass(frozen=True, slots=True)
class Record:
    """One run. `speed` 0 means virtual time; `scans` and `overruns` are the controller's (virtual time has none).

    `journal` is the journal's hash of a run in virtual time: the same seed gives the same one.
    """

    site: Site
    scenario: Scenario
    seed: int
    speed: float
    events: tuple[Event, ...]
    truths: tuple[Truth, ...]
    scans: int = 0
    overruns: int = 0
    wall_s: float = 0.0
    journal: str = ""

    @property
    def duration_s(self) -> float:
        """Plant time of the run's last word."""
        last_truth = self.truths[-1].tick_ms if self.truths else 0
        last_event = self.events[-1].tick_ms if self.events else 0
        return max(last_truth, last_event) / 1000

    @property
    def origin(self) -> Initiation | None:
        """What starts it: the first initiation in the plant."""
        return min(self.scenario.initiations, key=lambda item: item.at_s, default=None)

    @property
    def zone(self) -> str:
        """The zone that the drill is about: as the scenario says, else where it starts, else the first."""
        return self.scenario.zone or (self.origin.zone if self.origin else next(iter(self.site.zones)))

    @property
    def racks(self) -> tuple[str, ...]:
        """The zone's racks in their order along the wall."""
        return self.site.zones[self.zone].racks

    @property
    def origin_rack(self) -> int:
        """Place of the rack where it starts; -1 if it starts in none."""
        return self.racks.index(self.origin.rack) if self.origin and self.origin.rack in self.racks else -1

    def battery(self) -> list[tuple[float, BatteryTruth]]:
        """The zone's truth over time in seconds; empty for a room without racks."""
        return [(t.tick_ms / 1000, b) for t in self.truths for b in t.battery if b.zone == self.zone]

    def server(self) -> list[tuple[float, ServerTruth]]:
        """The zone's truth over time in seconds, of a room without racks."""
        return [(t.tick_ms / 1000, s) for t in self.truths for s in t.server if s.zone == self.zone]


def read_truths(lines: Iterable[bytes]) -> list[Truth]:
    """Truth from its NDJSON; a last line that was cut off is left out."""
    decoder = msgspec.json.Decoder(Truth)
    return [decoder.decode(line) for line in lines if line.endswith(b"\n")]
