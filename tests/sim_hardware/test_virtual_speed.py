"""The quick way through virtual time gives what the plain way gives: every image, every word, every state, and the journal's hash."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.chain import GENESIS, InputDigest, encode, hash_next
from controller.core.commands import AnyCommand
from controller.core.image import Image, again, freeze
from controller.core.scan import Controller, ScanResult
from controller.site.model import Device, Site
from drivers.modbus.decode import WIRE, encode_array
from drivers.modbus.intake import Intakes
from drivers.modbus.plan import Part, Request, plan
from drivers.points import BlockBuffer, DataType, Order, RegisterBlock, Scaling, Table
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.devices.words import encoder_of
from sim_hardware.faults.spec import parse_fault
from sim_hardware.lockstep import LockStep, run
from sim_hardware.scenarios import loader
from sim_hardware.virtual_blocks import PlainBlocks, is_plain
from tests.sim_hardware.conftest import HALL

FAULTS = (
    "device-dead:gas@20-30", "device-late:bms-2:0.7@15-25", "device-restart:do-1@40-43", "stuck:smoke-1:7@31",
    "offset:h2-4:3000@33-50", "ramp:heat-1:2@36", "device-dead:bms-5@45-52", "noise:co-2:200@10-60",
)  # fmt: skip


class Plain:
    """A controller that is given every image as arrays of its own and decides in every scan."""

    def __init__(self, lockstep: LockStep, patch: pytest.MonkeyPatch) -> None:
        self.core = Controller(lockstep.plant.layout, None, lockstep.controller.rules.settings)
        self.chain = GENESIS
        self.scans = self.rested = 0
        self._quick = lockstep.controller.scan
        patch.setattr(lockstep.controller, "scan", self.scan)

    def scan(self, image: Image, commands: tuple[AnyCommand, ...] = ()) -> ScanResult:
        """Take the same scan as the quick controller, and compare all that comes out of both."""
        self.core._rests_until_ms = -1
        slow, quick = self.core.scan(copy_of(image), commands), self._quick(image, commands)
        for event in slow.events:
            self.chain = hash_next(self.chain, encode(event))
        assert slow.state_changed
        assert (quick.events, quick.writes, quick.state) == (slow.events, slow.writes, slow.state)
        self.scans += 1
        self.rested += not quick.state_changed
        return quick


def copy_of(image: Image) -> Image:
    """The same image in arrays of its own."""
    arrays = image.value.copy(), image.quality.copy(), image.sample.copy(), image.received_ms.copy()
    return Image(image.scan, image.tick_ms, *arrays, image.host)


@pytest.mark.parametrize(
    ("name", "seconds", "faults"),
    [("runaway", 90.0, ()), ("false-alarm", 70.0, FAULTS), ("server-room", 60.0, FAULTS[:3]), ("quiet", 65.0, ())],
)
def test_scans_that_rest_tell_write_and_keep_what_scans_that_decide_do(
    hall: Site, monkeypatch: pytest.MonkeyPatch, name: str, seconds: float, faults: tuple[str, ...]
) -> None:
    lockstep = LockStep(hall, loader.load(name), seed=3, faults=[parse_fault(text) for text in faults])
    plain = Plain(lockstep, monkeypatch)
    for _ in range(round(seconds * 10)):
        lockstep.step()
    assert plain.chain.hex() == lockstep.chain
    assert plain.scans / 2 < plain.rested < plain.scans


# --- plain blocks, word by word --------------------------------------------------------------------------------------


_scalings = st.builds(
    Scaling,
    st.sampled_from([1.0, 0.1, 0.001]),
    st.sampled_from([0.0, -40.0]),
    st.sampled_from([(), (65535,), (-32768,), (7,)]),
)
_kinds = st.tuples(
    st.sampled_from([DataType.UINT16, DataType.INT16, DataType.BIT]), _scalings, st.integers(1, 120), st.booleans()
)
_turns = st.tuples(st.sampled_from(["new", "same", "values", "silent", "point"]), st.integers(0, 2**32 - 1))


def _block(number: int, kind: DataType, scaling: Scaling, count: int, counted: bool) -> RegisterBlock:
    first, is_bit = 1 + 200 * number, kind is DataType.BIT
    table = Table.COIL if is_bit else Table.HOLDING
    scaling = Scaling() if is_bit else scaling
    counter = first + count if counted and not is_bit else None
    return RegisterBlock(f"b{number}", "d", 1, table, first, count, kind, 1.0, 3.0, scaling, counter, Order.ABCD)


@given(st.lists(_kinds, min_size=1, max_size=4), st.lists(_turns, min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_plain_blocks_are_decoded_as_the_links_do(
    kinds: list[tuple[DataType, Scaling, int, bool]], turns: list[tuple[str, int]]
) -> None:
    blocks = [_block(number, *kind) for number, kind in enumerate(kinds)]
    assert all(is_plain(block, Device(link="bus")) for block in blocks)
    firsts = np.cumsum([0, *(block.count for block in blocks)]).tolist()
    buffer = BlockBuffer.empty(firsts[-1])
    memory = DeviceMemory("d", blocks, frozenset(), 0)
    places = {b.name: at for b, at in zip(blocks, firsts, strict=False)}
    quick, links = PlainBlocks(blocks, places, buffer, {"d": memory}), Intakes(blocks)
    for turn, (what, seed) in enumerate(turns):
        chance = np.random.default_rng(seed)
        if what in {"new", "values"}:
            _change(blocks, memory, chance, counters=what == "new")
        if what == "silent":
            quick.fail("d")
            links.fail_all()
        elif what == "point":
            _take_a_point(blocks[int(chance.integers(len(blocks)))], memory, quick, links, 1000 * turn)
        else:
            quick.take(["d"], 1000 * turn)
            for request in plan(blocks):
                words = memory.read(request.table, request.address, request.count).astype(WIRE)
                links.take(request, words, 1000 * turn)
        for name, at in places.items():
            wanted = links.buffers[name]
            got = buffer.part(at, wanted.value.size)
            assert got.value.tobytes() == wanted.value.tobytes()
            assert got.quality.tolist() == wanted.quality.tolist()
            assert got.sample.tolist() == wanted.sample.tolist()
            assert got.received_ms.tolist() == wanted.received_ms.tolist()


def _change(blocks: list[RegisterBlock], memory: DeviceMemory, chance: np.random.Generator, *, counters: bool) -> None:
    for block in blocks:
        words = [0, 1] if block.data_type is DataType.BIT else [7, 65535, 32768, 300]
        memory.store(block.table, block.address, chance.choice(words, block.count))
        if counters and block.counter is not None:
            memory.store(block.table, block.counter, [int(chance.integers(0, 65536))])


def _take_a_point(block: RegisterBlock, memory: DeviceMemory, quick: PlainBlocks, links: Intakes, tick_ms: int) -> None:
    """What a write reads back, of a block that the controller writes: such blocks count no samples."""
    if block.counter is not None:
        return
    index = block.count // 2
    memory.store(block.table, block.address + index, [1])
    back = Request(1, block.table, block.address + index, 1, 1.0, (Part(block, index, 1, 0),), ())
    links.take(back, memory.read(block.table, block.address + index, 1).astype(WIRE), tick_ms)
    assert quick.take_point(block, index, tick_ms)


@given(st.sampled_from([DataType.UINT16, DataType.INT16]), _scalings, st.lists(st.floats(width=32), min_size=1))
@settings(deadline=None)
def test_words_are_those_of_the_drivers(kind: DataType, scaling: Scaling, values: list[float]) -> None:
    block = _block(0, kind, scaling, len(values), counted=False)
    words = np.zeros(len(values), ">u2")
    encoder_of(block, words)(np.array(values))
    assert words.tolist() == encode_array(block, np.array(values)).tolist()


# --- digests and hashes ----------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans()), max_size=12))
@settings(deadline=None)
def test_the_digest_of_shared_arrays_is_that_of_copies(turns: list[tuple[int, int, bool]]) -> None:
    buffer, ages = BlockBuffer.empty(5), np.full(5, 250, np.int64)
    shared, copied = InputDigest(), InputDigest()
    image: Image | None = None
    for scan, (point, value, is_new) in enumerate(turns):
        if is_new or image is None:
            buffer.value[point], buffer.sample[point], buffer.quality[point] = value, scan, 1
            buffer.received_ms[point] = 100 * scan
            image = freeze(scan, 100 * scan, [buffer], ages)
        else:
            image = again(image, scan, 100 * scan)
        shared.update(image)
        copied.update(copy_of(image))
        assert shared.hexdigest() == copied.hexdigest()


_ANOTHER_PROCESS = """
import sys
from controller.site.loader import load
from sim_hardware.lockstep import run
from sim_hardware.scenarios import loader
print(run(load(sys.argv[1]), loader.load("runaway"), duration_s=65.0, seed=5).chain)
"""


def test_the_same_seed_gives_the_same_hash_in_this_process_and_in_another(hall: Site) -> None:
    scenario = loader.load("runaway")
    here = [run(hall, scenario, duration_s=65.0, seed=seed).chain for seed in (5, 5, 6)]
    there = subprocess.run(
        [sys.executable, "-c", _ANOTHER_PROCESS, str(HALL)], check=True, capture_output=True, text=True, timeout=300
    )
    assert here[0] == here[1] == there.stdout.strip() != here[2]
