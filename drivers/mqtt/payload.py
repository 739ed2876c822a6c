"""Payloads: JSON objects of numbers with source time and sequence. Strict, size-limited, no I/O.

`{"t": 123456, "seq": 17, "temp_degc": 21.4}`: `t` is the source's clock in milliseconds, `seq` counts its messages on this topic.
A heartbeat is the same without a field.
"""

import math
import re

import msgspec

MAX_BYTES = 4096
"""Longest payload that is looked at (assumed: twenty times what a sensor of twenty fields sends)."""

LARGEST_WHOLE = 2**53
"""Times and sequences stay where every JSON implementation keeps whole numbers exact (RFC 8259, section 6)."""

_DECODER = msgspec.json.Decoder(dict[str, int | float | None])
_ESCAPED = re.compile(rb"\\.")


class PayloadError(ValueError):
    """A payload that says nothing."""


class Payload(msgspec.Struct, frozen=True):
    """Source time in ms, sequence number, and the fields; None where the source says that it has no value."""

    t_ms: int
    seq: int
    fields: dict[str, float | None]


def decode(data: bytes) -> Payload:
    """Decode a payload. Raises `PayloadError` for anything but finite numbers, each name once, with a time and a sequence."""
    if len(data) > MAX_BYTES:
        raise PayloadError(f"payload of {len(data)} bytes, at most {MAX_BYTES} are looked at")
    try:
        numbers = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PayloadError(f"payload is no JSON object of numbers: {error}") from error
    if _names(data) != len(numbers):
        raise PayloadError("a name stands twice, so it is open which value is meant")
    t_ms, seq = _whole("t", numbers.pop("t", None)), _whole("seq", numbers.pop("seq", None))
    if seq < 0:
        raise PayloadError("seq is negative, it counts from 0 on")
    fields = {name: None if number is None else _finite(name, number) for name, number in numbers.items()}
    return Payload(t_ms, seq, fields)


def _names(data: bytes) -> int:
    """Names in a flat JSON object that has no strings but its names: two quotes each, escaped ones aside."""
    return (_ESCAPED.sub(b"", data) if b"\\" in data else data).count(b'"') // 2


def _whole(name: str, number: int | float | None) -> int:  # noqa: PYI041 (which of the two is the question)
    if not isinstance(number, int) or abs(number) > LARGEST_WHOLE:
        raise PayloadError(f"payload needs {name} as a whole number (t: source time in ms; seq: from 0 on)")
    return number


def _finite(name: str, number: float) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise PayloadError(f"field {name} is not finite")
    return value


def encode(t_ms: int, seq: int, fields: dict[str, float | None]) -> bytes:
    """Encode a payload; NaN becomes null."""
    clean = {name: None if value is None or math.isnan(value) else value for name, value in fields.items()}
    return msgspec.json.encode({"t": t_ms, "seq": seq, **clean})
