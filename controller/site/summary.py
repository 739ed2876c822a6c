"""One screen about a checked site: how much there is, what the wires carry, who may release, what nobody watches."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from controller.site.load import loads_of_links, plans
from controller.site.look import TOLD_WITHIN_S, Look
from controller.site.model import (
    PHYSICS,
    Dependency,
    Family,
    Framing,
    Head,
    ModbusRtu,
    ModbusTcp,
    Mode,
    Mqtt,
    Physics,
    Site,
    Zone,
    has_transaction_ids,
)
from controller.site.pairs import sees_runaway
from controller.site.power import said
from drivers.modbus.plan import confusable
from drivers.points import Table

_SCAN_COST_US = 1.0
"""Detection of one point (assumed; `make bench` measures it)."""
_WIDTH = 118
_NUMBER = re.compile(r"\d+")


def summary(site: Site) -> str:
    """The summary of a site without problems, as lines of text."""
    look = Look(site)
    lines = [f"{site.site.name}: mode {site.site.mode}, {len(site.zones)} zones, {len(site.outputs)} outputs"]
    if site.site.mode is Mode.REQUEST:
        lines.append("  agent outputs are wired to a certified panel's inputs; its word is last")
    lines += [f"  {line}" for line in (*_points(look), *_wires(look), *_scan(look))]
    for name in site.zones:
        lines += [f"  {line}" for line in _zone(look, name)]
    lines += ["  not supervised:", *(f"    {line}" for line in _unsupervised(look))]
    return "\n".join(_wrapped(line) for line in lines)


def _wrapped(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _points(look: Look) -> Iterator[str]:
    points: Counter[Family] = Counter()
    heads: Counter[Family] = Counter()
    for head in look.site.heads.values():
        points[head.family] += _size(look, head)
        heads[head.family] += 1
    parts = [
        f"{family} {points[family]}" + (f" (heads {heads[family]})" if points[family] != heads[family] else "")
        for family in Family
        if heads[family] and PHYSICS[family] is not Physics.WIRED
    ]
    wired = sum(points[family] for family in Family if PHYSICS[family] is Physics.WIRED)
    text = ", ".join([*parts, f"wired inputs {wired}"])
    yield f"points: {text}"


def _size(look: Look, head: Head) -> int:
    return sum(len(look.places(point)) for point in head.points)


def _wires(look: Look) -> Iterator[str]:
    loads = loads_of_links(look)
    total = sum(load.requests_per_s for load in loads.values())
    yield f"wires: {total:.1f} requests/s in all"
    alike: dict[str, list[str]] = {}
    for name, load in loads.items():
        asked = f"{load.requests_per_s:.1f} requests/s, {load.share:.0%} of the budget"
        text = ", ".join([asked, *_manner(look, name, load.busy)])
        alike.setdefault(text, []).append(name)
    for name, link in look.site.links.items():
        if isinstance(link, Mqtt):
            alike.setdefault(", ".join(_broker(link)), []).append(name)
    for text, names in alike.items():
        yield f"  {_names(names)}: {text}"
    if by_number := _told_by_transaction(look):
        yield f"  requests of one form, told apart by transaction ids alone: {_names(by_number)}"


def _told_by_transaction(look: Look) -> list[str]:
    """Devices that a gateway which answers late, under the present transaction, could make believe another block's values."""
    on_tcp = {name for name, device in look.site.devices.items() if has_transaction_ids(look.site.links[device.link])}
    return [name for name, requests in plans(look).items() if name in on_tcp and confusable(requests)]


def _manner(look: Look, name: str, busy: float) -> Iterator[str]:
    """How a Modbus link is spoken to, where that is not plain Modbus TCP, one request after the other."""
    link = look.site.links[name]
    if isinstance(link, ModbusRtu):
        yield f"serial {link.baud} baud 8{link.parity[0].upper()}{link.stop_bits}"
    elif isinstance(link, ModbusTcp):
        if link.framing is Framing.RTU:
            yield "RTU over TCP"
        if link.tls:
            yield "TLS"
    if not has_transaction_ids(link):
        yield "no transaction ids"
    if busy:
        yield f"wire busy {busy:.0%}"
    depth = max((d.depth for d in look.site.devices.values() if d.link == name), default=1)
    if depth > 1:
        yield f"up to {depth} requests in flight"


def _broker(link: Mqtt) -> Iterator[str]:
    yield f"MQTT {link.version}"
    if link.tls:
        yield "TLS"
    if link.version != "5":
        yield "a message that the broker refuses is not noticed (version 5 tells)"


def _names(names: Iterable[str]) -> str:
    """Names in one line; those that differ by one number come as a range, `bms-[1-8]`."""
    ranges: dict[str, list[str]] = {}
    for name in names:
        ranges.setdefault(_NUMBER.sub("[]", name, count=1), []).append(name)
    return ", ".join(_range(pattern, alike) for pattern, alike in ranges.items())


def _range(pattern: str, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    numbers = [match[0] for match in map(_NUMBER.search, names) if match]
    return pattern.replace("[]", f"[{numbers[0]}-{numbers[-1]}]")


def _scan(look: Look) -> Iterator[str]:
    points = sum(_size(look, head) for head in look.site.heads.values())
    scan_ms = look.site.site.scan_s * 1000
    cost_ms = points * _SCAN_COST_US / 1000
    share = cost_ms / scan_ms
    yield f"scan: {scan_ms:.0f} ms; {points} points take about {cost_ms:.1f} ms, {share:.0%} (assumed 1 us a point)"


def _zone(look: Look, name: str) -> Iterator[str]:
    zone = look.site.zones[name]
    yield f"{name} ({zone.title}):"
    yield from _coarse(look, name, zone)
    yield from _alarm(zone)
    yield from _isolation(look, zone)
    if zone.release is None:
        yield "  no agent: detection and warning only"
        return
    yield from _independence(look, name)
    yield f"  automatic release: {_availability(look, name, zone)}"


def _alarm(zone: Zone) -> Iterator[str]:
    """What stands between one head in alarm and a fire alarm."""
    policy = zone.coincidence
    if policy is not None:
        lost = "one alarm is fire" if policy.faulty_member == "single" else "there is no fire by a second head"
        tail = "" if policy.type is Dependency.A else f"; with fewer than two sound heads {lost}"
        yield f"  fire alarm: coincidence type {policy.type}, a head that ended counts for {policy.cancel_s:g} s{tail}"
    if zone.verification is not None:
        yield f"  fire alarm: smoke heads are looked at once more, after {zone.verification.look_again_s:g} s"
    if zone.positive_alarm is not None:
        waits_s = f"{zone.positive_alarm.acknowledge_s:g} s for an acknowledgement"
        looks_s = f"{zone.positive_alarm.investigate_s:g} s for whoever looks"
        yield f"  fire alarm: by day the outputs of one head's alarm wait {waits_s}, then {looks_s}"


def _coarse(look: Look, name: str, zone: Zone) -> Iterator[str]:
    """Racks whose cells are told too coarsely to confirm runaway: what they ask for does not come by itself."""
    cells = look.heads(name, Family.CELL_TEMPERATURE).values()
    seen = {head.rack for head in cells if sees_runaway(head)}
    told = set(zone.racks) if zone.cooling else {head.rack for head in cells}
    blind = [rack for rack in zone.racks if rack in told - seen]
    if blind:
        what = "no automatic water" if zone.cooling else "no release by runaway"
        yield f"  {what}: nothing confirms runaway in {_names(blind)} (that takes cell temperatures with group > 0)"


def _isolation(look: Look, zone: Zone) -> Iterator[str]:
    """Isolation sets of more than a rack's own breaker, or by which something else goes dark (rule 7)."""
    for rack in zone.racks:
        plan = look.power.plan(rack)
        if plan is not None and (len(plan.breakers) > 1 or plan.dark):
            yield f"  to isolate {rack}: {said(plan)}"


def _independence(look: Look, name: str) -> Iterator[str]:
    """Pairs that may release, counted by family; families whose heads are in no pair."""
    pairs = look.releasing_pairs(name)
    kinds = Counter(" + ".join(sorted(look.site.heads[head].family for head in pair)) for pair in pairs)
    for kind, count in kinds.items():
        yield f"  may release together: {kind} ({count} {'pair' if count == 1 else 'pairs'})"
    members = {head for pair in pairs for head in pair}
    outside = sorted({head.family for head_name, head in look.fire_heads(name).items() if head_name not in members})
    if outside:
        yield f"  never counted for release: {', '.join(outside)}"


def _availability(look: Look, name: str, zone: Zone) -> str:
    pairs = look.releasing_pairs(name)
    release = zone.release
    if release is None or not pairs:
        return "unavailable"
    notes = [f"strategy {release.strategy}", f"pre-warning {release.pre_warning_s:g} s"]
    if any(all(head in pair for pair in pairs) for head in pairs[0]):
        notes.append("one dead head makes it unavailable")
    if release.faulty_member == "block":
        notes.append("any faulty member blocks it")
    if release.selector:
        others = look.rooms_on_bank(name)
        notes.append(f"by {release.selector} from a bank shared with {', '.join(others) or 'nobody'}")
    if release.same_family:
        hold_s = release.same_family_hold_s
        notes.append(f"two heads of one family may release, by site policy, at fire 2 for {hold_s:g} s")
    if zone.occupied_at_start or not look.heads(name, Family.MODE_KEY):
        notes.append("manual-only at start" if zone.occupied_at_start else "no mode key")
    return f"full when all heads are well ({', '.join(notes)})"


def _unsupervised(look: Look) -> Iterator[str]:
    releases = [zone.release for zone in look.site.zones.values() if zone.release]
    proven = {name for release in releases for name in (release.output, release.reserve_output)}
    blind = [n for n, o in look.site.outputs.items() if o.feedback is None and n not in proven]
    if blind:
        yield f"outputs without feedback: {_names(blind)}"
    single = [
        name
        for name, head in look.site.heads.items()
        if PHYSICS[head.family] is Physics.WIRED and head.family is not Family.CALL_POINT
    ]
    if single:
        yield f"inputs with one contact (a broken wire reads as 0): {_names(single)}"
    uncounted = [n for n, b in look.site.blocks.items() if b.table is Table.INPUT and b.counter is None]
    if uncounted:
        yield f"blocks without sample counter (a frozen device looks alive): {_names(uncounted)}"
    yield from _told_late(look)
    yield "wires to actuators, power supplies, and the hardwired manual release, which stay outside Haechi"


def _told_late(look: Look) -> Iterator[str]:
    delay_s = look.site.site.trouble_delay_s
    late = {n: b.max_age_s + delay_s for n, b in look.site.blocks.items() if b.max_age_s + delay_s > TOLD_WITHIN_S}
    if late:
        yield f"blocks whose device may be dead for up to {max(late.values()):g} s before it is told: {_names(late)}"
