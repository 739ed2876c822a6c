"""What faults of wires and brokers are bound to in a site: its endpoints, units and topics."""

from collections.abc import Sequence

from controller.site.model import ModbusRtu, ModbusTcp, Mqtt, Site
from sim_hardware.faults.kinds import LINK_KINDS, ActiveFault, FaultKind, Reach, check_active, kind_of
from sim_hardware.faults.spec import FaultError, FaultSpec, no_such


def check_on_wires(spec: FaultSpec, kind: FaultKind, site: Site) -> None:
    """Whether the target of a wire or broker fault is there and can have it. Raises FaultError."""
    if kind.reach is Reach.WIRE:
        _check_wire(spec, site)
    else:
        _check_broker(spec, site)


def check_all_on_wires(specs: Sequence[FaultSpec], site: Site) -> None:
    """Whether those of `specs` that are faults of wires and brokers fit `site`. Raises FaultError."""
    for spec in specs:
        if is_on_wires(spec):
            check_on_wires(spec, kind_of(spec), site)


def _check_wire(spec: FaultSpec, site: Site) -> None:
    on_modbus = [n for n, d in site.devices.items() if isinstance(site.links[d.link], (ModbusTcp, ModbusRtu))]
    if spec.target not in on_modbus:
        raise no_such(spec, "Modbus device", on_modbus)
    name = site.devices[spec.target].link
    link = site.links[name]
    if not isinstance(link, ModbusTcp):
        raise FaultError(
            f"fault {spec.kind}: the proxy stands on TCP, {name} is a serial line; remedy: a modbus-tcp link with framing rtu, "
            "and socat where it has to be a tty"
        )
    if link.tls is not None:
        raise FaultError(f"fault {spec.kind}: {name} is encrypted; remedy: a link without tls")
    check_active(ActiveFault(spec.kind, spec.param), Reach.WIRE, link.framing)


def _check_broker(spec: FaultSpec, site: Site) -> None:
    links = [name for name, link in site.links.items() if isinstance(link, Mqtt)]
    devices = [name for name, device in site.devices.items() if device.link in links]
    names = links if spec.kind in LINK_KINDS else devices + links
    if spec.target not in {*devices, *links}:
        raise no_such(spec, "MQTT device or link", names)
    link = site.links[link_of(spec.target, site)]
    if isinstance(link, Mqtt) and link.tls is not None:
        raise FaultError(f"fault {spec.kind}: the broker of {spec.target} is encrypted; remedy: a link without tls")


def link_of(target: str, site: Site) -> str:
    """The link that `target` (a device, or itself a link) is on."""
    device = site.devices.get(target)
    return target if device is None else device.link


def topics_of(site: Site) -> dict[str, tuple[str, ...]]:
    """The topics of each MQTT device: its heartbeat first."""
    found: dict[str, tuple[str, ...]] = {}
    for name, device in site.devices.items():
        if isinstance(site.links[device.link], Mqtt):
            topics = [topic for block in site.blocks.values() if block.device == name for topic in block.topics]
            found[name] = tuple(dict.fromkeys(([device.heartbeat] if device.heartbeat else []) + topics))
    return found


def is_on_wires(spec: FaultSpec) -> bool:
    """Whether a fault is one of a wire or a broker. Raises FaultError for a kind that is not known."""
    return kind_of(spec).reach in {Reach.WIRE, Reach.BROKER}


def is_on_broker(spec: FaultSpec) -> bool:
    """Whether a fault is one of a broker."""
    return kind_of(spec).reach is Reach.BROKER


def refuse_on_wires(specs: Sequence[FaultSpec]) -> None:
    """Refuse faults of wires where there are none. Raises FaultError."""
    for spec in specs:
        raise FaultError(
            f"fault {spec.kind}:{spec.target}: virtual time has no wires; remedy: a drill on sockets (without --virtual), "
            "haechi-sim serve, or device-dead and device-late in its place"
        )
