"""From the site to its wires: one link for each entry, the buffers in the order of the image, and the modules' watchdogs."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.core.layout import Layout
from controller.runtime.clock import PlantClock
from controller.runtime.writer import Kick
from controller.site.model import Device, ModbusRtu, ModbusTcp, Mode, Mqtt, Recording, Tls
from drivers.link import Link
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.serial import longest_exchange_s, serial_connector
from drivers.modbus.tcp import tcp_connector
from drivers.modbus.wire import Connect
from drivers.points import BlockBuffer, DataType, RegisterBlock, TopicBlock
from drivers.tls import client_context

if TYPE_CHECKING:
    from drivers.mqtt.mqtt_link import MqttLink

KICKS_A_TIMEOUT = 4
"""Signs of life that a module gets within its watchdog's time."""


@dataclass(frozen=True, slots=True)
class Field:
    """The field as the scan sees it: links by name, buffers in layout order, link of each device, watchdogs to keep alive.

    The buffers are parts of one, `room`: it is the next image, and frozen in one piece.
    """

    links: dict[str, Link]
    room: BlockBuffer
    buffers: tuple[BlockBuffer, ...]
    link_of_device: dict[str, Link]
    kicks: tuple[Kick, ...]


def assemble(layout: Layout, clock: PlantClock, folder: Path) -> Field:
    """Make the links of a checked site; relative files of recordings are found in `folder`. Nothing is connected yet.

    In shadow mode every link is read-only and no module's watchdog is kicked: whoever drives the plant does that. Raises LinkError for a
    recording and OSError for a password file that cannot be read.
    """
    site = layout.site
    room = BlockBuffer.empty(layout.n_points)
    parts = {block.name: room.part(layout.first[block.name], block.count) for block in layout.blocks}
    links = {name: _link(name, layout, clock, folder, parts) for name in site.links}
    of_device = {name: links[device.link] for name, device in site.devices.items()}
    buffers = tuple(of_device[block.device].buffers[block.name] for block in layout.blocks)
    shadow = site.site.mode is Mode.SHADOW
    return Field(links, room, buffers, of_device, () if shadow else _kicks(layout, clock))


def device_of(layout: Layout) -> Callable[[int], str]:
    """Device of an image index."""
    return lambda point: layout.site.blocks[layout.place_of(point)[0]].device


def _link(name: str, layout: Layout, clock: PlantClock, folder: Path, parts: Mapping[str, BlockBuffer]) -> Link:
    entry = layout.site.links[name]
    devices = {device: model for device, model in layout.site.devices.items() if model.link == name}
    match entry:
        case ModbusTcp() | ModbusRtu():
            return _modbus(name, entry, layout, devices, clock, folder, parts)
        case Mqtt():
            return _mqtt(name, entry, layout, devices, clock, folder, parts)
        case Recording():
            from drivers.recording import RecordingLink, read_recording  # noqa: PLC0415 (tables are loaded by those who need them)

            recording = read_recording(folder / entry.file, folder / entry.mapping)
            return RecordingLink(
                name,
                recording,
                _blocks(layout, devices),
                clock.tick_ms,
                rate=entry.speed,
                speed=clock.speed,
                buffers=parts,
            )


def _modbus(
    name: str,
    entry: ModbusTcp | ModbusRtu,
    layout: Layout,
    devices: Mapping[str, Device],
    clock: PlantClock,
    folder: Path,
    parts: Mapping[str, BlockBuffer],
) -> ModbusLink:
    limits = {d: DeviceLimits(m.max_registers, m.max_gap, m.depth) for d, m in devices.items()}
    blocks = _register_blocks(layout, devices)
    read_only = layout.site.site.mode is Mode.SHADOW
    framing, connect = wire_of(name, entry, devices, folder)
    wire_s = longest_exchange_s(entry.baud) if isinstance(entry, ModbusRtu) else 0.0
    wire_s += max((model.spacing_s for model in devices.values()), default=0.0)
    timing = (entry.timeout_s, clock.tick_ms)
    return ModbusLink(name, connect, framing, blocks, limits, *timing, read_only, clock.speed, wire_s, parts)


def wire_of(
    name: str, entry: ModbusTcp | ModbusRtu, devices: Mapping[str, Device], folder: Path
) -> tuple[Framing, Connect]:
    """Framing of link `name` of these devices, and how it is connected; its files are in `folder`. Raises LinkError for a bad certificate."""
    timeout_s = entry.timeout_s
    spacing_s = {model.unit: model.spacing_s for model in devices.values() if model.spacing_s}
    if isinstance(entry, ModbusRtu):
        parity = entry.parity.value
        return Framing.RTU, serial_connector(
            name, entry.port, entry.baud, parity, entry.stop_bits, timeout_s, spacing_s
        )
    host, port = _endpoint(entry.endpoint)
    framing, tls = Framing(entry.framing.value), tls_of(name, entry.tls, folder)
    server_name = entry.tls.server_name if entry.tls else ""
    return framing, tcp_connector(name, host, port, framing, timeout_s, tls, server_name, spacing_s)


def tls_of(name: str, tls: Tls | None, folder: Path) -> ssl.SSLContext | None:
    """The context of link `name` if it has transport security; its files are in `folder`. Raises LinkError for a bad certificate."""
    if tls is None:
        return None
    certificate_file, key_file = (folder / file if file else None for file in (tls.certificate_file, tls.key_file))
    return client_context(folder / tls.ca_file, certificate_file, key_file, place=f"links.{name}.tls")


def _mqtt(
    name: str,
    entry: Mqtt,
    layout: Layout,
    devices: Mapping[str, Device],
    clock: PlantClock,
    folder: Path,
    parts: Mapping[str, BlockBuffer],
) -> "MqttLink":
    from drivers.mqtt.mqtt_link import MqttLink  # noqa: PLC0415 (its library is large, and loaded where there is a broker)

    host, port = _endpoint(entry.endpoint)
    blocks = {block.name: block for block in layout.blocks if isinstance(block, TopicBlock) and block.device in devices}
    heartbeats = {device: model.heartbeat for device, model in devices.items() if model.heartbeat}
    password = password_of(entry, folder)
    tls = tls_of(name, entry.tls, folder)
    return MqttLink(
        name,
        host,
        port,
        blocks,
        heartbeats,
        clock.tick_ms,
        clock.speed,
        entry.keepalive_s,
        entry.username,
        password,
        entry.version,
        tls,
        entry.tls.server_name if entry.tls else "",
        parts,
    )


def password_of(entry: Mqtt, folder: Path) -> str:
    """The password of a link, whose file is in `folder`; empty if it has none. Raises OSError for a file that cannot be read."""
    return (folder / entry.password_file).read_text(encoding="utf-8").strip() if entry.password_file else ""


def _endpoint(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), int(port)


def _register_blocks(layout: Layout, devices: Mapping[str, Device]) -> dict[str, RegisterBlock]:
    return {b.name: b for b in layout.blocks if isinstance(b, RegisterBlock) and b.device in devices}


def _blocks(layout: Layout, devices: Mapping[str, Device]) -> dict[str, RegisterBlock | TopicBlock]:
    return {block.name: block for block in layout.blocks if block.device in devices}


def _kicks(layout: Layout, clock: PlantClock) -> tuple[Kick, ...]:
    kicks = []
    for device in layout.site.devices.values():
        if device.watchdog is not None:
            point = layout.point(device.watchdog.point)
            block = layout.site.blocks[layout.place_of(point)[0]]
            period_s = clock.wall_s(device.watchdog.timeout_s / KICKS_A_TIMEOUT)
            kicks.append(Kick(point, period_s, block.type is DataType.BIT))
    return tuple(kicks)
