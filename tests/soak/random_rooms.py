"""Random rooms for a million steps: inputs, faults, operators, restarts and time through the core, every invariant after every scan."""

import time
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from controller.core.scan import ScanResult
from tests.controller.core.random_room import Room, Watched

ROOMS_A_ROUND = 50
STEPS_A_ROOM = 60


@dataclass(frozen=True)
class Rooms:
    """What was tried; a broken invariant does not come here, it raises with the shortest story that breaks it."""

    rooms: int
    steps: int
    scans: int
    seconds: float
    passed: bool = True


_counted = {"rooms": 0, "steps": 0, "scans": 0}


class Counted(Watched):
    """Counts scans."""

    def _scan_after(self, step_ms: int, *commands: object) -> ScanResult:
        _counted["scans"] += 1
        return super()._scan_after(step_ms, *commands)


class CountedRoom(Room):
    """Counts rooms and steps."""

    watched = Counted

    @invariant()
    def is_counted(self) -> None:
        """Looked at once a step."""
        _counted["steps"] += 1

    def teardown(self) -> None:
        _counted["rooms"] += 1


def run(steps: int, first_seed: int) -> Rooms:
    """Rounds of rooms, each of its own seed, until so many steps were taken."""
    _counted.update(rooms=0, steps=0, scans=0)
    began_s = time.monotonic()
    rounds = 0
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    while _counted["steps"] < steps:
        looking = settings(
            max_examples=ROOMS_A_ROUND, stateful_step_count=STEPS_A_ROOM, deadline=None, suppress_health_check=health,
            phases=[Phase.generate, Phase.shrink], database=None,
        )  # fmt: skip
        run_state_machine_as_test(seed(first_seed + rounds)(CountedRoom), settings=looking)
        rounds += 1
        print(f"  {_counted['steps']} of {steps} steps, {_counted['scans']} scans", flush=True)
    return Rooms(_counted["rooms"], _counted["steps"], _counted["scans"], time.monotonic() - began_s)
