"""The checker: what a site file must hold beyond its form. All problems at once, each with its path and a remedy."""

from pathlib import Path

from controller.site.checks.alarms import alarms
from controller.site.checks.blocks import blocks
from controller.site.checks.delays import delays
from controller.site.checks.feeds import feeds
from controller.site.checks.files import files
from controller.site.checks.identity import identity
from controller.site.checks.links import links
from controller.site.checks.matrix import matrix
from controller.site.checks.numbers import numbers
from controller.site.checks.outputs import outputs
from controller.site.checks.panel_contacts import panel_contacts
from controller.site.checks.references import references
from controller.site.checks.release import release
from controller.site.checks.wires import wires
from controller.site.look import Look
from controller.site.model import Site
from controller.site.problem import Problem, merge

CHECKS = (
    numbers,
    references,
    links,
    wires,
    blocks,
    identity,
    outputs,
    release,
    alarms,
    feeds,
    matrix,
    delays,
    panel_contacts,
)


def check(site: Site, folder: Path | None = None) -> tuple[Problem, ...]:
    """Every problem of a site; empty for one that may run.

    With `folder`, where the site file lies, the files that it names are looked for as well.
    """
    look = Look(site)
    found = [problem for theme in CHECKS for problem in theme(look)]
    return merge([*found, *(files(site, folder) if folder is not None else ())])
