"""The base of every struct of the site model."""

import msgspec


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all: frozen, unknown fields refused (and keyword-only, which msgspec asks for class by class)."""
