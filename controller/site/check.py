"""The checker: what a site file must hold beyond its form. All problems at once, each with its path and a remedy."""

from controller.site.checks.blocks import blocks
from controller.site.checks.matrix import matrix
from controller.site.checks.outputs import outputs
from controller.site.checks.references import references
from controller.site.checks.release import release
from controller.site.checks.wires import wires
from controller.site.look import Look
from controller.site.model import Site
from controller.site.problem import Problem, merge

CHECKS = (references, wires, blocks, outputs, release, matrix)


def check(site: Site) -> tuple[Problem, ...]:
    """Every problem of a site; empty for one that may run."""
    look = Look(site)
    return merge(problem for theme in CHECKS for problem in theme(look))
