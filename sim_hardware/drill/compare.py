"""One comparison run, a process of its own that gives way to the drill: `python -m sim_hardware.drill.compare ORDER RESULT`."""

import sys
from pathlib import Path

import msgspec

from controller.site.loader import load as load_site
from sim_hardware.drill.children import yield_to_others
from sim_hardware.drill.virtual import run_comparison
from sim_hardware.report.result import ComparisonResult
from sim_hardware.scenarios.model import Comparison, Scenario


class Order(msgspec.Struct, frozen=True):
    """What to run (as MessagePack, which knows infinity)."""

    site: str
    scenario: Scenario
    seed: int
    comparison: Comparison


def main(order_file: Path, result_file: Path) -> None:
    """Run the order and write its result."""
    yield_to_others()
    order = msgspec.msgpack.decode(order_file.read_bytes(), type=Order)
    result = run_comparison(load_site(Path(order.site)), order.scenario, order.seed, order.comparison)
    result_file.write_bytes(msgspec.msgpack.encode(result))


def read_result(result_file: Path) -> ComparisonResult:
    """What a comparison that has ended well left behind."""
    return msgspec.msgpack.decode(result_file.read_bytes(), type=ComparisonResult)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
