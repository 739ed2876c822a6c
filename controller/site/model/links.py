"""How devices are reached: buses, brokers, recordings."""

from enum import StrEnum
from typing import Literal

from controller.site.model.strict import Strict


class Tls(Strict, frozen=True, kw_only=True):
    """Transport security of a link. Files are PEM, relative to the site file's folder; `ca_file` alone is trusted, not the system's list."""

    ca_file: str
    certificate_file: str = ""
    """Our own certificate with its chain. Modbus asks for one (mutual); a broker may do without."""
    key_file: str = ""
    """The private key of our certificate, without a pass phrase."""
    server_name: str = ""
    """Name that the peer's certificate must show; empty: the host of the endpoint."""


class Framing(StrEnum):
    """How requests are framed on a TCP connection: with the header of Modbus TCP, or as on a serial line (a gateway that passes bytes on)."""

    TCP = "tcp"
    RTU = "rtu"


class ModbusTcp(Strict, frozen=True, kw_only=True, tag_field="kind", tag="modbus-tcp"):
    """A Modbus TCP connection: one client per endpoint; its units share it."""

    endpoint: str
    """host:port"""
    framing: Framing = Framing.TCP
    """`rtu` carries no transaction ids: nothing but its form tells whose reply came."""
    tls: Tls | None = None
    timeout_s: float = 0.3
    """Wall time that one request may take."""
    budget_requests_per_s: float = 200.0
    """What the bus and its slowest device bear (assumed, commissioning measures it); the checker refuses more."""


class Parity(StrEnum):
    """The parity bit of a serial line."""

    EVEN = "even"
    ODD = "odd"
    NONE = "none"


class ModbusRtu(Strict, frozen=True, kw_only=True, tag_field="kind", tag="modbus-rtu"):
    """A serial line: one request after the other, whatever the number of units."""

    port: str
    """The tty, best by its lasting name: /dev/serial/by-id/..."""
    baud: int = 19200
    parity: Parity = Parity.EVEN
    stop_bits: Literal[1, 2] = 1
    timeout_s: float = 0.3
    """Wall time that a unit may take to begin its answer; what request and answer take on the line comes on top."""
    budget_requests_per_s: float = 20.0
    """What the bus and its slowest device bear (assumed, commissioning measures it); the checker refuses more.

    It also refuses what the line cannot carry at its baud."""


class Mqtt(Strict, frozen=True, kw_only=True, tag_field="kind", tag="mqtt"):
    """A broker connection. MQTT values never count towards release (rule 3)."""

    endpoint: str
    version: Literal["3.1.1", "5"] = "3.1.1"
    """3.1.1 is what every broker speaks; only with 5 does a broker say that it refused a message, so state 5 where the broker bears it."""
    tls: Tls | None = None
    username: str = ""
    password_file: str = ""
    """A file with the password, relative to the site file's folder."""
    keepalive_s: int = 2
    """A frozen broker is noticed after two of these and a second."""


class Recording(Strict, frozen=True, kw_only=True, tag_field="kind", tag="recording"):
    """A recording as a link: CSV (gzip or not) with a mapping file."""

    file: str
    mapping: str
    speed: float = 1.0


Link = ModbusTcp | ModbusRtu | Mqtt | Recording


def has_transaction_ids(link: Link) -> bool:
    """Whether each request of the link carries a number that its reply brings back. Without one, two requests must differ in form."""
    return isinstance(link, ModbusTcp) and link.framing is Framing.TCP
