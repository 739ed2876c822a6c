"""What these tests stand on."""

from tests.stand.fixtures import folder, nursery

__all__ = ["folder", "nursery"]
