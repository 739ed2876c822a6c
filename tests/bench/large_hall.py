"""The example hall with more racks, as a Site: 20 of them make a little over 5,000 points."""

import re
import tomllib
from pathlib import Path
from typing import Any

from controller.site.loader import loads
from controller.site.model import Site

HALL = Path(__file__).parents[2] / "deploy" / "sites" / "hall.toml"
RACKS = 8
"""Racks of the example."""
_EACH_RACK = re.compile(r"\[1-8\]")


def large_hall(racks: int = 20) -> Site:
    """The hall with `racks` racks of 8 x 16 cells, each with its BMS, gas heads, breaker, charger and coolant valve."""
    text = _EACH_RACK.sub(f"[1-{racks}]", HALL.read_text(encoding="utf-8"))
    text = text.replace('endpoint = "127.0.0.1:1502{n}"', 'endpoint = "127.0.2.{n}:1502"')
    more = racks - RACKS
    for block, by_count, by_address in _STRETCHED:
        text = _stretch(text, block, by_count * more, by_address * more)
    for family in ("h2", "co", "voc"):
        text = text.replace(f'"gas-{family}[8]"', f'"gas-{family}[{racks}]"')
    return loads(text)


_STRETCHED = (
    ("gas-h2", 1, 0), ("gas-co", 1, 1), ("gas-voc", 1, 2),
    ("charger-coils", 1, 0), ("breaker-coils", 1, 1), ("arm-coils", 0, 2), ("signal-coils", 0, 2),
    ("coolant-coils", 1, 0), ("fire-coils", 0, 1), ("damper-coils", 0, 1), ("room-coils", 0, 1),
    ("charger-stopped", 1, 0), ("breaker-open", 1, 1), ("damper-closed", 0, 2), ("room-feedback", 0, 2),
    ("discharged", 0, 2), ("rack-flow", 1, 0), ("main-flow", 0, 1),
)  # fmt: skip
"""Blocks that grow or move: points and addresses more for each rack more."""


def _stretch(text: str, block: str, count: int, address: int) -> str:
    """The table of `block` with so many points more, so many addresses further up."""
    head, table, rest = text.partition(f"[blocks.{block}]")
    body, section, tail = rest.partition("\n[")
    if not table:
        raise ValueError(f"the hall has no block {block}; remedy: bring large_hall.py up to the site file")
    values: dict[str, Any] = tomllib.loads(body.partition("\n")[2])
    for key, more in (("count", count), ("address", address)):
        if more:
            body = body.replace(f"\n{key} = {values[key]}", f"\n{key} = {values[key] + more}", 1)
    return head + table + body + section + tail
