"""What a Python client of the bench reports: work, wall and processor seconds between two marks."""

import resource
import time
from dataclasses import dataclass

import msgspec

READY_S = 0.01
"""How often a client looks whether every connection has read something."""

WARM_UP_S = 0.15
"""From then on to the first mark. The C clients, which are ready at once, wait as long."""


class Measured(msgspec.Struct, frozen=True):
    """Reads of a client, and the time that they took."""

    reads: int
    wall_s: float
    user_s: float
    system_s: float

    @property
    def cpu_s(self) -> float:
        """Processor seconds of the client, in its own code and in the kernel."""
        return self.user_s + self.system_s

    @property
    def per_s(self) -> float:
        """Reads a second."""
        return self.reads / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of the client's processor time a read."""
        return 1e6 * self.cpu_s / self.reads

    @property
    def system_us(self) -> float:
        """How many of them the kernel took."""
        return 1e6 * self.system_s / self.reads


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the clocks and the count stand."""

    reads: int
    wall_s: float
    user_s: float
    system_s: float

    @classmethod
    def take(cls, reads: int) -> "Mark":
        """Now, with so many reads done."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(reads, time.perf_counter(), used.ru_utime, used.ru_stime)

    def until(self, end: "Mark") -> Measured:
        """What was done from here to `end`."""
        return Measured(
            end.reads - self.reads,
            end.wall_s - self.wall_s,
            end.user_s - self.user_s,
            end.system_s - self.system_s,
        )


def report(answer: msgspec.Struct) -> None:
    """Print the answer as the line that the bench reads."""
    print(msgspec.json.encode(answer).decode())
