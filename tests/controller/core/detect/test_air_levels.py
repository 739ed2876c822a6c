"""What gas, smoke and climate heads tell beyond plain thresholds: patterns, rises, stages, drift, night, agent."""

import numpy as np
import pytest
from msgspec.structs import replace

from controller.core.detect.air_codes import MARK_DRIFTED, MARK_FIRE_2
from controller.core.events import Feature, Level
from controller.core.image import Image, changes
from controller.core.layout import lay_out
from controller.core.trips import HOST_FACTS
from controller.site.model import Family, Principle
from drivers.points import Quality
from tests.naive.rig import Rig, Spec, layout_of

RACK = {
    "h2": Spec(Family.H2, rack="r1"),
    "co": Spec(Family.CO, rack="r1"),
    "voc": Spec(Family.VOC, rack="r1"),
    "h2-room": Spec(Family.H2, reference=True),
    "co-room": Spec(Family.CO, reference=True),
    "voc-room": Spec(Family.VOC, reference=True),
}
NIGHT = tuple(int(fact == "night") for fact in HOST_FACTS)


def settled(specs: dict[str, Spec], samples: int = 60) -> Rig:
    rig = Rig(specs)
    assert rig.run(samples) == Level.NORMAL
    return rig


def weight(rig: Rig, name: str) -> float:
    return float(rig.readings.weight[rig.place[name]])


def marks(rig: Rig, name: str) -> int:
    return int(rig.readings.marks[rig.place[name]])


@pytest.mark.parametrize(
    ("shown", "head", "feature", "most"),
    [
        ({"h2": 30.0, "voc": 60.0}, "h2", Feature.LI_ION_VENT, 3.0),
        ({"h2": 30.0, "co": 50.0}, "co", Feature.LI_ION_VENT, 3.0),
        ({"voc": 60.0}, "voc", Feature.SOLVENT, 0.5),
        ({"co": 45.0}, "co", Feature.ENGINE, 1.0),
        ({"h2": 30.0}, "h2", Feature.CHARGING, 2.0),
        ({"h2": 300.0, "co": 75.0}, "h2", Feature.CHARGING, 2.0),  # a quarter of hydrogen shows in the monoxide cell
        ({"co": 75.0, "co-room": 75.0}, "co", Feature.OUTSIDE_AIR, 0.5),
        ({"h2": 300.0, "h2-room": 300.0, "voc": 300.0, "voc-room": 300.0}, "voc", Feature.LI_ION_VENT, 3.0),
    ],
)
def test_the_pattern_of_a_rack_names_the_gas_and_bounds_its_weight(
    shown: dict[str, float], head: str, feature: Feature, most: float
) -> None:
    rig = settled(RACK)
    for name, ppm in shown.items():
        rig.set(name, ppm)
    rig.run(12)
    assert rig.feature(head) == feature
    assert 0.0 < weight(rig, head) <= most


RACKS = RACK | {
    "h2-2": Spec(Family.H2, rack="r2"),
    "co-2": Spec(Family.CO, rack="r2"),
    "voc-2": Spec(Family.VOC, rack="r2"),
}
HYDROGEN = ("h2", "h2-2", "h2-room")


def filled(ppm: dict[str, float], dead: tuple[str, ...] = (), absent: tuple[str, ...] = ()) -> Rig:
    """A room with two racks after a gas (by the first letter of its heads) has filled it."""
    rig = settled({name: spec for name, spec in RACKS.items() if name not in absent})
    for name in dead:
        rig.buffer.quality[rig.points(name)] = Quality.BAD
    rig.run(5)
    for name in rig.place:
        rig.set(name, ppm.get(name[0], 0.0))
    rig.run(15)
    return rig


@pytest.mark.parametrize(
    ("dead", "absent", "level", "feature"),
    [
        ((), (), Level.PRE_ALARM, Feature.LI_ION_VENT),
        (("h2-room",), (), Level.PRE_ALARM, Feature.LI_ION_VENT),
        ((), ("h2-room",), Level.PRE_ALARM, Feature.LI_ION_VENT),
        (HYDROGEN, (), Level.ADVISORY, Feature.GAS_RISE),
        ((), HYDROGEN, Level.ADVISORY, Feature.GAS_RISE),
    ],
)
def test_a_hydrogen_head_that_is_missing_never_says_that_there_is_no_hydrogen(
    dead: tuple[str, ...], absent: tuple[str, ...], level: Level, feature: Feature
) -> None:
    rig = filled({"h": 25.0, "c": 25.0, "v": 45.0}, dead, absent)
    assert rig.detector.weighed[0].level == level
    assert {rig.feature(name) for name in ("co-room", "voc-room")} == {feature}
    assert weight(rig, "co-room") >= 1.5


@pytest.mark.parametrize("dead", [(), ("h2-room",), ("h2", "h2-2")], ids=str)
@pytest.mark.parametrize("exhaust", [{"c": 30.0}, {"v": 45.0}, {"c": 30.0, "v": 45.0}], ids=str)
def test_one_living_hydrogen_head_that_shows_nothing_makes_it_outside_air(
    dead: tuple[str, ...], exhaust: dict[str, float]
) -> None:
    rig = filled(exhaust, dead)
    risen = [name for name in ("co-room", "voc-room") if name[0] in exhaust]
    assert {rig.feature(name) for name in risen} == {Feature.OUTSIDE_AIR}
    assert rig.detector.weighed[0].level == Level.ADVISORY
    assert gas_nats(rig) == 0.5


def gas_nats(rig: Rig) -> float:
    return max(weight(rig, name) for name in rig.place)


def test_a_catalyst_that_shows_nothing_does_not_make_it_outside_air() -> None:
    layout = layout_of({name: spec for name, spec in RACKS.items() if name not in {"h2-2", "h2-room"}})
    bead = replace(layout.site.heads["h2"], principle=Principle.CATALYTIC)
    rig = Rig(lay_out(replace(layout.site, heads=layout.site.heads | {"h2": bead})))
    rig.run(60)
    for name in ("co", "co-2", "co-room"):
        rig.set(name, 25.0)
    rig.run(15)
    assert rig.feature("co-room") == Feature.GAS_RISE


@pytest.mark.parametrize(
    "shown", [{"voc": 300.0}, {"co": 300.0}, {"co": 300.0, "co-room": 300.0}, {"h2": 300.0}], ids=str
)
def test_no_pattern_lowers_what_a_threshold_says(shown: dict[str, float]) -> None:
    name = next(iter(shown))
    alone, known = settled({name: RACK[name]}), settled(RACK)
    for rig in (alone, known):
        for head, ppm in shown.items():
            if head in rig.place:
                rig.set(head, ppm)
        rig.run(20)
    assert known.level(name) == alone.level(name) >= Level.PRE_ALARM


def test_a_vent_is_a_pre_alarm_seconds_after_its_gas_is_there_below_every_threshold() -> None:
    rig = settled(RACK)
    rig.set("h2", 15.0)
    rig.set("voc", 30.0)
    rig.run(9)
    assert (rig.level("h2"), rig.feature("h2")) == (Level.PRE_ALARM, Feature.LI_ION_VENT)
    assert weight(rig, "h2") == 3.0


def test_a_rise_is_an_advisory_and_slow_drift_of_a_head_is_none() -> None:
    rig = settled(RACK)
    rig.set("h2", 14.0)
    rig.run(9)
    assert (rig.level("h2"), rig.feature("h2")) == (Level.ADVISORY, Feature.CHARGING)
    drifting = settled(RACK)
    for minute in range(24 * 60):
        drifting.set("h2", 18.0 * minute / (24 * 60))  # below the advisory, a day long
        assert drifting.run(1, 60.0) == Level.NORMAL


def test_the_base_stands_still_while_gas_stands_there() -> None:
    rig = settled(RACK)
    rig.set("h2", 15.0)
    rig.run(3600)
    assert rig.level("h2") == Level.ADVISORY


def test_fresh_air_for_a_while_makes_no_rise_of_what_is_normal_here() -> None:
    rig = settled({"h2": RACK["h2"]})
    for ppm in (7.0, 14.0):  # what a heated sensor shows here, day by day
        rig.set("h2", ppm)
        assert rig.run(600, 60.0) == Level.NORMAL
    rig.set("h2", 0.0)  # a door stands open for a quarter of an hour
    rig.run(900)
    rig.set("h2", 14.0)
    assert rig.run(600) == Level.NORMAL, "the base is no running minimum"


def test_the_base_finds_up_again_while_nothing_is_above_normal() -> None:
    rig = settled({"h2": RACK["h2"]})
    rig.set("h2", 7.0)  # no level, so nothing is frozen
    rig.run(360, 60.0)
    rig.set("h2", 18.5)
    rig.run(10)
    assert (rig.level("h2"), rig.feature("h2")) == (Level.ADVISORY, Feature.GAS_RISE)
    assert rig.readings.value[rig.place["h2"]] == pytest.approx(11.5, abs=0.6), "a rise over 7 ppm"


def test_what_a_person_has_looked_at_is_the_new_base_but_no_threshold_moves() -> None:
    rig = settled(RACK)
    rig.set("h2", 15.0)
    rig.run(60)
    rig.detector.reset(rig.place["h2"])
    assert rig.run(600) == Level.NORMAL
    rig.set("h2", 21.0)
    rig.run(20)
    assert rig.level("h2") == Level.ADVISORY
    rig.detector.reset(rig.place["h2"])
    rig.run(20)
    assert rig.level("h2") == Level.ADVISORY


def test_a_lone_spike_of_gas_is_nothing() -> None:
    rig = settled(RACK)
    rig.set("h2", 5000.0)
    assert rig.run(1) == Level.NORMAL
    rig.set("h2", 0.0)
    assert rig.run(30) == Level.NORMAL


def with_a_bead(**others: Spec) -> Rig:
    """A catalytic hydrogen head and others."""
    layout = layout_of({"bead": Spec(Family.H2, rack="r1"), **others})
    bead = replace(layout.site.heads["bead"], principle=Principle.CATALYTIC)
    return Rig(lay_out(replace(layout.site, heads=layout.site.heads | {"bead": bead})))


def test_a_catalyst_is_not_believed_after_agent_though_no_gas_head_was_polled_since() -> None:
    """As a scan asks: only the banks at whose points anything is new, unless something was said to the detector."""
    rig = with_a_bead(smoke=Spec(Family.SMOKE))
    rig.set("bead", 3000.0)
    rig.run(20)
    assert (rig.level("bead"), rig.fault("bead")) == (Level.ALARM, 0)
    last = rig.image()
    rig.detector.agent_in((True,))
    rig.tick_ms += 100
    rig.buffer.sample[rig.points("smoke")] += 1
    rig.buffer.received_ms[rig.points("smoke")] = rig.tick_ms
    image = rig.image()
    rig.readings = rig.detector.advance(image, changes(last, image))
    assert (rig.fault("bead"), rig.feature("bead")) == (2, Feature.DIED_AFTER_RISE)


def test_a_catalyst_is_not_believed_after_agent_until_it_is_said_to_be_gone() -> None:
    rig = with_a_bead(cell=Spec(Family.H2, rack="r2"))
    rig.run(5)
    rig.detector.agent_in((True,))
    rig.set("bead", 3000.0)
    rig.set("cell", 3000.0)
    rig.run(20)
    assert (rig.level("bead"), rig.fault("bead"), rig.feature("bead")) == (Level.NORMAL, 2, Feature.NOT_BELIEVED)
    assert (rig.level("cell"), rig.fault("cell")) == (Level.ALARM, 0)
    rig.detector.agent_in((False,))
    rig.run(20)
    assert (rig.level("bead"), rig.fault("bead")) == (Level.ALARM, 0)


@pytest.mark.parametrize(
    ("smoke", "level", "fire_2"),
    [(0.7, Level.ADVISORY, False), (2.1, Level.PRE_ALARM, False), (9.0, Level.ALARM, False), (11.0, Level.ALARM, True)],
)
@pytest.mark.feature("F33")
def test_stages_of_smoke(smoke: float, level: Level, fire_2: bool) -> None:
    rig = settled({"smoke": Spec(Family.SMOKE, limits={"fast_rise": 1e9})})
    rig.set("smoke", smoke)
    assert rig.run(10) == Level.NORMAL
    rig.run(1)
    assert (rig.level("smoke"), bool(marks(rig, "smoke") & MARK_FIRE_2)) == (level, fire_2)


def test_steep_smoke_is_believed_sooner() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    for second in range(1, 16):
        rig.set("smoke", 0.4 * second)
        if rig.run(1) == Level.ALARM:
            break
    assert second <= 12
    slow = settled({"smoke": Spec(Family.SMOKE)})
    for late in range(1, 40):
        slow.set("smoke", 0.2 * late)
        if slow.run(1) == Level.ALARM:
            break
    assert late >= 3.3 / 0.2 + 10


def test_drift_is_followed_to_its_limit_and_then_told() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    for hour in range(6 * 24):
        rig.set("smoke", min(0.25, 0.1 * hour / 24.0))
        assert rig.run(6, 600.0) == Level.NORMAL
    assert rig.run(500, 600.0) == Level.NORMAL
    assert not marks(rig, "smoke") & MARK_DRIFTED
    rig.set("smoke", 0.7)  # 0.45 over clean air
    assert rig.run(20) == Level.NORMAL
    rig.set("smoke", 0.35)
    rig.run(600, 600.0)
    assert marks(rig, "smoke") & MARK_DRIFTED
    rig.set("smoke", 1.0)  # no more than the limit is taken off
    rig.run(20)
    assert rig.level("smoke") == Level.ADVISORY


def by_night(rig: Rig, samples: int, host: tuple[int, ...] = NIGHT) -> None:
    for _ in range(samples):
        rig.sample += 1
        rig.tick_ms += 1000
        rig.buffer.sample[:], rig.buffer.received_ms[:] = rig.sample, rig.tick_ms
        i = rig.image()
        image = Image(i.scan, i.tick_ms, i.value, i.quality, i.sample, i.received_ms, host)
        rig.readings = rig.detector.advance(image)


def test_at_night_less_smoke_is_enough_but_not_for_fire_2() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE), "dense": Spec(Family.SMOKE, limits={"fast_rise": 1e9})})
    rig.set("smoke", 2.5)
    rig.set("dense", 9.5)
    by_night(rig, 30)
    assert rig.level("smoke") == Level.ALARM
    assert not marks(rig, "dense") & MARK_FIRE_2
    rig.run(1)
    assert rig.level("smoke") == Level.PRE_ALARM


def test_a_recording_from_before_the_fact_of_night_is_judged_by_day() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    rig.set("smoke", 2.5)
    by_night(rig, 30, NIGHT[: HOST_FACTS.index("night")])
    assert rig.level("smoke") == Level.PRE_ALARM


def test_steam_weighs_less_than_smoke_but_its_level_stays() -> None:
    specs = {"smoke": Spec(Family.SMOKE), "humidity": Spec(Family.CLIMATE_HUMIDITY, 6)}
    dry, wet = settled(specs, 300), settled(specs, 300)
    wet.set("humidity", 52.0)
    for rig in (dry, wet):
        rig.run(60)
        rig.set("smoke", 4.0)
        rig.run(30)
    assert dry.level("smoke") == wet.level("smoke") == Level.ALARM
    assert (weight(dry, "smoke"), weight(wet, "smoke")) == (3.0, 1.0)
    wet.set("smoke", 12.0)
    wet.run(20)
    assert weight(wet, "smoke") == 3.0


def test_smoke_that_stood_at_fire_2_when_its_head_died_keeps_standing_until_it_is_let_go() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    rig.set("smoke", 12.0)
    rig.run(20)
    rig.set("smoke", np.nan)
    rig.run(5)
    assert rig.level("smoke") == Level.ALARM
    assert marks(rig, "smoke") & MARK_FIRE_2
    rig.detector.reset(rig.place["smoke"])
    assert rig.run(1) == Level.NORMAL
    assert not marks(rig, "smoke")


def fail(rig: Rig, *, times: int = 1) -> None:
    """So many bad samples of every head, one a second."""
    rig.buffer.quality[:] = Quality.BAD
    assert rig.run(times) == Level.NORMAL
    rig.buffer.quality[:] = Quality.GOOD


@pytest.mark.parametrize(
    ("family", "rise", "level"),
    [(Family.SMOKE, 0.06, Level.ALARM), (Family.HEAT, 0.5, Level.ALARM), (Family.H2, 3.0, Level.PRE_ALARM)],
)
def test_a_bad_sample_now_and_then_silences_no_head(family: Family, rise: float, level: Level) -> None:
    limits = {"persistence_s": 10.0}
    rig = settled({"head": Spec(family, limits=limits)})
    start = float(rig.buffer.value[rig.points("head")][0])
    for second in range(1, 120):
        rig.set("head", start + rise * second)
        if second % 9 == 0:
            rig.buffer.quality[:] = Quality.BAD
            rig.step()
            assert rig.fault("head") == 2
            rig.buffer.quality[:] = Quality.GOOD
        elif rig.run(1) >= level:
            break
    assert rig.level("head") >= level


def test_a_gap_is_a_fault_at_once_and_its_time_counts_for_nothing() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE, limits={"fast_rise": 1e9})})
    rig.set("smoke", 9.0)
    assert rig.run(8) == Level.NORMAL
    fail(rig, times=25)
    assert (rig.level("smoke"), rig.fault("smoke")) == (Level.NORMAL, 2)
    assert rig.run(2) == Level.NORMAL
    assert rig.run(2) == Level.ALARM


def test_a_head_that_was_dead_for_long_begins_anew() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE, limits={"fast_rise": 1e9})})
    rig.set("smoke", 9.0)
    assert rig.run(8) == Level.NORMAL
    fail(rig, times=31)
    assert rig.run(10) == Level.NORMAL
    assert rig.run(1) == Level.ALARM


def test_drift_stops_at_its_limit_comes_back_and_is_gone_after_a_reset() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    for step in range(30):
        rig.set("smoke", 0.02 * step)
        rig.run(100, 600.0)
    assert marks(rig, "smoke") & MARK_DRIFTED
    rig.set("smoke", 0.1)
    rig.run(400, 600.0)
    assert not marks(rig, "smoke") & MARK_DRIFTED
    rig.set("smoke", 0.32)
    rig.run(1200, 600.0)
    assert marks(rig, "smoke") & MARK_DRIFTED
    rig.detector.reset(rig.place["smoke"])
    rig.run(1)
    assert not marks(rig, "smoke") & MARK_DRIFTED


def test_a_sample_from_before_the_last_spoils_nothing() -> None:
    rig = settled(RACK, 200)
    for seconds in (-3.0, 1.0, -15.0, 1.0, -60.0, 1.0):
        assert rig.run(1, seconds) == Level.NORMAL
    rig.set("h2", 15.0)
    rig.set("voc", 30.0)
    rig.run(9)
    assert rig.feature("h2") == Feature.LI_ION_VENT, "its memory is sound"


def test_gas_above_its_pre_alarm_weighs_by_its_level_though_hydrogen_shows_nothing() -> None:
    for ppm, least, most in ((60.0, 0.1, 0.5), (120.0, 2.0, 2.0), (600.0, 3.0, 3.0)):
        rig = settled(RACK)
        rig.set("voc", ppm)
        rig.run(20)
        assert rig.feature("voc") == Feature.SOLVENT
        assert least <= weight(rig, "voc") <= most
