import gzip
from pathlib import Path

import numpy as np
import pytest

from drivers.link import LinkState, PointWrite, ReadOnlyError
from drivers.points import Block, Quality
from drivers.recording import Recording, RecordingError, RecordingLink, read_recording
from tests.drivers.field import running, tick_ms, until
from tests.drivers.test_plan import block

CSV = 'Time,"T 2.4 m, east",T low,Note\n-1000,20.5,19,start\n,1,1,no time\n0,,n/a,\n500,NaN,21\n1000,25.5,inf,x\n'
MAPPING = 'time = "Time"\ntime_unit = "ms"\n[columns]\n"T low" = "heat[0]"\n"T 2.4 m, east" = "heat[2]"\n'
BLOCKS: dict[str, Block] = {"heat": block("heat", 0, 3)}


def files(folder: Path, text: str = CSV, mapping: str = MAPPING, packed: bool = False) -> tuple[Path, Path]:
    csv = folder / ("fire.csv.gz" if packed else "fire.csv")
    csv.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    (folder / "fire.toml").write_text(mapping)
    return csv, folder / "fire.toml"


@pytest.mark.parametrize("packed", [False, True])
def test_cells_that_are_no_number_are_no_value(tmp_path: Path, packed: bool) -> None:
    recording = read_recording(*files(tmp_path, packed=packed))
    assert recording.points == (("heat", 0), ("heat", 2))
    np.testing.assert_allclose(recording.times_s, [-1.0, 0.0, 0.5, 1.0])
    nan = np.nan
    np.testing.assert_array_equal(recording.values, [[19.0, 20.5], [nan, nan], [21.0, nan], [nan, 25.5]])


@pytest.mark.parametrize(
    ("text", "mapping", "says"),
    [
        (CSV, MAPPING.replace("heat[0]", "heat"), r"block\[index\]"),
        (CSV, MAPPING.replace("T low", "T lower"), "T lower"),
        (CSV, MAPPING + "\n[more]\n", "more"),
        (CSV, MAPPING.replace('"ms"', '"days"'), "time_unit"),
        ('Time,T low,"T 2.4 m, east"\n1,1,1\n1,2,2\n', MAPPING, "csv:3"),
        ('Time,T low,"T 2.4 m, east"\n', MAPPING, "no row"),
    ],
)
def test_a_recording_that_cannot_be_used_says_why(tmp_path: Path, text: str, mapping: str, says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        read_recording(*files(tmp_path, text, mapping))


def test_missing_and_broken_files_say_why(tmp_path: Path) -> None:
    csv, mapping = files(tmp_path, packed=True)
    with pytest.raises(RecordingError, match="mapping"):
        read_recording(csv, tmp_path / "none.toml")
    csv.write_bytes(csv.read_bytes()[:-12])
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(csv, mapping)


def test_a_point_that_the_link_does_not_have_is_refused(tmp_path: Path) -> None:
    recording = read_recording(*files(tmp_path))
    with pytest.raises(RecordingError, match=r"heat\[2\]"):
        RecordingLink("rec", recording, {"heat": block("heat", 0, 2)}, tick_ms)


async def test_rows_come_in_their_time_and_then_stand_still(tmp_path: Path) -> None:
    now_ms = 5000
    link = RecordingLink("rec", read_recording(*files(tmp_path)), BLOCKS, lambda: now_ms, rate=2.0, speed=1000.0)
    buffer = link.buffers["heat"]
    async with running(link):
        await until(lambda: buffer.sample[0] == 0)
        assert buffer.quality.tolist() == [Quality.GOOD, Quality.UNKNOWN, Quality.GOOD]
        assert buffer.value[[0, 2]].tolist() == [19.0, 20.5]
        now_ms += 499
        await until(lambda: link.health().state is LinkState.UP)
        assert buffer.sample[0] == 0, "at twice its speed the next row is due after half a second"
        now_ms += 1
        await until(lambda: buffer.sample[0] == 1)
        assert buffer.quality.tolist() == [Quality.BAD, Quality.UNKNOWN, Quality.BAD]
        now_ms = 5750
        await until(lambda: buffer.sample[0] == 2)
        assert buffer.quality.tolist() == [Quality.GOOD, Quality.UNKNOWN, Quality.BAD]
        assert buffer.received_ms.tolist() == [5750, -1, 5750]
        now_ms = 90_000
        await until(lambda: "ended" in link.health().last_error)
        assert buffer.sample.tolist() == [3, -1, 3]
        with pytest.raises(ReadOnlyError):
            await link.write(PointWrite("heat", 0, 1.0))
    assert link.health().state is LinkState.DOWN


async def test_a_large_recording_at_a_thousand_times_its_speed() -> None:
    values = np.arange(2500.0 * 150).reshape(2500, 150)
    recording = Recording(np.arange(2500.0), tuple(("heat", i) for i in range(150)), values)
    link = RecordingLink("rec", recording, {"heat": block("heat", 0, 150)}, tick_ms, rate=2500.0)
    async with running(link):
        took_s = await until(lambda: "ended" in link.health().last_error, within_s=3.0)
    assert 0.9 < took_s < 1.5
    np.testing.assert_array_equal(link.buffers["heat"].value, values[-1])
