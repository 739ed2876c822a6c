"""A site of 20 zones: the example hall with its server room ten times, each pair with policies of its own, two with one bank for both rooms.

Every pair has links, devices, racks, heads, outputs and rows of its own; the second is the first again but for names. The other 18 rooms
differ from each other by more than names.
"""

from functools import cache
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from controller.site.loader import loads
from controller.site.model import Feedback, Head, ModbusTcp, Mqtt, Output, Row, Site, Zone

HALL = Path(__file__).parents[4] / "deploy" / "sites" / "hall.toml"
Changes = tuple[tuple[str, str], ...]

_HALL, _SERVER = 'strategy = "hold-reload"', 'strategy = "latched-abort"'
_SELECTOR = """
[outputs.{zone}-selector]
role = "selector"
zone = "{zone}"
channels = ["selector-coils[{place}]"]
feedback = {{ point = "selector-open[{place}]" }}
confirm_s = 5.0
on_restart = "keep"
on_comm_loss = "hold"
"""
_BLOCKS = """
[blocks.selector-coils]
device = "do-2"
table = "coil"
address = 25
count = 2
type = "bit"
writable = true
period_s = 0.2
max_age_s = 3.0

[blocks.selector-open]
device = "fb-1"
table = "discrete"
address = 30
count = 2
type = "bit"
period_s = 0.2
max_age_s = 3.0
"""
_SELECT = '\n[matrix.{zone}-select]\nwhen = ["{zone}.selected"]\nthen = ["{zone}-selector"]\n'
ONE_BANK: Changes = (
    ('channels = ["arm-coils[2]", "fire-coils[2]"]', 'channels = ["arm-coils[0]", "fire-coils[0]"]'),
    ('output = "agent"\n', 'output = "agent"\nselector = "hall-selector"\n'),
    ('output = "server-agent"\n', 'output = "server-agent"\nselector = "server-selector"\n'),
    ("[blocks.rack-flow]", f"{_BLOCKS}\n[blocks.rack-flow]"),
    (
        "[outputs.drain]",
        _SELECTOR.format(zone="hall", place=0) + _SELECTOR.format(zone="server", place=1) + "\n[outputs.drain]",
    ),
    ("[matrix.drain]", _SELECT.format(zone="hall") + _SELECT.format(zone="server") + "\n[matrix.drain]"),
    ('"di-1", "di-2"]', '"di-1", "di-2", "fb-1"]'),
    ('"asd-3", "asd-4"]', '"asd-3", "asd-4", "fb-1"]'),
)
"""Agent for both rooms from the hall's bank, a selector valve in front of each."""


def _strategies(hall: str, server: str) -> Changes:
    """The server room's first, which stands behind the hall's: else the hall's new one could be taken for it."""
    return (_SERVER, f'strategy = "{server}"'), (_HALL, f'strategy = "{hall}"')


PAIRS: tuple[Changes, ...] = (
    (),
    (),
    (
        *_strategies("uli", "none"),
        ('damper_unproven = "release"', 'damper_unproven = "block"'),
        ('"di-1", "di-2"]', '"di-1", "di-2", "fb-1"]'),
    ),
    _strategies("iri", "dead-man"),
    _strategies("nyc", "local"),
    _strategies("local", "uli"),
    (*_strategies("dead-man", "nyc"), ("same_family = true", 'same_family = true\nfaulty_member = "block"')),
    (*_strategies("none", "hold-reload"), ("hold_time_s = 600.0", "hold_time_s = 600.0\nreset_lock_s = 900.0")),
    ONE_BANK,
    (*ONE_BANK, *_strategies("latched-abort", "iri")),
)
"""What each pair of rooms changes in the file of the example."""


@cache
def twenty_zones() -> Site:
    """The site of all pairs."""
    pairs = [_named(_pair(changes), f"p{number}") for number, changes in enumerate(PAIRS, 1)]
    whole = pairs[0]
    for pair in pairs[1:]:
        whole = replace(
            whole,
            links=whole.links | pair.links,
            devices=whole.devices | pair.devices,
            blocks=whole.blocks | pair.blocks,
            zones=whole.zones | pair.zones,
            heads=whole.heads | pair.heads,
            outputs=whole.outputs | pair.outputs,
            matrix=whole.matrix | pair.matrix,
        )
    return whole


def _pair(changes: Changes) -> Site:
    text = HALL.read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            raise ValueError(f"{HALL} has no {old!r}; remedy: bring twenty.py up to the site file")
        text = text.replace(old, new, 1)
    return loads(text)


_Part = TypeVar("_Part", Head, Output)


def _named(site: Site, by: str) -> Site:
    """The site with every name begun by `by`, on addresses of its own."""

    def name(text: str) -> str:
        return f"{by}-{text}" if text else ""

    def names(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(name, texts))

    def link(found: ModbusTcp | Mqtt) -> ModbusTcp | Mqtt:
        return replace(found, endpoint=found.endpoint.replace("127.0.0.", f"127.0.{by[1:]}."))

    def placed(found: _Part) -> _Part:
        return replace(found, zone=name(found.zone), rack=name(found.rack))

    def output(found: Output) -> Output:
        says = found.feedback
        feedback: Feedback | None = replace(says, point=name(says.point)) if says else None
        return replace(placed(found), channels=names(found.channels), feedback=feedback)

    def cause(text: str) -> str:
        *places, condition = text.split(".")
        return text if places == ["site"] else ".".join([*map(name, places), condition])

    def row(found: Row) -> Row:
        when, unless = tuple(map(cause, found.when)), tuple(map(cause, found.unless))
        return replace(found, when=when, unless=unless, then=names(found.then))

    def zone(found: Zone) -> Zone:
        agent, water = found.release, found.cooling
        if agent is not None:
            agent = replace(
                agent,
                output=name(agent.output),
                reserve_output=name(agent.reserve_output),
                selector=name(agent.selector),
                discharged=name(agent.discharged),
                dampers=names(agent.dampers),
                unavailable_without=names(agent.unavailable_without),
            )
        water = replace(water, flow=name(water.flow)) if water else None
        return replace(found, racks=names(found.racks), release=agent, cooling=water)

    return replace(
        site,
        links={name(n): link(found) for n, found in site.links.items() if isinstance(found, ModbusTcp | Mqtt)},
        devices={
            name(n): replace(
                d,
                link=name(d.link),
                watchdog=replace(d.watchdog, point=name(d.watchdog.point)) if d.watchdog else None,
                heartbeat=name(d.heartbeat) if d.heartbeat else d.heartbeat,
            )
            for n, d in site.devices.items()
        },
        blocks={
            name(n): replace(b, device=name(b.device), topics=names(b.topics) if b.topics else b.topics)
            for n, b in site.blocks.items()
        },
        zones={name(n): zone(found) for n, found in site.zones.items()},
        heads={name(n): replace(placed(h), points=names(h.points)) for n, h in site.heads.items()},
        outputs={name(n): output(found) for n, found in site.outputs.items()},
        matrix={name(n): row(found) for n, found in site.matrix.items()},
    )
