"""The mutants: what mutmut makes of a file, a function each. A function of the product is made to run one of them in its place."""

import ast
import difflib
import hashlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).parents[2]
FILES = (
    *sorted(path.relative_to(ROOT) for path in (ROOT / "controller/core/zone").glob("*.py")),
    *(Path("controller/core", name) for name in ("actuation.py", "matrix.py", "trips.py", "troubles.py")),
)
"""What decides in a zone, what is driven by it, and the troubles."""
KEPT = Path("out/mutants/made")
ORIGINAL = "orig"


class Mutant(NamedTuple):
    """One change. `text` is the whole function with it, `original` without."""

    module: str
    function: str
    number: int
    text: str
    original: str

    @property
    def place(self) -> str:
        """The function, with its module."""
        return f"{self.module}.{self.function}"

    @property
    def name(self) -> str:
        """Of the mutant, the same in every run over the same text."""
        digest = hashlib.sha256((self.original + self.text).encode()).hexdigest()[:8]
        return f"{self.place} {self.number} {digest}"

    def change(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The lines that went and those that came."""
        lines = list(difflib.ndiff(self.original.splitlines(), self.text.splitlines()))
        gone = tuple(line[2:].strip() for line in lines if line.startswith("- "))
        came = tuple(line[2:].strip() for line in lines if line.startswith("+ "))
        return gone, came

    def lines(self) -> frozenset[int]:
        """Lines of the file: those of the statement in which the change lies, without its body."""
        pairs = enumerate(zip(self.original.splitlines(), self.text.splitlines(), strict=False), 1)
        changed = next((number for number, (before, after) in pairs if before != after), self.original.count("\n"))
        tree = ast.parse(self.original)
        statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
        inner = max((s for s in statements if s.lineno <= changed <= (s.end_lineno or 0)), key=lambda s: s.lineno)
        body = getattr(inner, "body", [])
        last = body[0].lineno - 1 if body else inner.end_lineno or 0
        above = self.target().__code__.co_firstlineno - tree.body[0].lineno
        return frozenset(range(above + inner.lineno, above + max(last, inner.lineno) + 1))

    def take_over(self) -> None:
        """Let the function of the product run this text from now on, for all who have imported it."""
        space = dict(vars(importlib.import_module(self.module)))
        exec(compile(self.text, self.name, "exec"), space)  # noqa: S102 - the product's own function, changed in one place
        target, made = self.target(), space[self.function]
        target.__code__ = made.__code__
        target.__defaults__, target.__kwdefaults__ = made.__defaults__, made.__kwdefaults__

    def target(self) -> FunctionType:
        """The function of the product."""
        found = getattr(importlib.import_module(self.module), self.function)
        assert isinstance(found, FunctionType), f"{self.place} is no plain function: it cannot be replaced"
        return found


def module_of(path: Path) -> str:
    """The module that stands in a file."""
    return ".".join(path.with_suffix("").parts)


def mutants() -> tuple[Mutant, ...]:
    """All of them, file by file. To make them takes half a minute on one processor, so they are kept while the file is the same."""
    return tuple(mutant for path in FILES for mutant in _of_file(path))


def _of_file(path: Path) -> list[Mutant]:
    source = (ROOT / path).read_text(encoding="utf-8")
    kept = KEPT / f"{path.stem}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(list(_made(path, source))), encoding="utf-8")
    return [Mutant(*fields) for fields in json.loads(kept.read_text(encoding="utf-8"))]


def _made(path: Path, source: str) -> Iterator[Mutant]:
    mutated = mutate_file_contents(str(path), source)
    lines = mutated.code.splitlines(keepends=True)
    texts = {
        name: "".join(lines[span.start - 1 : span.end]) for name, span in mutated.line_span_by_function_name.items()
    }
    module = module_of(path)
    for name in mutated.mutant_names:
        function, _, number = name.removeprefix("x_").partition("__mutmut_")
        original, text = (texts[f"x_{function}__mutmut_{which}"] for which in (ORIGINAL, number))
        renamed = (
            part.replace(f"x_{function}__mutmut_{which}", function, 1)
            for part, which in ((text, number), (original, ORIGINAL))
        )
        yield Mutant(module, function, int(number), *renamed)
