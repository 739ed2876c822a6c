import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.decode import WIRE, Decoder, Words, encode, encode_array, mark_bad, raw_of
from drivers.points import NEVER, BlockBuffer, DataType, Order, Quality, RegisterBlock, Scaling, Table
from tests.drivers.test_plan import block


def put(b: RegisterBlock, words: Words, points: BlockBuffer, sample: int, received_ms: int) -> None:
    """Decode native or wire words."""
    Decoder(b, points)(raw_of(b, words.astype(WIRE)), sample, received_ms)


INTEGERS = {
    DataType.UINT16: (0, 0xFFFF),
    DataType.INT16: (-0x8000, 0x7FFF),
    DataType.UINT32: (0, 0xFFFF_FFFF),
    DataType.INT32: (-0x8000_0000, 0x7FFF_FFFF),
}


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        (DataType.UINT16, [0xFFFE], 65534.0),
        (DataType.INT16, [0xFFFE], -2.0),
        (DataType.UINT32, [0x0001, 0x0002], 65538.0),
        (DataType.INT32, [0xFFFF, 0xFFFE], -2.0),
        (DataType.FLOAT32, [0x42F6, 0xE979], 123.456),
    ],
)
def test_golden_words(kind: DataType, words: list[int], value: float) -> None:
    b = block("a", 0, 1, data_type=kind)
    buffer = BlockBuffer.empty(1)
    put(b, np.array(words, WIRE), buffer, 0, 5)
    assert buffer.value[0] == pytest.approx(value, rel=1e-6)
    assert buffer.quality[0] == Quality.GOOD
    assert encode(b, value) == tuple(words)


@given(
    st.sampled_from(sorted(INTEGERS)), st.data(), st.sampled_from([1.0, 0.1, 0.001, 2.5]), st.sampled_from([0.0, -40.0])
)
def test_integers_go_round(kind: DataType, data: st.DataObject, factor: float, offset: float) -> None:
    raws = data.draw(st.lists(st.integers(*INTEGERS[kind]), min_size=1, max_size=20))
    b = block("a", 0, len(raws), data_type=kind, scaling=Scaling(factor, offset))
    values = np.array(raws) * factor + offset
    buffer = BlockBuffer.empty(len(raws))
    put(b, encode_array(b, values), buffer, 0, 0)
    np.testing.assert_allclose(buffer.value, values, rtol=0, atol=factor / 2)
    assert encode(b, float(values[0])) == tuple(int(w) for w in encode_array(b, values[:1]))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_floats_go_round(values: list[float]) -> None:
    b = block("a", 0, len(values), data_type=DataType.FLOAT32)
    buffer = BlockBuffer.empty(len(values))
    put(b, encode_array(b, np.array(values)), buffer, 0, 0)
    assert buffer.value.tolist() == values


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_bits_go_round(bits: list[bool]) -> None:
    b = block("a", 0, len(bits), table=Table.COIL, data_type=DataType.BIT)
    buffer = BlockBuffer.empty(len(bits))
    put(b, encode_array(b, np.array(bits, np.float64)), buffer, 0, 0)
    assert buffer.value.tolist() == bits


@pytest.mark.parametrize("code", [-32768, 0x8000])
def test_an_invalid_code_is_no_value_and_bad(code: int) -> None:
    b = block("a", 0, 3, data_type=DataType.INT16, scaling=Scaling(0.1, 0.0, (code, 0x7FFF)))
    buffer = BlockBuffer.empty(3)
    put(b, np.array([0x8000, 0x7FFF, 250], WIRE), buffer, 0, 0)
    assert np.isnan(buffer.value[:2]).all()
    assert buffer.quality.tolist() == [Quality.BAD, Quality.BAD, Quality.GOOD]
    assert buffer.value[2] == pytest.approx(25.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -9999.0])
def test_a_float_that_is_no_number_is_bad(value: float) -> None:
    b = block("a", 0, 1, data_type=DataType.FLOAT32, scaling=Scaling(1.0, 0.0, (-9999,)))
    words = np.array([value], np.float32).view(np.uint32)
    buffer = BlockBuffer.empty(1)
    put(b, np.array([words[0] >> 16, words[0] & 0xFFFF], WIRE), buffer, 0, 0)
    assert np.isnan(buffer.value[0])
    assert buffer.quality[0] == Quality.BAD


def test_the_plants_nan_is_never_a_plausible_value() -> None:
    coded = block("a", 0, 1, scaling=Scaling(0.1, 0.0, (0xFFFF,)))
    plain = block("a", 0, 1, data_type=DataType.INT16, scaling=Scaling(0.1))
    assert encode_array(coded, np.array([np.nan])).tolist() == [0xFFFF]
    assert encode_array(plain, np.array([np.nan])).tolist() == [0x7FFF]


def test_a_write_is_never_clamped() -> None:
    for b, value in (
        (block("a", 0, 1), -1.0),
        (block("a", 0, 1), np.nan),
        (block("a", 0, 1, data_type=DataType.FLOAT32), 1e39),
    ):
        with pytest.raises(ValueError, match="block a"):
            encode(b, value)


def test_the_receive_time_moves_only_with_the_sample() -> None:
    b = block("a", 0, 2)
    buffer = BlockBuffer.empty(2)
    words = np.array([1, 2], WIRE)
    put(b, words, buffer, 7, 100)
    put(b, words, buffer, 7, 200)
    assert buffer.sample.tolist() == [7, 7]
    assert buffer.received_ms.tolist() == [100, 100]
    put(b, words, buffer, 8, 300)
    assert buffer.received_ms.tolist() == [300, 300]


def test_a_part_touches_its_own_points_alone() -> None:
    buffer = BlockBuffer.empty(4)
    put(block("a", 0, 4), np.array([9, 9], WIRE), buffer.part(2, 2), 0, 1)
    assert buffer.quality.tolist() == [Quality.UNKNOWN, Quality.UNKNOWN, Quality.GOOD, Quality.GOOD]
    assert buffer.sample.tolist() == [NEVER, NEVER, 0, 0]


def test_bad_has_no_value() -> None:
    buffer = BlockBuffer.empty(1)
    put(block("a", 0, 1), np.array([3], WIRE), buffer, 4, 10)
    mark_bad(buffer)
    assert np.isnan(buffer.value[0])
    assert buffer.quality[0] == Quality.BAD
    assert (buffer.sample[0], buffer.received_ms[0]) == (4, 10)


@pytest.mark.parametrize(
    ("kind", "order", "words", "value"),
    [
        (DataType.UINT16, Order.ABCD, [0x1234], 0x1234),
        (DataType.UINT16, Order.CDAB, [0x1234], 0x1234),
        (DataType.UINT16, Order.BADC, [0x3412], 0x1234),
        (DataType.INT16, Order.DCBA, [0xFEFF], -2),
        (DataType.UINT32, Order.ABCD, [0x1234, 0x5678], 0x12345678),
        (DataType.UINT32, Order.CDAB, [0x5678, 0x1234], 0x12345678),
        (DataType.UINT32, Order.BADC, [0x3412, 0x7856], 0x12345678),
        (DataType.UINT32, Order.DCBA, [0x7856, 0x3412], 0x12345678),
        (DataType.INT32, Order.CDAB, [0xFFFE, 0xFFFF], -2),
        (DataType.FLOAT32, Order.ABCD, [0x3FC0, 0x0000], 1.5),
        (DataType.FLOAT32, Order.CDAB, [0x0000, 0x3FC0], 1.5),
        (DataType.FLOAT32, Order.BADC, [0xC03F, 0x0000], 1.5),
        (DataType.FLOAT32, Order.DCBA, [0x0000, 0xC03F], 1.5),
        (DataType.FLOAT64, Order.ABCD, [0x4009, 0x21FB, 0x5444, 0x2D18], math.pi),
        (DataType.FLOAT64, Order.CDAB, [0x2D18, 0x5444, 0x21FB, 0x4009], math.pi),
        (DataType.FLOAT64, Order.BADC, [0x0940, 0xFB21, 0x4454, 0x182D], math.pi),
        (DataType.FLOAT64, Order.DCBA, [0x182D, 0x4454, 0xFB21, 0x0940], math.pi),
    ],
)
def test_golden_words_of_every_order_both_ways(kind: DataType, order: Order, words: list[int], value: float) -> None:
    b = block("a", 0, 1, data_type=kind, order=order)
    buffer = BlockBuffer.empty(1)
    put(b, np.array(words, WIRE), buffer, 0, 0)
    assert buffer.value[0] == value
    assert encode(b, value) == tuple(words)
    assert encode_array(b, np.array([value])).tolist() == words


def test_a_float_is_scaled_with_the_precision_of_a_double() -> None:
    b = block("a", 0, 1, data_type=DataType.FLOAT32, scaling=Scaling(0.1, 0.3))
    buffer = BlockBuffer.empty(1)
    put(b, np.array([0x3FC0, 0], WIRE), buffer, 0, 0)
    assert buffer.value[0] == 1.5 * 0.1 + 0.3


@pytest.mark.parametrize(
    ("kind", "words"),
    [(DataType.FLOAT32, [0x7FA0, 0x0001]), (DataType.FLOAT64, [0x7FF4, 0, 0, 1])],
)
def test_a_signalling_nan_is_bad_without_a_word(kind: DataType, words: list[int]) -> None:
    b, buffer = block("a", 0, 1, data_type=kind, scaling=Scaling(0.1, 1.0, (-9999,))), BlockBuffer.empty(1)
    put(b, np.array(words, WIRE), buffer, 0, 0)
    assert buffer.quality[0] == Quality.BAD
    assert np.isnan(buffer.value[0])


def test_what_scaling_makes_infinite_is_bad() -> None:
    b, buffer = block("a", 0, 1, data_type=DataType.FLOAT64, scaling=Scaling(10.0)), BlockBuffer.empty(1)
    put(b, np.array([1e308], ">f8").view(WIRE), buffer, 0, 0)
    assert buffer.quality[0] == Quality.BAD
    assert np.isnan(buffer.value[0])
