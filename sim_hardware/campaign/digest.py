"""What the runs of a campaign depend on, as digests: runs of different code, sites or scenarios must not be mixed."""

import hashlib
import platform
from functools import cache
from pathlib import Path

import msgspec
import numba
import numpy as np

import controller
import drivers
import sim_hardware
from sim_hardware.campaign.model import Case

PACKAGES = (controller, drivers, sim_hardware)
"""All of the house: a run's figures may come from anywhere in it."""
LENGTH = 16
"""Hexadecimal digits of a digest: 64 bits, against mistakes, not against an enemy."""


@cache
def code_digest() -> str:
    """The digest of every source file of the house, of Python's and the numeric libraries' versions and of the kind of processor.

    It is taken once a process, so that it is that of the code that runs, whatever is edited meanwhile.
    """
    digest = hashlib.sha256()
    for word in (platform.python_version(), np.__version__, numba.__version__, platform.machine()):
        digest.update(word.encode() + b"\0")
    for package in PACKAGES:
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{package.__name__}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:LENGTH]


def site_digest(case: Case) -> str:
    """The digest of a case's site."""
    return _digest(msgspec.msgpack.encode(case.site, order="sorted"))


def scenario_digest(case: Case) -> str:
    """The digest of what happens in a case: its scenario, its row, and how coarsely it is run."""
    return _digest(msgspec.msgpack.encode((case.scenario, case.row, case.step_s), order="sorted"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:LENGTH]
