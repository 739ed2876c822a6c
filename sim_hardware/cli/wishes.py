"""What several commands are asked for in the same words: seeds, numbers, folders. Each is refused with a remedy before anything runs."""

import argparse
import math
import os
from pathlib import Path

from sim_hardware.coarse import LONGEST_STEP_S, SHORTEST_STEP_S
from sim_hardware.scenarios.model import MOST_SEED


def check_seed(seed: int) -> int:
    """A seed that numpy takes. Raises ValueError."""
    if not 0 <= seed <= MOST_SEED:
        raise ValueError(f"--seed {seed}: cannot be; remedy: a whole number from 0 to {MOST_SEED}")
    return seed


def check_positive(option: str, value: float) -> float:
    """A finite number above 0. Raises ValueError."""
    if not 0.0 < value < math.inf:
        raise ValueError(f"{option} {value:g}: time goes forward; remedy: a number above 0")
    return value


def check_folder(option: str, folder: Path) -> Path:
    """A folder that is there and can be written to, or can be made. Raises ValueError."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise ValueError(f"{option} {folder}: {nearest} is a file; remedy: name a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"{option} {folder}: {nearest} may not be written to; remedy: another folder, or its rights")
    return folder


def add_coarse(parser: argparse.ArgumentParser) -> None:
    """Add `--coarse`, which `check_coarse` reads."""
    parser.add_argument(
        "--coarse", default="", metavar="STEP", help="quiet life in steps of 1s to 10s, for long runs in virtual time"
    )


def check_coarse(text: str) -> float | None:
    """The step of `--coarse 10s` in seconds, None without one. Raises ValueError."""
    if not text:
        return None
    try:
        step_s = float(text.removesuffix("s"))
    except ValueError:
        step_s = math.nan
    if not SHORTEST_STEP_S <= step_s <= LONGEST_STEP_S:
        raise ValueError(
            f"--coarse {text}: no step of quiet life; remedy: {SHORTEST_STEP_S:g}s to {LONGEST_STEP_S:g}s, for example 10s"
        )
    return step_s
