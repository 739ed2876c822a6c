from __future__ import annotations

from controller.runtime.clock import PlantClock, boot_id


class Monotonic:
    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns


def test_plant_time_runs_speed_times_as_fast_from_the_shared_epoch() -> None:
    now = Monotonic(5_000_000_000)
    clock = PlantClock(3_000_000_000, 5.0, monotonic_ns=now)
    assert clock.tick_ms() == 10_000
    now.now_ns += 1_000_000
    assert clock.tick_ms() == 10_005
    assert clock.wall_s(10.0) == 2.0


def test_an_epoch_to_come_gives_zero_until_it_comes() -> None:
    now = Monotonic(1_000_000)
    clock = PlantClock(2_000_000, 1.0, monotonic_ns=now)
    assert clock.tick_ms() == 0
    now.now_ns = 5_000_000
    assert clock.tick_ms() == 3


def test_after_a_restart_of_the_machine_ticks_go_on_from_the_journals_last() -> None:
    now = Monotonic(1_000_000_000)
    clock = PlantClock(1_000_000_000, 1.0, not_before_ms=86_400_000, monotonic_ns=now)
    assert clock.tick_ms() == 86_400_000
    now.now_ns += 2_000_000_000
    assert clock.tick_ms() == 86_402_000


def test_after_a_restart_of_the_daemon_alone_the_shared_epoch_is_ahead_and_counts() -> None:
    clock = PlantClock(0, 1.0, not_before_ms=1_000, monotonic_ns=Monotonic(9_000_000_000))
    assert clock.tick_ms() == 9_000


def test_boot_id_is_one_name() -> None:
    assert boot_id() == boot_id()
    assert len(boot_id()) == 36
