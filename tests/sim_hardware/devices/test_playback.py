from __future__ import annotations

import numpy as np
import pytest

from controller.site.loader import load
from controller.site.model import Site
from drivers.points import RegisterBlock
from drivers.recording import Recording, RecordingError
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.playback import Playback
from sim_hardware.scenarios.loader import SITES


def _recording(points: tuple[tuple[str, int], ...] = (("heat-temperature", 1), ("gas-h2", 3))) -> Recording:
    values = np.array([[20.0, 1.0], [30.0, 2.0], [40.0, np.nan]])
    return Recording(np.array([100.0, 102.0, 105.0]), points, values)


def _words(plant: Plant, name: str) -> list[int]:
    block = next(block for block in plant.layout.blocks if block.name == name)
    assert isinstance(block, RegisterBlock)
    return [int(word) for word in plant.memories[block.device].read(block.table, block.address, block.count)]


def test_recorded_points_show_their_rows_and_the_rest_is_as_always(hall: Site) -> None:
    plant = Plant(hall, 1, playback=Playback(_recording()))
    seen = []
    for tick_ms in (0, 3_500, 7_000, 60_000):
        plant.advance_to(tick_ms)
        seen.append((_words(plant, "heat-temperature")[1], _words(plant, "gas-h2")[3]))
    assert seen == [(200, 1), (300, 2), (400, 0xFFFF), (400, 0xFFFF)]
    assert 200 < _words(plant, "heat-temperature")[0] < 280
    assert _words(plant, "di-1-inputs")[2] == 1


def test_a_recorded_point_that_the_site_does_not_have_is_refused(hall: Site) -> None:
    for points in ((("heat-temperature", 9), ("gas-h2", 3)), (("no-such", 0), ("gas-h2", 3))):
        with pytest.raises(RecordingError, match="remedy"):
            Plant(hall, 1, playback=Playback(_recording(points)))


def test_a_poor_bms_tells_minimum_maximum_and_mean_every_ten_seconds() -> None:
    plant = Plant(load(SITES / "poor-room.toml"), 1)
    zone = next(iter(plant.site.zones))
    head = next(head for head in plant.layout.heads if head.head.rack == plant.site.zones[zone].racks[0])
    sensor = next(s for s in plant.sensors if s.first <= head.points[0] < s.first + s.block.count)
    samples = []
    for tick_ms in range(0, 60_000, 1_000):
        plant.advance_to(tick_ms)
        samples.append(sensor.sample)
    assert samples[-1] - samples[0] in {5, 6}
    cells = plant.battery(zone).room.cell_temp_degc[0]
    first = head.points[0] - sensor.first
    shown = np.array(_words(plant, sensor.block.name)[first : first + 3], np.uint16).view(np.int16)
    scaling = sensor.block.scaling  # type: ignore[union-attr]
    degc = shown * scaling.factor + scaling.offset
    assert np.abs(degc - [cells.min(), cells.max(), cells.mean()]).max() <= 1.0
