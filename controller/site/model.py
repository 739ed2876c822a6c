"""The site model: what stands in a site file, as frozen structs. Unknown fields are refused; units are in the names.

Collections are tables by name. A table name may hold one range, `bms-[1-8]`: the loader makes one entry a number and
puts `{n}` (the number) and `{i}` (its place, from 0) into every text of the entry. A *point reference* is `block` (all
its points), `block[3]` or `block[0:16]`.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from drivers.points import DataType, Order, Table


class Mode(StrEnum):
    """How far the daemon may go (design: three uses)."""

    SHADOW = "shadow"
    REQUEST = "request"
    DIRECT = "direct"


class Family(StrEnum):
    """What a head senses. `PHYSICS` maps it to the physics family that rule 3 counts."""

    CELL_TEMPERATURE = "cell-temperature"
    CELL_VOLTAGE = "cell-voltage"
    H2 = "h2"
    CO = "co"
    VOC = "voc"
    SMOKE = "smoke"
    HEAT = "heat"
    CLIMATE_TEMPERATURE = "climate-temperature"
    CLIMATE_HUMIDITY = "climate-humidity"
    CALL_POINT = "call-point"
    HOLD = "hold"
    ABORT = "abort"
    MODE_KEY = "mode-key"
    OCCUPIED = "occupied"
    DOOR = "door"
    OBSTRUCTION = "obstruction"
    DISCHARGING = "discharging"
    LOW_AGENT = "low-agent"
    RESERVE_KEY = "reserve-key"
    MECHANICAL_BLOCK = "mechanical-block"


class Physics(StrEnum):
    """The physics families of rule 3. All values of one BMS are one family on one device."""

    BMS = "bms"
    GAS = "gas"
    SMOKE = "smoke"
    HEAT = "heat"
    CLIMATE = "climate"
    WIRED = "wired"


PHYSICS: dict[Family, Physics] = {
    Family.CELL_TEMPERATURE: Physics.BMS,
    Family.CELL_VOLTAGE: Physics.BMS,
    Family.H2: Physics.GAS,
    Family.CO: Physics.GAS,
    Family.VOC: Physics.GAS,
    Family.SMOKE: Physics.SMOKE,
    Family.HEAT: Physics.HEAT,
    Family.CLIMATE_TEMPERATURE: Physics.CLIMATE,
    Family.CLIMATE_HUMIDITY: Physics.CLIMATE,
} | dict.fromkeys(
    (
        Family.CALL_POINT,
        Family.HOLD,
        Family.ABORT,
        Family.MODE_KEY,
        Family.OCCUPIED,
        Family.DOOR,
        Family.OBSTRUCTION,
        Family.DISCHARGING,
        Family.LOW_AGENT,
        Family.RESERVE_KEY,
        Family.MECHANICAL_BLOCK,
    ),
    Physics.WIRED,
)


ANTIVALENT = frozenset({Family.CALL_POINT, Family.MECHANICAL_BLOCK})
"""Wired inputs of two contacts, of which one is closed and the other open: pressed and not pressed, blocked and normal."""


class Principle(StrEnum):
    """How a gas head measures, which says what else it reads and what harms it."""

    SOLID_STATE = "solid-state"
    ELECTROCHEMICAL = "electrochemical"
    PHOTOIONISATION = "photoionisation"
    CATALYTIC = "catalytic"


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all: frozen, unknown fields refused (and keyword-only, which msgspec asks for class by class)."""


TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""HH:MM of the machine's local time."""


class Night(Strict, frozen=True, kw_only=True):
    """From when to when nobody is expected: heads with `night_share` are more sensitive. Over midnight when it ends before it begins."""

    begins: TimeOfDay = msgspec.field(name="from")
    ends: TimeOfDay = msgspec.field(name="to")


class SiteInfo(Strict, frozen=True, kw_only=True):
    """[site]: name, how far the daemon may go, the scan, and limits that hold for the whole site."""

    name: str
    mode: Mode = Mode.SHADOW
    scan_s: float = 0.1
    language: Literal["en", "ko"] = "en"
    max_automatic_openings: int = 2
    """Breakers that may be opened without a person in one event (responses, isolate)."""
    while_discharging: Literal["open", "ask"] = "ask"
    """What isolation does while the UPS carries the load: open all the same, or ask a person."""
    trouble_delay_s: float = 3.0
    """How long a device may be out before it is a trouble. With the age of its values it makes at most 10 s (checker)."""
    night: Night | None = None
    """None: it is always day."""


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


class Limits(Strict, frozen=True, kw_only=True):
    """What a head's values are judged by. None: the default of the family (`controller.core.detect.defaults`)."""

    low: float | None = None
    """Validity: below is absurd."""
    high: float | None = None
    """Validity: above is absurd."""
    advisory: float | None = None
    pre_alarm: float | None = None
    alarm: float | None = None
    hysteresis: float | None = None
    persistence_s: float | None = None
    deviation_advisory: float | None = None
    deviation_pre_alarm: float | None = None
    rate_window_s: float | None = None
    rate_pre_alarm: float | None = None
    """Units per second."""
    rate_alarm: float | None = None
    rate_floor: float | None = None
    """Value below which a rate of rise is not judged."""
    slew: float | None = None
    """Units per second above which a step is absurd."""
    stuck_s: float | None = None
    """0 switches the test off (coarse steps)."""
    fire_2: float | None = None
    """Smoke: the stage above `alarm` (fire 1), the same by day and by night; two heads of one family may release at it (`same_family`)."""
    night_share: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] | None = None
    """Smoke: at night (`[site] night`) advisory, pre-alarm and alarm are times this."""
    drift_limit: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    """Smoke: most that the slow drift of clean air is compensated, either way; a head that has reached it is a maintenance trouble."""
    fast_rise: float | None = None
    """Smoke: units per second from which a stage is believed after two samples, not after `persistence_s`."""
    slope_clip: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: an innovation counts for the slopes up to this and twice the trend (Huber)."""
    bias_tau_s: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: memory of the slow bias of a cell against its module, and of its spread."""
    suspicious: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: farther from the module and the bias than this, bias and spread stand still."""
    spread_floor: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: the spread is never taken to be less."""
    cusum_slack: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: deviation that a cumulative sum lets pass, in spreads."""
    cusum_limit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cells: cumulative sum that is an advisory, in spreads (`controller.core.detect.run_length`)."""
    heat_slack: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    """Cell temperatures: rise of a whole module beyond its habit that its heat balance lets pass, K/s; so much habit is learnt at most."""
    common_rise: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cell temperatures: rise of a whole module beyond its heat balance that is an advisory, K."""
    dip: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Cell temperatures: sudden fall of a suspicious cell that is a sign of a vent, K."""
    noise: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    """Gas: standard deviation of the values of normal life."""
    min_rise: float | None = None
    """Gas: rise over the slow base below which no likelihood ratio counts."""


class Head(Strict, frozen=True, kw_only=True):
    """Points of one family in one zone. Two points for a call point: normally open, then normally closed contact."""

    family: Family
    zone: str
    points: tuple[str, ...]
    rack: str = ""
    group: int = 0
    """Neighbours compared with their median (cells of a module); 0: no comparison."""
    reference: bool = False
    """Gas: the room reference, not in a rack; subtracted from the rack heads of its family."""
    principle: Principle | None = None
    """Gas: how it measures; None: as is usual for its family. The simulated plant's heads behave by it."""
    active: Literal[0, 1] = 1
    """Wired inputs with one contact: the level that means "yes"."""
    limits: Limits = Limits()


class Strategy(StrEnum):
    """Abort and hold strategies, after the makers' documents of domain.md 4.1. Manual release beats them all, flooding ends them all."""

    HOLD_RELOAD = "hold-reload"
    """While the hold contact is on nothing counts; then the whole pre-warning anew. An abort contact aborts until a reset."""
    LATCHED_ABORT = "latched-abort"
    """The abort contact aborts until a reset; a hold contact does nothing."""
    ULI = "uli"
    """While the abort contact is on the countdown runs on to 10 s and stops there; from below it goes back to 10 s."""
    IRI = "iri"
    """As `uli`, but only for a press between the first alarm and the second."""
    NYC = "nyc"
    """Each press sets the countdown to the pre-warning and 90 s more, 120 s at most; it runs on."""
    LOCAL = "local"
    """As the authority having jurisdiction has it: as `hold-reload`, by the abort contact, which aborts nothing."""
    DEAD_MAN = "dead-man"
    """While the abort contact is pressed nothing counts; let go, the countdown goes on from where it stood."""
    NONE = "none"


class Release(Strict, frozen=True, kw_only=True):
    """The agent of a zone: outputs, times (seconds), strategy, coincidence and arbiter policies."""

    output: str
    reserve_output: str = ""
    discharged: str
    """Point of the pressure or flow switch that proves release (rule 8)."""
    pre_warning_s: float = 30.0
    manual_delay_s: float = 10.0
    strategy: Strategy = Strategy.HOLD_RELOAD
    confirm_s: float = 30.0
    attempts: int = 2
    flooding_s: float = 120.0
    hold_time_s: float = 600.0
    coincidence_window_s: float = 1800.0
    same_family: bool = False
    """Two heads of one family may release (rule 3); shown wherever availability is shown."""
    same_family_hold_s: float = 20.0
    """They count only while both have stood at fire 2 for so long: steam and dust dim every head of a room, and less (assumed)."""
    faulty_member: Literal["degrade", "block"] = "degrade"
    """Rule 9: with a faulty or disabled member the rest still coincides (degrade), or there is no automatic release."""
    reset_lock_s: float = 0.0
    """No reset for so long after the release was activated."""
    loss_of_one: Literal["full", "degraded", "unavailable"] | None = None
    """The least that automatic release may be worth when any one device or link is lost; `haechi verify` holds the site to it."""
    purge_limit_s: float = 120.0
    """Rule 6: bound of "exhaust first"."""
    purge_above_h2_ppm: float = 10000.0
    """25 % of the lower flammable limit of hydrogen (4 vol%)."""
    dampers: tuple[str, ...] = ()
    damper_unproven: Literal["block", "release"] = "release"


class Cooling(Strict, frozen=True, kw_only=True):
    """Coolant of a battery zone. `{rack}` outputs are found by role and rack."""

    flow: str
    """Point of the flow measurement, litres per minute."""
    flow_min_lpm: float = 20.0
    neighbours: int = 1
    """Racks on either side that are protected as well."""
    limit_s: float = 240.0
    """First fire alarm to coolant flowing (time budget)."""
    ask_after_s: float = 20.0
    """Isolation not proven for so long: a person is asked (rule 7)."""
    guard_below_degc: float = 60.0
    guard_hold_s: float = 600.0
    guard_watch_h: float = 24.0


class Zone(Strict, frozen=True, kw_only=True):
    """A room: its racks in their order along the wall, its agent and its coolant if it has them."""

    title: str
    title_ko: str = ""
    racks: tuple[str, ...] = ()
    occupied_at_start: bool = False
    release: Release | None = None
    cooling: Cooling | None = None
    isolation_limit_s: float = 10.0
    """First fire alarm to isolation proven (time budget)."""
    hand_over_after_s: float = 1200.0
    """Not controlled for so long after the first fire alarm: hand over to the brigade."""


class Role(StrEnum):
    """What an output does; the plant of the simulator and the actuator logic find outputs by it."""

    CHARGER_STOP = "charger-stop"
    BREAKER = "breaker"
    EXHAUST = "exhaust"
    DAMPER = "damper"
    RELIEF = "relief"
    HVAC_STOP = "hvac-stop"
    CURTAIN = "curtain"
    WATER_BARRIER = "water-barrier"
    AGENT = "agent"
    AGENT_RESERVE = "agent-reserve"
    PUMP = "pump"
    COOLANT = "coolant"
    DRAIN = "drain"
    SOUNDER = "sounder"
    BEACON = "beacon"
    DOOR_HOLDER = "door-holder"
    FIRE_RELAY = "fire-relay"
    FAULT_RELAY = "fault-relay"


class Feedback(Strict, frozen=True, kw_only=True):
    """The field's own word that an output worked: `point` reads `active` (within `tolerance`) when it is driven."""

    point: str
    active: float = 1.0
    inactive: float = 0.0
    tolerance: float = 0.5
    at_least: bool = False
    """The feedback is a measurement that must reach `active` (flow), not a contact."""


class Output(Strict, frozen=True, kw_only=True):
    """An output: one channel, or two for release (arm, fire; on two modules). Levels, never pulses (rule 11)."""

    role: Role
    zone: str
    channels: tuple[str, ...]
    normal: Literal[0, 1] = 0
    on_restart: Literal["keep", 0, 1]
    on_comm_loss: Literal["hold", 0, 1]
    rack: str = ""
    feedback: Feedback | None = None
    confirm_s: float = 3.0
    retries: int = 1
    consequence: str = "output_unconfirmed"
    """Trip raised when it is not confirmed."""
    panel_input: bool = False
    """Agent: its channels are inputs of a certified releasing panel, which has the last word (mode `request`), not valves (mode `direct`)."""


class Row(Strict, frozen=True, kw_only=True):
    """One row of the cause-and-effect matrix: enough causes of `when` and none of `unless` drive all of `then`."""

    when: tuple[str, ...]
    then: tuple[str, ...]
    unless: tuple[str, ...] = ()
    votes: int = 1
    """So many causes of `when` must hold at the same time."""
    delay_s: float = 0.0
    latch: bool = False
    """Once it drives, it goes on until a zone that its causes name is reset."""
    for_s: float = 0.0
    """It drives for so long at most, then its causes must go before it drives again; 0: as long as they hold. A level of its own (rule 11)."""
    at: Literal["always", "day", "night"] = "always"
    to: Literal["active", "normal"] = "active"
    """Where it drives its outputs: `normal` holds them back."""
    priority: int = 0
    """Of the rows that drive an output the one with the highest priority counts; among equals `active` does."""


class Site(Strict, frozen=True, kw_only=True):
    """A whole site file."""

    site: SiteInfo
    links: dict[str, Link]
    devices: dict[str, Device]
    blocks: dict[str, Block]
    zones: dict[str, Zone]
    heads: dict[str, Head]
    outputs: dict[str, Output]
    matrix: dict[str, Row]
    settings: dict[Family, Limits] = {}
    """Limits by head type, between the defaults of the family and the limits of a head."""


def limits_within(settings: Limits, head: Limits) -> Limits:
    """The limits of a head's table, and for those that it leaves open the ones of its head type's table (both may leave one open)."""
    said = {name: value for name, value in msgspec.structs.asdict(head).items() if value is not None}
    return msgspec.structs.replace(settings, **said)
