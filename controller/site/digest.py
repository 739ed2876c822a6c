"""Which site is this: a digest that a journal and a recording carry."""

import hashlib

import msgspec

from controller.site.model import Site


def site_digest(site: Site) -> bytes:
    """SHA-256 of the site as it is used: comments and the spelling of ranges in its file do not count."""
    return hashlib.sha256(msgspec.json.encode(site)).digest()
