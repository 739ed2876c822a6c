"""A byte-level proxy in front of a real Modbus server, whose replies come as faults make them.

Faults are set and taken away while it runs, unit by unit. Equal traffic with an equal `seed` is spoiled equally.
"""

from collections.abc import Sequence

from controller.site.model import Framing
from sim_hardware.faults import modbus_bytes
from sim_hardware.faults.kinds import ENDPOINT_KINDS, ActiveFault, Reach, check_active
from sim_hardware.faults.modbus_bytes import Close
from sim_hardware.faults.relay import Pair, Relay


class ModbusProxy(Relay):
    """In front of a Modbus server, TCP or RTU over TCP. Port 0: any; `port` tells which after `start`."""

    def __init__(
        self,
        upstream_host: str,
        upstream_port: int,
        host: str = "127.0.0.1",
        port: int = 0,
        framing: str = "tcp",
        *,
        seed: int = 1,
    ) -> None:
        super().__init__(upstream_host, upstream_port, host, port, seed)
        self.framing = Framing(framing)
        self.replies = 0
        """Replies of the server behind, whatever became of them."""
        self.last: dict[int, bytes] = {}
        """The last PDU of each unit: what a displaced reply carries."""
        self.of_replies: dict[int, tuple[ActiveFault, ...]] = {}
        self.of_endpoint: set[str] = set()
        self._faults: dict[int, tuple[ActiveFault, ...]] = {}

    def set_faults(self, unit: int, faults: Sequence[ActiveFault]) -> None:
        """From now on the replies of `unit` have exactly these faults; none with an empty list. Raises FaultError."""
        for fault in faults:
            check_active(fault, Reach.WIRE, self.framing)
        self._faults[unit] = tuple(faults)
        self.of_replies[unit] = modbus_bytes.in_order(faults)
        kinds = {fault.kind for those in self._faults.values() for fault in those}
        self.of_endpoint = kinds & ENDPOINT_KINDS

    def make_pair(self) -> Pair:
        """What handles a new connection."""
        return _ModbusPair(self)


class _ModbusPair(Pair):
    def __init__(self, proxy: ModbusProxy) -> None:
        super().__init__(proxy)
        self._proxy = proxy
        self._buffer = bytearray()

    def admits(self) -> bool:
        if "one-connection" in self._proxy.of_endpoint and self._proxy.pairs:
            self._proxy.applied["one-connection"] += 1
            return False
        return True

    def client_said(self, octets: bytes) -> None:
        if "accept-then-mute" in self._proxy.of_endpoint:
            self._proxy.applied["accept-then-mute"] += 1
        else:
            self.to_server(octets)

    def server_said(self, octets: bytes) -> None:
        self._buffer += octets
        proxy = self._proxy
        at_unit, first, end = (6, 7, None) if proxy.framing is Framing.TCP else (0, 1, -2)
        now = bytearray()
        for frame in modbus_bytes.take_frames(self._buffer, proxy.framing):
            proxy.replies += 1
            unit = frame[at_unit] if len(frame) > at_unit else -1
            if faults := proxy.of_replies.get(unit, ()):
                self._spoil(frame, faults, proxy.last.get(unit, b""), now)
            else:
                now += frame
            proxy.last[unit] = frame[first:end]
        self._flush(now)

    def _flush(self, now: bytearray) -> None:
        """Send what is due at once, in one go."""
        if now and "accept-then-mute" not in self._proxy.of_endpoint:
            self.outlet.write(bytes(now))
        now.clear()

    def _spoil(self, frame: bytes, faults: Sequence[ActiveFault], last: bytes, now: bytearray) -> None:
        """Let faults work on a reply; what is due at once and in one piece is added to `now`."""
        proxy = self._proxy
        reply = modbus_bytes.parse(frame, proxy.framing)
        if reply is None:
            now += frame
            return
        proxy.applied.update(modbus_bytes.apply(reply, faults, last, proxy.chance))
        if reply.is_silent or "accept-then-mute" in proxy.of_endpoint:
            return
        pieces = [] if reply.close is Close.BEFORE else reply.pieces()
        if reply.close is Close.NEVER and reply.pause_s is None and reply.delay_s <= 0.0:
            now += pieces[0][0]
            return
        self._flush(now)
        self.outlet.send(pieces, reply.delay_s, close=reply.close is not Close.NEVER)
