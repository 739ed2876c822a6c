"""Devices on links, and the registers or topics that are read from them."""

from controller.site.model.strict import Strict
from drivers.points import DataType, Order, Table


class Watchdog(Strict, frozen=True, kw_only=True):
    """A module's own watchdog: Haechi writes a changing number to `point`, or it falls back after `timeout_s`."""

    point: str
    timeout_s: float


class Device(Strict, frozen=True, kw_only=True):
    """A unit on a link. `max_registers` and `max_gap` bound the read plan."""

    link: str
    unit: int = 1
    max_registers: int = 125
    max_gap: int = 8
    depth: int = 1
    """Requests in flight together; more than one takes transaction ids (framing tcp) and a device that bears it."""
    spacing_s: float = 0.0
    """Silence (wall time) before each request to this unit."""
    watchdog: Watchdog | None = None
    heartbeat: str = ""
    """MQTT: the device's heartbeat topic, whose payload is a counter."""


class Identity(Strict, frozen=True, kw_only=True):
    """A register of the block's table that always holds `value`, read in the same request as the block: it proves whose reply came."""

    address: int
    value: int


class Block(Strict, frozen=True, kw_only=True):
    """A run of registers (table, address, type) or a list of topics (topics, field)."""

    device: str
    period_s: float = 1.0
    max_age_s: float = 5.0
    count: int = 1
    table: Table | None = None
    address: int | None = None
    type: DataType = DataType.UINT16
    order: Order = Order.ABCD
    """Of words and bytes within a value, as its device sends it."""
    factor: float = 1.0
    offset: float = 0.0
    invalid: tuple[int, ...] = ()
    counter: int | None = None
    identity: Identity | None = None
    topics: tuple[str, ...] = ()
    field: str = ""
    unit: str = ""
    """Unit of the value, for people: degC, V, ppm, %/m."""
    writable: bool = False
