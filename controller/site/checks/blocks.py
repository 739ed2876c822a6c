"""Blocks: their form, their ages, and no register or topic claimed twice."""

import math
from collections import defaultdict
from collections.abc import Iterator

from controller.site.look import TOLD_WITHIN_S, Look
from controller.site.model import Block, ModbusRtu, ModbusTcp, Mqtt
from controller.site.problem import Problem
from drivers.points import DataType, Order, Table

_BITS = frozenset({Table.COIL, Table.DISCRETE})
_ADDRESSES = 65536
_OLDEST_S = 3600.0
"""No value is of use for longer (assumed)."""


def blocks(look: Look) -> Iterator[Problem]:
    """Problems of single blocks, and of blocks that get in each other's way."""
    for name, block in look.site.blocks.items():
        path = f"blocks.{name}"
        device = look.site.devices.get(block.device)
        link = look.site.links.get(device.link) if device else None
        if isinstance(link, Mqtt):
            yield from _topics(path, block)
        elif device and isinstance(link, (ModbusTcp, ModbusRtu)):
            yield from _registers(path, block)
            yield from _width(path, block, device.max_registers)
        yield from _times(path, block)
        yield from _told_late(look, name, block)
    yield from _overlaps(look)
    yield from _topics_twice(look)


def _topics(path: str, block: Block) -> Iterator[Problem]:
    if not block.topics or not block.field:
        yield Problem(path, "a block on MQTT without topics or field", 'state topics = ["..."] and the JSON field')
    if any(one is not None for one in (block.table, block.address, block.counter, block.identity)):
        yield Problem(path, "a block on MQTT with registers", "take out table, address, counter and identity")
    if any(mark in topic for topic in block.topics for mark in "+#"):
        yield Problem(f"{path}.topics", "a topic holds a wildcard", "name each topic, one point a topic")
    if block.writable:
        yield Problem(f"{path}.writable", "nothing is written over MQTT", "take it out")


def _registers(path: str, block: Block) -> Iterator[Problem]:
    if block.topics or block.field:
        yield Problem(path, "a block on Modbus with topics", "take out topics and field, state table and address")
        return
    if block.table is None or block.address is None:
        yield Problem(path, "a register block without table or address", "state both; addresses count from 0")
        return
    if (block.table in _BITS) != (block.type is DataType.BIT):
        yield Problem(
            f"{path}.type", f"{block.type} does not lie in table {block.table}", 'coil and discrete hold "bit" alone'
        )
    if block.writable and block.table not in {Table.COIL, Table.HOLDING}:
        yield Problem(f"{path}.writable", f"table {block.table} cannot be written", "use coil or holding")
    if block.count < 1 or block.address < 0 or block.address + block.count * block.type.registers > _ADDRESSES:
        yield Problem(path, "the run does not fit into the table", f"count >= 1 within addresses 0 to {_ADDRESSES - 1}")
    if block.factor == 0:
        yield Problem(f"{path}.factor", "a factor of 0 makes every value the same", "state the units per count")


def _width(path: str, block: Block, max_registers: int) -> Iterator[Problem]:
    """A value must come whole in one read, and have the words and bytes that `order` speaks of."""
    registers = block.type.registers
    if 2 <= max_registers < registers:  # noqa: PLR2004 fewer than 2 is a problem of the device
        what = f"a {block.type} takes {registers} registers, the device gives {max_registers} in one read"
        yield Problem(f"{path}.type", what, f"raise max_registers to {registers}, or read another type")
    if block.type is DataType.BIT and block.order is not Order.ABCD:
        yield Problem(f"{path}.order", "a bit has no order of bytes", "take it out")
    elif registers == 1 and block.order in {Order.CDAB, Order.DCBA}:
        what = f"{block.type} is one word, so its words cannot be swapped as {block.order} says"
        remedy = 'order = "badc" if the device swaps the bytes of a word, otherwise take it out'
        yield Problem(f"{path}.order", what, remedy)


def _times(path: str, block: Block) -> Iterator[Problem]:
    if block.period_s <= 0:
        yield Problem(f"{path}.period_s", f"a period of {block.period_s:g} s", "state seconds above 0")
    elif block.max_age_s < 2 * block.period_s:
        what = f"max_age_s {block.max_age_s:g} is less than two periods of {block.period_s:g} s"
        yield Problem(
            f"{path}.max_age_s", f"{what}: one late answer would be a fault", "raise max_age_s or read faster"
        )
    if _OLDEST_S < block.max_age_s < math.inf:
        what = f"values of {block.max_age_s:g} s ago would still be used"
        yield Problem(f"{path}.max_age_s", what, f"{_OLDEST_S:g} s at most")


def _told_late(look: Look, name: str, block: Block) -> Iterator[Problem]:
    """A frozen device must be a trouble in time. Coarse values come too seldom for that; nothing is released or cooled on them."""
    delay_s = look.site.site.trouble_delay_s
    if name in look.supervised and block.max_age_s + delay_s > TOLD_WITHIN_S:
        what = f"a frozen device would be a trouble after {block.max_age_s:g} + {delay_s:g} s only"
        remedy = f"max_age_s and site.trouble_delay_s make {TOLD_WITHIN_S:g} s at most together: lower one, read faster"
        yield Problem(f"blocks.{name}.max_age_s", what, remedy)


def _overlaps(look: Look) -> Iterator[Problem]:
    """Two blocks that claim a register. A sample counter or identity may be shared by blocks but lies in none."""
    runs = defaultdict(set)
    for name, block in look.registers.items():
        unit = (look.site.devices[block.device].link, block.unit, block.table)
        end = block.address + block.count * block.data_type.registers
        runs[unit].add((block.address, end, name))
        alone = (block.counter, block.identity.address if block.identity else None)
        runs[unit] |= {(address, address + 1, "") for address in alone if address is not None}
    for (_, unit_number, table), unit_runs in runs.items():
        reached, holder = -1, ""
        for start, end, name in sorted(unit_runs):
            if start < reached:
                what = (
                    f"{table} register {start} of unit {unit_number} belongs to {_called(holder)} and {_called(name)}"
                )
                yield Problem(f"blocks.{name or holder}.address", what, "give each block registers of its own")
            if end > reached:
                reached, holder = end, name


def _called(name: str) -> str:
    return f"block {name}" if name else "a sample counter or identity"


def _topics_twice(look: Look) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], str] = {}
    for name, block in look.site.blocks.items():
        for topic in block.topics:
            device = look.site.devices.get(block.device)
            key = (device.link if device else "", topic, block.field)
            if key in seen:
                what = f"field {block.field!r} of topic {topic!r} is read by block {seen[key]} already"
                yield Problem(f"blocks.{name}.topics", what, "name each topic and field once")
            seen[key] = name
