"""The chapters of false alarms: nuisances and single faults; quiet years and recordings."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from tests.validation.chapter import Chapter, Row
from tests.validation.detection import nuisance
from tests.validation.detection.alarm_kinds import ALARMS_PER_YEAR, PER_YEAR, head_lines, head_rows, room_lines
from tests.validation.detection.bounds import rate_bound, share_bound
from tests.validation.detection.calm_drills import FIGURES
from tests.validation.detection.draw import Bar, bars
from tests.validation.detection.nuisance import BATTERY, SERVER
from tests.validation.detection.pieces import QUIET_KINDS
from tests.validation.detection.results import (
    ALARM,
    Arrays,
    Results,
    spoke,
)
from tests.validation.detection.rooms import lay_out_rooms
from tests.validation.detection.words import FEATURES, LEVEL_NAMES


def nuisance_chapter(results: Results) -> Chapter:
    """Nuisances alone, in pairs, and single faults: who said what, and that rule 3 let nothing go."""
    table = [
        (
            "| class | held out | episodes | advisory | pre-alarm | alarm of a head | by "
            "| room together: advisory | pre-alarm | fire alarm | rule 3 would release | a year (assumed) |"
        ),
        "|---|---|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|",
    ]
    for kind, found in results.alone.items():
        out = "yes" if kind in nuisance.HELD_OUT else ""
        table.append(f"| {kind} | {out} | {_counts(found)} | {PER_YEAR[kind]:g} |")
    pairs = sorted(
        results.pairs.items(),
        key=lambda item: -int(item[1]["released"].sum()) * 10**6 - int(spoke(item[1], ALARM).sum()),
    )
    met = sum(len(found["room"]) for _, found in pairs)
    meetings = [
        f"{len(pairs)} of {len(nuisance.pairs())} pairs of classes that can meet in one room, {met:,} meetings; those with most alarms:",
        "",
        (
            "| pair | episodes | advisory | pre-alarm | alarm of a head | by "
            "| room together: advisory | pre-alarm | fire alarm | rule 3 would release |"
        ),
        "|---|---:|---:|---:|---:|---|---:|---:|---:|---:|",
        *(f"| {one} + {other} | {_counts(found)} |" for (one, other), found in pairs[:12]),
    ]
    text = "\n".join(
        [
            NUISANCES_TEXT,
            "",
            *table,
            "",
            *meetings,
            "",
            *room_lines(results),
            *head_lines(results),
            "",
            *_fault_lines(results),
            "",
            *_calm_lines(results),
        ]
    )
    return Chapter("Nuisances and single faults: what is not fire", text, list(_nuisance_rows(results)))


NUISANCES_TEXT = """
Nuisances are the plant's own classes with their own ranges (docs/scenarios.md), in a hall of 160 m3 with one rack or a server room of
360 m3 with eight places. A fitter who takes a head out of service silences that head here too. In pairs the second begins within an
hour after the first; what both do to air and cells is added (through ventilation they do not touch each other here, which a room
played whole would show). Pairs that no room can have (six of batteries alone with two of servers) are left out. Levels are those of
single heads; "room together" is what fusion makes of them (off-gas alone is a pre-alarm at most); release
is rule 3 by the core's own function on those heads, with its window of 30 minutes. "By" names the features
behind the first alarm."""


def _counts(found: Arrays) -> str:
    n = len(found["room"])
    spoken = [spoke(found, level) for level in range(3)]
    reasons = sorted({str(FEATURES[f]) for f in found["feature"][spoken[ALARM], ALARM].tolist()})
    together = found["zone"].sum(axis=0).tolist()
    heads, rooms = (
        " | ".join(f"{int(count):,}" for count in counts) for counts in ([s.sum() for s in spoken], together)
    )
    return f"{n:,} | {heads} | {', '.join(reasons)} | {rooms} | {int(found['released'].sum())}"


def _fault_lines(results: Results) -> Iterator[str]:
    yield "Every head with every fault of values, every device silent for ten minutes, in quiet life:"
    yield ""
    yield "| room | faults | runs | with an alarm of that head | kinds of those | rule 3 would release |"
    yield "|---|---:|---:|---:|---|---:|"
    for kind, found in zip((BATTERY, SERVER), results.faults, strict=True):
        alarmed = spoke(found, ALARM)
        kinds = sorted({str(text).partition(":")[0] for text in found["kind"][alarmed].tolist()})
        different = len(set(found["kind"].tolist()))
        yield f"| {kind.name} | {different} | {len(alarmed)} | {int(alarmed.sum())} | {', '.join(kinds)} | {int(found['released'].sum())} |"


def _calm_lines(results: Results) -> Iterator[str]:
    yield "Scenarios in which nothing burns, as drills of their whole site with people, agent and outputs (one run a seed and row of a table):"
    yield ""
    yield "| scenario | runs | plant hours | runs with a pre-alarm | with a fire alarm | released by heads |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, found in results.calm_drills.items():
        counts = " | ".join(f"{int((found[figure] > 0.0).sum())}" for figure in FIGURES)
        yield f"| {name} | {len(found['alarms'])} | {float(found['hours']):,.1f} | {counts} |"


def _nuisance_rows(results: Results) -> Iterator[Row]:
    groups: list[tuple[str, Sequence[Arrays]]] = [
        ("nuisances alone", list(results.alone.values())),
        ("nuisances in pairs", list(results.pairs.values())),
        ("single faults", results.faults),
    ]
    for words, some in groups:
        released, n = sum(int(a["released"].sum()) for a in some), sum(len(a["released"]) for a in some)
        seen = f"{released} of {n:,} (95 % bound {100.0 * share_bound(released, n):.3g} %)"
        yield Row(f"releases by rule 3, {words}", "0", seen, released == 0)
    for name, found in results.calm_drills.items():
        released, n = int((found["activations_by_heads"] > 0.0).sum()), len(found["alarms"])
        yield Row(f"releases by heads, drill {name}", "0", f"{released} of {n}", released == 0)
    yield from head_rows(results)


def quiet_chapter(results: Results) -> Chapter:
    """Quiet years in coarse steps, and recordings of normal life."""
    table, rows, lines = list(QUIET_HEAD), [], []
    by_family: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for room, kind in enumerate(QUIET_KINDS):
        some, name = results.quiet[room], f"{kind.name.split(',')[0]} room"
        years = sum(float(a["years"]) for a in some)
        times = np.sum([a["times"] for a in some], axis=0)
        released = sum(int(a["released"]) for a in some)
        heads = lay_out_rooms(kind, 1).heads
        table.append(
            f"| {name} | all heads | {years:,.1f} room-years | {' | '.join(_rate(int(t), years) for t in times.sum(axis=1))} |"
        )
        together = np.sum([a["zone_times"] for a in some], axis=0)
        table.append(
            f"| {name} | heads together | {years:,.1f} room-years | {' | '.join(_rate(int(t), years) for t in together)} |"
        )
        rows.append(
            Row(
                f"releases in quiet life, {name}",
                "0",
                f"{released} in {years:,.1f} room-years (95 % bound {rate_bound(released, years):.2g} a year)",
                released == 0,
            )
        )
        for family in dict.fromkeys(head.head.family.value for head in heads):
            mine = [k for k, head in enumerate(heads) if head.head.family.value == family]
            exposure, counts = years * len(mine), times[:, mine].sum(axis=1)
            table.append(
                f"| {name} | {family} | {exposure:,.0f} detector-years | {' | '.join(_rate(int(t), exposure) for t in counts)} |"
            )
            by_family[family].append((exposure, int(counts[ALARM])))
            lines.append(
                Bar(f"{family} ({kind.name.split(',')[0]})", tuple(rate_bound(int(t), exposure) for t in counts))
            )
    rows += [_quiet_row(family, lived) for family, lived in by_family.items()]
    table += [
        "",
        RECORDINGS_TEXT,
        "",
        "| recording | heads | hours | rows | advisory | pre-alarm | alarm |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    alarms = 0
    for name, found in results.recordings.items():
        times = found["times"].sum(axis=1)
        alarms += int(times[ALARM])
        families = ", ".join(dict.fromkeys(found["families"].tolist()))
        table.append(
            f"| {name} | {families} | {float(found['hours']):,.1f} | {int(found['rows']):,} | {' | '.join(str(int(t)) for t in times)} |"
        )
    hours = sum(float(a["hours"]) for a in results.recordings.values())
    rows.append(Row("alarms in recordings of normal life", "0", f"{alarms} in {hours:,.0f} h", alarms == 0))
    drawing = bars(
        "Rate that is not exceeded with 95 % confidence, a detector-year", LEVEL_NAMES, lines, ALARMS_PER_YEAR
    )
    return Chapter(
        "Quiet years and recordings", "\n".join([QUIET_TEXT, "", *table]), rows, {"detection-bounds.svg": drawing}
    )


def _quiet_row(family: str, lived: Sequence[tuple[float, int]]) -> Row:
    """The bound of a head type, from all rooms that have it: exposures and alarms."""
    exposure, count = sum(years for years, _ in lived), sum(alarms for _, alarms in lived)
    bound = rate_bound(count, exposure)
    what = f"alarms per detector-year in quiet life, {family}, 95 % bound"
    return Row(
        what, f"<= {ALARMS_PER_YEAR}", f"{bound:.2g} ({count} in {exposure:,.0f} years)", bound <= ALARMS_PER_YEAR
    )


QUIET_TEXT = """Rooms in which nothing happens but weather of all seasons and a discharge with recharge a day, in steps of 10 s. The slow truth
is the plant's, of some weeks played whole and lived again in another order; noise, the heads' drift so far and their starting
moment are new in every room. Some rooms have cells alone, so that every head type lives long enough. A run of the detector lasts a
week. Cells are counted as heads: one head judges eight cells. The bound is Poisson's, exact, 95 %, one-sided: 3.00 over the exposure
where nothing was seen."""
QUIET_HEAD = (
    "| room | head type | exposure | advisory a year (seen, bound) | pre-alarm | alarm |",
    "|---|---|---:|---|---|---|",
)
RECORDINGS_TEXT = "Recordings of normal life that other people made, each column as the head that its place would have:"


def _rate(count: int, exposure: float) -> str:
    return f"{count}, <= {rate_bound(count, exposure):.2g}"
