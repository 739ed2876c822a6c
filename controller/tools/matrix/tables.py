"""The matrix as the section of a site file."""

import json
import re
from collections.abc import Iterator

from controller.site.model import Row
from controller.tools.matrix.grid import NUMBERS

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = Row(when=(), then=())


def to_toml(rows: dict[str, Row]) -> str:
    """The `[matrix.*]` tables; what is so anyway is left out."""
    return "\n".join("\n".join(_table(name, row)) + "\n" for name, row in rows.items())


def _table(name: str, row: Row) -> Iterator[str]:
    yield f"[matrix.{name if _BARE.fullmatch(name) else _text(name)}]"
    yield f"when = {_list(row.when)}"
    if row.unless:
        yield f"unless = {_list(row.unless)}"
    yield f"then = {_list(row.then)}"
    for field in NUMBERS:
        value = getattr(row, field)
        if value != getattr(_PLAIN, field):
            yield f"{field} = {json.dumps(value)}"


def _list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _text(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among those that TOML knows."""
    return json.dumps(text, ensure_ascii=False)
