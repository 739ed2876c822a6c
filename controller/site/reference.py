"""Point references: `block` (all its points), `block[3]` or `block[0:16]` (from 0, end not included)."""

import re

from controller.site.model import Block

_REFERENCE = re.compile(r"^(?P<block>[^\[\]]+)(?:\[(?P<first>\d+)(?::(?P<last>\d+))?\])?$")


def parse_reference(reference: str) -> tuple[str, int | None, int | None]:
    """Split a reference into block, first and end (None: the whole block). Raises ValueError."""
    match = _REFERENCE.match(reference)
    if match is None:
        raise ValueError(f"{reference!r} is not a point reference: write block, block[3] or block[0:16]")
    first = match["first"]
    if first is None:
        return match["block"], None, None
    return match["block"], int(first), int(match["last"]) if match["last"] else int(first) + 1


def block_size(block: Block) -> int:
    """Points of a block: its topics, or its count."""
    return len(block.topics) if block.topics else block.count
