"""A site file beside sheets and other site files."""

import argparse
from pathlib import Path

_COLUMNS = (
    "Columns: device, address and table (or register numbers such as 30001); as needed point, type, order, factor, offset, unit, invalid, "
    "period_s, max_age_s, writable, head, family, zone, rack, group, reference. What else they may be called stands in docs/links.md."
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the family."""
    _add_matrix(commands)
    _add_import(commands)
    _add_diff(commands)


def _add_matrix(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    matrix = commands.add_parser("matrix", help="the cause-and-effect matrix as a page or a sheet, and back")
    matrix.add_argument("site", type=Path)
    matrix.add_argument("--html", type=Path, metavar="FILE", help="draw it as a page")
    matrix.add_argument("--sheet", type=Path, metavar="FILE", help="write it as a sheet, .csv or .xlsx")
    matrix.add_argument(
        "--from", dest="read_from", type=Path, metavar="FILE", help="read a sheet; its tables, checked, go to stdout"
    )
    matrix.add_argument("--language", choices=("en", "ko"))
    matrix.set_defaults(run=_matrix)


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    points = commands.add_parser(
        "import", help="an installer's point list as blocks and heads of a site file", epilog=_COLUMNS
    )
    points.add_argument("file", type=Path, help="the list, .csv or .xlsx: a line a point, columns by name")
    points.add_argument("--site", type=Path, help="check this site with them first")
    points.set_defaults(run=_import)


def _add_diff(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    diff = commands.add_parser("diff", help="what changed between two site files, and what to test again")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.add_argument("--json", action="store_true")
    diff.add_argument("--language", choices=("en", "ko"))
    diff.set_defaults(run=_diff)


def _matrix(options: argparse.Namespace) -> int:
    from controller.cli.matrices import show_matrix  # noqa: PLC0415 (numpy and the drivers are loaded by those who need them)

    return show_matrix(options)


def _import(options: argparse.Namespace) -> int:
    from controller.cli.importing import import_points  # noqa: PLC0415 (the drivers are loaded by those who need them)

    return import_points(options)


def _diff(options: argparse.Namespace) -> int:
    from controller.cli.differing import show_changes  # noqa: PLC0415 (the drivers are loaded by those who need them)

    return show_changes(options.old, options.new, options.language, as_json=options.json)
