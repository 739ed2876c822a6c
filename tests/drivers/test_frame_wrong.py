import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus import frame
from drivers.modbus.errors import (
    ByteCountError,
    CrcError,
    EchoError,
    ExceptionFormError,
    FunctionError,
    LengthError,
    ProtocolIdError,
    ReplyError,
    TransactionError,
    UnitError,
    Where,
)
from drivers.modbus.frame import Batch, Framing, checker_for
from tests.drivers.asking import ALL, FIRST, FRAMINGS, READ, WRITES, ask_of, batch_of, fed, is_answered, put, values_of
from tests.drivers.oracle import Judge, Question, Verdict, crc, framed, questions

# --- wrong answers: each field has its own error --------------------------------------------------------------------

TCP_FIELDS: dict[int, type[ReplyError]] = {
    0: TransactionError, 1: TransactionError, 2: ProtocolIdError, 3: ProtocolIdError, 4: LengthError, 5: LengthError, 6: UnitError,
    7: FunctionError,
}  # fmt: skip
RTU_FIELDS: dict[int, type[ReplyError]] = {0: UnitError, 1: FunctionError}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("question", ALL)
def test_every_other_byte_in_the_header_has_its_own_error(framing: Framing, question: Question) -> None:
    fields = dict(TCP_FIELDS if framing is Framing.TCP else RTU_FIELDS)
    right = question.answer(framing, FIRST, bytes(question.payload))
    head = len(question.head(framing))
    for at in range(len(fields), head):
        fields[at] = ByteCountError if question.payload else EchoError
    for at, kind in fields.items():
        for other in range(256):
            spoilt = bytearray(right)
            spoilt[at] = other
            if other == right[at] or _is_refusal(framing, question, spoilt):
                continue
            if framing is Framing.RTU:
                spoilt[-2:] = crc(bytes(spoilt[:-2]))
            with pytest.raises(kind) as caught:
                fed(framing, batch_of(framing, question), bytes(spoilt))
            error = caught.value
            assert (error.device, error.block) == ("unit 17", f"{question.function}@16")
            assert str(error.expected) != str(error.got)
            assert f"bus/unit 17/{question.function}@16: {kind.LABEL} is {error.got}, expected {error.expected}" in str(
                error
            )


def _is_refusal(framing: Framing, question: Question, spoilt: bytearray) -> bool:
    """An RTU frame with the bit of an exception is one of five bytes, whatever follows."""
    return framing is Framing.RTU and spoilt[1] == question.function | 0x80


@pytest.mark.parametrize(
    ("spoilt", "kind", "expected", "got"),
    [
        ("1235 0000 0007 11 03 04", TransactionError, 0x1234, "4661"),
        ("0000 0000 0007 11 03 04", TransactionError, 0x1234, "0"),
        ("1234 0001 0007 11 03 04", ProtocolIdError, 0, "1"),
        ("1234 0000 0009 11 03 06", LengthError, 7, "9"),
        ("1234 0000 0007 12 03 04", UnitError, 17, "18"),
        ("1234 0000 0007 11 04 04", FunctionError, 3, "4"),
        ("1234 0000 0007 11 83 02", FunctionError, 3, "131"),
        ("1234 0000 0007 11 03 05", ByteCountError, 4, "5"),
    ],
)
def test_an_error_says_what_was_expected_and_what_came(
    spoilt: str, kind: type[ReplyError], expected: int, got: str
) -> None:
    with pytest.raises(kind) as caught:
        fed(Framing.TCP, batch_of(Framing.TCP, READ), bytes.fromhex(spoilt))
    assert type(caught.value) is kind
    assert caught.value.expected == expected
    assert str(caught.value.got).split(" ")[0] == got
    assert caught.value.where == Where("bus", "unit 17", "3@16")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_wrong_byte_is_refused_as_soon_as_it_comes(framing: Framing) -> None:
    """Before the frame is complete; a length field that promises thousands of bytes holds nobody up."""
    head = READ.head(framing) if framing is Framing.RTU else b"\x12\x34" + READ.head(framing)[2:]
    for at in range(len(head)):
        checker = checker_for(framing, "bus")
        checker.expect(batch_of(framing, READ))
        if at:
            assert not put(checker, head[:at])
        with pytest.raises(ReplyError):
            put(checker, bytes([head[at] ^ 0x55]))


def test_a_wrong_checksum_is_refused_with_both() -> None:
    right = READ.answer("rtu", 0, b"\0\1\0\2")
    with pytest.raises(CrcError) as caught:
        fed(Framing.RTU, batch_of(Framing.RTU, READ), right[:-1] + bytes([right[-1] ^ 1]))
    assert caught.value.expected == right[:-3:-1].hex()
    assert caught.value.got != caught.value.expected
    assert "wiring" in str(caught.value)


def test_every_bit_of_an_rtu_frame_counts() -> None:
    right = READ.answer("rtu", 0, b"\0\1\0\2")
    for bit in range(8 * len(right)):
        spoilt = bytearray(right)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert not is_answered(Framing.RTU, batch_of(Framing.RTU, READ), bytes(spoilt))


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("question", WRITES)
def test_a_write_that_is_not_echoed_byte_by_byte_is_refused(framing: Framing, question: Question) -> None:
    pdu = ask_of(question).answer
    for at in range(1, len(pdu)):
        spoilt = bytearray(pdu)
        spoilt[at] ^= 1
        with pytest.raises(EchoError) as caught:
            fed(framing, batch_of(framing, question), framed(framing, FIRST, 17, bytes(spoilt)))
        assert caught.value.expected == pdu[1:].hex(" ")


# --- exceptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("question", ALL)
def test_exceptions_of_the_right_form_are_codes(framing: Framing, question: Question) -> None:
    batch = batch_of(framing, question)
    for code in range(1, 256):
        refusal = question.refusal(framing, FIRST, code)
        assert is_answered(framing, batch, refusal)
        assert batch.codes == [code]
        assert is_answered(framing, batch, *(refusal[n : n + 1] for n in range(len(refusal))))
    assert is_answered(framing, batch, question.answer(framing, FIRST, bytes(question.payload)))
    assert batch.codes == [0], "a code does not outlive its reply"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_exception_without_a_code_is_none(framing: Framing) -> None:
    with pytest.raises(ExceptionFormError) as caught:
        fed(framing, batch_of(framing, READ), READ.refusal(framing, FIRST, 0))
    assert (caught.value.expected, caught.value.got) == ("1 to 255", 0)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_no_byte_of_an_exception_may_differ_but_its_code(framing: Framing) -> None:
    refusal = READ.refusal(framing, FIRST, 2)
    last = len(refusal) - (3 if framing is Framing.RTU else 1)
    for at in range(last):
        for other in range(256):
            spoilt = bytearray(refusal)
            spoilt[at] = other
            if framing is Framing.RTU:
                spoilt[-2:] = crc(bytes(spoilt[:-2]))
            assert is_answered(framing, batch_of(framing, READ), bytes(spoilt)) == (other == refusal[at])


@pytest.mark.parametrize(
    ("framing", "unit", "pdu", "kind"),
    [
        (Framing.TCP, 18, "8302", UnitError),
        (Framing.TCP, 17, "8402", FunctionError),
        (Framing.TCP, 17, "0302", LengthError),
        (Framing.TCP, 17, "0402", LengthError),
        (Framing.TCP, 17, "83", LengthError),
        (Framing.TCP, 17, "830200", LengthError),
        (Framing.RTU, 18, "8302", UnitError),
        (Framing.RTU, 17, "8402", FunctionError),
    ],
)
def test_an_exception_of_another_form_is_no_answer(
    framing: Framing, unit: int, pdu: str, kind: type[ReplyError]
) -> None:
    with pytest.raises(kind):
        fed(framing, batch_of(framing, READ), framed(framing, FIRST, unit, bytes.fromhex(pdu)))


def test_an_exception_with_another_transaction_or_a_wrong_checksum_is_no_answer() -> None:
    with pytest.raises(TransactionError):
        fed(Framing.TCP, batch_of(Framing.TCP, READ), READ.refusal("tcp", FIRST + 1, 2))
    with pytest.raises(CrcError):
        fed(Framing.RTU, batch_of(Framing.RTU, READ), READ.refusal("rtu", 0, 2)[:-1] + b"\0")


# --- whatever comes -------------------------------------------------------------------------------------------------

Edit = tuple[str, int, bytes]


@st.composite
def edits(draw: st.DrawFn) -> list[Edit]:
    """Changes of a stream: bytes set, cut out, put in; places as shares of its length in a thousand."""
    kinds = st.tuples(st.sampled_from(["set", "cut", "put"]), st.integers(0, 999), st.binary(min_size=1, max_size=6))
    return draw(st.lists(kinds, max_size=3))


def _edited(stream: bytes, changes: list[Edit]) -> bytes:
    for kind, place, data in changes:
        at = place * (len(stream) + 1) // 1000
        behind = at if kind == "put" else at + len(data)
        stream = stream[:at] + (b"" if kind == "cut" else data) + stream[behind:]
    return stream


@given(
    st.integers(0, 2**32),
    st.integers(1, 8),
    st.sampled_from(FRAMINGS),
    st.lists(st.none() | st.integers(0, 255), min_size=8, max_size=8),
    edits(),
    st.lists(st.integers(0, 999), max_size=4),
)
def test_accepted_if_and_only_if_it_is_the_right_answer(
    seed: int, many: int, framing: Framing, codes: list[int | None], changes: list[Edit], cuts: list[int]
) -> None:
    chance = random.Random(seed)
    asked = questions(chance, many)
    transactions = [(FIRST + n) & 0xFFFF for n in range(many)]
    judge = Judge(framing, asked)
    replies = [
        bytes(right) if code is None else question.refusal(framing, transaction, code)
        for right, question, transaction, code in zip(
            judge.answers(transactions, chance), asked, transactions, codes[:many], strict=True
        )
    ]
    stream = _edited(b"".join(replies), changes)
    ends = sorted({0, *(cut * len(stream) // 1000 for cut in cuts), len(stream)})
    judgement = judge.judge(stream, transactions)
    batch, checker = batch_of(framing, *asked), checker_for(framing, "bus")
    checker.expect(batch)
    answered = refused = False
    for first, last in pairwise(ends):
        try:
            answered = put(checker, stream[first:last]) or answered
        except ReplyError:
            refused = True
            break
    assert answered == (judgement.verdict is Verdict.ANSWERED)
    stray = answered and judgement.used < len(stream)
    assert (refused or checker.stray is not None) == (judgement.verdict is Verdict.WRONG or stray)
    if answered:
        assert batch.codes == judgement.codes
        for place, values in enumerate(judgement.values):
            assert judgement.codes[place] or values_of(batch, place, len(values)) == values


def test_the_judge_finds_a_checker_that_does_not_look_at_the_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The properties above are worth what their judge is worth: it sees more than the checker's own errors."""
    from tests.soak import fuzz_modbus

    real = frame.TcpChecker._refused_or_wrong

    def lenient(self: frame.TcpChecker, batch: Batch, position: int, at: int, end: int) -> int:
        self._buffer[at + 6] = batch.asks[position].unit
        return real(self, batch, position, at, end)

    monkeypatch.setattr(frame.TcpChecker, "_refused_or_wrong", lenient)
    report = fuzz_modbus.chunk(2000, 3)
    assert len(report.wrong) > 10
