"""Random rooms for a million steps: inputs, faults, operators, restarts and time through the core, every invariant after every scan."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context

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
    """Rounds of rooms, each of its own seed, on every core, until so many steps were taken."""
    began_s = time.monotonic()
    total = {"rooms": 0, "steps": 0, "scans": 0}
    for counted in _rounds(steps, first_seed):
        total = {what: number + counted[what] for what, number in total.items()}
        print(f"  {total['steps']} of {steps} steps, {total['scans']} scans", flush=True)
    return Rooms(total["rooms"], total["steps"], total["scans"], time.monotonic() - began_s)


def _rounds(steps: int, first_seed: int) -> Iterator[dict[str, int]]:
    """What each round counted, as it ends; a new one begins while steps are missing. Raises what a round raises."""
    seeds, taken = count(first_seed), 0
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        running: set[Future[dict[str, int]]] = {pool.submit(_round, next(seeds)) for _ in range(os.cpu_count() or 1)}
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for one in ended:
                counted = one.result()
                taken += counted["steps"]
                yield counted
                if taken < steps:
                    running.add(pool.submit(_round, next(seeds)))


def _round(its_seed: int) -> dict[str, int]:
    _counted.update(rooms=0, steps=0, scans=0)
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    looking = settings(
        max_examples=ROOMS_A_ROUND, stateful_step_count=STEPS_A_ROOM, deadline=None, suppress_health_check=health,
        phases=[Phase.generate, Phase.shrink], database=None,
    )  # fmt: skip
    run_state_machine_as_test(seed(its_seed)(CountedRoom), settings=looking)
    return dict(_counted)
