"""Links: endpoints and ttys, how a serial line is set, and who must show a certificate."""

import ipaddress
import math
import re
from collections.abc import Iterator

from controller.site.look import TOLD_WITHIN_S, Look
from controller.site.model import Link, ModbusRtu, ModbusTcp, Mqtt, Parity, Recording, Tls
from controller.site.problem import Problem

_ENDPOINT = re.compile(r"(\[(?P<ipv6>[^\s\[\]]+)\]|(?P<name>[^\s:\[\]]+)):(?P<port>[0-9]+)")
_PORTS = range(1, 65536)
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000)
"""What a tty of Linux can be set to (termios), from where a scan could still be carried."""
_KEEPALIVE_S = (1, 2)
"""A frozen broker is noticed after two of these and a second, 5 s at most."""
_MOST_REQUESTS_PER_S = 10_000
"""A budget that bounds nothing (assumed: more than any unit of a plant answers)."""
_FASTEST_RECORDING = 10_000
"""So many times faster than it was made (assumed: a day in nine seconds)."""


def links(look: Look) -> Iterator[Problem]:
    """Problems of links, each by itself, and of two that are one wire."""
    places: dict[str, str] = {}
    for name, link in look.site.links.items():
        if isinstance(link, Recording):
            yield from _recording(f"links.{name}", link)
            continue
        yield from _link(f"links.{name}", link)
        if not isinstance(link, Mqtt):
            yield from _stale_before_late(look, name, link.timeout_s)
        field, place, sharers = _place(link)
        other = places.setdefault(place, name)
        if other != name:
            what = f"{place} is link {other} already, so the two are not independent"
            yield Problem(f"links.{name}.{field}", what, f"put the units of one {sharers} on one link")


def _place(link: ModbusTcp | ModbusRtu | Mqtt) -> tuple[str, str, str]:
    """Field that says where the link is, its text, and what that is called."""
    return ("port", link.port, "tty") if isinstance(link, ModbusRtu) else ("endpoint", link.endpoint, "endpoint")


def _link(path: str, link: Link) -> Iterator[Problem]:
    match link:
        case ModbusTcp():
            yield from _endpoint(path, link.endpoint)
            yield from _modbus(path, link)
            if link.tls:
                yield from _tls(f"{path}.tls", link.tls, mutual=True)
        case ModbusRtu():
            yield from _modbus(path, link)
            yield from _serial(path, link)
        case Mqtt():
            yield from _endpoint(path, link.endpoint)
            yield from _mqtt(path, link)
            if link.tls:
                yield from _tls(f"{path}.tls", link.tls, mutual=False)


def _endpoint(path: str, endpoint: str) -> Iterator[Problem]:
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        remedy = "write host:port, an IPv6 address in brackets: [::1]:502"
        yield Problem(f"{path}.endpoint", f"{endpoint!r} is not an endpoint", remedy)
        return
    if len(match["port"]) > len("65535") or int(match["port"]) not in _PORTS:
        yield Problem(f"{path}.endpoint", f"port {match['port']} does not exist", "choose 1 to 65535; Modbus has 502")
    if match["ipv6"] and not _is_ipv6(match["ipv6"]):
        what = f"{match['ipv6']!r} in brackets is no IPv6 address"
        yield Problem(f"{path}.endpoint", what, "write [::1]:502, and names and IPv4 addresses without brackets")
    if match["name"] and not _is_name(match["name"]):
        what = f"no name server can be asked for {match['name']!r}"
        yield Problem(f"{path}.endpoint", what, "a host name is made of parts of 1 to 63 characters with dots between")


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    try:
        text.encode("idna")
    except UnicodeError:
        return False
    return "\0" not in text


def _modbus(path: str, link: ModbusTcp | ModbusRtu) -> Iterator[Problem]:
    if link.timeout_s <= 0:
        yield Problem(f"{path}.timeout_s", f"a time-out of {link.timeout_s:g} s", "state seconds above 0; 0.3 is usual")
    budget_per_s = link.budget_requests_per_s
    if budget_per_s <= 0 or _MOST_REQUESTS_PER_S < budget_per_s < math.inf:
        what = f"a budget of {budget_per_s:g} requests a second"
        remedy = f"state what the slowest unit bears, {_MOST_REQUESTS_PER_S} at most"
        yield Problem(f"{path}.budget_requests_per_s", what, remedy)


def _stale_before_late(look: Look, name: str, timeout_s: float) -> Iterator[Problem]:
    """An answer that does not come must be told before the values that it was to renew are too old to use."""
    ages = {
        f"the values of block {block_name} are stale after": block.max_age_s
        for block_name, block in look.site.blocks.items()
        if (device := look.site.devices.get(block.device)) is not None and device.link == name and block.max_age_s > 0
    }
    what, shortest_s = min(
        ages.items(), key=lambda age: age[1], default=("a lost device must be told within", math.inf)
    )
    if shortest_s > TOLD_WITHIN_S:
        what, shortest_s = "a lost device must be told within", TOLD_WITHIN_S
    if shortest_s < timeout_s < math.inf:
        what = f"a request may take {timeout_s:g} s, but {what} {shortest_s:g} s"
        yield Problem(f"links.{name}.timeout_s", what, f"{shortest_s:g} s at most; 0.3 is usual")


def _recording(path: str, link: Recording) -> Iterator[Problem]:
    if link.speed <= 0 or _FASTEST_RECORDING < link.speed < math.inf:
        what = f"a recording played {link.speed:g} times as fast"
        yield Problem(f"{path}.speed", what, f"choose a speed above 0, {_FASTEST_RECORDING} at most")


def _serial(path: str, link: ModbusRtu) -> Iterator[Problem]:
    if not link.port.startswith("/"):
        what = f"{link.port!r} is not the path of a tty"
        yield Problem(f"{path}.port", what, "write its lasting name, /dev/serial/by-id/...; ttyUSB numbers change")
    if link.baud not in BAUDS:
        yield Problem(f"{path}.baud", f"no tty runs at {link.baud} baud", f"one of {', '.join(map(str, BAUDS))}")
    if link.parity is not Parity.NONE and link.stop_bits != 1:
        what = (
            f"{link.parity} parity with {link.stop_bits} stop bits makes characters of 12 bits, Modbus knows 11 at most"
        )
        yield Problem(f"{path}.stop_bits", what, 'stop_bits = 1; two belong to parity = "none"')


def _mqtt(path: str, link: Mqtt) -> Iterator[Problem]:
    if not _KEEPALIVE_S[0] <= link.keepalive_s <= _KEEPALIVE_S[1]:
        noticed_s = 2 * link.keepalive_s + 1
        never = "never" if link.keepalive_s < 1 else f"after {noticed_s} s only"
        yield Problem(f"{path}.keepalive_s", f"a frozen broker would be noticed {never}", "choose 1 or 2 s")
    if link.password_file and not link.username:
        yield Problem(f"{path}.password_file", "a password without a user name", "state username, or take it out")


def _tls(path: str, tls: Tls, *, mutual: bool) -> Iterator[Problem]:
    if not tls.ca_file:
        what = "no authority is named, so any certificate would do"
        yield Problem(f"{path}.ca_file", what, "name the PEM file of the authority that signed the peer's certificate")
    if tls.server_name and not _is_name(tls.server_name):
        yield Problem(
            f"{path}.server_name", f"{tls.server_name!r} is no name", "state the name that the certificate shows"
        )
    own = bool(tls.certificate_file), bool(tls.key_file)
    if own[0] != own[1]:
        field = "key_file" if own[0] else "certificate_file"
        yield Problem(f"{path}.{field}", "of certificate and key only one is named", "name both PEM files")
    elif mutual and not any(own):
        what = "Modbus over TLS is mutual: the device asks for our certificate"
        yield Problem(f"{path}.certificate_file", what, "name certificate_file and key_file")
