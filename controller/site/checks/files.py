"""Files that a site names beside itself: certificates, keys, passwords, recordings. Looked for where the daemon will look."""

from collections.abc import Iterator
from pathlib import Path

from controller.site.model import ModbusTcp, Mqtt, Recording, Site
from controller.site.problem import Problem


def files(site: Site, folder: Path) -> Iterator[Problem]:
    """Problems of files that are not there or cannot be read; relative names begin in `folder`, where the site file lies."""
    for path, name in _named(site):
        if not name:
            continue
        try:
            with (folder / name).open("rb"):
                pass
        except OSError as error:
            what = f"{folder / name} cannot be read: {error.strerror}"
            yield Problem(path, what, "put it there, readable for the daemon's user, or mend the name")


def _named(site: Site) -> Iterator[tuple[str, str]]:
    """Path in the site file and file name, empty ones too."""
    for name, link in site.links.items():
        path = f"links.{name}"
        if isinstance(link, Recording):
            yield f"{path}.file", link.file
            yield f"{path}.mapping", link.mapping
            continue
        if isinstance(link, Mqtt):
            yield f"{path}.password_file", link.password_file
        if isinstance(link, (ModbusTcp, Mqtt)) and link.tls:
            yield f"{path}.tls.ca_file", link.tls.ca_file
            yield f"{path}.tls.certificate_file", link.tls.certificate_file
            yield f"{path}.tls.key_file", link.tls.key_file
