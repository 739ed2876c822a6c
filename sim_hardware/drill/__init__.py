"""`haechi-sim drill`: broker, plant and controller together, followed to the end, judged and reported."""

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    from sim_hardware.drill.command import main as run  # noqa: PLC0415 - the broker's process needs none of it

    return run(arguments)
