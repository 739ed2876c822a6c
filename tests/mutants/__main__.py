"""`python -m tests.mutants [PART OF A NAME]`: run the mutants that no test has noticed yet, survivors again and longer; write the page.

What is known stands in `out/mutants/`: a run that was stopped goes on, and `rm -r out/mutants` begins anew. After a change of the tests only
what survives is run again. With a part of a name (`zone.ladder`) only those mutants are run, and no page is written.
Exit code 1 when a survivor has no reason, or a reason no survivor.
"""

import os
import sys
from pathlib import Path

from tests.mutants.made import mutants
from tests.mutants.page import PAGE, write_page
from tests.mutants.run import results, run

BUDGETS_S = (2.0, 10.0)
"""Processor time for the tests of a mutant: first for all, then for those that have survived."""


def main(part: str = "") -> int:
    """Run, and write the page."""
    every = mutants()
    chosen = [mutant for mutant in every if part in mutant.place]
    for budget_s in BUDGETS_S:
        run(chosen, budget_s=budget_s, children=os.cpu_count() or 1)
    if part:
        return 0
    odd = write_page(every, results(), BUDGETS_S[-1], Path(__file__).with_name("reasons.toml"))
    for line in odd:
        print(f"no reason, or no survivor: {line}")
    print(f"written: {PAGE}")
    return 1 if odd else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
