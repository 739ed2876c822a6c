"""Fusion: its kernels equal their slow twins, and the cases that a person would name."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core.detect import fusion_kernels as k
from controller.core.detect.fusion import Fusion, Weighed
from controller.core.detect.life_kernels import LIFE, watch_life
from controller.core.detect.readings import Readings
from controller.core.events import Feature, Level
from controller.core.image import Image, freeze
from controller.core.layout import Layout, lay_out
from drivers.points import BlockBuffer, Quality
from tests.controller.core.field import two_gases
from tests.naive.fusion import EVERYDAY, NaiveFusion, NaiveLife, Said

LAYOUT = lay_out(two_gases())
FEATURES = list(Feature)
HEADS = {head.name: head for head in LAYOUT.heads}


class Rig:
    """A fusion and what it is shown."""

    def __init__(self, layout: Layout = LAYOUT) -> None:
        self.layout = layout
        self.fusion = Fusion(layout)
        self.readings = Readings.empty(layout)
        self.readings.rack_live_fraction[:] = 1.0
        self.readings.rack_hottest_degc[:] = 25.0
        self.buffer = BlockBuffer.empty(layout.n_points)
        self.buffer.value[:], self.buffer.quality[:] = 0.0, Quality.GOOD
        self.tick_ms = 0

    def says(self, name: str, level: Level, weight: float = 0.0, feature: Feature = Feature.HIGH) -> None:
        index, r = HEADS[name].index, self.readings
        r.level[index], r.weight[index], r.feature[index] = level, weight, FEATURES.index(feature)
        r.value[index], r.threshold[index] = 12.0, 10.0

    def step(self, seconds: float = 1.0, *, move: bool = True, fresh: bool = True) -> Weighed:
        """One image later; `move`: the cells' values change a little."""
        self.tick_ms += round(seconds * 1000)
        if fresh:
            self.buffer.sample[:] += 1
            self.buffer.received_ms[:] = self.tick_ms
        if move:
            for name in ("cells-1", "cells-2", "cells-3"):
                self.buffer.value[HEADS[name].points] += 0.1
        self.fusion.advance(self.image(), self.readings)
        return self.fusion.zones[0]

    def image(self) -> Image:
        return freeze(1, self.tick_ms, [self.buffer], self.layout.max_age_ms)


# --- what a person would name


def test_no_head_alone_is_more_than_its_own_level_however_heavy() -> None:
    for name, level, expected in (
        ("cells-1", Level.ADVISORY, Level.ADVISORY), ("h2-1", Level.ALARM, Level.PRE_ALARM), ("smoke-1", Level.ALARM, Level.ALARM),
    ):  # fmt: skip
        rig = Rig()
        rig.says(name, level, weight=1e9)
        assert rig.step().level == expected


def test_a_head_that_is_enough_by_itself_is_told_first_and_once() -> None:
    rig = Rig()
    rig.says("cells-1", Level.ADVISORY, weight=2.9)
    assert rig.step().alone == "", "together they are an advisory as well"
    rig.says("cells-2", Level.PRE_ALARM, weight=1.5)
    said = rig.step()
    assert (said.level, said.alone) == (Level.PRE_ALARM, "cells-2")
    assert [(x.head, x.weight) for x in said.evidence] == [("cells-2", 1.5), ("cells-1", 2.9)]
    assert rig.step().alone == "cells-2"
    rig.says("h2-1", Level.PRE_ALARM)
    said = rig.step()
    assert (said.level, said.alone) == (Level.ALARM, "")
    rig.says("smoke-1", Level.ALARM, weight=3.0)
    assert rig.step().alone == "", "the sum has brought it there before"


def test_of_heads_that_are_each_enough_the_heaviest_is_told_first() -> None:
    rig = Rig()
    rig.says("smoke-1", Level.ALARM, weight=0.2)
    rig.says("smoke-2", Level.ALARM, weight=0.3)
    rig.says("h2-1", Level.ALARM, weight=3.0)
    said = rig.step()
    assert (said.level, said.alone) == (Level.ALARM, "smoke-2")
    assert [x.head for x in said.evidence] == ["smoke-2", "h2-1", "smoke-1"]


def test_an_everyday_gas_that_weighs_nothing_is_evidence_of_its_own_level() -> None:
    rig = Rig()
    rig.says("h2-1", Level.ADVISORY, weight=0.0, feature=Feature.HUMIDITY)
    said = rig.step()
    assert (said.level, said.alone) == (Level.ADVISORY, "h2-1")
    assert [x.head for x in said.evidence] == ["h2-1"]


def test_two_families_say_together_what_none_says_alone() -> None:
    rig = Rig()
    rig.says("cells-1", Level.ADVISORY, weight=2.5)
    assert rig.step().level == Level.ADVISORY
    rig.says("h2-1", Level.ADVISORY, weight=1.6)
    said = rig.step()
    assert said.level == Level.PRE_ALARM
    assert [(x.head, x.weight) for x in said.evidence] == [("cells-1", 2.498), ("h2-1", 1.6)] or [
        (x.head, x.weight) for x in said.evidence
    ] == [("cells-1", 2.5), ("h2-1", 1.6)]
    assert LAYOUT.racks[said.rack] == "rack-1"


def test_two_racks_or_a_smoke_head_name_no_rack() -> None:
    for other in ("h2-2", "smoke-1"):
        rig = Rig()
        rig.says("cells-1", Level.ADVISORY, weight=3.0)
        rig.says(other, Level.ADVISORY, weight=3.0)
        said = rig.step()
        assert (said.level, said.rack) == (Level.PRE_ALARM, -1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("cells-1", "h2-1", Level.ALARM),
        ("heat-1", "smoke-1", Level.ALARM),
        ("h2-1", "smoke-1", Level.PRE_ALARM),  # a generator's exhaust
        ("cells-1", "heat-1", Level.PRE_ALARM),  # a room whose cooling failed
    ],
)
def test_an_alarm_takes_something_hot_and_something_in_the_air(one: str, other: str, expected: Level) -> None:
    rig = Rig()
    rig.says(one, Level.PRE_ALARM)
    rig.says(other, Level.PRE_ALARM)
    assert rig.step().level == expected


@pytest.mark.parametrize("feature", sorted(EVERYDAY))
def test_an_everyday_gas_at_advisory_weighs_what_its_bank_gives_it(feature: Feature) -> None:
    rig = Rig()
    rig.says("smoke-1", Level.ADVISORY, weight=0.4)
    rig.says("co-1", Level.ADVISORY, weight=0.5, feature=feature)
    rig.step()
    assert gas_nats(rig) == 0.5
    rig.says("cells-2", Level.ADVISORY)
    rig.step()
    assert gas_nats(rig) == pytest.approx(0.5, abs=0.01), "a cell of another rack"


@pytest.mark.parametrize("feature", sorted(EVERYDAY))
def test_an_everyday_gas_beside_a_cell_that_is_up_weighs_as_its_level(feature: Feature) -> None:
    rig = Rig()
    rig.says("cells-1", Level.ADVISORY, weight=3.0)
    rig.says("co-1", Level.ADVISORY, weight=0.5, feature=feature)
    assert rig.step().level == Level.ADVISORY
    assert gas_nats(rig) == 1.0


@pytest.mark.parametrize("feature", sorted(EVERYDAY))
def test_an_everyday_gas_above_its_pre_alarm_is_no_less_beside_a_living_head_that_shows_nothing(
    feature: Feature,
) -> None:
    rig = Rig()
    rig.says("cells-1", Level.PRE_ALARM, weight=3.0)
    rig.says("co-1", Level.PRE_ALARM, weight=0.5, feature=feature)
    assert rig.step().level == Level.ALARM


def gas_nats(rig: Rig) -> float:
    return float(next(rig.fusion.arrays())["weight"][0, k.GAS])


def test_a_drift_to_the_safe_side_weighs_nothing() -> None:
    for weight, expected in ((0.0, 0.0), (0.3, 1.0)):
        rig = Rig()
        rig.says("cells-1", Level.ADVISORY, weight=weight, feature=Feature.DRIFT)
        assert rig.step().level == Level.ADVISORY
        assert next(rig.fusion.arrays())["weight"][0, k.BMS] == expected


def test_a_rack_that_is_named_later_is_named_though_the_level_stands() -> None:
    rig = Rig()
    rig.says("smoke-1", Level.PRE_ALARM)
    first = rig.step()
    assert (first.level, first.rack) == (Level.PRE_ALARM, -1)
    rig.says("cells-1", Level.ADVISORY, weight=1.3)
    said = rig.step()
    assert (said.level, said.rack) == (Level.PRE_ALARM, -1)
    assert {x.head for x in said.evidence} == {"smoke-1", "cells-1"}
    rig.says("h2-1", Level.ADVISORY, weight=1.3)
    said = rig.step()
    assert (said.level, LAYOUT.racks[said.rack]) == (Level.PRE_ALARM, "rack-1")
    assert {x.head for x in said.evidence} == {"smoke-1", "cells-1", "h2-1"}
    assert rig.step() is said
    rig.says("h2-1", Level.NORMAL)
    rig.says("cells-1", Level.NORMAL)
    while rig.step(10.0).rack >= 0:
        assert rig.tick_ms < 600_000
    assert {x.head for x in rig.fusion.zones[0].evidence} == {"smoke-1", "cells-1", "h2-1"}


def test_evidence_leaks_when_it_has_ended_and_stands_while_it_lasts() -> None:
    rig = Rig()
    rig.says("cells-1", Level.ADVISORY, weight=3.0)
    rig.says("h2-1", Level.ADVISORY, weight=3.0)
    rig.step()
    for _ in range(600):
        assert rig.step().level == Level.PRE_ALARM
    rig.says("h2-1", Level.NORMAL)
    levels = [rig.step().level for _ in range(1800)]
    assert 200 < levels.index(Level.ADVISORY) < 400, "3 nats fall below 1 after about 330 s"
    rig.says("cells-1", Level.NORMAL)
    assert [rig.step(10.0).level for _ in range(300)][-1] == Level.NORMAL


def test_a_dip_of_the_hottest_cell_while_gas_rises_adds_weight() -> None:
    rig = Rig()
    rig.readings.rack_hottest_degc[0] = 90.0
    rig.says("h2-1", Level.ADVISORY, weight=2.0)
    rig.says("smoke-1", Level.ADVISORY, weight=1.0)
    assert rig.step().level == Level.ADVISORY
    rig.readings.rack_hottest_degc[0] = 87.0
    said = rig.step()
    assert said.level == Level.PRE_ALARM
    vent = next(x for x in said.evidence if x.feature is Feature.VENT)
    assert (vent.head, vent.value, vent.weight) == ("cells-1", 3.0, 1.5)


def vent_after(falls: dict[int, float]) -> Level:
    """What a zone is after the hottest cell of a rack with gas fell by 3 K, and cells of it by as much as `falls` says."""
    rig = Rig()
    cells = rig.buffer.value[HEADS["cells-1"].points[0] :]
    cells[: HEADS["cells-1"].points.size] = 80.0
    cells[1] = 90.0
    rig.readings.rack_hottest_degc[0] = 90.0
    rig.says("h2-1", Level.ADVISORY, weight=2.0)
    rig.says("smoke-1", Level.ADVISORY, weight=1.0)
    rig.step(move=False)
    for place, fall in falls.items():
        cells[place] -= fall
    rig.readings.rack_hottest_degc[0] = 87.0
    return Level(rig.step(move=False).level)


def test_a_rack_or_module_that_cools_as_a_whole_has_not_vented() -> None:
    group = HEADS["cells-1"].head.group
    everybody = range(HEADS["cells-1"].points.size)
    assert vent_after({1: 3.0}) == Level.PRE_ALARM
    assert vent_after(dict.fromkeys(everybody, 3.0)) == Level.ADVISORY, "the room is cooled"
    assert vent_after(dict.fromkeys(range(group or len(everybody)), 3.0)) == Level.ADVISORY, "its module is cooled"
    assert vent_after(dict.fromkeys(everybody, 1.0) | {1: 3.0}) == Level.PRE_ALARM, (
        "it fell by 2 K more than the others"
    )


def test_a_dip_without_gas_or_with_a_dying_sensor_adds_nothing() -> None:
    for gas, live in ((Level.NORMAL, 1.0), (Level.ADVISORY, 0.9)):
        rig = Rig()
        rig.readings.rack_hottest_degc[0] = 90.0
        rig.says("h2-1", gas, weight=2.0)
        rig.says("smoke-1", Level.ADVISORY, weight=1.0)
        rig.step()
        rig.readings.rack_hottest_degc[0], rig.readings.rack_live_fraction[0] = 87.0, live
        assert rig.step().level <= Level.ADVISORY


def test_out_of_service_says_nothing_and_a_reset_forgets() -> None:
    rig = Rig()
    rig.says("smoke-1", Level.ALARM)
    assert rig.step().level == Level.ALARM
    assert rig.fusion.leave_out(("smoke-1",))
    assert rig.step().level == Level.NORMAL
    assert rig.fusion.leave_out(())
    assert rig.step().level == Level.ALARM
    rig.says("smoke-1", Level.NORMAL)
    rig.step()
    rig.fusion.forget(HEADS["smoke-1"].index)
    assert rig.step().level == Level.NORMAL


def test_the_same_object_stands_while_nothing_changes() -> None:
    rig = Rig()
    rig.says("smoke-1", Level.PRE_ALARM)
    rig.step()
    zones = rig.fusion.zones
    rig.step()
    assert rig.fusion.zones is zones


# --- doubts


def test_a_bms_that_stops_moving_is_flat_by_its_own_noise() -> None:
    rig = Rig()
    for _ in range(150):
        assert not rig.step().doubts
    found = [bool(rig.step(move=False).doubts) for _ in range(80)]
    assert found.index(True) == 59, "a minute after its last move"
    doubt = rig.fusion.zones[0].doubts[0]
    assert (doubt.head, doubt.feature, doubt.value, doubt.threshold) == ("cells-1", Feature.FLAT, 60.0, 60.0)
    assert doubt.weight == 0.0
    assert not rig.step().doubts


def test_a_bms_that_moves_once_a_minute_is_given_ten_of_its_minutes() -> None:
    rig = Rig()
    for second in range(60 * 120):
        rig.step(move=second % 60 == 0)
    found = [bool(rig.step(move=False).doubts) for _ in range(700)]
    assert 535 <= found.index(True) <= 601


def test_a_bms_without_new_samples_or_values_is_not_flat_but_silent() -> None:
    rig = Rig()
    for _ in range(150):
        rig.step()
    assert not any(rig.step(move=False, fresh=False).doubts for _ in range(2))
    rig.readings.fault[HEADS["cells-1"].index] = 2
    doubts = rig.step(move=False).doubts
    assert [(x.head, x.feature) for x in doubts] == [("cells-1", Feature.NO_VALUE)]
    rig.fusion.leave_out(("cells-1",))
    assert not rig.step().doubts


@pytest.mark.parametrize("feature", [Feature.RATE, Feature.DIED_AFTER_RISE, Feature.DYING_TOGETHER])
def test_what_a_bms_said_before_it_fell_silent_leaks_and_what_burnt_stands(feature: Feature) -> None:
    rig = Rig()
    rig.says("cells-1", Level.PRE_ALARM, 2.5, feature)
    rig.step()
    rig.readings.fault[HEADS["cells-1"].index] = 2
    for _ in range(100):
        rig.step(3600.0)
    rig.says("smoke-1", Level.PRE_ALARM, 2.5)
    assert rig.step().level == (Level.PRE_ALARM if feature is Feature.RATE else Level.ALARM)


# --- twins

_words = st.builds(
    Said,
    st.integers(0, 3),
    st.sampled_from([0.0, 0.4, 1.0, 1.7, 2.5, 3.0, 9.0, math.nan, math.inf, -1.0]),
    st.sampled_from(FEATURES),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([0, 0, 1, 2]),
)
BAD = -999.0
CELLS = [int(i) for name in ("cells-1", "cells-2", "cells-3") for i in HEADS[name].points]
_degc = st.sampled_from([25.0, 26.0, 24.0, 22.5, 80.0, 76.0, 69.0, math.nan, math.inf, -math.inf])
_steps = st.tuples(
    st.sampled_from([0, 100, 1000, 1000, 30_000, 61_000, 3_600_000]),
    st.lists(st.tuples(st.integers(0, len(LAYOUT.heads) - 1), _words), max_size=6),
    st.lists(_degc, min_size=3, max_size=3),
    st.lists(st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.0]), min_size=3, max_size=3),
    st.sampled_from([None, None, None, (), ("h2-1",), ("smoke-1", "cells-2")]),
    st.dictionaries(st.sampled_from(CELLS), st.sampled_from([20.0, 22.5, 24.5, 76.5, 80.0, BAD, math.nan, math.inf])),
)


def shown_by(rig: Rig) -> list[float | None]:
    values = zip(rig.buffer.value.tolist(), rig.buffer.quality.tolist(), strict=True)
    return [value if quality == Quality.GOOD and not math.isnan(value) else None for value, quality in values]


@given(st.lists(_steps, min_size=1, max_size=12))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_fusion_equals_its_twin(steps: list[Any]) -> None:
    rig, twin = Rig(), NaiveFusion(LAYOUT)
    words = [Said(0, 0.0, Feature.NONE, 0.0, 0.0) for _ in LAYOUT.heads]
    for elapsed_ms, news, hottest, live, out, cells in steps:
        for place, degc in cells.items():
            rig.buffer.value[place] = degc
            rig.buffer.quality[place] = Quality.GOOD if degc != BAD else Quality.BAD
        if out is not None and out != twin.out:
            for name in set(out) ^ set(twin.out):
                twin.forget(HEADS[name].zone)
            twin.out = out
            rig.fusion.leave_out(out)
        for head, word in news:
            words[head] = word
        r = rig.readings
        for head, word in enumerate(words):
            r.level[head], r.weight[head], r.feature[head] = word.level, word.weight, FEATURES.index(word.feature)
            r.value[head], r.threshold[head], r.fault[head] = word.value, word.threshold, word.fault
        r.rack_hottest_degc[:], r.rack_live_fraction[:] = hottest, live
        rig.step(elapsed_ms / 1000)
        expected = twin.advance(
            rig.tick_ms, [w._replace(weight=float(np.float32(w.weight))) for w in words], hottest, live, shown_by(rig)
        )
        assert [zone.level for zone in rig.fusion.zones] == [level for level, _ in expected]
        kept, *_, alone = rig.fusion.arrays()
        assert alone.tolist() == [head for _, head in expected]
        for zone, families in enumerate(twin.kept):
            for place, family in enumerate(families):
                got = kept[zone, place]
                assert (float(got["weight"]), float(got["firm"]), int(got["head"])) == (
                    family.weight,
                    family.firm,
                    family.head,
                )
                if family.head >= 0:
                    assert (got["value"], got["threshold"], FEATURES[got["feature"]]) == (
                        family.value, family.threshold, family.feature,
                    )  # fmt: skip


_samples = st.tuples(
    st.sampled_from([100, 1000, 1000, 10_000, 40_000]),
    st.sampled_from(["move", "move", "stand", "stand", "nothing new", "nan", "bad"]),
    st.booleans(),
    st.integers(1, 60),
)


@given(st.lists(_samples, min_size=1, max_size=12))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_watch_over_life_equals_its_twin(runs: list[tuple[int, str, bool, int]]) -> None:
    life = np.zeros(1, LIFE)
    life["count"], life["load"] = 3, 3
    for name in ("seen", "still_ms", "load_ms"):
        life[name] = -1
    index, last = np.arange(3, dtype=np.int32), np.full(3, np.nan)
    value, quality = np.zeros(4), np.full(4, Quality.GOOD, np.uint8)
    sample, received_ms = np.zeros(4, np.int64), np.zeros(4, np.int64)
    twin = NaiveLife([math.nan] * 3, judged_under_load=True)
    for step_ms, what, loaded, times in runs:
        for _ in range(times):
            received_ms += step_ms
            sample += what != "nothing new"
            quality[:3] = Quality.BAD if what == "bad" else Quality.GOOD
            value[0] = math.nan if what == "nan" else (value[0] if math.isfinite(value[0]) else 0.0) + (what == "move")
            value[3] = loaded
            watch_life(life, index, last, value, quality, sample, received_ms)
            good = [bool(q == Quality.GOOD) for q in quality[:3]]
            flat_ms = twin.advance(value[:3].tolist(), good, int(sample[0]), int(received_ms[0]), loaded=loaded)
            assert int(life["flat_ms"][0]) == flat_ms
            assert int(life["longest_ms"][0]) == twin.longest_ms


def test_the_everyday_patterns_lie_together_in_the_list_of_features() -> None:
    """The kernel asks for a range."""
    assert {FEATURES[i] for i in range(k.FIRST_EVERYDAY, k.LAST_EVERYDAY + 1)} == EVERYDAY
