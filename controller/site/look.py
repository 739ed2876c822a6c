"""Look-ups in a site that may be wrong: what cannot be found is None here; `checks.references` names it once."""

from dataclasses import dataclass
from functools import cached_property

from controller.site.model import PHYSICS, Family, Head, Mqtt, Output, Physics, Role, Site
from controller.site.pairs import MEMBERS, near_misses, releasing_pairs, sees_runaway
from controller.site.power import Power
from controller.site.reference import block_size, parse_reference
from controller.site.registers import register_block
from drivers.points import RegisterBlock

Place = tuple[str, int]
"""Block and place in the block of one point."""

TOLD_WITHIN_S = 10.0
"""A device that gives nothing new is a trouble within so long (assumed; EN 54-2 grants a panel 100 s)."""


@dataclass(frozen=True, slots=True)
class FoundHead:
    """A head with its device and link as far as the site file resolves them (`controller.site.pairs.Candidate`)."""

    name: str
    head: Head
    physics: Physics
    device: str | None
    link: str | None
    on_mqtt: bool


class Look:
    """A site with forgiving look-ups."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def places(self, reference: str) -> tuple[Place, ...]:
        """Points that a reference names; none for one that names nothing."""
        try:
            name, first, end = parse_reference(reference)
        except ValueError:
            return ()
        block = self.site.blocks.get(name)
        if block is None:
            return ()
        size = block_size(block)
        start, stop = (0, size) if first is None or end is None else (first, end)
        return tuple((name, place) for place in range(start, stop)) if 0 <= start < stop <= size else ()

    def device(self, reference: str) -> str | None:
        """Device that holds the point."""
        places = self.places(reference)
        return self.site.blocks[places[0][0]].device if places else None

    def link(self, reference: str) -> str | None:
        """Link on which the point comes in."""
        device = self.site.devices.get(self.device(reference) or "")
        return device.link if device else None

    def on_mqtt(self, reference: str) -> bool:
        """Whether the point comes from a broker."""
        return isinstance(self.site.links.get(self.link(reference) or ""), Mqtt)

    def heads(self, zone: str, *families: Family) -> dict[str, Head]:
        """Heads of a zone, of some families or of all."""
        return {n: h for n, h in self.site.heads.items() if h.zone == zone and (not families or h.family in families)}

    def fire_heads(self, zone: str) -> dict[str, Head]:
        """Heads of a zone that speak of fire, room references left out."""
        return {n: h for n, h in self.heads(zone).items() if PHYSICS[h.family] in MEMBERS and not h.reference}

    def releasing_pairs(self, zone: str) -> tuple[tuple[str, str], ...]:
        """Names of the heads that may release together (rule 3). Empty without agent."""
        release = self.site.zones[zone].release
        if release is None:
            return ()
        pairs = releasing_pairs(self._found(zone), same_family=release.same_family)
        return tuple((a.name, b.name) for a, b in pairs)

    def near_misses(self, zone: str) -> tuple[tuple[tuple[str, str], tuple[str, ...]], ...]:
        """Names of heads that could carry the evidence of a release but are not independent, with the reasons."""
        release = self.site.zones[zone].release
        if release is None:
            return ()
        misses = near_misses(self._found(zone), same_family=release.same_family)
        return tuple(((a.name, b.name), reasons) for (a, b), reasons in misses)

    def _found(self, zone: str) -> list[FoundHead]:
        heads = self.heads(zone).items()
        return [self._find(name, head, head.points[0] if head.points else "") for name, head in heads]

    def _find(self, name: str, head: Head, point: str) -> FoundHead:
        physics = PHYSICS[head.family]
        return FoundHead(name, head, physics, self.device(point), self.link(point), self.on_mqtt(point))

    def outputs(self, zone: str, *roles: Role) -> dict[str, Output]:
        """Outputs of a zone with one of the roles."""
        return {n: o for n, o in self.site.outputs.items() if o.zone == zone and o.role in roles}

    def rooms_on_bank(self, zone: str) -> tuple[str, ...]:
        """Other zones whose agent comes from the same channels."""
        agents = {n: o for n, o in self.site.outputs.items() if o.role in {Role.AGENT, Role.AGENT_RESERVE}}
        mine = {output.channels for output in agents.values() if output.zone == zone}
        return tuple(dict.fromkeys(o.zone for o in agents.values() if o.zone != zone and o.channels in mine))

    @cached_property
    def supervised(self) -> frozenset[str]:
        """Blocks whose silence must be told in time: all that a head, an output or a proof reads, but for coarse cell temperatures."""
        site = self.site
        points = [point for head in site.heads.values() if not is_coarse(head) for point in head.points]
        for output in site.outputs.values():
            points += [*output.channels, *([output.feedback.point] if output.feedback else [])]
        for zone in site.zones.values():
            points += [zone.release.discharged] if zone.release else []
            points += [zone.cooling.flow] if zone.cooling else []
        return frozenset(place[0] for point in points for place in self.places(point))

    @cached_property
    def power(self) -> Power:
        """The feeds of the site."""
        return Power(self.site)

    @cached_property
    def registers(self) -> dict[str, RegisterBlock]:
        """Register blocks as the drivers know them; blocks that are not whole are left out."""
        found: dict[str, RegisterBlock] = {}
        for name, block in self.site.blocks.items():
            device = self.site.devices.get(block.device)
            whole = register_block(name, block, device.unit) if device else None
            if whole is not None:
                found[name] = whole
        return found


def is_coarse(head: Head) -> bool:
    """Whether a head gives cell temperatures of which nothing is released or cooled: no module's median, so no runaway."""
    return head.family is Family.CELL_TEMPERATURE and not sees_runaway(head)
