"""The compiled kernels."""

import argparse


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the family."""
    kernels = commands.add_parser("kernels", help="look after the compiled kernels").add_subparsers(
        required=True, metavar="COMMAND"
    )
    build = kernels.add_parser("build", help="compile them ahead, for a daemon that starts at once; needs a C compiler")
    build.add_argument(
        "--cpu", action="append", default=[], help="for this kind of processor (the best of this machine)"
    )
    build.add_argument("--if-needed", action="store_true", help="only for changed source; no compiler is no error")
    build.set_defaults(run=_build_kernels)
    check = kernels.add_parser("check", help="check them against the golden vectors, as every start of the daemon does")
    check.set_defaults(run=_check_kernels)


def _build_kernels(options: argparse.Namespace) -> int:
    from controller.cli.kernels import build_kernels  # noqa: PLC0415 (the daemon's parts are loaded by those who need them)

    return build_kernels(options)


def _check_kernels(options: argparse.Namespace) -> int:
    from controller.cli.kernels import check_kernels  # noqa: PLC0415 (the same)

    return check_kernels(options)
