"""`python -m tests.bench [PART OF A NAME]`: ratios of pairs, measured side by side in one run. Without a name, all of them.

Each bench prints its tables; it asserts nothing about time, because that is a matter of the machine and of what else runs on it.
"""

import importlib
import sys
import time

BENCHES = {"detector": "detector", "modbus": "modbus_reads", "servers": "modbus_servers", "scan": "whole_scan"}
"""Name to the module of this folder whose `main()` measures and prints."""


def main(part: str) -> int:
    """Run the benches whose name contains `part`; 2 if there is none."""
    chosen = {name: module for name, module in BENCHES.items() if part in name}
    if not chosen:
        print(f"haechi bench: no bench is called {part}; remedy: one of {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    began_s = time.monotonic()
    for name, module in chosen.items():
        print(f"haechi bench: {name} ...", flush=True)
        importlib.import_module(f"tests.bench.{module}").main()
    print(f"\nhaechi bench: done in {time.monotonic() - began_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))
