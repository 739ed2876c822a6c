"""Which version of a package is installed, without the machinery of `importlib.metadata`, whose import costs a start some 30 ms."""

import sys
from pathlib import Path


def installed_version(package: str) -> str:
    """The version by the folder of its metadata, `PACKAGE-VERSION.dist-info` (PyPA, recording installed projects); "" if it has none."""
    for folder in sys.path:
        for found in Path(folder).glob(f"{package}-*.dist-info"):
            return found.name.removesuffix(".dist-info").partition("-")[2]
    return ""
