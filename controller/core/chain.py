"""The journal's hash chain and the digest of the recorded inputs. Pure: bytes in, bytes out."""

import hashlib

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.events import Event
from controller.core.image import Image, is_again
from drivers.compiled.door import kernel

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

    def update(self, image: Image) -> None:
        """Take in what changed since the image before."""
        last = self._last
        self._last = image
        if last is None:
            self._room = _Room(image.value.size)
            n_changed = self._room.take_all(image)
        else:
            n_changed = 0 if is_again(last, image) else self._room.take(last, image)
            if n_changed == 0 and last.host == image.host:
                return
        head = np.array([image.scan, image.tick_ms, *image.host, n_changed], np.int64)
        self._hash.update(head.tobytes())
        for array in self._room.arrays:
            self._hash.update(array[:n_changed].data)

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


class _Room:
    """Room for the points of an image that have changed: where they lie, and what they show now."""

    def __init__(self, n_points: int) -> None:
        self._index = np.empty(n_points, np.int32)
        self._value = np.empty(n_points, np.float64)
        self._quality = np.empty(n_points, np.uint8)
        self._sample = np.empty(n_points, np.int64)
        self._received_ms = np.empty(n_points, np.int64)
        self.arrays = (self._index, self._value, self._quality, self._sample, self._received_ms)

    def take_all(self, image: Image) -> int:
        """Take in the whole image; returns how many points that are."""
        self._index[:] = np.arange(image.value.size, dtype=np.int32)
        self._value[:], self._quality[:] = image.value, image.quality
        self._sample[:], self._received_ms[:] = image.sample, image.received_ms
        return image.value.size

    def take(self, last: Image, image: Image) -> int:
        """Take in what is not, bit by bit, as it was in the last image; returns how many points that are."""
        return int(
            _gather_changed(
                last.value.view(np.int64), last.quality, last.sample, last.received_ms,
                image.value.view(np.int64), image.quality, image.sample, image.received_ms,
                self._index, self._value.view(np.int64), self._quality, self._sample, self._received_ms,
            )
        )  # fmt: skip


_Ints = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]


@kernel
def _gather_changed(
    old_value: _Ints, old_quality: _Bytes, old_sample: _Ints, old_received_ms: _Ints,
    value: _Ints, quality: _Bytes, sample: _Ints, received_ms: _Ints,
    to_index: npt.NDArray[np.int32], to_value: _Ints, to_quality: _Bytes, to_sample: _Ints, to_received_ms: _Ints,
) -> int:  # fmt: skip
    n = 0
    for i in range(value.shape[0]):
        if (
            sample[i] != old_sample[i]
            or received_ms[i] != old_received_ms[i]
            or value[i] != old_value[i]
            or quality[i] != old_quality[i]
        ):
            to_index[n] = i
            to_value[n] = value[i]
            to_quality[n] = quality[i]
            to_sample[n] = sample[i]
            to_received_ms[n] = received_ms[i]
            n += 1
    return n
