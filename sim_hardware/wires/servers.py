"""Every wire of a site as the plant holds its other end: Modbus servers on TCP (by the name of their kind) and on ttys, MQTT publishers."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from controller.runtime.assemble import password_of, tls_of
from controller.site.model import ModbusRtu, ModbusTcp, Mqtt, Site
from drivers.mqtt.session import Broker
from drivers.tls import load_files
from sim_hardware.rehost import split_endpoint
from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.mqtt_publisher import MqttPublisher
from sim_hardware.wires.pymodbus_server import PymodbusServer
from sim_hardware.wires.serial_server import SerialServer
from sim_hardware.wires.served import Served

AnyServer = ModbusServer | PymodbusServer
OWN = "own"
SERVERS: Mapping[str, type[AnyServer]] = {OWN: ModbusServer, "pymodbus": PymodbusServer}
"""The own one bears any number of requests in flight; pymodbus is the plain second implementation."""


def server_tls(certificate_file: Path, key_file: Path, ca_file: Path) -> ssl.SSLContext:
    """The context of the plant's devices: TLS 1.2 or newer, mutual; a client needs a certificate of the CA. Raises LinkError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    load_files(context, ca_file, certificate_file, key_file, "the plant's TLS")
    return context


def modbus_servers(
    plant: Served, kind: str, behind: frozenset[tuple[str, int]], tls: ssl.SSLContext | None
) -> dict[tuple[str, int], AnyServer]:
    """A server an endpoint of the site; at the endpoints of `behind` stands a proxy, so theirs listens on any port.

    Raises ValueError for links with TLS without a context for them, or over pymodbus.
    """
    site = plant.layout.site
    _check_tls(site, kind, tls)
    units = _units(site)
    servers: dict[tuple[str, int], AnyServer] = {}
    for name, link in site.links.items():
        if not isinstance(link, ModbusTcp) or not units[name]:
            continue
        host, port = endpoint = split_endpoint(link.endpoint)
        port = 0 if endpoint in behind else port
        if link.tls is not None:
            servers[endpoint] = ModbusServer(plant, host, port, units[name], link.framing, tls)
        else:
            servers[endpoint] = SERVERS[kind](plant, host, port, units[name], link.framing)
    return servers


def _check_tls(site: Site, kind: str, tls: ssl.SSLContext | None) -> None:
    secured = [name for name, link in site.links.items() if isinstance(link, ModbusTcp) and link.tls is not None]
    if secured and tls is None:
        raise ValueError(
            f"links {', '.join(secured)}: they speak TLS, for which the plant has no certificate; remedy: --tls-certificate FILE "
            "--tls-key FILE --tls-ca FILE (the CA that signed the controller's certificate)"
        )
    if secured and kind != OWN:
        raise ValueError(
            f"links {', '.join(secured)}: the server {kind} is served without TLS only; remedy: --server {OWN}"
        )


def serial_servers(plant: Served, ttys: Mapping[str, str]) -> dict[str, SerialServer]:
    """A server a serial link of the site, on the plant's end of its line. Raises ValueError for a link without one, and for one too many."""
    site = plant.layout.site
    lines = {name: link for name, link in site.links.items() if isinstance(link, ModbusRtu)}
    if unknown := [name for name in ttys if name not in lines]:
        raise ValueError(
            f"--serial {unknown[0]}: no serial link of the site; remedy: one of {', '.join(lines) or '(it has none)'}"
        )
    if missing := [name for name in lines if name not in ttys]:
        port = lines[missing[0]].port
        raise ValueError(
            f"links {', '.join(missing)}: serial lines whose other end the plant does not have; remedy: "
            f"{' '.join(f'--serial {name}=TTY' for name in missing)}; a pair of ttys without a cable: "
            f"socat pty,raw,echo=0,link={port} pty,raw,echo=0,link=TTY"
        )
    if taken := [name for name, link in lines.items() if ttys[name] == link.port]:
        raise ValueError(
            f"--serial {taken[0]}={ttys[taken[0]]}: that end is the controller's; remedy: the other end of the line"
        )
    units = _units(site)
    return {
        name: SerialServer(plant, ttys[name], units[name], link.baud, link.parity, link.stop_bits)
        for name, link in lines.items()
    }


def publishers(site: Site, behind: str, folder: Path) -> dict[str, MqttPublisher]:
    """A publisher an MQTT link, which meets the broker as the controller's link does; its files are in `folder`, that of the site file.

    `behind` (host:port) is the real broker where proxies stand at the endpoints of the site. Raises ValueError for a link with TLS
    behind a proxy, LinkError and OSError for files that cannot be used.
    """
    heartbeats = frozenset(device.heartbeat for device in site.devices.values() if device.heartbeat)
    links = {name: link for name, link in site.links.items() if isinstance(link, Mqtt)}
    if behind and (secured := [name for name, link in links.items() if link.tls is not None]):
        raise ValueError(
            f"--broker {behind}: what passes a faulty broker has to be read, links {', '.join(secured)} are encrypted; "
            "remedy: links without tls, or no --broker"
        )
    return {
        name: MqttPublisher(_broker(name, link, behind, folder), f"haechi-sim-{name}", heartbeats)
        for name, link in links.items()
    }


def _broker(name: str, link: Mqtt, behind: str, folder: Path) -> Broker:
    return Broker(
        *split_endpoint(behind or link.endpoint),
        version=link.version,
        tls=tls_of(name, link.tls, folder),
        server_name=link.tls.server_name if link.tls else "",
        username=link.username,
        password=password_of(link, folder),
    )


def _units(site: Site) -> dict[str, dict[int, str]]:
    """Device by unit number, by link."""
    units: dict[str, dict[int, str]] = {name: {} for name in site.links}
    for name, device in site.devices.items():
        units[device.link][device.unit] = name
    return units
