"""How much the read plan asks of each Modbus link: requests a second, and the time that they take on the wire."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from controller.site.look import Look
from controller.site.model import Device, ModbusRtu, ModbusTcp, Parity, has_transaction_ids
from drivers.modbus.plan import BIT_TABLES, PlanError, Request, plan_link

KICKS_PER_TIMEOUT = 4
"""Watchdog writes in one watchdog timeout."""

_READ_CHARACTERS = 8 + 5
"""Request (unit, function, address, count, check) and reply without its values (unit, function, byte count, check) on a serial line."""
_WRITE_CHARACTERS = 8 + 8
"""Request and reply of a write of one value."""
_SILENT_CHARACTERS = 3.5
_SHORTEST_SILENCE_S = 0.00175
"""Silence that ends a frame, and its lower bound above 19200 baud (Modbus over Serial Line 1.02, 2.5.1.1)."""


@dataclass(frozen=True, slots=True)
class LinkLoad:
    """Requests a second of plant time that a link carries (reads and watchdog writes), and what it bears.

    `busy` is the part of each second in which nothing else can be asked: the characters of requests and replies on a serial line, and the
    silences before them. What a unit takes to think of its answer comes on top.
    """

    requests_per_s: float
    budget_per_s: float
    busy: float

    @property
    def share(self) -> float:
        """Part of the budget that is used."""
        return self.requests_per_s / self.budget_per_s


def loads_of_links(look: Look) -> dict[str, LinkLoad]:
    """Load of every Modbus link, from the read plan that the drivers will run."""
    rate: dict[str, float] = defaultdict(float)
    busy: dict[str, float] = defaultdict(float)
    for name, requests in plans(look).items():
        device = look.site.devices[name]
        for per_s, characters in (*_reads(requests), *_kicks(device)):
            rate[device.link] += per_s
            busy[device.link] += per_s * (max(device.spacing_s, 0.0) + _exchange_s(look, device.link, characters))
    return {
        name: LinkLoad(rate[name], link.budget_requests_per_s, busy[name])
        for name, link in look.site.links.items()
        if isinstance(link, (ModbusTcp, ModbusRtu))
    }


def plans(look: Look) -> dict[str, tuple[Request, ...]]:
    """The read plan of each Modbus device; blocks and devices that cannot be read are left out, the checks tell of them."""
    found = {}
    for name in look.site.devices:
        with suppress(PlanError):
            found[name] = plan_of(look, name)
    return found


def plan_of(look: Look, name: str) -> tuple[Request, ...]:
    """The read plan of a device, as its link will run it; empty where that is not Modbus. Raises PlanError."""
    device = look.site.devices[name]
    link = look.site.links.get(device.link)
    if not isinstance(link, (ModbusTcp, ModbusRtu)):
        return ()
    max_registers, max_gap = max(device.max_registers, 2), max(device.max_gap, 0)
    blocks = [
        block
        for block in look.registers.values()
        if block.device == name
        and block.period_s > 0
        and block.count > 0
        and block.data_type.registers <= max_registers
    ]
    return plan_link(blocks, max_registers, max_gap, has_transactions=has_transaction_ids(link))


def _reads(requests: tuple[Request, ...]) -> Iterator[tuple[float, int]]:
    """Reads a second and characters of each, one request after the other."""
    for request in requests:
        size = -(-request.count // 8) if request.table in BIT_TABLES else 2 * request.count
        yield 1 / request.period_s, _READ_CHARACTERS + size


def _kicks(device: Device) -> Iterator[tuple[float, int]]:
    if device.watchdog and device.watchdog.timeout_s > 0:
        yield KICKS_PER_TIMEOUT / device.watchdog.timeout_s, _WRITE_CHARACTERS


def _exchange_s(look: Look, name: str, characters: int) -> float:
    """Time on the wire of a request and its reply, with the silence that ends each; 0 where no serial line is known."""
    link = look.site.links.get(name)
    if not isinstance(link, ModbusRtu) or link.baud <= 0:
        return 0.0
    character_s = (1 + 8 + (link.parity is not Parity.NONE) + link.stop_bits) / link.baud
    return characters * character_s + 2 * max(_SILENT_CHARACTERS * character_s, _SHORTEST_SILENCE_S)
