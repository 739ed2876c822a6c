"""The journal's hash chain and the digest of the recorded inputs. Pure: bytes in, bytes out."""

import hashlib

import msgspec
import numpy as np

from controller.core.events import Event
from controller.core.image import Image

GENESIS = bytes(32)
"""The hash before the first record."""

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """The canonical bytes of an event: JSON with a fixed order of fields."""
    return _encoder.encode(event)


def decode(record: bytes) -> Event:
    """The event of a record. Raises `msgspec.DecodeError` for bytes that are none."""
    return _decoder.decode(record)


def hash_next(previous: bytes, record: bytes) -> bytes:
    """SHA-256 of the previous hash and the record: a chain in which no record can be changed, dropped or moved unseen."""
    return hashlib.sha256(previous + record).digest()


class InputDigest:
    """A running SHA-256 over all inputs that changed, scan by scan: values bit by bit, quality, sample counters, receive times.

    One flipped bit in one recorded input changes it, and through the DIGEST events it changes the journal's chain.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._last: Image | None = None

    def update(self, image: Image) -> None:
        """Take in what changed since the image before."""
        last = self._last
        self._last = image
        if last is not None and self._same(last, image):
            return
        changed = (
            np.arange(image.value.size, dtype=np.int32)
            if last is None
            else np.flatnonzero(
                (image.sample != last.sample)
                | (image.quality != last.quality)
                | (image.received_ms != last.received_ms)
                | (image.value.view(np.int64) != last.value.view(np.int64))
            ).astype(np.int32)
        )
        head = np.array([image.scan, image.tick_ms, *image.host, changed.size], np.int64)
        for array in (head, changed, image.value[changed], image.quality[changed], image.sample[changed]):
            self._hash.update(array.tobytes())
        self._hash.update(image.received_ms[changed].tobytes())

    @staticmethod
    def _same(last: Image, image: Image) -> bool:
        return (
            last.host == image.host
            and last.sample.tobytes() == image.sample.tobytes()
            and last.received_ms.tobytes() == image.received_ms.tobytes()
            and last.quality.tobytes() == image.quality.tobytes()
            and last.value.tobytes() == image.value.tobytes()
        )

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()
