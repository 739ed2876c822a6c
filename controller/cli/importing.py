"""`haechi import`: an installer's point list becomes blocks and heads of a site file."""

import argparse
import sys

from controller.tools.points.listed import import_list


def import_points(options: argparse.Namespace) -> int:
    """Print the tables of the list, or what is wrong with it."""
    said = import_list(options.file, options.site)
    print(said.out, end="")
    print(said.err, end="", file=sys.stderr)
    return said.code
