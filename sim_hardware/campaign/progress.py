"""What one sees while a campaign runs: a bar on a terminal, plain lines elsewhere; and what it took."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sim_hardware.campaign.model import Failed, Order, Outcome
from sim_hardware.campaign.pool import Lost
from sim_hardware.report.svg import clock

LINE_EVERY_S = 10.0
"""Wall time between two plain lines."""


class Tally:
    """Counts of this call: runs that came to an end, what they missed, and what they took."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.missed = self.failed = 0
        self.cpu_s = self.plant_s = self.peak_mib = 0.0
        self._began_s = time.monotonic()

    def add(self, end: Outcome | Failed) -> None:
        """Count a run."""
        self.done += 1
        if isinstance(end, Failed):
            self.failed += 1
            return
        self.missed += bool(end.missed)
        self.cpu_s += end.cpu_s
        self.plant_s += end.plant_s
        self.peak_mib = max(self.peak_mib, end.peak_mib)

    @property
    def wall_s(self) -> float:
        """Since the campaign began."""
        return time.monotonic() - self._began_s

    @property
    def words(self) -> str:
        """Misses and failures so far."""
        return f"{self.missed} missed, {self.failed} failed"

    def took(self, where: str) -> str:
        """What the runs of this call took, in a line."""
        ended = self.done - self.failed
        if not ended:
            return f"no drill came to its end in {self.wall_s:.0f} s"
        rate = self.plant_s / self.cpu_s if self.cpu_s > 0.0 else 0.0
        return (
            f"{ended} drills took {self.wall_s:.1f} s on {where}: {self.cpu_s / ended:.2f} s of processor a drill "
            f"({rate:.0f} times real time on one core), peak memory {self.peak_mib:.0f} MiB a worker"
        )


class Lines:
    """Plain lines: every ten seconds, and whatever fails."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._console = console
        self._tally = tally
        self._due_s = LINE_EVERY_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to close."""

    def begun(self, order: Order, pid: int) -> None:
        """Nothing to say."""

    def ended(self, end: Outcome | Failed) -> None:
        """Tell a failure at once."""
        self._tally.add(end)
        if isinstance(end, Failed):
            self._say(f"{end.case}, seed {end.seed}: failed: {end.reason}")

    def lost(self, lost: Lost) -> None:
        """Tell it."""
        self._say(f"{lost.order.case}, seed {lost.order.seed}: {lost.reason}; it is tried again")

    def tick(self) -> None:
        """Tell how far it is, when that is due."""
        tally = self._tally
        if tally.wall_s < self._due_s:
            return
        self._due_s = tally.wall_s + LINE_EVERY_S
        left = f", about {clock(tally.wall_s / tally.done * (tally.total - tally.done))} left" if tally.done else ""
        self._say(f"{tally.done} of {tally.total} drills, {tally.words}{left}")

    def _say(self, words: str) -> None:
        self._console.print(words, highlight=False, markup=False, soft_wrap=True)


class Bar(Lines):
    """A bar with what is left; failures stand above it as lines."""

    def __init__(self, console: Console, tally: Tally) -> None:
        super().__init__(console, tally)
        columns = (
            BarColumn(), MofNCompleteColumn(), TextColumn("drills, {task.fields[words]}"),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        self._progress = Progress(*columns, console=console)
        self._task = self._progress.add_task("", total=tally.total, words=tally.words)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tick(self) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=self._tally.done, words=self._tally.words)
