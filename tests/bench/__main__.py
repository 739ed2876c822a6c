"""`python -m tests.bench [PART OF A NAME]`: ratios of pairs, measured side by side in one run. Without a name, all of them.

Each bench prints its tables; it asserts nothing about time, because that is a matter of the machine and of what else runs on it.
"""

import sys
import time
from collections.abc import Callable


def _detector() -> None:
    from tests.bench import detector

    detector.main()


def _modbus() -> None:
    from tests.bench import modbus_reads

    modbus_reads.main()


def _servers() -> None:
    from tests.bench import modbus_servers

    modbus_servers.main()


def _scan() -> None:
    from tests.bench import whole_scan

    whole_scan.main()


def _clock() -> None:
    from tests.bench import scan_clock

    scan_clock.print_table()


def _drill() -> None:
    from tests.bench import drill_speed

    drill_speed.main()


def _latency() -> None:
    from tests.bench import alarm_latency

    alarm_latency.main()


def _start() -> None:
    from tests.bench import start

    start.main()


def _verify() -> None:
    from tests.bench import verify_sites

    verify_sites.main()


BENCHES: dict[str, Callable[[], None]] = {
    "detector": _detector,
    "modbus": _modbus,
    "servers": _servers,
    "scan": _scan,
    "clock": _clock,
    "drill": _drill,
    "start": _start,
    "latency": _latency,
    "verify": _verify,
}
"""Name to what measures and prints; a bench imports what it needs when its turn comes."""


def main(part: str) -> int:
    """Run the benches whose name contains `part`; 2 if there is none."""
    chosen = {name: bench for name, bench in BENCHES.items() if part in name}
    if not chosen:
        print(f"haechi bench: no bench is called {part}; remedy: one of {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    began_s = time.monotonic()
    for name, bench in chosen.items():
        print(f"haechi bench: {name} ...", flush=True)
        bench()
    print(f"\nhaechi bench: done in {time.monotonic() - began_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))
