"""How much the read plan asks of each Modbus link."""

from collections import defaultdict
from dataclasses import dataclass

from controller.site.look import Look
from controller.site.model import ModbusTcp
from drivers.modbus.plan import plan
from drivers.points import RegisterBlock

KICKS_PER_TIMEOUT = 4
"""Watchdog writes in one watchdog timeout."""


@dataclass(frozen=True, slots=True)
class LinkLoad:
    """Requests a second of plant time that a link carries (reads and watchdog writes), and what it bears."""

    requests_per_s: float
    budget_per_s: float

    @property
    def share(self) -> float:
        """Part of the budget that is used."""
        return self.requests_per_s / self.budget_per_s


def loads_of_links(look: Look) -> dict[str, LinkLoad]:
    """Load of every Modbus link, from the read plan that the drivers will run."""
    rate: dict[str, float] = defaultdict(float)
    by_device: dict[str, list[RegisterBlock]] = defaultdict(list)
    for block in look.registers.values():
        if block.period_s > 0 and block.count > 0:
            by_device[block.device].append(block)
    for name, device in look.site.devices.items():
        limits = max(device.max_registers, 2), max(device.max_gap, 0)
        rate[device.link] += sum(1 / request.period_s for request in plan(by_device[name], *limits))
        if device.watchdog and device.watchdog.timeout_s > 0:
            rate[device.link] += KICKS_PER_TIMEOUT / device.watchdog.timeout_s
    return {
        name: LinkLoad(rate[name], link.budget_requests_per_s)
        for name, link in look.site.links.items()
        if isinstance(link, ModbusTcp)
    }
