"""Whose reply is it: identity registers, and requests that must differ where no transaction id tells them apart."""

from collections.abc import Iterable, Iterator

from controller.site.load import plan_of
from controller.site.look import Look
from controller.site.model import Device
from controller.site.problem import Problem
from drivers.modbus.plan import BIT_TABLES, MAX_BITS, MAX_REGISTERS, PlanError
from drivers.points import Identity, RegisterBlock

_ADDRESSES = 65536


def identity(look: Look) -> Iterator[Problem]:
    """Problems of identity registers, and of requests that nothing tells apart."""
    values: dict[tuple[str, str, int], tuple[int, str]] = {}
    out_of_reach: set[str] = set()
    for name, block in look.registers.items():
        if block.identity is None:
            continue
        path = f"blocks.{name}.identity"
        yield from _form(path, block, block.identity)
        far = list(_reach(path, block, block.identity, look.site.devices[block.device]))
        out_of_reach |= {block.device for _ in far}
        yield from far
        value, other = values.setdefault(
            (block.device, block.table, block.identity.address), (block.identity.value, name)
        )
        if value != block.identity.value:
            what = f"{block.table} {block.identity.address} always holds {value}, says block {other}"
            yield Problem(f"{path}.value", what, "state one value; look it up in the device's list of registers")
    yield from _unplanned(look, (name for name in look.site.devices if name not in out_of_reach))


def _unplanned(look: Look, devices: Iterable[str]) -> Iterator[Problem]:
    for name in devices:
        try:
            plan_of(look, name)
        except PlanError as error:
            what, _, remedy = str(error).partition("; ")
            yield Problem(f"devices.{name}", what, remedy)


def _form(path: str, block: RegisterBlock, identity: Identity) -> Iterator[Problem]:
    if not 0 <= identity.address < _ADDRESSES:
        yield Problem(f"{path}.address", f"there is no register {identity.address}", f"0 to {_ADDRESSES - 1}")
    top = 1 if block.table in BIT_TABLES else 0xFFFF
    if not 0 <= identity.value <= top:
        what = f"{block.table} {identity.address} cannot hold {identity.value}"
        yield Problem(f"{path}.value", what, f"state the raw value, 0 to {top}")
    if block.counter == identity.address:
        what = f"register {identity.address} is the sample counter, which moves"
        yield Problem(
            f"{path}.address", what, "name a register that never changes, such as the device's type or serial number"
        )


def _reach(path: str, block: RegisterBlock, identity: Identity, device: Device) -> Iterator[Problem]:
    """The identity must lie in the one request of its block."""
    start, end = block.address, block.address + block.count * block.data_type.registers
    first, last = min(start, identity.address), max(end, identity.address + 1)
    limit = MAX_BITS if block.table in BIT_TABLES else min(device.max_registers, MAX_REGISTERS)
    gap = max(start - identity.address - 1, identity.address - end, 0)
    if gap > device.max_gap:
        what = (
            f"register {identity.address} lies {gap} registers away from its block, the device bears {device.max_gap}"
        )
        yield Problem(f"{path}.address", what, "name a nearer register, or raise the device's max_gap")
    elif last - first > limit:
        what = f"the block and register {identity.address} take {last - first} registers, one request reads {limit}"
        yield Problem(
            f"{path}.address", what, "name a nearer register, or split the block, each part with its identity"
        )
