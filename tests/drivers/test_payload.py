import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.intake import Intake
from drivers.mqtt.payload import MAX_BYTES, PayloadError, decode, encode
from drivers.points import Quality, TopicBlock
from tests.soak.fuzz_mqtt import chunk

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
FIELDS = st.dictionaries(st.text(min_size=1, max_size=10).filter(lambda s: s not in {"t", "seq"}), NUMBERS, max_size=5)


@given(st.integers(0, 2**53), st.integers(0, 2**53), FIELDS)
def test_payloads_go_round(t_ms: int, seq: int, fields: dict[str, float | None]) -> None:
    payload = decode(encode(t_ms, seq, fields))
    assert (payload.t_ms, payload.seq, payload.fields) == (t_ms, seq, fields)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    try:
        payload = decode(data)
    except PayloadError:
        return
    assert all(value is None or math.isfinite(value) for value in payload.fields.values())


@pytest.mark.parametrize(
    "data",
    [
        b'{"t":1,"seq":2,"x":NaN}',
        b'{"t":1,"seq":2,"x":Infinity}',
        b'{"t":1,"seq":2,"x":1e999}',
        b'{"t":1,"seq":2,"x":' + b"9" * 400 + b"}",
        b'{"t":1,"seq":2,"x":"21"}',
        b'{"t":1,"seq":2,"x":true}',
        b'{"t":1,"x":2}',
        b'{"seq":1,"x":2}',
        b'{"t":1.5,"seq":2}',
        b'{"t":1,"seq":-2}',
        b'{"t":1,"seq":2,"x":1,"x":2}',
        b'{"t":1,"seq":2,"x":1,"\\u0078":1}',
        b'{"t":1,"seq":2,"seq":3,"x":1}',
        b'{"t":1,"seq":9007199254740993,"x":1}',
        b'{"t":1,"seq":2,"x":[1]}',
        b'{"t":1,"seq":2,"x":{"y":1}}',
        b'{"t":1,"seq":2,"x":' + b"[" * 3000,
        b'{"t":1,"seq":2,"\xff":1}',
        b'\xef\xbb\xbf{"t":1,"seq":2}',
        b'{"t":1,"seq":2} {}',
        b"",
        b'{"t":1,"seq":2,"x":' + b" " * MAX_BYTES + b"1}",
    ],
)
def test_what_is_no_finite_number_is_refused(data: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(data)


def test_names_may_hold_quotes_and_escapes() -> None:
    assert decode(b'{"t":1,"seq":2,"a\\"b":3,"\\\\":4,"\\u00e9":5}').fields == {'a"b': 3.0, "\\": 4.0, "é": 5.0}


def test_mutated_payloads_are_taken_for_what_a_strict_reference_takes_them_for() -> None:
    report = chunk(20_000, "test")
    assert not report.wrong, str(report)
    assert min(report.accepted, 1000 * len(report.refusals)) >= 5000
    assert report.taken > 1000


def intake() -> Intake:
    return Intake([TopicBlock("a", "d", ("t",), "x", 1.0, 5.0)], {})


def take(sink: Intake, t_ms: int, seq: int, x: float, replaced: int = 0) -> None:
    sink.take("t", encode(t_ms, seq, {"x": x}), t_ms, retained=False, replaced=replaced)


def test_old_and_doubled_messages_are_no_samples() -> None:
    sink = intake()
    take(sink, 10, 5, 1.0)
    take(sink, 10, 5, 2.0)
    take(sink, 9, 4, 3.0)
    assert sink.buffers["a"].value[0] == 1.0
    assert sink.buffers["a"].sample[0] == 0
    assert sink.gaps == 0


def test_a_source_that_restarted_is_heard() -> None:
    sink = intake()
    take(sink, 10, 5, 1.0)
    take(sink, 20, 0, 2.0)
    assert sink.buffers["a"].value[0] == 2.0


def test_a_source_whose_clock_restarted_too_is_heard_after_three_messages() -> None:
    sink = intake()
    take(sink, 50_000, 500, 1.0)
    for t_ms, seq in ((10, 1), (20, 2)):
        take(sink, t_ms, seq, 7.0)
        assert sink.buffers["a"].value[0] == 1.0, "it might be an old message that comes late"
    take(sink, 30, 3, 7.0)
    assert sink.buffers["a"].value[0] == 7.0
    take(sink, 40, 4, 8.0)
    assert sink.buffers["a"].value[0] == 8.0
    assert sink.gaps == 0


def test_an_old_message_that_is_doubled_is_no_restart() -> None:
    sink = intake()
    take(sink, 50_000, 500, 1.0)
    for _ in range(10):
        take(sink, 10, 1, 7.0)
    assert sink.buffers["a"].value[0] == 1.0


def test_replaced_messages_are_no_gap() -> None:
    sink = intake()
    take(sink, 10, 5, 1.0)
    take(sink, 20, 9, 2.0, replaced=3)
    assert sink.gaps == 0
    take(sink, 30, 12, 2.0)
    assert sink.gaps == 2


def test_a_retained_value_never_replaces_a_live_one() -> None:
    sink = intake()
    take(sink, 10, 5, 1.0)
    sink.take("t", encode(5, 4, {"x": 9.0}), 10, retained=True)
    assert sink.buffers["a"].value[0] == 1.0
    assert sink.buffers["a"].quality[0] == Quality.GOOD
