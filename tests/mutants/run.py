"""The run: tests are collected once, and for each mutant a child is forked that runs those which touch its function, the likeliest first.

mutmut's own loop starts pytest anew for each mutant with all its tests by name; here that costs more than the tests. What a child finds is
written down at once (`out/mutants/results.jsonl`), so that a run may be stopped: the next one leaves out what is killed already. A mutant
that outlives its budget of processor time counts as survived.
"""

import gc
import hashlib
import json
import os
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NamedTuple

import pytest

from tests.mutants.made import FILES, ROOT, Mutant, module_of

OUT = Path("out/mutants")
RESULTS = OUT / "results.jsonl"
REACHED = OUT / "reached.json"
HANGS_S = 20
"""A mutant that takes so much processor time beyond its budget hangs; no test of those that run takes half of it."""
MEMORY_BYTES = 6 << 30
"""A mutant that collects without end is stopped here."""
KILLED, SURVIVED, HUNG = "killed", "survived", "hung"
SELECTION = (
    "tests/controller/core",
    "tests/rules",
    "--ignore=tests/controller/core/detect",
    # It reads the text of the product, which is not the text that runs.
    "--deselect=tests/controller/core/test_rests.py::test_time_is_asked_for_in_one_way_only",
)


class Result(NamedTuple):
    """What became of a mutant; `by` is the test that noticed, `ran` how many tests ran."""

    name: str
    what: str
    by: str
    ran: int
    cpu_s: float


def results() -> dict[str, Result]:
    """The latest word on each mutant."""
    if not RESULTS.exists():
        return {}
    return {line[0]: Result(*line) for line in map(json.loads, RESULTS.read_text(encoding="utf-8").splitlines())}


class Mutation:
    """A plugin of pytest that runs the mutants in place of the tests."""

    def __init__(self, mutants: Sequence[Mutant], *, budget_s: float, children: int) -> None:
        self._mutants, self._budget_s, self._children = mutants, budget_s, children
        self._failed: list[str] = []
        self._reached: dict[str, dict[str, list[int]]] = {}
        self._seconds: dict[str, float] = {}
        self._items: dict[str, pytest.Item] = {}
        self._kills: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that fails."""
        if report.failed:
            self._failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure what the tests touch, then run the mutants."""
        self._items = {item.nodeid: item for item in session.items}
        self._measure()
        for result in results().values():
            if result.what == KILLED and result.by in self._items:
                self._count(result.name.partition(" ")[0], result.by)
        self._warm_up()
        gc.collect()
        gc.freeze()
        self._run_all()
        return True

    def _count(self, place: str, by: str) -> None:
        for key in (place, place.rpartition(".")[0]):
            self._kills[key][by] += 1

    # --- which tests reach what

    def _measure(self) -> None:
        """Note of every test how long it takes, which lines it reaches, and that it passes: once for each state of tests and product."""
        now = _sources()
        if REACHED.exists() and (kept := json.loads(REACHED.read_text(encoding="utf-8")))[0] == now:
            _, self._reached, self._seconds = kept
        for name in [name for name in self._items if name not in self._seconds]:
            began_s, self._seconds[name] = time.process_time(), 0.0
            with _watching() as lines:
                self._run_one(self._items[name])
            assert not self._failed, f"{self._failed[0]} fails on the product itself: make it pass first"
            self._seconds[name] = time.process_time() - began_s
            self._reached[name] = {module: sorted(found) for module, found in lines.items()}
        OUT.mkdir(parents=True, exist_ok=True)
        REACHED.write_text(json.dumps((now, self._reached, self._seconds)), encoding="utf-8")

    def _warm_up(self) -> None:
        """Run the shortest test of each file, so that no child has to load kernels and sites by itself."""
        longest_first = sorted(self._items.values(), key=lambda item: -self._seconds[item.nodeid])
        for item in {item.path: item for item in longest_first}.values():
            self._run_one(item)
        assert not self._failed, f"{self._failed[0]} fails on the product itself: make it pass first"

    def _run_one(self, item: pytest.Item) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    # --- the mutants

    def _run_all(self) -> None:
        running: dict[int, tuple[Mutant, int]] = {}
        began_s, found = time.monotonic(), Counter[str]()
        for mutant in self._mutants:
            if len(running) >= self._children:
                self._note(running, found)
            reads, writes = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reads)
                self._be(mutant, writes)
            os.close(writes)
            running[pid] = (mutant, reads)
            done = sum(found.values())
            if done and done % 50 == 0:
                rate = done / (time.monotonic() - began_s) * 60
                print(f"{done} of {len(self._mutants)}, {rate:.0f} a minute: {dict(found)}", flush=True)
        while running:
            self._note(running, found)
        print(f"{sum(found.values())} mutants: {dict(found)}", flush=True)

    def _note(self, running: dict[int, tuple[Mutant, int]], found: Counter[str]) -> None:
        """Wait for one child and write down what it found; one that says nothing was stopped by its limits."""
        pid, _ = os.wait()
        mutant, reads = running.pop(pid)
        with os.fdopen(reads, encoding="utf-8") as pipe:
            said = pipe.read()
        what, by, ran, cpu_s = json.loads(said) if said else (HUNG, "", 0, 0.0)
        found[what] += 1
        if what == KILLED:
            self._count(mutant.place, by)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(Result(mutant.name, what, by, ran, cpu_s)) + "\n")

    def _be(self, mutant: Mutant, writes: int) -> None:
        """In the child: be the mutant until a test notices."""
        limit_s = int(time.process_time() + self._budget_s + HANGS_S)
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            said = self._outlive(mutant)
            os.write(writes, json.dumps(said).encode())
        finally:
            os._exit(0)

    def _outlive(self, mutant: Mutant) -> tuple[str, str, int, float]:
        likeliest = self._likeliest(mutant)
        mutant.take_over()
        began_s, ran = time.process_time(), 0
        for name in likeliest:
            if time.process_time() - began_s > self._budget_s:
                break
            self._run_one(self._items[name])
            ran += 1
            if self._failed:
                return KILLED, name, ran, time.process_time() - began_s
        return SURVIVED, "", ran, time.process_time() - began_s

    def _likeliest(self, mutant: Mutant) -> list[str]:
        """Tests that reach the change: those that noticed others of the function first, then the shortest; stories and walks, which see every
        word that is told, the file's own tests, and those that noticed others of the file sooner.
        """
        kills, near = self._kills[mutant.place], self._kills[mutant.module]
        own = f"test_{mutant.module.rpartition('.')[2]}.py"
        lines = mutant.lines()

        def cost_s(name: str) -> float:
            likely = (
                10 * (own in name)
                + 20 * ("test_walks" in name)
                + 600 * ("test_stories" in name)
                + 10 * near[name]
                + 1000 * kills[name]
            )
            return self._seconds[name] / (1 + likely)

        reaching = [name for name in self._items if not lines.isdisjoint(self._reached[name].get(mutant.module, ()))]
        return sorted(reaching, key=cost_s)


def _sources() -> str:
    """Of all that the tests and the product are made of."""
    files = (path for folder in ("controller", "drivers", "tests") for path in (ROOT / folder).rglob("*"))
    texts = (path.read_bytes() for path in sorted(files) if path.suffix in {".py", ".toml", ".txt"})
    return hashlib.sha256(b"".join(texts)).hexdigest()


@contextmanager
def _watching() -> Iterator[defaultdict[str, set[int]]]:
    """By module, the lines that run meanwhile."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    modules = {str(ROOT / path): module_of(path) for path in FILES}

    def called(frame: FrameType, _event: str, _argument: Any) -> Any:
        module = modules.get(frame.f_code.co_filename)
        if module is None:
            return None
        lines = found[module]

        def ran(frame: FrameType, _event: str, _argument: Any) -> Any:
            lines.add(frame.f_lineno)
            return ran

        return ran

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield found
    finally:
        sys.settrace(before)


def run(mutants: Sequence[Mutant], *, budget_s: float, children: int) -> None:
    """Run those that are not known to be noticed, by chance one after the other: a run that is stopped is a fair sample."""
    known = results()
    left = [m for m in mutants if m.name not in known or known[m.name].what == SURVIVED]
    Random(0).shuffle(left)
    plugin = Mutation(left, budget_s=budget_s, children=children)
    args = ["-qq", "-s", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    code = pytest.main([*args, *SELECTION], plugins=[plugin])
    assert code == 0, f"pytest ended with {code}"
