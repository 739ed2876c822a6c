"""The part of alarm verification: smoke heads whose first alarm is looked at once more, beside their partner of rule 3 and the call point."""

from collections.abc import Iterator
from functools import partial

from controller.core.inputs import FIRE_2, Inputs
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family, Physics
from controller.tools.verify.canonical import NOW_MS
from controller.tools.verify.explore import Step
from controller.tools.verify.slices import alike_outputs, reduced, sensing
from controller.tools.verify.words import ALARM, PRE_ALARM, RELEASING_ROLES, pairs
from controller.tools.verify.world import Change, Groups, World, contact_changes, head_change, make_world

WHOLE = 2
"""Fault of a head of which nothing is left."""


def look_parts(layout: Layout, zone: int) -> Iterator[World]:
    """Of a zone with alarm verification: a pair that may release with a smoke head in it, each head by itself."""
    name = layout.zones[zone]
    the_zone = layout.site.zones[name]
    if the_zone.release is None or the_zone.verification is None:
        return
    found = pairs((h for h in sensing(layout, zone) if not h.head.reference), the_zone.release)
    pair = next((pair for pair in found if any(head.physics is Physics.SMOKE for head in pair)), ())
    if not pair:
        return
    names = tuple(head.name for head in pair)
    call = [h.name for h in layout.heads if h.zone == zone and h.head.family is Family.CALL_POINT][:1]
    outputs = [o.name for o in alike_outputs(layout, zone, RELEASING_ROLES)]
    site = reduced(layout.site, name, (*names, *call), outputs)
    yield make_world(f"{name}: second look", site, partial(_looked_at, names), 2)


def _looked_at(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """Smoke at its first stage and at fire 2, of the first such head pre-alarm and fault as well; any other head in alarm."""
    groups: list[list[Change]] = []
    looked = [head for head in layout.heads if head.name in names and head.physics is Physics.SMOKE]
    for head in looked:
        first = rest.heads[head.index]._replace(level=ALARM)
        groups.append([Change(f"{head.name} alarm", (("heads", head.index, first),))])
        groups[-1].append(head_change(rest, layout, (head.name,), ALARM)._replace(text=f"{head.name} at fire 2"))
    groups[0] += [head_change(rest, layout, _names(looked[:1]), PRE_ALARM)]
    groups[0] += [head_change(rest, layout, _names(looked[:1]), 0, fault=WHOLE)]
    groups += [[head_change(rest, layout, (name,), ALARM)] for name in names if name not in _names(looked)]
    return [*groups, contact_changes(layout, rest, Family.CALL_POINT, (1,))]


def _names(heads: list[HeadLayout]) -> tuple[str, ...]:
    return tuple(head.name for head in heads)


def a_second_look_counts(step: Step) -> Iterator[tuple[str, str]]:
    """An alarm at the second look, at fire 2, or of a head that dies under its look is latched in its scan, unless the head is disabled."""
    policy = step.world.rules.zones[0].zone.verification
    if policy is None:
        return
    state = step.decision.state
    for head in step.world.layout.heads:
        if head.physics is not Physics.SMOKE or head.name in state.disabled or state.zones[0].works:
            continue
        reads, before = step.vector.inputs.heads[head.index], step.before.heads[head.index]
        looks = before.looked_ms >= 0
        is_due = looks and before.looked_ms + round(policy.look_again_s * 1000) <= NOW_MS
        counts = reads.level >= ALARM and (is_due or reads.marks & FIRE_2)
        if (counts or (looks and reads.fault >= WHOLE)) and state.heads[head.index].level < ALARM:
            yield "P4", f"{head.name} is in alarm at its second look, and that does not count"
