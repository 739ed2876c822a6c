"""The simulator's own kernels, compiled ahead into a library beside the daemon's: a drill spends a tenth less of its time on calling them."""

from pathlib import Path

from controller.core.events import Write
from controller.site.model import Block, Device, Family, Head, Limits, Link, ModbusTcp, Site, SiteInfo, Zone
from drivers.compiled import library
from drivers.compiled.build import build
from drivers.compiled.cpu import kinds_here
from drivers.compiled.door import KERNELS
from drivers.compiled.library import LibraryError
from drivers.points import Table
from sim_hardware.devices.plant import Plant
from sim_hardware.physics.server_room import ServerRoom
from sim_hardware.virtual_field import VirtualField

FOLDER = Path(__file__).parent / "built"
PLAYED_S = 3
"""Plant time in which every sensor of the site that is played has sampled and been polled."""

_HEADS = (
    ("room", "r1", Family.CELL_TEMPERATURE, 8),
    ("room", "r1", Family.CELL_VOLTAGE, 8),
    ("room", "r1", Family.H2, 1),
    ("room", "", Family.CO, 1),
    ("room", "", Family.SMOKE, 1),
    ("room", "", Family.HEAT, 2),
    ("servers", "", Family.CLIMATE_TEMPERATURE, 2),
    ("servers", "", Family.CLIMATE_HUMIDITY, 2),
    ("servers", "", Family.SMOKE, 1),
)
"""Zone, rack, family and points of the heads that are played."""
_COIL = "coil"
"""A block of one coil, which is written."""


def load() -> None:
    """Take the daemon's library and this one. Raises LibraryError for one that is not what was built."""
    library.load()
    try:
        library.load(FOLDER)
    except LibraryError as error:
        raise LibraryError(f"{error} (the simulator's own: haechi-sim kernels)") from error


def build_here() -> None:
    """Build the library of the best kind for this machine. Raises BuildError, OSError."""
    for kind in kinds_here()[:1]:
        build(kind, FOLDER, f"{__name__}:{play.__name__}")


def is_current() -> bool:
    """Whether the library holds every kernel that is played, of the source that is here."""
    library.load()
    loaded = library.load(FOLDER)
    if not loaded.cpu or loaded.missing:
        return False
    play()
    return not any(kernel.is_called for kernel in KERNELS.values())


def play() -> None:
    """Call every kernel that a plant in virtual time uses, for the sake of being called."""
    plant = Plant(_site(), 1)
    for zone in plant.rooms.values():
        if isinstance(zone.room, ServerRoom):
            zone.room.inject_dust(0.0, PLAYED_S, 1.0)
    field = VirtualField(plant)
    for tick_ms in range(0, 1000 * PLAYED_S, 100):
        plant.advance_to(tick_ms)
        field.poll(tick_ms)
        plant.truth()
        field.write(Write("", plant.layout.first[_COIL], 1), tick_ms)


def _site() -> Site:
    """A battery room of two racks and a server room; every head has a device of its own."""
    blocks: dict[str, Block] = {}
    heads: dict[str, Head] = {}
    for number, (zone, rack, family, count) in enumerate(_HEADS):
        name = f"{zone}-{family.value}"
        blocks[name] = Block(device=name, table=Table.INPUT, address=100 * number, count=count, factor=0.1)
        group = count if rack and count > 1 else 0
        heads[name] = Head(family=family, zone=zone, points=(name,), rack=rack, group=group, limits=Limits())
    blocks[_COIL] = Block(device=_COIL, table=Table.COIL, address=0, writable=True)
    links: dict[str, Link] = {"link": ModbusTcp(endpoint="127.0.0.1:1")}
    return Site(
        site=SiteInfo(name="Played"), links=links, devices={name: Device(link="link") for name in blocks}, blocks=blocks,
        zones={"room": Zone(title="Room", racks=("r1", "r2")), "servers": Zone(title="Servers")}, heads=heads, outputs={}, matrix={},
    )  # fmt: skip
