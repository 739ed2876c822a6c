"""Requests for the tests of the frames, and how their answers are fed to a checker."""

from drivers.modbus.errors import ReplyError, Where
from drivers.modbus.frame import Ask, Batch, Framing, ReplyChecker, ask_read, ask_write, checker_for
from drivers.points import Table
from tests.drivers.oracle import Question

WHERE = Where("bus", "meter", "holding@16")
TABLES = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
FRAMINGS = [Framing.TCP, Framing.RTU]
FIRST = 0x1234
READ = Question(unit=17, function=3, address=16, count=2)
WRITE = Question(unit=17, function=6, address=16, words=(0xABCD,))
COIL = Question(unit=17, function=5, address=16, words=(1,))
RUN = Question(unit=17, function=16, address=16, count=2, words=(1, 2))
BITS = Question(unit=17, function=2, address=16, count=9)
WRITES = [WRITE, COIL, RUN]
ALL = [READ, *WRITES, BITS]


def ask_of(question: Question) -> Ask:
    where = WHERE._replace(device=f"unit {question.unit}", block=f"{question.function}@{question.address}")
    if question.function in TABLES:
        return ask_read(where, question.unit, TABLES[question.function], question.address, question.count)
    table = Table.COIL if question.function == 5 else Table.HOLDING
    return ask_write(where, question.unit, table, question.address, question.words)


def batch_of(framing: Framing, *asked: Question, first: int = FIRST) -> Batch:
    batch = Batch([ask_of(question) for question in asked], framing)
    batch.stamp(first)
    return batch


def put(checker: ReplyChecker, data: bytes) -> bool:
    checker.space()[: len(data)] = data
    return checker.take(len(data))


def fed(framing: Framing, batch: Batch, *pieces: bytes) -> ReplyChecker:
    checker = checker_for(framing, "bus")
    checker.expect(batch)
    for piece in pieces:
        put(checker, piece)
    return checker


def is_answered(framing: Framing, batch: Batch, *pieces: bytes) -> bool:
    """Whether these bytes are the right answers; False also for a refusal with the driver's own error."""
    checker, answered = checker_for(framing, "bus"), False
    checker.expect(batch)
    try:
        for piece in pieces:
            answered = put(checker, piece)
    except ReplyError:
        return False
    return answered and checker.stray is None


def values_of(batch: Batch, place: int, size: int) -> bytes:
    return batch.data[batch.offsets[place] : batch.offsets[place] + size].tobytes()
