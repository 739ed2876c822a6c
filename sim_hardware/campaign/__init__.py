"""`haechi-sim campaign`: many drills in virtual time, over processes here or a Dask cluster, and their distributions."""

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    from sim_hardware.campaign.command import main as run  # noqa: PLC0415 - a worker needs none of it

    return run(arguments)
