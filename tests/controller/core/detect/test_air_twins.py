"""The air banks equal their slow twin, bit for bit, on random, NaN, infinite, gapped, constant and stepped inputs; by night; after agent."""

import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.core.detect.air_bank import lay_out_air
from controller.core.detect.gas_kernels import ln
from controller.core.detect.readings import Readings
from controller.core.events import Feature
from controller.core.image import freeze
from controller.core.layout import Layout, lay_out
from controller.site.model import Family, Principle
from drivers.points import BlockBuffer, Quality
from tests.naive.air import AirTwin, Reading
from tests.naive.rig import REST, Spec, layout_of

SPECS = {
    "h2": Spec(Family.H2, rack="r1"),
    "h2-2": Spec(Family.H2, rack="r2"),
    "h2-room": Spec(Family.H2, reference=True),
    "co": Spec(Family.CO, rack="r1"),
    "co-2": Spec(Family.CO, rack="r2"),
    "co-room": Spec(Family.CO, reference=True),
    "voc": Spec(Family.VOC, rack="r1"),
    "voc-2": Spec(Family.VOC, rack="r2", limits={"rate_window_s": 6.0, "rate_pre_alarm": 20.0}),
    "bead": Spec(Family.H2, rack="r2", limits={"stuck_s": 20.0}),
    "smoke": Spec(Family.SMOKE, limits={"rate_window_s": 5.0, "rate_pre_alarm": 0.2, "slew": 9.0}),
    "smoke-2": Spec(Family.SMOKE, 2, limits={"persistence_s": 3.0, "drift_limit": 1e-5}),
    "heat": Spec(Family.HEAT, limits={"rate_window_s": 9.0, "stuck_s": 12.0}),
    "climate": Spec(Family.CLIMATE_TEMPERATURE, 2),
    "humidity": Spec(Family.CLIMATE_HUMIDITY, 2),
}
ODD = (math.nan, math.inf, -math.inf, 1e308, -0.0, -273.0, 5e-324)
SCALE = {Family.SMOKE: 0.4, Family.H2: 8.0, Family.CO: 9.0, Family.VOC: 9.0}


def bits(number: float) -> bytes:
    """The very bits of a number; every NaN is the same NaN."""
    return b"nan" if math.isnan(number) else struct.pack("<d", number)


def with_bead(layout: Layout) -> Layout:
    """The head `bead`, if there is one, is a catalytic one."""
    heads = {
        name: replace(head, principle=Principle.CATALYTIC) if name == "bead" else head
        for name, head in layout.site.heads.items()
    }
    return lay_out(replace(layout.site, heads=heads))


class Pair:
    """Banks and twin over one image made by hand."""

    def __init__(self, specs: dict[str, Spec]) -> None:
        self.layout = with_bead(layout_of(specs))
        self.banks = lay_out_air(self.layout, 0)
        self.twin = AirTwin(self.layout, 0)
        self.readings = Readings.empty(self.layout)
        self.buffer = BlockBuffer.empty(self.layout.n_points)
        self.buffer.quality[:] = Quality.GOOD
        self.tick_ms, self.scan, self.host = 0, 0, (0,)
        for head in self.layout.heads:
            self.buffer.value[head.points] = REST.get(Family(head.head.family), 0.0)

    def agent(self, *, there: bool) -> None:
        for bank in self.banks:
            if hasattr(bank, "mask"):
                bank.mask([there])
        self.twin.agent_in([there])

    def step(self) -> set[str]:
        """Compare every reading; returns the features seen."""
        self.scan += 1
        ages = np.full(self.layout.n_points, 10**9, np.int64)
        image = freeze(self.scan, self.tick_ms, [self.buffer], ages, self.host)
        for bank in self.banks:
            if bank.advance(image):
                bank.reduce(self.readings)
        expected = self.twin.advance(image)
        for index, reading in expected.items():
            assert self._shown(index) == _bits(reading), (self.layout.heads[index].name, self.scan, reading)
        return {reading[3] for reading in expected.values()}

    def _shown(self, index: int) -> tuple[object, ...]:
        r = self.readings
        return (
            int(r.level[index]), int(r.fault[index]), int(r.point[index]), list(Feature)[r.feature[index]],
            bits(float(r.value[index])), bits(float(r.threshold[index])), bits(float(r.weight[index])),
            int(r.marks[index]),
        )  # fmt: skip


def _bits(reading: Reading) -> tuple[object, ...]:
    level, fault, point, feature, value, threshold, weight, marks = reading
    return level, fault, point, feature, bits(value), bits(threshold), bits(weight), marks


def walk(pair: Pair, rng: np.random.Generator, scans: int, trouble: float) -> set[str]:
    """Random walks with steps, ramps, freezes, odd values, bad qualities and missing samples; night and agent come and go."""
    n = pair.layout.n_points
    scale = np.ones(n)
    for head in pair.layout.heads:
        scale[head.points] = SCALE.get(Family(head.head.family), 1.0)
    rest = pair.buffer.value.copy()
    level, ramp, frozen, seen = rest.copy(), np.zeros(n), np.zeros(n, bool), set()
    for scan in range(scans):
        pair.tick_ms += int(
            rng.choice([100, 950, 1000, 1000, 1003, 10000, 70000], p=[0.1, 0.1, 0.3, 0.3, 0.1, 0.08, 0.02])
        )
        ramp = np.where(rng.random(n) < 0.03, rng.choice([0.0, 0.0, 0.15, 1.3, -1.0, 12.0], n), ramp)
        frozen = np.where(rng.random(n) < 0.05, ~frozen, frozen)
        level = np.where(frozen, level, level + ramp * scale + rng.normal(0.0, 0.05, n) * scale)
        level = np.where(rng.random(n) < 0.02, rest + rng.choice([0.0, 0.0, 5.0, 30.0, 60.0], n) * scale, level)
        if rng.random() < 0.03:  # the whole room at once: outside air, steam
            level = np.where(scale > 2.0, rest + 4.0 * scale, level)
        fresh = rng.random(n) < 0.9
        pair.buffer.sample[fresh] += 1
        pair.buffer.received_ms[fresh] = pair.tick_ms
        shown = np.where(rng.random(n) < trouble, rng.choice(ODD, n), np.round(level, 2))
        pair.buffer.value[fresh] = shown[fresh]
        pair.buffer.quality[:] = np.where(rng.random(n) < trouble, rng.integers(0, 5, n), Quality.GOOD)
        pair.host = (int(rng.random() < 0.5),)
        if scan % 50 == 49:
            pair.agent(there=scan % 100 == 49)
        seen |= pair.step()
    return seen


def test_banks_equal_their_twin_on_random_rooms_and_meet_every_feature() -> None:
    seen: set[str] = set()
    for seed in range(8):
        seen |= walk(Pair(SPECS), np.random.default_rng(seed), 250, 0.002 if seed % 2 else 0.02)
    assert seen >= {
        Feature.HIGH, Feature.RATE, Feature.ABOVE_REFERENCE, Feature.FIRE_2, Feature.GAS_RISE, Feature.LI_ION_VENT,
        Feature.SOLVENT, Feature.ENGINE, Feature.CHARGING, Feature.HUMIDITY, Feature.OUTSIDE_AIR, Feature.NOT_BELIEVED,
        Feature.DIED_AFTER_RISE, Feature.OUT_OF_RANGE, Feature.NO_VALUE, Feature.STUCK, Feature.SLEW,
    }  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 400, 1000, 1001, 5000, 40000, -3000]),
            st.lists(st.one_of(st.sampled_from(ODD), st.floats(-60.0, 130.0), st.just(25.0)), min_size=6, max_size=6),
            st.lists(st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.BAD, Quality.STALE]), min_size=6, max_size=6),
            st.booleans(),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_banks_equal_their_twin_on_whatever_hypothesis_finds(
    scans: list[tuple[int, list[float], list[int], bool, bool]],
) -> None:
    limits = {"stuck_s": 3.0, "persistence_s": 1.0, "rate_window_s": 4.0}
    specs = {
        "h2": Spec(Family.H2, rack="r1", limits=limits),
        "voc": Spec(Family.VOC, rack="r1", limits=limits),
        "h2-room": Spec(Family.H2, reference=True, limits=limits),
        "smoke": Spec(Family.SMOKE, limits=limits),
        "heat": Spec(Family.HEAT, limits=limits),
        "humidity": Spec(Family.CLIMATE_HUMIDITY, limits=limits),
    }
    pair = Pair(specs)
    pair.tick_ms = 1_000_000  # times may go back, never below zero
    for dt_ms, values, qualities, fresh, night in scans:
        pair.tick_ms += dt_ms
        pair.buffer.value[:] = values
        pair.buffer.quality[:] = qualities
        pair.buffer.sample[:] += fresh
        pair.buffer.received_ms[:] = pair.tick_ms
        pair.host = (int(night),)
        pair.step()


@given(st.floats(1e-6, 1e9))
def test_the_logarithm_is_one(x: float) -> None:
    assert float(ln(x)) == pytest.approx(math.log(x), abs=1e-8)


def test_the_same_images_give_the_same_bits() -> None:
    def run() -> list[bytes]:
        pair = Pair(SPECS)
        walk(pair, np.random.default_rng(5), 120, 0.01)
        return [array.tobytes() for bank in pair.banks for array in bank.arrays()]

    assert run() == run()
