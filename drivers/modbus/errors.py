"""What can be wrong with a reply: one class a kind, each with link, device, block, what was expected and what came."""

from typing import NamedTuple

from drivers.link import RefusedError, WrongReplyError


class Where(NamedTuple):
    """The place of a request: its link, its device, and the block (or the registers) that it reads or writes."""

    link: str
    device: str = ""
    block: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


class ReplyError(WrongReplyError):
    """A reply that is not the one right answer. `expected` and `got` are what the field `LABEL` should be and is."""

    LABEL = "reply"
    REMEDY = "look for a bad gateway or a second master"

    def __init__(self, where: Where, expected: object, got: object) -> None:
        super().__init__(str(where), f"{self.LABEL} is {got}, expected {expected}; {self.REMEDY}")
        self.where = where
        self.expected = expected
        self.got = got

    @property
    def device(self) -> str:
        """The device that was asked."""
        return self.where.device

    @property
    def block(self) -> str:
        """The block that was asked for."""
        return self.where.block


class ProtocolIdError(ReplyError):
    """The protocol identifier of the MBAP header is not 0."""

    LABEL = "protocol id"
    REMEDY = "the peer speaks no Modbus TCP; check its address and port"


class TransactionError(ReplyError):
    """The reply answers another request: late, doubled or displaced."""

    LABEL = "transaction"


class LengthError(ReplyError):
    """The length field of the MBAP header is not that of the right answer."""

    LABEL = "length field"


class UnitError(ReplyError):
    """Another unit answers."""

    LABEL = "unit"


class FunctionError(ReplyError):
    """The reply is that of another function."""

    LABEL = "function"


class ByteCountError(ReplyError):
    """More or fewer values than asked for."""

    LABEL = "byte count"


class ExceptionFormError(ReplyError):
    """An exception reply without a code."""

    LABEL = "exception code"


class EchoError(ReplyError):
    """A write is not echoed as it was sent."""

    LABEL = "echo of the write"


class CrcError(ReplyError):
    """The checksum of an RTU frame is wrong."""

    LABEL = "CRC"
    REMEDY = "look at wiring, termination, baud rate and parity"


class StrayBytesError(ReplyError):
    """Bytes that nobody asked for: behind a reply, or while no request is in flight."""

    LABEL = "what follows"


class IdentityError(ReplyError):
    """The register that names the block does not: these are other registers' values."""

    LABEL = "identity register"


class DeviceRefusedError(RefusedError):
    """An exception reply, with its code (Modbus Application Protocol 1.1b3, 7)."""

    def __init__(self, place: str, code: int) -> None:
        super().__init__(place, f"the device answers with exception {code}")
        self.code = code
