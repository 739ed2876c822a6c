"""`haechi matrix`: the cause-and-effect matrix of a site as a page or a sheet, and a sheet back into tables of the site file."""

import argparse
import sys

from controller.tools.matrix.exchange import hand_out, take_back


def show_matrix(options: argparse.Namespace) -> int:
    """Write page and sheet, or read a sheet; without any of them, the tables of the matrix on stdout."""
    if options.read_from is not None:
        said = take_back(options.site, options.read_from)
    else:
        said = hand_out(options.site, options.html, options.sheet, options.language)
    print(said.out, end="")
    print(said.err, end="", file=sys.stderr)
    return said.code
