"""The comparison runs, one after the other in a process that gives way to the drill: `python -m sim_hardware.drill.compare ORDER RESULT`."""

import sys
from pathlib import Path

import msgspec

from controller.site.loader import load as load_site
from sim_hardware.drill.children import yield_to_others
from sim_hardware.drill.virtual import run_comparison
from sim_hardware.report.result import ComparisonResult
from sim_hardware.scenarios.model import Scenario


class Order(msgspec.Struct, frozen=True):
    """What to run: the comparisons of `scenario` (as MessagePack, which knows infinity)."""

    site: str
    scenario: Scenario
    seed: int


def main(order_file: Path, result_file: Path) -> None:
    """Run the order and write its results."""
    yield_to_others()
    order = msgspec.msgpack.decode(order_file.read_bytes(), type=Order)
    site = load_site(Path(order.site))
    results = [run_comparison(site, order.scenario, order.seed, one) for one in order.scenario.comparisons]
    result_file.write_bytes(msgspec.msgpack.encode(results))


def read_results(result_file: Path) -> tuple[ComparisonResult, ...]:
    """What a process that has ended well left behind."""
    return msgspec.msgpack.decode(result_file.read_bytes(), type=tuple[ComparisonResult, ...])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
