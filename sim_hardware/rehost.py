"""Move a site to other ports, so that tests and drills run beside each other; the same file serves the plant and the controller."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from controller.site.model import Framing, Link, ModbusRtu, ModbusTcp, Mqtt, Site


def rehost(site: Site, endpoints: Mapping[str, str] | int) -> Site:
    """The same site on other endpoints: link name to host:port (a serial line: to a tty), or a number that is added to every port.

    A link without an entry keeps its endpoint; a number leaves serial lines where they are. Raises ValueError for a port outside 1 to 65535.
    """
    links: dict[str, Link] = {}
    for name, link in site.links.items():
        links[name] = _moved(name, link, endpoints)
    return replace(site, links=links)


def _moved(name: str, link: Link, endpoints: Mapping[str, str] | int) -> Link:
    if isinstance(link, (ModbusTcp, Mqtt)):
        if isinstance(endpoints, int):
            _, port = split_endpoint(link.endpoint)
            host = link.endpoint.rpartition(":")[0]
            return replace(link, endpoint=f"{host}:{_checked(port + endpoints, name)}")
        return replace(link, endpoint=endpoints.get(name, link.endpoint))
    if isinstance(link, ModbusRtu) and not isinstance(endpoints, int):
        return replace(link, port=endpoints.get(name, link.port))
    return link


def plain(site: Site, *, own_broker: bool) -> Site:
    """The same site as a drill speaks to it on this machine, whose wires nobody else reaches.

    Without TLS and passwords, which need files that a drill does not have; a serial line as RTU over TCP, whose endpoint has yet to be given
    (`free_endpoints`, `rehost`). With `own_broker` MQTT 3.1.1, which is all that the drill's own broker speaks.
    """
    return replace(site, links={name: _plain(link, own_broker=own_broker) for name, link in site.links.items()})


def _plain(link: Link, *, own_broker: bool) -> Link:
    match link:
        case ModbusTcp():
            return replace(link, tls=None)
        case ModbusRtu():
            return ModbusTcp(
                endpoint=link.port,
                framing=Framing.RTU,
                timeout_s=link.timeout_s,
                budget_requests_per_s=link.budget_requests_per_s,
            )
        case Mqtt():
            version = "3.1.1" if own_broker else link.version
            return replace(link, tls=None, username="", password_file="", version=version)
        case _:
            return link


def free_endpoints(site: Site, host: str = "127.0.0.1") -> dict[str, str]:
    """Endpoints for the links of a site that have one, on ports free at this moment; links that share an endpoint go on sharing."""
    moved: dict[str, str] = {}
    sockets: list[socket.socket] = []
    for link in site.links.values():
        if not isinstance(link, (ModbusTcp, Mqtt)) or link.endpoint in moved:
            continue
        bound = socket.socket()
        bound.bind((host, 0))
        sockets.append(bound)
        moved[link.endpoint] = f"{host}:{bound.getsockname()[1]}"
    for bound in sockets:
        bound.close()
    return {name: moved[link.endpoint] for name, link in site.links.items() if isinstance(link, (ModbusTcp, Mqtt))}


def write_site(site: Site, path: Path) -> None:
    """Write a site as a file that `controller.site.loader` reads: ranges written out, defaults left out."""
    lines: list[str] = []
    for section, entries in _without_defaults(site).items():
        if section == "site":
            lines += ["[site]", *(f"{key} = {_toml(value)}" for key, value in entries.items())]
            continue
        for name, entry in entries.items():
            lines += [f"[{section}.{_toml(name)}]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def split_endpoint(endpoint: str) -> tuple[str, int]:
    """Host and port of `host:port`; an IPv6 address stands in brackets there. Raises ValueError."""
    host, colon, port = endpoint.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{endpoint!r} is no endpoint; remedy: host:port")
    return host.strip("[]"), int(port)


def _checked(port: int, link: str) -> int:
    if not 0 < port < 2**16:
        raise ValueError(f"links.{link}: port {port} does not exist; remedy: a smaller offset")
    return port


def _without_defaults(value: Any) -> Any:
    """Builtins of structs, without fields that stand at their defaults (TOML has no null)."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        fields = {} if config.tag is None else {config.tag_field: config.tag}
        for field in msgspec.structs.fields(value):
            item = getattr(value, field.name)
            if item is not None and item != field.default:
                fields[field.encode_name] = _without_defaults(item)
        return fields
    if isinstance(value, dict):
        return {key: _without_defaults(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_without_defaults(item) for item in value]
    return value


def _toml(value: Any) -> str:
    """A value as TOML; texts as JSON strings, which TOML's basic strings contain."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode()
