"""`SITE.verified`: which site and which core were verified together. A site that changed in its logic, or a core that changed, is not it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

import controller.core
import controller.site
from controller.site.digest import site_digest
from controller.site.model import Block, Device, Link, ModbusRtu, ModbusTcp, Mqtt, Recording, Site

SUFFIX = ".verified"
_CORE = Path(controller.core.__file__).parent
_SITE = Path(controller.site.__file__).parent
_OF_SITE = ("conditions.py", "model/*.py", "pairs.py", "power.py", "reference.py", "registers.py")
"""What the core takes its rules from beside its own source."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of the file. Digests are SHA-256, in hexadecimal."""

    site: str
    core: str
    properties: dict[str, str]
    """What was found of each property: proved, or bounded with its bound."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """Why a site has no valid record, and what to do."""

    why: str
    remedy: str


def path_of(site_file: Path) -> Path:
    """Where the record of a site file lies."""
    return site_file.with_name(site_file.name + SUFFIX)


def logic_digest(site: Site) -> str:
    """Digest of all that decisions depend on. Where things are reached (endpoints, ports, files, addresses on the wire) is left out."""
    links = {name: _unplaced_link(link) for name, link in site.links.items()}
    devices = {name: _unplaced_device(device) for name, device in site.devices.items()}
    blocks = {name: _unplaced_block(block) for name, block in site.blocks.items()}
    logic = replace(site, links=links, devices=devices, blocks=blocks)
    return site_digest(logic).hex()


def core_sources() -> list[Path]:
    """The core's source, file by file in the order of their names, and the site rules that it asks."""
    return [*sorted(_CORE.rglob("*.py")), *(file for name in _OF_SITE for file in sorted(_SITE.glob(name)))]


def core_digest() -> str:
    """Digest of the core's sources and their names."""
    total = hashlib.sha256()
    for file in core_sources():
        total.update(file.relative_to(_CORE.parent).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def write_record(site_file: Path, site: Site, properties: dict[str, str]) -> Path:
    """Write the record beside the site file; returns its path. Raises OSError."""
    path = path_of(site_file)
    record = Record(logic_digest(site), core_digest(), properties)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    return path


def find_fault(site_file: Path, site: Site) -> Unverified | None:
    """Why the record beside a site file does not speak for this site and this core; None where it does."""
    remedy = f"run `haechi verify {site_file.name}` and look at what it says"
    try:
        record = msgspec.json.decode(path_of(site_file).read_bytes(), type=Record)
    except OSError:
        return Unverified(f"there is no {path_of(site_file).name} beside the site file", remedy)
    except msgspec.DecodeError as error:
        return Unverified(f"{path_of(site_file).name} is no record of a verification: {error}", remedy)
    if record.site != logic_digest(site):
        return Unverified("the site is another than the one that was verified", remedy)
    if record.core != core_digest():
        return Unverified("the core is another than the one that was verified", remedy)
    return None


def _unplaced_link(link: Link) -> Link:
    """The link without where it leads: its kind is what decisions may depend on (MQTT never counts)."""
    match link:
        case ModbusTcp() | Mqtt():
            return type(link)(endpoint="")
        case ModbusRtu():
            return ModbusRtu(port="")
        case Recording():
            return Recording(file="", mapping="")


def _unplaced_device(device: Device) -> Device:
    """The device by its link and its watchdog, which keeps the outputs when nobody speaks (rule 11)."""
    return Device(link=device.link, watchdog=device.watchdog)


def _unplaced_block(block: Block) -> Block:
    """Scaling, ages and invalid marks stay: they say what a value means."""
    return replace(block, table=None, address=None, identity=None, topics=("",) * len(block.topics))
