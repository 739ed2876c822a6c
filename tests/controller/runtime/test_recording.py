from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core.commands import Acknowledge, AnyCommand, Occupied
from controller.core.image import Image
from controller.runtime import recorder as recorder_module
from controller.runtime.recorder import PARTS, Recorder
from controller.runtime.recording import Recorded, RecordingError, Start, open_recording, read_recording

N_POINTS = 7


def start(session: str = "s", state: bytes = b"state") -> Start:
    return Start(session, 0, N_POINTS, b"digest", state, b"hash", 3)


def image(scan: int, bits: list[int], host: tuple[int, ...] = (1, 2)) -> Image:
    value = np.array(bits, np.uint64).view(np.float64)
    return Image(
        scan, scan * 100, value, np.full(N_POINTS, scan % 5, np.uint8), np.arange(N_POINTS) * scan, np.arange(N_POINTS) - 1, host
    )  # fmt: skip


def same(one: Image, other: Image) -> bool:
    arrays = ("value", "quality", "sample", "received_ms")
    return (one.scan, one.tick_ms, one.host) == (other.scan, other.tick_ms, other.host) and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in arrays
    )


SESSIONS = itertools.count()


def record(
    path: Path, images: list[Image], commands: dict[int, tuple[AnyCommand, ...]] | None = None, **given: int
) -> None:
    recorder = Recorder(path, start(f"run {next(SESSIONS)}"), **given)
    recorder.start()
    for one in images:
        recorder.record(one, (commands or {}).get(one.scan, ()))
    assert recorder.close()
    assert recorder.lost == 0


NANS = [0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001, 0x8000000000000000]
bits = st.one_of(st.sampled_from(NANS), st.integers(0, 2**64 - 1))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(bits, min_size=N_POINTS, max_size=N_POINTS), min_size=1, max_size=6))
def test_images_come_back_bit_for_bit_even_every_nan(tmp_path: Path, rows: list[list[int]]) -> None:
    path = tmp_path / "recording.hrec"
    images = [image(scan, row) for scan, row in enumerate([*rows, rows[-1]], 1)]
    record(path, images)
    again = list(read_recording(path))
    assert len(again) == len(images)
    assert all(same(one, other) for one, other in zip(images, again, strict=True))
    assert not again[0].value.flags.writeable


def test_commands_and_the_beginning_come_back(tmp_path: Path) -> None:
    path = tmp_path / "recording.hrec"
    given: tuple[AnyCommand, ...] = (
        Acknowledge(operator="Kim", zone="hall"),
        Occupied(operator="Lee", zone="hall", occupied=True),
    )
    record(path, [image(scan, [scan] * N_POINTS) for scan in (1, 2, 3)], {2: given})
    recording = open_recording(path)
    assert recording.start == start(recording.start.session)
    assert recording.is_whole
    assert recording.is_closed
    assert [recorded.commands for recorded in recording.scans()] == [(), given, ()]


def test_a_scan_without_change_costs_little(tmp_path: Path) -> None:
    path = tmp_path / "recording.hrec"
    still, none = np.zeros(N_POINTS, np.int64), np.zeros(N_POINTS, np.uint8)
    record(path, [Image(scan, scan * 100, np.zeros(N_POINTS), none, still, still, (0,) * 6) for scan in range(1, 501)])
    assert path.stat().st_size < 500 * 40


def test_a_crash_leaves_all_whole_frames(tmp_path: Path) -> None:
    path = tmp_path / "recording.hrec"
    record(path, [image(scan, [scan] * N_POINTS) for scan in (1, 2, 3)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])  # the end frame and a part of the last scan
    assert [one.scan for one in read_recording(path)] == [1, 2]
    assert not open_recording(path).is_closed


def test_a_flipped_bit_in_the_file_is_damage_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recording.hrec"
    record(path, [image(scan, [scan] * N_POINTS) for scan in (1, 2, 3)])
    raw = bytearray(path.read_bytes())
    raw[-30] ^= 1
    path.write_bytes(raw)
    with pytest.raises(RecordingError, match=r"damaged at byte \d+; remedy"):
        list(read_recording(path))


def test_a_recording_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    """The facts of the host are a part of every scan; with other facts in it a replay would decide otherwise."""
    path = tmp_path / "recording.hrec"
    record(path, [image(1, [1] * N_POINTS)])
    path.write_bytes(path.read_bytes().replace(b"haechi-recording 2\n", b"haechi-recording 1\n"))
    with pytest.raises(RecordingError, match="not a recording of this version"):
        open_recording(path)


def test_the_ring_stays_below_its_limit_and_each_file_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "recording.hrec"
    cap_bytes = 80_000
    rng = np.random.default_rng(1)
    images = [image(scan, list(map(int, rng.integers(0, 2**63, N_POINTS)))) for scan in range(1, 1500)]
    recorder = Recorder(path, start(), cap_bytes=cap_bytes, max_waiting=10_000)
    recorder.start()
    for one in images:
        recorder.record(one, ())
    assert recorder.close()
    files = sorted(tmp_path.glob("recording.hrec*"))
    assert len(files) == PARTS
    assert sum(file.stat().st_size for file in files) < cap_bytes * 1.1
    recording = open_recording(path)
    assert not recording.is_whole
    again = [recorded.image for recorded in recording.scans()]
    assert again[-1].scan == 1499
    assert all(same(one, images[one.scan - 1]) for one in again)
    recording.files[3].unlink()
    with pytest.raises(RecordingError, match="is missing"):
        list(read_recording(path))


def test_another_run_begins_its_own_recording_and_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "recording.hrec"
    record(path, [image(1, [1] * N_POINTS)])
    second = Recorder(path, start("second", b""))
    second.start()
    second.record(image(9, [9] * N_POINTS), ())
    assert second.close()
    assert [one.scan for one in read_recording(path)] == [9]
    assert [one.scan for one in read_recording(tmp_path / "recording.hrec.1")] == [1]


def test_a_hung_disk_is_lag_and_loss_and_never_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path / "recording.hrec", start(), max_waiting=10)
    began_s = time.monotonic()
    for scan in range(1, 31):  # its thread does not run: the same as a thread that hangs
        recorder.record(image(scan, [scan] * N_POINTS), ())
    assert time.monotonic() - began_s < 0.1
    assert recorder.lost == 20
    time.sleep(0.02)
    assert recorder.lag_ms() >= 20


def test_a_full_disk_does_not_eat_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "recording.hrec"
    record(path, [image(1, [1] * N_POINTS)])
    old = path.read_bytes()

    def full(kind: int, body: bytes) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder_module, "frame", full)
    recorder = Recorder(path, start("second"))
    for scan in range(2, 5):
        recorder._waiting.append((0.0, Recorded(image(scan, [scan] * N_POINTS), ())))
        batch = recorder._next_batch()
        with pytest.raises(OSError, match="space"):
            recorder._write(batch)
    assert path.read_bytes() == old
    assert not path.with_name("recording.hrec.1").exists()


def test_no_file_and_no_recording_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file; remedy"):
        open_recording(tmp_path / "nothing.hrec")
    other = tmp_path / "other.hrec"
    other.write_text("hello, this is something else altogether")
    with pytest.raises(RecordingError, match="not a recording"):
        open_recording(other)


def test_a_fault_of_the_program_in_the_thread_is_told_and_becomes_a_lag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(kind: int, body: bytes) -> bytes:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(recorder_module, "frame", fault)
    recorder = Recorder(tmp_path / "recording.hrec", start())
    recorder.start()
    recorder.record(image(1, [1] * N_POINTS), ())
    recorder._thread.join(5.0)
    assert recorder.ended
    assert "ZeroDivisionError" in recorder.failure
    time.sleep(0.02)
    assert recorder.lag_ms() >= 20
    assert not recorder.close()
