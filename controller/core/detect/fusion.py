"""Fusion: what the heads of a zone say together, and which BMS is not to be trusted. Explained: every word names its evidence."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from controller.core.detect import fusion_kernels as k
from controller.core.detect.life_kernels import LIFE
from controller.core.detect.readings import Readings, evidence_of
from controller.core.events import Evidence, Feature, Level
from controller.core.image import Image
from controller.core.layout import Layout
from controller.site.model import Family, Physics

FAMILIES = {Physics.BMS: k.BMS, Physics.GAS: k.GAS, Physics.SMOKE: k.SMOKE, Physics.HEAT: k.HEAT}
"""The physics families that are weighed. Room climate is not: it tells of cooling that failed, and is watched by its heads alone."""
WITNESSES = 16
"""So many points of a BMS head, spread over it, show whether it moves."""

_FEATURES = tuple(Feature)
_NOTHING = (-1, 0)
"""What a zone at normal says: no rack, no family."""


class Weighed(NamedTuple):
    """A zone as fusion sees it: level (`Level`, not latched), the rack that two families name (-1: none), and the evidence.

    `evidence` is that of the rise to the level, or of a family or a rack that has come since; nothing that ends takes it away.
    `alone` is the head that took the zone there by itself, whose own evidence comes first; empty where they did so together.
    `doubts` are its BMS heads that are silent or flat: evidence of trouble, never of fire, and never towards release.
    """

    level: int = int(Level.NORMAL)
    rack: int = -1
    evidence: tuple[Evidence, ...] = ()
    doubts: tuple[Evidence, ...] = ()
    alone: str = ""


class Fusion:
    """Weighs the readings of a site zone by zone. O(heads) a new image; evidence is put into words when a level changes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._heads = _weighed_heads(layout)
        self._racks, self._cells, self._modules = _racks(layout)
        self._life, self._witnesses = _life(layout)
        self._last = np.full(self._witnesses.size, np.nan)
        self._kept = np.zeros((len(layout.zones), k.N_FAMILIES), k.KEPT)
        self._kept["head"] = -1
        self._level = np.zeros(len(layout.zones), np.uint8)
        self._alone = np.full(len(layout.zones), -1, np.int32)
        self._said = np.tile(np.array(_NOTHING, np.int32), (len(layout.zones), 1))
        self._changed = np.zeros(len(layout.zones), np.uint8)
        self._doubted: list[tuple[Evidence, ...]] = [()] * len(layout.zones)
        self._rack_of = np.array([head.rack for head in layout.heads], np.int32)
        self._bms = [h for h in layout.heads if h.physics is Physics.BMS]
        self._bms_of = [
            [place for place, head in enumerate(self._bms) if head.zone == zone] for zone in range(len(layout.zones))
        ]
        self._bms_index = np.array([h.index for h in self._bms], np.intp)
        self._tick_ms = 0
        self._silent = np.zeros(len(self._bms), np.uint8)
        self._out: tuple[str, ...] = ()
        self._stale = False
        self.zones = (Weighed(),) * len(layout.zones)

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All its memory in a fixed order: for checksums and golden vectors."""
        yield from (self._kept, self._racks, self._life, self._last, self._level, self._alone)

    def advance(self, image: Image, readings: Readings) -> None:
        """Weigh what the heads read of an image, with the time since the last one. `zones` stays the very same object while nothing changed."""
        r, since_ms = readings, image.tick_ms - self._tick_ms
        self._tick_ms = image.tick_ms
        doubt = k.fuse(
            since_ms, image.tick_ms, self._heads, self._kept, self._racks, self._cells, self._modules, self._level, self._said,
            self._alone, self._changed, self._rack_of, self._life, self._witnesses, self._last, self._bms_index, self._silent,
            image.value, image.quality, image.sample, image.received_ms, r.level, r.fault, r.weight, r.point, r.feature,
            r.value, r.threshold, r.rack_hottest_degc, r.rack_live_fraction,
        )  # fmt: skip
        if doubt or self._stale:
            self._doubted = [tuple(self._doubts(zone)) for zone in range(len(self.zones))]
            self._changed[:], self._stale = 1, False
        changed = self._changed.tolist()
        if any(changed):
            words = zip(range(len(self.zones)), changed, self.zones, strict=True)
            self.zones = tuple(self._in_words(zone, r) if is_new else said for zone, is_new, said in words)

    def leave_out(self, names: tuple[str, ...]) -> bool:
        """Heads that are out of service say nothing, and what their zones have kept goes with them; returns whether any came or went."""
        if names == self._out:
            return False
        self._out, self._stale = names, True
        for head in self._heads:
            out = self._layout.heads[head["head"]].name in names
            if out != bool(head["out"]):
                head["out"] = out
                self.forget(int(head["head"]))
        return True

    def forget(self, head_index: int) -> None:
        """A reset of a head: what its zone has kept is let go of; what is still true is weighed again."""
        zone = self._kept[self._layout.heads[head_index].zone]
        zone[:] = 0
        zone["head"] = -1

    def _in_words(self, zone: int, readings: Readings) -> Weighed:
        level, before = int(self._level[zone]), self.zones[zone]
        rack, families = self._said[zone].tolist()
        told = sum(1 << family for family in {_family(self._layout, evidence) for evidence in before.evidence})
        if level > before.level or rack not in {-1, before.rack} or families & ~told:
            evidence, alone = tuple(self._told(zone, readings)), self._name(int(self._alone[zone]))
        else:
            evidence, alone = before.evidence, before.alone
        return Weighed(level, rack, evidence if level else (), self._doubted[zone], alone if level else "")

    def _told(self, zone: int, readings: Readings) -> Iterator[Evidence]:
        """The evidence of a head that is enough alone, as it stands now, then what is kept of every family, that head's own word not twice."""
        alone = int(self._alone[zone])
        if alone >= 0:
            yield evidence_of(self._layout, readings, alone)
        for family, kept in enumerate(self._kept[zone]):
            if kept["head"] >= 0 and (family == k.VENT or kept["head"] != alone):
                yield self._evidence(kept)

    def _name(self, head: int) -> str:
        return self._layout.heads[head].name if head >= 0 else ""

    def _evidence(self, kept: Any) -> Evidence:
        numbers = [round(float(kept[name]), 3) for name in ("value", "threshold", "weight")]
        value, threshold, weight = (number if math.isfinite(number) else 0.0 for number in numbers)
        head, point = self._layout.heads[int(kept["head"])].name, self._layout.point_name(int(kept["point"]))
        return Evidence(head, _FEATURES[int(kept["feature"])], point, value, threshold, weight)

    def _doubts(self, zone: int) -> Iterator[Evidence]:
        for place in self._bms_of[zone]:
            head, life = self._bms[place], self._life[place]
            if head.name in self._out:
                continue
            point = self._layout.point_name(int(head.points[0]))
            if self._silent[place]:
                yield Evidence(head.name, Feature.NO_VALUE, point, 0.0, 0.0, 0.0)
            elif life["flat_ms"] > 0:
                still_s, allowed_s = (int(life[name]) / 1000 for name in ("flat_ms", "allowed_ms"))
                yield Evidence(head.name, Feature.FLAT, point, still_s, allowed_s, 0.0)


def _family(layout: Layout, evidence: Evidence) -> int:
    """The row of evidence of a zone that it came from."""
    if evidence.feature is Feature.VENT:
        return k.VENT
    return next(FAMILIES[h.physics] for h in layout.heads if h.name == evidence.head)


def _weighed_heads(layout: Layout) -> npt.NDArray[np.void]:
    heads = [h for h in layout.heads if h.physics in FAMILIES]
    records = np.zeros(len(heads), k.WEIGHED)
    for record, head in zip(records, heads, strict=True):
        cap = Level.ADVISORY if head.on_mqtt else Level.ALARM
        record["head"], record["zone"], record["rack"] = head.index, head.zone, head.rack
        record["family"], record["cap"] = FAMILIES[head.physics], cap
    return records


def _racks(layout: Layout) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The racks; the places of their cells in the image, rack by rack; and the module of each, numbered."""
    records = np.zeros(len(layout.racks), k.RACK)
    records["zone"], records["head"], records["hot"] = layout.rack_zone, -1, -1
    records["peak_degc"] = records["company_degc"] = np.nan
    cells, modules = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    found = (h for h in layout.heads if h.head.family is Family.CELL_TEMPERATURE and h.rack >= 0 and not h.on_mqtt)
    n_cells = n_modules = 0
    for head in sorted(found, key=lambda head: head.rack):
        record, size = records[head.rack], head.points.size
        if record["head"] < 0:
            record["first"] = n_cells
        record["head"] = head.index
        record["count"] += size
        cells.append(head.points)
        modules.append(np.arange(size, dtype=np.int32) // (head.head.group or size) + n_modules)
        n_cells, n_modules = n_cells + size, int(modules[-1][-1]) + 1
    return records, np.concatenate(cells).astype(np.int32), np.concatenate(modules).astype(np.int32)


def _life(layout: Layout) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int32]]:
    heads = [h for h in layout.heads if h.physics is Physics.BMS]
    witnesses = [_spread(h.points) for h in heads]
    records, loads = np.zeros(len(heads), LIFE), _load_points(layout)
    first = 0
    for record, head, points in zip(records, heads, witnesses, strict=True):
        record["head"], record["first"], record["count"], record["load"] = head.index, first, points.size, -1
        if head.head.family is Family.CELL_VOLTAGE:
            record["load"] = loads.get(head.zone, -1)
        first += points.size
    for name in ("seen", "still_ms", "load_ms"):
        records[name] = -1
    return records, np.concatenate([np.empty(0, np.int32), *witnesses]).astype(np.int32)


def _spread(points: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """So many of them from the first to the last; the places are a whole point or more apart, so that none comes twice."""
    return points[np.linspace(0, points.size - 1, min(points.size, WITNESSES)).astype(np.intp)]


def _load_points(layout: Layout) -> dict[int, int]:
    """By zone the contact that says that the UPS carries the load, where it is active when closed; the first of several."""
    found = [h for h in layout.heads if h.head.family is Family.DISCHARGING and h.head.active]
    return {h.zone: int(h.points[0]) for h in reversed(found)}
