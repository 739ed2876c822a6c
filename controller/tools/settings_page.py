"""The page of all settings, made from the defaults and the comments beside them: `python -m controller.tools.settings_page` prints it."""

import ast
import inspect
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec

from controller.core.detect import defaults
from controller.core.detect.defaults import DEFAULTS, limits_of
from controller.site import model
from controller.site.model import Family, Head, Limits

_HEAD = """# Settings by head type

Made from the code by `python -m controller.tools.settings_page`; a test fails when this page is old.

A head is judged by the limits of its own entry (`limits = { ... }`), over the settings of its type (`[settings.TYPE]` in the site file),
over the defaults below. Everything that a table leaves open comes from the next one.

`haechi check` refuses what cannot work: an advisory beyond its alarm, windows that are not above 0, types and names that do not exist,
thresholds outside the valid range. `haechi tune` proposes settings from recorded normal life; `haechi replay --settings` shows what other
settings would have said.

    [settings.smoke]
    advisory = 1.0        # a dusty hall; every smoke head, unless its own limits say otherwise

"assumed" marks a number that nobody has verified for this use: a commissioning engineer looks at it. An empty cell is not judged.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [_HEAD, *_table("cell-temperature, of single cells (group > 0)", Family.CELL_TEMPERATURE, group=2), ""]
        + [line for family in DEFAULTS for line in (*_table(_title(family), family, group=_group(family)), "")]
        + ["## What each setting is", "", *_meanings()]
    ).rstrip() + "\n"  # fmt: skip


def _title(family: Family) -> str:
    what = {
        Family.CELL_TEMPERATURE: ", of a rack (minimum, mean, maximum)",
        Family.CELL_VOLTAGE: " (without a module, group 0, no deviations)",
    }
    return f"{family}{what.get(family, '')}"


def _group(family: Family) -> int:
    return 2 if family is Family.CELL_VOLTAGE else 0


def _table(title: str, family: Family, *, group: int) -> Iterator[str]:
    limits = msgspec.structs.asdict(limits_of(Head(family=family, zone="", points=(), group=group)))
    sources = _sources(family, coarse=family is Family.CELL_TEMPERATURE and group == 0)
    yield f"## {title}"
    yield ""
    yield "| setting | default | source |"
    yield "|---|---|---|"
    for name, value in limits.items():
        if value is not None:
            yield f"| `{name}` | {value:.6g} | {sources.get(name) or 'assumed'} |"


def _sources(family: Family, *, coarse: bool) -> Mapping[str, str]:
    """The comment behind each number of a family, its own before those of the limits that it takes over."""
    comments, calls = _comments(), _calls()
    name = f"DEFAULTS.{family.name}"
    chain = ["_CELL_TEMPERATURE", "_CELL_TEMPERATURE_COARSE"] if coarse else [name]
    if not coarse and name in calls:
        chain = [*_bases(calls[name]), name]
    elif not coarse:
        chain = [_entries().get(family.name, "")]
    found: dict[str, str] = {}
    for place in chain:
        for keyword in calls[place].keywords if place in calls else ():
            if keyword.arg:
                text = comments.get(keyword.value.end_lineno or 0, "") or _of_constants(keyword.value)
                found[keyword.arg] = text or found.get(keyword.arg, "")
    return found


def _of_constants(value: ast.expr) -> str:
    """What the docstrings of the constants that a number is made from say."""
    body = _tree().body
    docs = {
        node.targets[0].id: re.sub(r"\s+", " ", str(after.value.value))
        for node, after in pairwise(body)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }  # fmt: skip
    return " ".join(docs[name.id] for name in ast.walk(value) if isinstance(name, ast.Name) and name.id in docs)


def _bases(call: ast.Call) -> list[str]:
    return [argument.id for argument in call.args if isinstance(argument, ast.Name)]


def _tree() -> ast.Module:
    return ast.parse(inspect.getsource(defaults))


def _calls() -> dict[str, ast.Call]:
    """The calls that make limits: by the name that is assigned, or `DEFAULTS.FAMILY`."""
    found: dict[str, ast.Call] = {}
    for node in _tree().body:
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        value = node.value if isinstance(node, (ast.AnnAssign, ast.Assign)) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Call):
            found[target.id] = value
        elif isinstance(target, ast.Name) and target.id == "DEFAULTS" and isinstance(value, ast.Dict):
            for key, entry in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Attribute) and isinstance(entry, ast.Call):
                    found[f"DEFAULTS.{key.attr}"] = entry
    return found


def _entries() -> dict[str, str]:
    """Families whose limits have a name of their own."""
    for node in _tree().body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)):
            continue
        if isinstance(node.target, ast.Name) and node.target.id == "DEFAULTS":
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {k.attr: name.id for k, name in pairs if isinstance(k, ast.Attribute) and isinstance(name, ast.Name)}
    return {}


def _comments() -> dict[int, str]:
    """The comment at the end of each line, or the one alone above it."""
    found: dict[int, str] = {}
    above = ""
    for token in tokenize.generate_tokens(io.StringIO(inspect.getsource(defaults)).readline):
        text = token.string.lstrip("# ").strip()
        if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            above = text
        elif token.type == tokenize.COMMENT:
            found[token.start[0]] = text
        elif token.type == tokenize.NL and above and token.line.strip() and not token.line.lstrip().startswith("#"):
            found.setdefault(token.start[0], above)
            above = above if "replace(" in token.line else ""
    return found


def _meanings() -> Iterator[str]:
    """Every field of `Limits` with what its docstring says of it."""
    text = inspect.getsource(model.Limits)
    body = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)).body
    said: dict[str, str] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            doc = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            said[node.target.id] = re.sub(r"\s+", " ", str(doc))
    yield "| setting | meaning |"
    yield "|---|---|"
    for field in msgspec.structs.fields(Limits):
        yield f"| `{field.name}` | {said.get(field.name) or _PLAIN.get(field.name, '')} |"


_PLAIN = {
    "advisory": "Value that is an advisory: watch, inspect.",
    "pre_alarm": "Value that is a pre-alarm: isolate.",
    "alarm": "Value that is an alarm, where the head's type goes that far.",
    "hysteresis": "How far a value must go back before its level falls.",
    "persistence_s": "How long a value must be beyond a threshold before it counts.",
    "deviation_advisory": "Cells: away from the module's median, an advisory.",
    "deviation_pre_alarm": "Cells: away from the module's median, a pre-alarm.",
    "rate_window_s": "Time over which a rate is taken.",
    "rate_alarm": "Rate of rise that is an alarm, units per second.",
}

if __name__ == "__main__":
    sys.stdout.write(page())
