"""The report of a validation, as Markdown beside its drawing."""

from collections.abc import Sequence
from pathlib import Path

from tests.validation.draw import draw
from tests.validation.judge import LATEST_AFTER_REFERENCE_S, HeadTimes, Verdict
from tests.validation.reference import ELEMENT_DEGC, RTI, VELOCITIES_M_PER_S

NAME = "room-fire"

HEAD = f"""# Recorded room fires

Written by `make validate DATA=folder`; do not edit.

Four gas-burner fires in a furnished house (UL FSRI, 2019: tests 1, 8, 15, 22 of `fsri-hvac-gasburner-2019`, one row a second) are put on
Modbus TCP by `haechi-sim serve --recording` and read by `haechi run` in shadow mode, both {{speed:g}} times faster than they were. The
times below come from the daemon's journal.

**Asked:** silence before the pilot flame, not even an advisory; no alarm before the burner is lit; and at every head a heat alarm no later
than {LATEST_AFTER_REFERENCE_S:.0f} s after a {ELEMENT_DEGC:.0f} °C head at the same place would give it.

**That head** is a fixed {ELEMENT_DEGC:.0f} °C element with RTI {RTI:.0f} (m s)^0.5 (assumed: fast response), dT/dt = √v / RTI (T_air - T),
integrated over the recording in steps of 1 s. Air speed under a ceiling was not recorded (only in doors and on stairs);
{VELOCITIES_M_PER_S[0]:g} m/s is assumed and, for comparison, {VELOCITIES_M_PER_S[1]:g} m/s.
The faster air is the harder comparison, and the one that counts.

**Our heads** are the highest thermocouples (2.41 m; 2.72 m in the basement) of the three rooms that burned in one of the tests and of
rooms beside them, eight in all, the same for all tests, read with 0.1 K through one scan a second. They are judged by the defaults of the
family `heat`: alarm at 57 °C for 3 s, or at 8 K/min over 60 s above 35 °C. "Fixed alone" is the same detector at the same point
without rate of rise.

Recordings and tables of events count from the same moment, "Pilot Confirmed": the air begins to rise by a kelvin or two within 20 s after
0 s of the recording (the pilot) and by tens of kelvins within 16 s of the tabulated ignition. Times below are seconds after the tabulated
ignition; the thermocouples' own lag is in both sides of the comparison.

![air, element and alarms of the four fires]({NAME}.svg)

Red: air at the first head to alarm. Blue: the {ELEMENT_DEGC:.0f} °C element in it.
"""

COLUMNS = "| head | Haechi | by | fixed alone | 58 °C head, 1 m/s | 58 °C head, 0.5 m/s | Haechi - 58 °C head |"
LINE = "|---|---:|---|---:|---:|---:|---:|"


def write(verdicts: Sequence[Verdict], speed: float, folder: Path) -> Path:
    """Write report and drawing; returns the report's place."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.svg").write_text(draw(verdicts) + "\n", encoding="utf-8")
    place = folder / f"{NAME}.md"
    place.write_text("\n".join([HEAD.format(speed=speed), *map(section, verdicts)]), encoding="utf-8")
    return place


def section(verdict: Verdict) -> str:
    """One fire: its table, its background, and whether it passed."""
    fire, run = verdict.fire, verdict.run
    told = [head for head in verdict.heads if head.alarm_s is not None or head.reference_s[0] is not None]
    sign = "no sign at all"
    if verdict.first_sign_s is not None:
        sign = f"first sign at {_number(verdict.first_sign_s - fire.ignition_s)} s"
    facts = f"Background {-fire.begins_s:.0f} s, burner lit {fire.ignition_s:.0f} s after the pilot; {sign}. "
    scans = f"{run.scans} scans, {run.overruns} late."
    result = f"FAILED: {'; '.join(verdict.problems)}." if verdict.problems else "Passed."
    rows = [COLUMNS, LINE, *(row(head, fire.ignition_s) for head in told)]
    return "\n".join([f"## {fire.title}", "", *rows, "", facts + scans, "", result, ""])


def row(head: HeadTimes, ignition_s: float) -> str:
    """A head's row: seconds after the ignition."""
    times = (head.alarm_s, head.fixed_s, *head.reference_s)
    alarm, fixed, *reference = ("never" if at_s is None else _number(at_s - ignition_s) for at_s in times)
    behind = "" if head.behind_s is None else _number(head.behind_s)
    by = "" if head.alarm_s is None else head.feature
    return "| " + " | ".join([head.name, alarm, by, fixed, *reference, behind]) + " |"


def _number(seconds: float) -> str:
    return f"{seconds:.0f}"
