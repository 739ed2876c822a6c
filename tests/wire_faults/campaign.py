"""The seeded run: faults alone and in random pairs, one after the other, until so many replies have passed the proxies."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from drivers.modbus.frame import Framing
from tests.wire_faults.menu import draw, kinds, may_meet
from tests.wire_faults.rig import Wiring, rig

FIELDS: tuple[tuple[Framing, int, Wiring], ...] = (
    (Framing.TCP, 1, Wiring.SHARED),
    (Framing.TCP, 4, Wiring.SHARED),
    (Framing.TCP, 1, Wiring.ALONE),
    (Framing.TCP, 4, Wiring.ALONE),
    (Framing.RTU, 1, Wiring.SHARED),
    (Framing.RTU, 1, Wiring.TTY),
)
"""Framing, requests in flight and wiring of the rigs."""

SIDE_BY_SIDE = 3
"""More of them in one loop would need more than a core, and time out for want of it."""

SPOILED_S = (0.05, 0.4)
CLEAN_S = 0.15


@dataclass
class Report:
    """What a campaign saw; it ends with an AssertionError at the first displaced value."""

    replies: int = 0
    phases: int = 0
    looks: int = 0
    written: int = 0
    unwritten: int = 0
    longest_recovery_s: float = 0.0
    stood: int = 0
    excused: int = 0
    applied: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        """Whether replies were seen at all, to the kernel's own requests too: what was wrong has ended the run before."""
        return self.replies > 0 and self.stood > 0

    def __str__(self) -> str:
        kinds_seen = ", ".join(f"{kind} {count}" for kind, count in sorted(self.applied.items()))
        return (
            f"{self.replies} replies in {self.phases} phases, {self.looks} looks at the buffers: no value of another register was good; "
            f"{self.written} writes reported as done stood in the register, {self.unwritten} were told as not done; "
            f"longest recovery {self.longest_recovery_s:.2f} s; the kernel asked by itself at {self.stood} looks; "
            f"{self.excused} looks saw another unit out that the machine had held up\n  spoiled: {kinds_seen}"
        )


async def _run_field(
    framing: Framing, depth: int, wiring: Wiring, replies: int, seed: int, report: Report, turns: asyncio.Semaphore
) -> None:
    chance = random.Random(seed)
    menu = kinds(framing)
    async with turns, rig(framing, depth=depth, seed=seed, wiring=wiring) as made:
        counted = 0
        while made.proxy.replies < replies:
            first, second = chance.choice(menu), chance.choice(menu)
            pair = (first, second) if chance.random() < 0.5 and may_meet(first, second) else (first,)
            await made.spoil([draw(kind, chance) for kind in pair], chance.uniform(*SPOILED_S))
            await made.recover()
            await asyncio.sleep(CLEAN_S)
            report.phases += 1
            report.replies += made.proxy.replies - counted
            counted = made.proxy.replies
        report.looks += made.witness.looks
        if made.writer is not None:
            report.written += made.writer.done
            report.unwritten += made.writer.refused
        report.applied += made.proxy.applied
        report.stood += made.stood
        report.excused += made.excused
        report.longest_recovery_s = max(report.longest_recovery_s, made.longest_recovery_s)


async def _watch(report: Report, replies: int) -> None:
    """Say how far it is."""
    began_s = time.monotonic()
    while True:
        await asyncio.sleep(10.0)
        print(f"  {report.replies} of {replies} replies, {time.monotonic() - began_s:.0f} s", flush=True)


async def campaign(replies: int, seed: int = 1) -> Report:
    """Run the fields, some side by side, until `replies` have passed."""
    report, turns = Report(), asyncio.Semaphore(SIDE_BY_SIDE)
    watch = asyncio.create_task(_watch(report, replies))
    try:
        async with asyncio.TaskGroup() as group:
            for place, (framing, depth, wiring) in enumerate(FIELDS):
                group.create_task(
                    _run_field(framing, depth, wiring, -(-replies // len(FIELDS)), seed + place, report, turns)
                )
    finally:
        watch.cancel()
    return report


def run(replies: int = 200_000, seed: int = 1) -> Report:
    """The campaign of `make soak`."""
    return asyncio.run(campaign(replies, seed))
