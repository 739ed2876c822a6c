import asyncio
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.modbus.frame import Framing
from sim_hardware.faults.kinds import ActiveFault
from tests.wire_faults.campaign import campaign
from tests.wire_faults.menu import PARAMS, draw, kinds, may_meet
from tests.wire_faults.rig import NEIGHBOUR, SPOILED, TIMEOUT_S, Wiring, Witness, is_of_endpoint, rig
from tests.wire_faults.unprotected import Unprotected

pytestmark = pytest.mark.needs("socat")

WAYS = (
    (Framing.TCP, Wiring.SHARED),
    (Framing.TCP, Wiring.ALONE),
    (Framing.RTU, Wiring.SHARED),
    (Framing.RTU, Wiring.TTY),
)
SINGLE = [(framing, wiring, kind) for framing, wiring in WAYS for kind in kinds(framing)]
MILD = {"split-bytes", "one-connection", "slow-drip", "jitter"}
"""Faults that leave a reply right, if in time."""


@pytest.mark.parametrize(("framing", "wiring", "kind"), SINGLE)
async def test_a_single_fault(framing: Framing, wiring: Wiring, kind: str) -> None:
    """Nothing of another register is good; the neighbour on the same endpoint stays good; the device comes back."""
    async with rig(framing, wiring=wiring) as made:
        for param in PARAMS.get(kind, (None,)):
            before = made.samples(NEIGHBOUR)
            await made.spoil([ActiveFault(kind, param)], 0.4)
            # Over RTU each new connection begins with a silence: the neighbour's turn may take some.
            while not is_of_endpoint((ActiveFault(kind, param),), wiring) and made.samples(NEIGHBOUR) == before:
                await made.spoil([ActiveFault(kind, param)], 0.2)
            if kind not in MILD:
                assert made.proxy.applied[kind] > 0
            await made.recover()
        assert (made.stood > 0) == (wiring is Wiring.ALONE)


LYING = ("displaced-reply", "short-reply", "long-reply", "wrong-function", "wrong-unit", "no-reply", "exception")


@pytest.mark.parametrize(("framing", "wiring"), WAYS)
@pytest.mark.parametrize("kind", LYING)
async def test_the_spoiled_device_is_not_good(framing: Framing, wiring: Wiring, kind: str) -> None:
    async with rig(framing, wiring=wiring) as made:
        began_s = time.monotonic()
        while made.good(SPOILED):
            await made.spoil([ActiveFault(kind)], 0.1)
        assert time.monotonic() - began_s < 5.0
        await made.recover()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(WAYS), st.sampled_from([1, 4]), st.randoms(use_true_random=False), st.data())
def test_random_pairs(way: tuple[Framing, Wiring], depth: int, chance: random.Random, data: st.DataObject) -> None:
    framing, wiring = way
    menu = kinds(framing)
    first = data.draw(st.sampled_from(menu))
    second = data.draw(st.sampled_from([kind for kind in menu if may_meet(first, kind)]))

    async def play() -> None:
        async with rig(framing, depth=depth if framing is Framing.TCP else 1, wiring=wiring) as made:
            await made.spoil([draw(first, chance), draw(second, chance)], 0.2)
            await made.recover()

    asyncio.run(play())


async def test_a_seeded_campaign() -> None:
    report = await campaign(6_000, seed=20261122)
    assert report.replies >= 6_000
    assert report.longest_recovery_s < 5.0
    assert report.written > 20
    assert len(report.applied) > 10
    assert report.stood > 20


async def test_a_neighbour_that_is_lost_is_seen() -> None:
    async with rig(Framing.TCP) as made:
        made.proxy.set_faults(NEIGHBOUR, [ActiveFault("no-reply")])
        with pytest.raises(AssertionError, match=f"unit {NEIGHBOUR} is no longer good"):
            await made.spoil([ActiveFault("tid-zero")], 20.0)


# --- the witness can see ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("framing", "kind"), [(Framing.RTU, "late-reply"), (Framing.TCP, "displaced-reply")])
async def test_an_adapter_without_protections_is_caught(framing: Framing, kind: str) -> None:
    """pymodbus hands the late reply of one block to the read of the next, and takes any count for right; the witness tells."""
    late_s = 1.3 * TIMEOUT_S if kind == "late-reply" else None

    def make(port: int, witness: Witness, blocks: object, framing: Framing, _depth: int) -> Unprotected:
        assert isinstance(blocks, dict)
        return Unprotected(port, witness, blocks, framing)

    # Requests of one size, as such a program makes them; on RTU our own links would not take them.
    async with rig(framing, make=make, counts=(20,) * 6, apart_framing=Framing.TCP) as made:
        with pytest.raises(AssertionError, match="is good and"):
            await made.spoil([ActiveFault(kind, late_s)], 5.0)
