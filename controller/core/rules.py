"""What decide looks up: the site's zones, racks, pairs and matrix, resolved once from the layout."""

from dataclasses import dataclass

from controller.core.layout import HeadLayout, Layout, OutputLayout
from controller.core.matrix import CompiledMatrix, compile_matrix
from controller.core.zone.coincidence import Pair, releasing_pairs
from controller.site import pairs as rule_3
from controller.site.model import Family, Physics, Role, Zone
from controller.site.power import Plan, Power


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """Which responses are switched on. Drills switch some off to show what they are for; a daemon runs with all on."""

    isolate: bool = True
    extinguish: bool = True
    cool: bool = True


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """One zone: its site entry, its heads by what they are, its racks and outputs, the pairs that may release."""

    index: int
    name: str
    zone: Zone
    racks: tuple[int, ...]
    sensing: tuple[HeadLayout, ...]
    arming: tuple[int, ...]
    """Indices of the heads whose alarm arms the release: those that may be a member of rule 3's pair."""
    wired: dict[Family, tuple[int, ...]]
    """Head indices of the wired inputs by family."""
    pairs: tuple[Pair, ...]
    proving: tuple[Pair, ...]
    """Pairs of rule 3 without BMS and gas, in a zone without agent too: they prove a fire to the coolant."""
    dampers: tuple[int, ...]
    exhausts: tuple[int, ...]
    release_outputs: tuple[str, ...]
    """The main bank's output, then the reserve bank's."""
    agent_outputs: tuple[str, ...]
    """These and the extended discharge's: all that lets agent go into the zone."""
    selector: int
    """The output that leads the bank into this room; -1: the bank is its own."""
    sharing: tuple[int, ...]
    """Other zones on the same bank."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All that is fixed while scanning. Per rack: its sensing heads, the outputs of its isolation set and its coolant, its racks to protect."""

    layout: Layout
    settings: ResponseSettings
    zones: tuple[ZoneRules, ...]
    rack_heads: tuple[tuple[HeadLayout, ...], ...]
    power: Power
    plans: tuple[Plan | None, ...]
    instead: tuple[tuple[Plan | None, ...], ...]
    """Per rack: the next best set without each breaker of the least one, then without any of them. The search is not for a scan."""
    breakers: tuple[tuple[int, ...], ...]
    """Per rack: the outputs of its least isolation set (`plans`), empty where no set of breakers makes it dead."""
    in_ways: tuple[tuple[int, ...], ...]
    """Per rack: the outputs of all breakers in any way to it."""
    valves: tuple[tuple[int, ...], ...]
    neighbours: tuple[tuple[int, ...], ...]
    twins: tuple[tuple[int, ...], ...]
    """Per output: all outputs on the same channels, itself included (a bank of several rooms)."""
    matrix: CompiledMatrix


def make_rules(layout: Layout, settings: ResponseSettings | None = None) -> Rules:
    """Resolve the rules of a site."""
    racks = range(len(layout.racks))
    power = Power(layout.site)
    plans = tuple(power.plan(rack) for rack in layout.racks)
    return Rules(
        layout,
        settings or ResponseSettings(),
        tuple(_zone_rules(layout, index) for index in range(len(layout.zones))),
        tuple(tuple(h for h in layout.heads if h.rack == rack and h.physics is not Physics.WIRED) for rack in racks),
        power,
        plans,
        tuple(_instead(power, rack, plan) for rack, plan in zip(layout.racks, plans, strict=True)),
        tuple(tuple(layout.output(name).index for name in plan.breakers) if plan else () for plan in plans),
        tuple(tuple(o.index for o in _breakers(layout) if power.cuts(rack, o.name)) for rack in layout.racks),
        tuple(_of_rack(layout, rack, Role.COOLANT) for rack in racks),
        tuple(_neighbours(layout, rack) for rack in racks),
        tuple(tuple(t.index for t in layout.outputs if t.channels == o.channels) for o in layout.outputs),
        compile_matrix(layout),
    )


def _zone_rules(layout: Layout, index: int) -> ZoneRules:
    name = layout.zones[index]
    zone = layout.site.zones[name]
    heads = [h for h in layout.heads if h.zone == index]
    wired = {
        family: tuple(h.index for h in heads if h.head.family is family)
        for family in {h.head.family for h in heads if h.physics is Physics.WIRED}
    }
    dampers = tuple(layout.output(d).index for d in zone.release.dampers) if zone.release else ()
    release_outputs = tuple(o for o in (zone.release.output, zone.release.reserve_output) if o) if zone.release else ()
    extended = (zone.release.extended_output,) if zone.release and zone.release.extended_output else ()
    agent_outputs = (*release_outputs, *extended)
    return ZoneRules(
        index,
        name,
        zone,
        tuple(rack for rack in range(len(layout.racks)) if layout.rack_zone[rack] == index),
        tuple(h for h in heads if h.physics is not Physics.WIRED),
        tuple(h.index for h in heads if rule_3.may_be_member(h)),
        wired,
        releasing_pairs(layout, index),
        _proving(heads, same_family=zone.release is not None and zone.release.same_family),
        dampers,
        tuple(o.index for o in layout.outputs if o.zone == index and o.output.role is Role.EXHAUST),
        release_outputs,
        agent_outputs,
        layout.output(zone.release.selector).index if zone.release and zone.release.selector else -1,
        _sharing(layout, index, agent_outputs),
    )


def _sharing(layout: Layout, index: int, agent_outputs: tuple[str, ...]) -> tuple[int, ...]:
    mine = {layout.output(name).channels for name in agent_outputs}
    return tuple(
        dict.fromkeys(o.zone for o in layout.outputs if o.zone != index and o.is_release and o.channels in mine)
    )


def _proving(heads: list[HeadLayout], *, same_family: bool) -> tuple[Pair, ...]:
    return rule_3.releasing_pairs(
        [h for h in heads if h.physics in {Physics.SMOKE, Physics.HEAT}], same_family=same_family
    )


def _instead(power: Power, rack: str, plan: Plan | None) -> tuple[Plan | None, ...]:
    stuck = (*((b,) for b in plan.breakers), plan.breakers) if plan else ()
    return tuple(power.plan(rack, without) for without in stuck)


def _breakers(layout: Layout) -> list[OutputLayout]:
    return [o for o in layout.outputs if o.output.role is Role.BREAKER]


def _of_rack(layout: Layout, rack: int, role: Role) -> tuple[int, ...]:
    return tuple(o.index for o in layout.outputs if o.rack == rack and o.output.role is role)


def _neighbours(layout: Layout, rack: int) -> tuple[int, ...]:
    cooling = tuple(layout.site.zones.values())[layout.rack_zone[rack]].cooling
    reach = cooling.neighbours if cooling else 0
    return tuple(
        other
        for other in range(rack - reach, rack + reach + 1)
        if other != rack and 0 <= other < len(layout.racks) and layout.rack_zone[other] == layout.rack_zone[rack]
    )
