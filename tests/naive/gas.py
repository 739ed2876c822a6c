"""The gas bank's mathematics in plain Python."""

import math
from dataclasses import dataclass, field
from statistics import NormalDist

from controller.core.detect.defaults import CROSS_SHARE
from controller.core.events import Feature, Level
from controller.site.model import Family
from tests.naive.air import AirHead, AirPoint, f32

WEIGHT_MOST = {
    Feature.NONE: 2.0,
    Feature.LI_ION_VENT: 3.0,
    Feature.SOLVENT: 0.5,
    Feature.ENGINE: 1.0,
    Feature.CHARGING: 2.0,
    Feature.HUMIDITY: 0.0,
    Feature.OUTSIDE_AIR: 0.5,
}


def ln(x: float) -> float:
    """The logarithm as the kernel has it: the same sums and products in the same order."""
    doublings = 0.0
    while x > 1.5:
        x, doublings = x * 0.5, doublings + 1.0
    while x < 0.75:
        x, doublings = x * 2.0, doublings - 1.0
    s = (x - 1.0) / (x + 1.0)
    z = s * s
    series = 1.0 / 9.0 + z / 11.0
    for divisor in (7.0, 5.0, 3.0):
        series = 1.0 / divisor + z * series
    return doublings * 0.6931471805599453 + 2.0 * s * (1.0 + z * series)


@dataclass
class Rack:
    """What the heads of one rack see, by gas."""

    living: set[Family] = field(default_factory=set)
    strong: set[Family] = field(default_factory=set)
    risen: dict[Family, float] = field(default_factory=dict)


class GasTwin:
    """All gas heads, references first."""

    def __init__(self, heads: list[AirHead]) -> None:
        self.heads = heads
        for head in heads:
            mine = head.layout
            for other in heads:
                its = other.layout
                same = (its.head.family, its.zone) == (mine.head.family, mine.zone)
                if same and its.head.reference and not mine.head.reference and head.reference is None:
                    head.reference = other

    def judge(self, humid: list[bool]) -> None:
        for head in self.heads:
            for p in head.points:
                if p.fresh:
                    head.remember(p)
                    self._weigh(head, p)
        racks = self._racks()
        for head in self.heads:
            for p in head.points:
                if p.fresh:
                    self._judge(head, p, self._pattern(head, racks, humid))

    def _weigh(self, head: AirHead, p: AirPoint) -> None:
        assert p.last is not None
        x, noise, most = max(p.last, 0.0), head.limit("noise", 1.0), head.limit("advisory", math.inf)
        floor = 4.0 * noise
        if p.base is None:
            p.base = f32(min(x, 0.5 * most))
        base = p.base
        p.up = f32(ln((x + floor) / (base + floor)))
        others, room = 0.0, 0.0
        if head.reference is not None and head.reference.points[0].status == "live":
            others, room = max(head.reference.points[0].up, 0.0), head.reference.points[0].rise
        p.rise = f32(max(x - base - room, 0.0))
        quantile = head.limit("base_quantile", 0.5)
        below = f32(max(0.0, NormalDist().inv_cdf(1.0 - (head.limits.base_quantile or 0.5))))
        surprise = max(-8.0, min(8.0, (p.up - others) * (base + floor) / noise - below))
        dt_s = max(0.0, min(p.step_ms * 1e-3, 600.0))
        best = 0.0
        for k, tau_s in enumerate((3.0, 15.0, 60.0)):
            part = dt_s / (dt_s + tau_s)
            p.means[k] = f32((1.0 - part) * p.means[k] + part * surprise)
            p.spreads[k] = f32((1.0 - part) * (1.0 - part) * p.spreads[k] + part * part)
            if p.means[k] > 0.0 and p.spreads[k] > 0.0:
                best = max(best, p.means[k] * p.means[k] / (2.0 * p.spreads[k]))
        p.ratio = f32(best)
        if p.evidence[0] == 0:
            part = dt_s / (dt_s + head.limit("base_tau_s", math.inf))
            moved = max(-(1.0 - quantile) * noise, min(quantile * noise, x - base)) * part
            p.base = f32(max(0.0, min(most, base + moved)))

    def _is_strong(self, head: AirHead, p: AirPoint) -> bool:
        return p.ratio >= 25.0 and p.rise >= head.limit("min_rise", math.inf)

    def _racks(self) -> dict[tuple[int, int], Rack]:
        racks: dict[tuple[int, int], Rack] = {}
        for head in self.heads:
            rack = racks.setdefault((head.layout.zone, head.layout.rack), Rack())
            catalytic = head.layout.head.principle == "catalytic"
            for p in head.points:
                if p.status == "live" and not head.layout.head.reference and not catalytic:
                    rack.living.add(head.family)
                    rack.risen[head.family] = max(rack.risen.get(head.family, 0.0), p.rise)
                    if self._is_strong(head, p):
                        rack.strong.add(head.family)
        for head in self.heads:
            if not head.layout.head.reference and head.family is not Family.VOC:
                rack = racks[head.layout.zone, head.layout.rack]
                other = Family.CO if head.family is Family.H2 else Family.H2
                mine, its = rack.risen.get(head.family, 0.0), rack.risen.get(other, 0.0)
                share = f32(CROSS_SHARE.get((head.family, head.layout.head.principle), 0.0))
                if its > mine and mine - share * its < head.limit("min_rise", math.inf):
                    rack.strong.discard(head.family)
        return racks

    def _shared(self, head: AirHead) -> Feature:
        """What a gas is that has risen at the room's own reference, and at half of its racks with it."""
        zone = head.layout.zone
        same = [h for h in self.heads if (h.family, h.layout.zone) == (head.family, zone)]
        ups = [
            max(p.last or 0.0, 0.0) - (p.base or 0.0) >= 0.5 * other.limit("min_rise", math.inf)
            for other in same
            if not other.layout.head.reference
            for p in other.points
            if p.status == "live"
        ]
        room = {
            other.family
            for other in self.heads
            if other.layout.zone == zone and other.layout.head.reference
            for p in other.points
            if p.status == "live" and self._is_strong(other, p)
        }
        if head.family not in room or not ups or 2 * sum(ups) < len(ups):
            return Feature.NONE
        hydrogen = [
            self._is_strong(other, p)
            for other in self.heads
            if (other.family, other.layout.zone) == (Family.H2, zone)
            if other.layout.head.reference or other.layout.head.principle != "catalytic"
            for p in other.points
            if p.status == "live"
        ]
        if any(hydrogen):
            return Feature.LI_ION_VENT if room & {Family.CO, Family.VOC} else Feature.NONE
        return Feature.OUTSIDE_AIR if hydrogen else Feature.NONE

    def _pattern(self, head: AirHead, racks: dict[tuple[int, int], Rack], humid: list[bool]) -> Feature:
        shared, rack = self._shared(head), racks[head.layout.zone, head.layout.rack]
        if head.layout.head.reference:
            return shared
        if Family.H2 in rack.strong and rack.strong & {Family.CO, Family.VOC}:
            return Feature.LI_ION_VENT
        if head.family not in rack.strong and shared is not Feature.NONE:
            return shared
        if len(rack.living) < 3 or not rack.strong:
            return Feature.NONE
        if rack.strong == {Family.VOC}:
            return Feature.HUMIDITY if humid[head.layout.zone] else Feature.SOLVENT
        return {Family.CO: Feature.ENGINE, Family.H2: Feature.CHARGING}.get(
            next(iter(rack.strong)) if len(rack.strong) == 1 else Family.VOC, Feature.NONE
        )

    def _judge(self, head: AirHead, p: AirPoint, pattern: Feature) -> None:
        assert p.last is not None
        room = 0.0
        if head.reference is not None and head.reference.points[0].status == "live":
            room = min(max(head.reference.points[0].last or 0.0, 0.0), head.limit("advisory", math.inf))
        shown = p.last - room
        plain = Feature.ABOVE_REFERENCE if head.reference else Feature.HIGH
        head.begin(p, shown)
        named = plain if pattern is Feature.NONE else pattern
        head.judge_levels(p, shown, named, 1.0, head.ms("persistence_s"))
        head.judge_rate(p)
        most = 3.0 if p.evidence[0] >= Level.PRE_ALARM else WEIGHT_MOST[pattern]
        least = head.limit("min_rise", math.inf)
        above = self._is_strong(head, p)
        keeps = p.ratio >= 12.5 and p.rise >= 0.5 * least
        strong = p.timer("strong").tell(above, keeps, p.last_ms, 3000)
        is_vent = pattern is Feature.LI_ION_VENT
        vent = p.timer("vent").tell(is_vent and above, is_vent and keeps, p.last_ms, 3000)
        weight = float(p.evidence[0])
        if vent:
            head.find(p, 2, Feature.LI_ION_VENT, p.rise, least)
            weight = max(weight, 3.0)
        if strong:
            head.find(p, 1, Feature.GAS_RISE if pattern is Feature.NONE else pattern, p.rise, least)
            weight = max(weight, 1.5)
        p.weight = f32(min(weight, most))
