"""Find and read scenario files, and the site that a scenario runs on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from controller.site.problem import Problem
from sim_hardware.scenarios.form import form_problems
from sim_hardware.scenarios.model import Scenario

FOLDER = Path(__file__).parent
SITES = FOLDER.parent.parent / "deploy" / "sites"
"""Site files that ship with Haechi."""


class ScenarioError(Exception):
    """A scenario that cannot be used: the text names the file, what is wrong and the remedy."""


def names() -> tuple[str, ...]:
    """The scenarios that ship with Haechi."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def find(name: str) -> Path:
    """The file of a scenario, from its name or path. Raises ScenarioError."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise ScenarioError(f"no scenario {name!r}; remedy: a path to a .toml file, or one of {', '.join(names())}")
    return path


def load(name: str) -> Scenario:
    """Read a scenario, by name or path. Raises ScenarioError."""
    path = find(name)
    try:
        raw = msgspec.toml.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path.name}: {error}; remedy: correct what is named") from error
    try:
        return msgspec.convert(raw, Scenario, str_keys=True)
    except msgspec.ValidationError as error:
        raise refusal(path.name, form_problems(raw, error)) from error


def refusal(name: str, problems: Iterable[Problem]) -> ScenarioError:
    """The error that tells all `problems` of the scenario `name`, a line each."""
    return ScenarioError("\n".join(f"{name}: {one.path}: {one.what}; remedy: {one.remedy}" for one in problems))


def site_path(scenario: Scenario, beside: Path | None = None) -> Path:
    """The scenario's site file: a path, relative to `beside` (the scenario's folder), or the name of one that ships with Haechi."""
    asked = (beside or FOLDER) / scenario.site
    path = asked if asked.is_file() else SITES / scenario.site
    if not path.is_file():
        raise ScenarioError(
            f"{scenario.name}: no site file {scenario.site!r}; remedy: a path, or a file of deploy/sites"
        )
    return path
