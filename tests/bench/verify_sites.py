"""`haechi verify` on the example site and on a site of 20 zones: how long it takes, beside what it may take, and that it proves them.

It needs a quiet machine with two cores: the time is the wall's, and it is printed beside the processor's.
"""

import os
import sys
import time

from controller.site.loader import load
from controller.site.model import Site
from controller.tools.verify.run import Bounds, verify_site
from tests.controller.tools.verify.twenty import HALL, twenty_zones

ALLOWED_S = {"the example site": 60.0, "a site of 20 zones": 600.0}
"""What the answer may take."""


def main() -> None:
    """Verify both sites with as many processes as there are cores, and print what it took."""
    sites = load(HALL), twenty_zones()
    for (name, allowed_s), site in zip(ALLOWED_S.items(), sites, strict=True):
        print(f"{name}: {_took(site)}; allowed {allowed_s:g} s", flush=True)


def _took(site: Site) -> str:
    jobs, before_s = os.cpu_count() or 1, _processor_s()
    began_s = time.monotonic()
    found = verify_site(site, Bounds(jobs=jobs), lambda text: print(f"  {text}", file=sys.stderr, flush=True))
    wall_s = time.monotonic() - began_s
    parts, moves = len(found.explored), sum(explored.transitions for explored in found.explored)
    end = "everything holds" if found.holds else "NOT everything holds"
    used_s = _processor_s() - before_s
    return (
        f"{len(site.zones)} zones ({len(found.twins)} of them again), {parts} parts, {moves} transitions, "
        f"{wall_s:.1f} s, {used_s:.0f} s of {jobs} processors; {end}"
    )


def _processor_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
