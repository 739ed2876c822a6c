"""Rule 10: the watchdog is fed only while every task is in time and the scan counter moves; a dead link is a trouble, never a reboot."""

import asyncio
import contextlib
from itertools import count

import pytest

from controller.runtime.supervision import Duty, Supervision
from controller.runtime.watchdog import Notifier, Watchdog
from controller.runtime.writer import Kick, Writer
from tests.controller.core.field import Field
from tests.controller.runtime.fakes import FakeLink
from tests.rules.breaking import Check, Mutant, notices

TASKS = ("scanner", "journal thread", "writer do-1", "control")


class Ear(Notifier):
    """Hears what would go to the service manager."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def notify(self, text: str) -> None:
        self.heard.append(text)


class Daemon:
    """The tasks of a daemon with a clock of their own."""

    def __init__(self) -> None:
        self.now_s, self.scan = 0.0, 0
        self.supervision = Supervision(lambda: self.now_s)
        for name in TASKS:
            self.supervision.add(Duty(name, 0.5, 2.0))
        self.disk_ended = False
        self.supervision.own("disk", lambda: self.disk_ended)
        self.ear = Ear()
        self.watchdog = Watchdog(self.ear, self.supervision, lambda: self.scan)

    def pass_time(self, silent: str = "", *, scans: bool = True) -> None:
        """Ten seconds of feeding, with one task silent."""
        for _ in range(10):
            self.now_s += 1.0
            self.scan += scans
            for name in TASKS:
                if name != silent:
                    self.supervision.beat(name)
            self.watchdog.kick()


def fed_while_all_is_well() -> None:
    daemon = Daemon()
    daemon.pass_time()
    assert daemon.ear.heard == ["WATCHDOG=1"] * 10


def each_task_withholds_it() -> None:
    for silent in TASKS:
        daemon = Daemon()
        daemon.pass_time(silent)
        assert len(daemon.ear.heard) == 2, silent
        assert daemon.watchdog.kick()[0] == silent


def a_standing_scan_counter_withholds_it() -> None:
    daemon = Daemon()
    daemon.pass_time(scans=False)
    assert daemon.ear.heard == []


def a_thread_that_has_ended_withholds_it() -> None:
    daemon = Daemon()
    daemon.disk_ended = True
    daemon.pass_time()
    assert daemon.ear.heard == []


def a_hung_disk_and_a_dead_link_do_not() -> None:
    daemon = Daemon()
    daemon.pass_time()  # the thread hangs and has not ended
    assert len(daemon.ear.heard) == 10
    field = Field()
    field.lose("bms-1")
    field.run(10)
    assert field.troubles() == {"device_lost:bms-1"}


def modules_are_kicked_only_while_scans_move() -> None:
    assert asyncio.run(_kicks(moving=True)) >= 3
    assert asyncio.run(_kicks(moving=False)) == 0


async def _kicks(*, moving: bool) -> int:
    link, scans = FakeLink("io"), count()
    writer = Writer({"do-1": link}, lambda _p: "do-1", lambda p: ("kick", p), lambda: 0, 0.1, Supervision())
    tasks = [
        asyncio.create_task(writer.run()),
        asyncio.create_task(writer.kick(Kick(0, 0.01, is_bit=False), lambda: next(scans) if moving else 7)),
    ]
    await asyncio.sleep(0.15)
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return len(link.writes)


CHECKS = (
    fed_while_all_is_well,
    each_task_withholds_it,
    a_standing_scan_counter_withholds_it,
    a_thread_that_has_ended_withholds_it,
    a_hung_disk_and_a_dead_link_do_not,
    modules_are_kicked_only_while_scans_move,
)


def fed_whatever_happens(patch: pytest.MonkeyPatch) -> None:
    def kick(self: Watchdog) -> tuple[str, ...]:
        self._notifier.notify("WATCHDOG=1")
        return ("scanner",)

    patch.setattr(Watchdog, "kick", kick)


def nobody_is_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Supervision, "late", lambda self: ())


def the_counter_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    counter = count()
    init = Watchdog.__init__
    patch.setattr(Watchdog, "__init__", lambda self, n, s, scan: init(self, n, s, lambda: next(counter)))


def everything_restarts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Supervision, "late", lambda self: tuple(self._ended))


def modules_are_kicked_always(patch: pytest.MonkeyPatch) -> None:
    kick = Writer.kick

    async def always(self: Writer, what: Kick, scan: object) -> None:
        own = count()
        await kick(self, what, lambda: next(own))

    patch.setattr(Writer, "kick", always)


MUTANTS = [
    (fed_whatever_happens, each_task_withholds_it),
    (fed_whatever_happens, a_standing_scan_counter_withholds_it),
    (nobody_is_late, each_task_withholds_it),
    (the_counter_is_not_looked_at, a_standing_scan_counter_withholds_it),
    (nobody_is_late, a_thread_that_has_ended_withholds_it),
    (everything_restarts, a_hung_disk_and_a_dead_link_do_not),
    (modules_are_kicked_always, modules_are_kicked_only_while_scans_move),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.feature("F36")
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
