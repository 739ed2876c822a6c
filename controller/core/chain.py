"""The journal's hash chain and the digest of the recorded inputs. Pure: bytes in, bytes out."""

import hashlib
import struct
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.events import Event
from controller.core.image import Changes, Image, changes
from drivers.compiled.door import short_kernel

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
        self._room = _Room(0)

    def update(self, image: Image) -> Changes | None:
        """Take in what changed since the image before, and say where that is (None: there was none before)."""
        last, self._last = self._last, image
        changed = changes(last, image)
        if last is None or changed is None:
            self._room = _Room(image.value.size)
            points = np.arange(image.value.size, dtype=np.int32)
        else:
            points = changed.points
            if points.size == 0 and last.host == image.host:
                return changed
        n_changed = points.size
        head = image.scan, image.tick_ms, *image.host, n_changed
        parts: list[Any] = [struct.pack(f"={len(head)}q", *head)]
        if n_changed:
            parts += (points, *(array[:n_changed] for array in self._room.take(points, image)))
        self._hash.update(b"".join(parts))
        return changed

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


class _Room:
    """Room for what the points of an image show that have changed."""

    def __init__(self, n_points: int) -> None:
        self._value = np.empty(n_points, np.int64)
        self._quality = np.empty(n_points, np.uint8)
        self._sample = np.empty(n_points, np.int64)
        self._received_ms = np.empty(n_points, np.int64)
        self._arrays = self._value, self._quality, self._sample, self._received_ms

    def take(self, points: npt.NDArray[np.int32], image: Image) -> tuple[npt.NDArray[np.generic], ...]:
        """What these points show, bit by bit, at the beginning of arrays that may be longer."""
        shown = image.value.view(np.int64), image.quality, image.sample, image.received_ms
        _gather(points, *shown, *self._arrays)
        return self._arrays


_Ints = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]


@short_kernel
def _gather(
    points: npt.NDArray[np.int32], value: _Ints, quality: _Bytes, sample: _Ints, received_ms: _Ints,
    to_value: _Ints, to_quality: _Bytes, to_sample: _Ints, to_received_ms: _Ints,
) -> None:  # fmt: skip
    for n in range(points.shape[0]):
        i = points[n]
        to_value[n] = value[i]
        to_quality[n] = quality[i]
        to_sample[n] = sample[i]
        to_received_ms[n] = received_ms[i]
