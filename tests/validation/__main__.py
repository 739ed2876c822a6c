"""`python -m tests.validation DATA`: the plant against models and measurements, recorded room fires through simulator and daemon, and what
the detector finds, when, and what it takes for fire.

Exit code 0: passed; 1: a fire failed or a target of the plant or the detector was missed; 2: a recording or CFAST is missing.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.validation import plant_report
from tests.validation.cfast import CfastError
from tests.validation.detection import report as detection_report
from tests.validation.fires import MAPPING, SITE, DataMissingError, Fire, load_fires
from tests.validation.judge import Verdict, judge
from tests.validation.report import section, write
from tests.validation.wires import RunError, play

REPORTS = Path(__file__).parents[2] / "docs" / "validation"
PASSED, FAILED, MISSING = range(3)
AT_ONCE = 2
"""Fires that are played beside each other; each takes two processes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the plant, play all fires, print and write what came of it; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        codes = [WHAT[name](given) for name in ([given.only] if given.only else WHAT)]
    except (DataMissingError, CfastError) as error:
        print(f"haechi: validate: {error}", file=sys.stderr)
        return MISSING
    return max(codes)


def validate_plant(given: argparse.Namespace) -> int:
    """The plant against models and measurements; the exit code. Raises DataMissingError."""
    try:
        found = list(plant_report.chapters(given.data))
    except FileNotFoundError as error:
        raise DataMissingError(f"{error.filename}: not there; remedy: give the folder of the recordings") from error
    print(f"report: {plant_report.write(found, given.report)}")
    return FAILED if any(chapter.missed for chapter in found) else PASSED


def validate_detection(given: argparse.Namespace) -> int:
    """What the detector finds and what it takes for fire; the exit code. Raises DataMissingError."""
    try:
        if given.quick:
            found = detection_report.make_quick(given.data, given.report)
        else:
            found = detection_report.make_part(given.data, given.report, given.share)
    except FileNotFoundError as error:
        raise DataMissingError(f"{error.filename}: not there; remedy: give the folder of the recordings") from error
    return FAILED if any(chapter.missed for chapter in found) else PASSED


def validate_fires(given: argparse.Namespace) -> int:
    """The recorded room fires on the wires; the exit code. Raises DataMissingError."""
    fires = load_fires(given.data)
    about_s = sum(fire.lasts_s for fire in fires) / given.speed / AT_ONCE
    print(f"{len(fires)} fires, {given.speed:g} times faster than they were: about {about_s:.0f} s", flush=True)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            order = sorted(fires, key=lambda fire: -fire.lasts_s)
            runs = {fire.title: pool.submit(run_fire, fire, given.speed) for fire in order}
            verdicts = [runs[fire.title].result() for fire in fires]
    except RunError as error:
        print(f"haechi: validate: {error}", file=sys.stderr)
        return FAILED
    print("\n".join(section(verdict) for verdict in verdicts))
    print(f"report: {write(verdicts, given.speed, given.report)}")
    return FAILED if any(verdict.problems for verdict in verdicts) else PASSED


def run_fire(fire: Fire, speed: float) -> Verdict:
    """Play one fire and judge it. Raises RunError."""
    with tempfile.TemporaryDirectory(prefix="haechi-") as folder:
        return judge(fire, play(fire.file, MAPPING, SITE, fire.lasts_s, speed, Path(folder)))


WHAT = {"fires": validate_fires, "plant": validate_plant, "detection": validate_detection}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the recordings, which holds room_fire/")
    parser.add_argument("--only", choices=tuple(WHAT), help="one of them alone")
    parser.add_argument(
        "--quick", action="store_true", help="detection: a run of a minute that shows that it works; give --report"
    )
    parser.add_argument("--share", type=float, default=1.0, help="detection: this share of its runs (1)")
    parser.add_argument("--speed", type=float, default=20.0, help="plant seconds a second (20)")
    parser.add_argument("--report", type=Path, default=REPORTS, help="where the report goes (docs/validation)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
