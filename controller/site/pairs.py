"""Rule 3 on paper: which two heads of a zone may release together, and why others may not."""

from collections.abc import Iterator
from itertools import combinations

from controller.site.look import Look
from controller.site.model import PHYSICS, Family, Physics

Pair = tuple[str, str]


def releasing_pairs(look: Look, zone: str) -> tuple[Pair, ...]:
    """Pairs of heads that are independent and can carry the evidence that release needs. Empty without agent."""
    return tuple(pair for pair, reasons in _judged(look, zone) if not reasons)


def near_misses(look: Look, zone: str) -> tuple[tuple[Pair, tuple[str, ...]], ...]:
    """Pairs that could carry the evidence but are not independent, with the reasons."""
    return tuple((pair, reasons) for pair, reasons in _judged(look, zone) if reasons and _sufficient(look, pair))


def _judged(look: Look, zone: str) -> Iterator[tuple[Pair, tuple[str, ...]]]:
    place = look.site.zones[zone]
    if place.release is None:
        return
    for pair in combinations(look.fire_heads(zone), 2):
        reasons = list(_dependence(look, pair, same_family=place.release.same_family))
        if not _sufficient(look, pair):
            reasons.append("neither runaway nor smoke with heat")
        yield pair, tuple(reasons)


def _dependence(look: Look, pair: Pair, *, same_family: bool) -> Iterator[str]:
    heads = [look.site.heads[name] for name in pair]
    points = [head.points[0] if head.points else "" for head in heads]
    for name, point in zip(pair, points, strict=True):
        if look.on_mqtt(point):
            yield f"{name} comes over MQTT"
    physics = PHYSICS[heads[0].family]
    if physics is PHYSICS[heads[1].family] and not (same_family and physics is Physics.SMOKE):
        yield f"both are of the {physics} family"
    if look.device(points[0]) == look.device(points[1]):
        yield f"both are on device {look.device(points[0])}"
    elif look.link(points[0]) == look.link(points[1]):
        yield f"both are on link {look.link(points[0])}"


def _sufficient(look: Look, pair: Pair) -> bool:
    """Runaway, smoke with heat, or two smoke detectors (whose family the site must allow) among the evidence."""
    families = {look.site.heads[name].family for name in pair}
    physics = {PHYSICS[family] for family in families}
    return Family.CELL_TEMPERATURE in families or physics in ({Physics.SMOKE, Physics.HEAT}, {Physics.SMOKE})
