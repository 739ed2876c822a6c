"""`SITE.verified`: which site and which core were verified together. A change of logic, wiring or core makes it void."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

import controller.core
import controller.site
from controller.site.digest import site_digest
from controller.site.model import Link, Site

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
    """Digest of all that was verified: what decides, and which register or topic of which unit each point is (0043).

    Only where a link leads and the files that prove who is there are left out.
    """
    links = {name: _unplaced(link) for name, link in site.links.items()}
    return site_digest(replace(site, links=links)).hex()


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
    if record.core != core_digest():  # first: another version may also count other fields of a site
        return Unverified("the core is another than the one that was verified", remedy)
    if record.site != logic_digest(site):
        return Unverified("the site is another than the one that was verified", remedy)
    return None


PLACES = ("endpoint", "port", "file")
"""Fields of links that say where it leads."""
_FILES = ("ca_file", "certificate_file", "key_file", "password_file")


def _unplaced(link: Link) -> Link:
    """The link without where it leads and without its files."""
    emptied: Link = _emptied(link, (*PLACES, *_FILES))
    tls = getattr(emptied, "tls", None)
    return emptied if tls is None else replace(emptied, tls=_emptied(tls, _FILES))


def _emptied(table: Any, names: tuple[str, ...]) -> Any:
    return replace(table, **dict.fromkeys((name for name in names if hasattr(table, name)), ""))
