"""The recorded fires: where the files are, when the burner was lit, and the air at the heads.

Recordings and tables of events count from the same moment, "Pilot Confirmed": in all four tests the air under the ceiling begins to
change by a kelvin or two within 20 s after 0 s of the recording, which is the pilot flame, and by tens of kelvins within 16 s of the
tabulated ignition of the burner. What lies before 0 s is background; no flame burns yet.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from controller.core.layout import lay_out
from controller.site.loader import load
from drivers.recording import RecordingError, read_recording

FOLDER = "room_fire"
SITE = Path(__file__).with_name("room-fire.toml")
MAPPING = Path(__file__).with_name("room-fire.mapping.toml")
ZONE = "house"
PILOT_S = 0.0

TESTS: Mapping[str, str] = {
    "FSRI_gas_burner_1": "Test 1: burner in bedroom 1, its door open",
    "FSRI_gas_burner_8": "Test 8: burner in bedroom 1, its door closed",
    "FSRI_gas_burner_15": "Test 15: burner in the living room",
    "FSRI_gas_burner_22": "Test 22: burner in the basement, quadrant C",
}
"""File names and where the burner stood, as the recorded temperatures and the tables of events tell it."""


class DataMissingError(Exception):
    """A file of the recordings is not there, or not what it should be. The text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Fire:
    """One test: `time_s` (n,) from the pilot, `air_degc` (n,) by head; gas burns from `ignition_s` to `gas_off_s`."""

    title: str
    file: Path
    time_s: npt.NDArray[np.float64]
    air_degc: Mapping[str, npt.NDArray[np.float64]]
    ignition_s: float
    gas_off_s: float

    @property
    def begins_s(self) -> float:
        """Time of the first row."""
        return float(self.time_s[0])

    @property
    def lasts_s(self) -> float:
        """Seconds from the first row to the last."""
        return float(self.time_s[-1] - self.time_s[0])


def load_fires(data: Path) -> tuple[Fire, ...]:
    """The four tests in the folder of recordings. Raises DataMissingError."""
    folder = data / FOLDER
    if not folder.is_dir():
        raise DataMissingError(f"{folder}: no such folder; remedy: make validate DATA=folder that holds {FOLDER}/")
    return tuple(
        load_fire(title, folder / f"{name}.csv.gz", *_gas(folder / f"{name}_events.csv"))
        for name, title in TESTS.items()
    )


def load_fire(title: str, file: Path, ignition_s: float, gas_off_s: float) -> Fire:
    """A recording as the heads of the site see it. Raises DataMissingError."""
    if not file.is_file():
        raise DataMissingError(f"{file}: no such file; remedy: fetch the recording anew")
    try:
        recording = read_recording(file, MAPPING)
    except RecordingError as error:
        raise DataMissingError(f"{error}; remedy: fetch the recording anew") from error
    places = [f"{block}[{index}]" for block, index in recording.points]
    heads = (head for head in lay_out(load(SITE)).heads if head.head.zone == ZONE)
    air_degc = {head.name: recording.values[:, places.index(head.head.points[0])] for head in heads}
    return Fire(title, file, recording.times_s, air_degc, ignition_s, gas_off_s)


def _gas(file: Path) -> tuple[float, float]:
    """Seconds from the pilot to ignition and to the end of the gas."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            events = {row["Event"]: float(row["Time"]) for row in csv.DictReader(stream)}
        return events["Ignition"], events["Stop Gas"]
    except FileNotFoundError as error:
        raise DataMissingError(f"{file}: no such file; remedy: fetch the recording anew") from error
    except (KeyError, ValueError) as error:
        raise DataMissingError(f"{file}: not the table that it should be ({error!r}); remedy: fetch it anew") from error
