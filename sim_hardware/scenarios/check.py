"""The checker: whether a scenario fits its site, before anything runs. All problems at once, each with its place and a remedy."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator

from msgspec.structs import replace

from controller.core.commands import ConfirmIsolated, Disable, Enable
from controller.core.events import Kind
from controller.core.operators import subject
from controller.site.model import Site
from controller.site.problem import Problem
from sim_hardware.devices.plant import Plant
from sim_hardware.report.figures import figures
from sim_hardware.report.judge import with_prefix
from sim_hardware.report.record import Record
from sim_hardware.scenarios import places
from sim_hardware.scenarios.loader import refusal
from sim_hardware.scenarios.model import Act, Scenario
from sim_hardware.scenarios.places import unknown


def refuse(scenario: Scenario, site: Site) -> None:
    """Raise ScenarioError with all problems, if there are any."""
    if problems := check(scenario, site):
        raise refusal(scenario.name, problems)


def check(scenario: Scenario, site: Site) -> tuple[Problem, ...]:
    """Every problem of a scenario on a checked site; empty for one that can be run. Faults of wires are looked at where there are wires."""
    plant = Plant(site, 1)
    themes = (
        places.rooms, places.surroundings, places.nuisances, places.initiations, places.faults, _acts, _tables, _criteria,
    )  # fmt: skip
    return tuple(problem for theme in themes for problem in theme(scenario, plant))


def _acts(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """What commands are about, and which kinds of events they answer to."""
    for number, act in enumerate(scenario.acts):
        path = f"acts[{number}]"
        what, names = _about(act, plant.site)
        yield from unknown(f"{path}.command", what, subject(act.command), names)
        if act.kind:
            yield from unknown(f"{path}.kind", "kind of event", act.kind, [str(kind) for kind in Kind])


def _about(act: Act, site: Site) -> tuple[str, Collection[str]]:
    match act.command:
        case Disable() | Enable():
            return "head, output or zone", (*site.zones, *site.outputs, *site.heads)
        case ConfirmIsolated():
            return "rack", [rack for zone in site.zones.values() for rack in zone.racks]
        case _:
            return "zone", tuple(site.zones)


def _tables(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """The zone of the report, and names that stand for a run each."""
    if scenario.zone:
        yield from unknown("zone", "zone", scenario.zone, plant.rooms)
    for section in ("rows", "comparisons"):
        for name, count in Counter(one.name for one in getattr(scenario, section)).items():
            if count > 1:
                yield Problem(section, f"{count} are called {name!r}", "give each a name of its own")


def _criteria(scenario: Scenario, plant: Plant) -> Iterator[Problem]:
    """Figures that a run of this scenario has, and limits that ask for something."""
    names = _metrics(scenario, plant)
    for number, criterion in enumerate(scenario.criteria):
        path = f"criteria[{number}]"
        yield from unknown(f"{path}.metric", "figure", criterion.metric, names)
        if criterion.at_most is None and criterion.at_least is None and criterion.equals is None:
            yield Problem(path, f"{criterion.metric} may be anything", "give at_most, at_least or equals")


def _metrics(scenario: Scenario, plant: Plant) -> tuple[str, ...]:
    """The names of the figures, from a run that has not begun; where the zone of the report is not there, those of any zone."""
    record = Record(plant.site, scenario, 1, 0.0, (), (plant.truth(),))
    zones = [record.zone] if record.zone in plant.rooms else list(plant.rooms)
    runs = [dataclasses.replace(record, scenario=replace(scenario, zone=zone)) for zone in zones]
    found = {name: None for run in runs for name in figures(run)}
    compared = [name for other in scenario.comparisons for name in with_prefix(other.name, found)]
    return (*sorted(found), *compared)
