"""Devices: units, watchdogs, heartbeats, and whether the bus can carry the read plan."""

import math
from collections.abc import Iterator

from controller.site.load import loads_of_links
from controller.site.look import TOLD_WITHIN_S, Look
from controller.site.model import Device, Link, ModbusRtu, ModbusTcp, Mqtt, Watchdog, has_transaction_ids
from controller.site.problem import Problem
from drivers.modbus.plan import MAX_BITS, MAX_REGISTERS, MOST_IN_FLIGHT
from drivers.points import Table

_SCAN_S = (0.02, 1.0)
"""Faster than the wires answer, slower than "activated within 3 s of the trigger" (EN 12094-1) can bear (assumed)."""
_UNITS = range(256)
_SERIAL_UNITS = range(1, 248)
"""Addresses of units on a serial line; 0 is for all of them, above 247 is reserved (Modbus over Serial Line 1.02, 2.2)."""


def wires(look: Look) -> Iterator[Problem]:
    """Problems of links and devices."""
    scan_s = look.site.site.scan_s
    if not _SCAN_S[0] <= scan_s <= _SCAN_S[1]:
        yield Problem("site.scan_s", f"a scan of {scan_s:g} s", f"choose {_SCAN_S[0]} to {_SCAN_S[1]} s; 0.1 is usual")
    delay_s = look.site.site.trouble_delay_s
    if delay_s < 0:
        yield Problem("site.trouble_delay_s", f"a delay of {delay_s:g} s", "state seconds, 3 is usual")
    units: dict[tuple[str, int], str] = {}
    for name, device in look.site.devices.items():
        path = f"devices.{name}"
        link = look.site.links.get(device.link)
        if isinstance(link, (ModbusTcp, ModbusRtu)):
            other = units.setdefault((device.link, device.unit), name)
            if other != name:
                yield Problem(
                    f"{path}.unit",
                    f"unit {device.unit} of link {device.link} is device {other} already",
                    "one unit, one device",
                )
        yield from _device(path, device, on_mqtt=isinstance(link, Mqtt))
        if link is not None:
            yield from _pace(path, device, link)
        yield from _watchdog(look, name, device)
    yield from _bus_load(look)


def _device(path: str, device: Device, *, on_mqtt: bool) -> Iterator[Problem]:
    if device.unit not in _UNITS:
        yield Problem(f"{path}.unit", f"unit {device.unit} does not exist", "choose 0 to 255")
    if not 2 <= device.max_registers <= MAX_REGISTERS:  # noqa: PLR2004 a 32-bit value takes two registers
        what = f"no read asks for {device.max_registers} registers at most"
        yield Problem(f"{path}.max_registers", what, f"choose 2 to {MAX_REGISTERS}, what the device gives in one read")
    if not 0 <= device.max_gap <= MAX_BITS:
        what = f"a gap of {device.max_gap} between wanted registers or bits"
        yield Problem(f"{path}.max_gap", what, f"choose 0 to {MAX_BITS}; 8 is usual")
    if on_mqtt and not device.heartbeat:
        yield Problem(f"{path}.heartbeat", "a device on MQTT without heartbeat", "name the topic of its counter")
    if not on_mqtt and device.heartbeat:
        yield Problem(f"{path}.heartbeat", "a heartbeat topic on a link that is not MQTT", "take it out")


def _pace(path: str, device: Device, link: Link) -> Iterator[Problem]:
    """How a unit is addressed and how fast it is asked."""
    is_modbus = isinstance(link, (ModbusTcp, ModbusRtu))
    if is_modbus and not has_transaction_ids(link) and device.unit in _UNITS and device.unit not in _SERIAL_UNITS:
        yield Problem(f"{path}.unit", f"unit {device.unit} is no address of a serial line", "choose 1 to 247")
    if device.depth < 1:
        yield Problem(f"{path}.depth", f"{device.depth} requests in flight read nothing", "choose 1 or more")
    elif device.depth > MOST_IN_FLIGHT:
        what = f"{device.depth} requests in flight are more than are kept"
        yield Problem(
            f"{path}.depth", what, f"choose {MOST_IN_FLIGHT} at most; haechi probe finds what the device bears"
        )
    elif device.depth > 1 and not has_transaction_ids(link):
        what = f"{device.depth} requests in flight on a link without transaction ids: replies could not be told apart"
        yield Problem(f"{path}.depth", what, 'depth = 1; more takes modbus-tcp with framing = "tcp"')
    elif device.depth > 1 and device.spacing_s > 0:
        what = f"silence before each request leaves no {device.depth} of them in flight"
        yield Problem(f"{path}.depth", what, "depth = 1, or spacing_s = 0")
    if device.spacing_s < 0:
        yield Problem(f"{path}.spacing_s", f"a silence of {device.spacing_s:g} s", "state seconds, 0 for none")
    elif TOLD_WITHIN_S < device.spacing_s < math.inf:
        what = f"a silence of {device.spacing_s:g} s before each request"
        yield Problem(
            f"{path}.spacing_s", what, f"{TOLD_WITHIN_S:g} s at most, within which a lost device must be told"
        )
    elif device.spacing_s > 0 and not is_modbus:
        yield Problem(f"{path}.spacing_s", "nobody is asked on this kind of link", "take it out")


def _watchdog(look: Look, name: str, device: Device) -> Iterator[Problem]:
    drives = [n for n, o in look.site.outputs.items() if any(look.device(c) == name for c in o.channels)]
    if device.watchdog is None:
        if drives:
            what = f"the module drives {drives[0]} but has no watchdog, so nobody keeps on_comm_loss"
            yield Problem(f"devices.{name}.watchdog", what, 'state { point = "...", timeout_s = 5.0 }')
        return
    yield from _watchdog_point(look, name, device.watchdog)
    if not 10 * look.site.site.scan_s <= device.watchdog.timeout_s <= 60:  # noqa: PLR2004 assumed: a minute at most
        what = f"a timeout of {device.watchdog.timeout_s:g} s"
        yield Problem(f"devices.{name}.watchdog.timeout_s", what, "choose ten scans to 60 s")


def _watchdog_point(look: Look, name: str, watchdog: Watchdog) -> Iterator[Problem]:
    places = look.places(watchdog.point)
    if not places:
        return
    block = look.site.blocks[places[0][0]]
    if block.device != name or not block.writable or block.table is not Table.HOLDING:
        what = f"{watchdog.point} is not a writable holding register of this device"
        yield Problem(f"devices.{name}.watchdog.point", what, "name one")


def _bus_load(look: Look) -> Iterator[Problem]:
    for name, load in loads_of_links(look).items():
        if load.requests_per_s > load.budget_per_s > 0:
            what = (
                f"the plan asks for {load.requests_per_s:.1f} requests a second, the link bears {load.budget_per_s:g}"
            )
            yield Problem(
                f"links.{name}.budget_requests_per_s", what, "lengthen period_s, join blocks, or split the link"
            )
        if load.busy >= 1:
            what = f"the plan keeps the wire busy for {load.busy:.2f} s of each second"
            remedy = "lengthen period_s, shorten spacing_s, raise the baud, or split the link"
            yield Problem(f"links.{name}", what, remedy)
