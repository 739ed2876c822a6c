"""Feeds: every rack can be made dead by breakers (rule 7), and the matrix drives just those that the planner found."""

from collections.abc import Iterator

from controller.site.checks.matrix import is_plain
from controller.site.look import Look
from controller.site.model import Output, Role
from controller.site.power import Plan
from controller.site.problem import Problem


def feeds(look: Look) -> Iterator[Problem]:
    """Problems of the feeds, of racks that they leave live, and of rows that open others than the planner says."""
    for name, feed in look.site.feeds.items():
        path = f"feeds.{name}"
        for breaker in feed.breakers:
            yield from _breaker(path, breaker, look.site.outputs.get(breaker))
        if not feed.begins or feed.begins == feed.ends:
            yield Problem(path, f"a feed from {feed.begins!r} to {feed.ends!r}", "name two places: from, to")
        racks = look.power.racks
        if not feed.both_ways and feed.begins in racks:
            what = f"rack {feed.begins} feeds {feed.ends}, and nothing passes through a rack"
            yield Problem(
                f"{path}.from", what, "state both_ways = true for a battery on its bus, or name where it comes from"
            )
    for rack in look.power.racks:
        yield from _rack(look, rack)


def _breaker(path: str, name: str, output: Output | None) -> Iterator[Problem]:
    if output is None:
        yield Problem(
            f"{path}.breakers", f"there is no output {name!r}", f"add [outputs.{name}] of role breaker, or name one"
        )
    elif output.role is not Role.BREAKER:
        yield Problem(f"{path}.breakers", f"{name} is of role {output.role}", "name outputs of role breaker")


def _rack(look: Look, rack: str) -> Iterator[Problem]:
    way = look.power.uncut(rack)
    if way is not None:
        lines = " and ".join(f"feeds.{line.name}" for line in way)
        what = f"rack {rack} cannot be made dead: no breaker is in {lines}"
        yield Problem(f"feeds.{way[-1].name}", what, "name a breaker that Haechi can open in one of them (rule 7)")
        return
    for name, output in look.site.outputs.items():
        if output.role is Role.BREAKER and output.rack == rack and not look.power.cuts(rack, name):
            what = f"{name} is the breaker of {rack}, and stands in no feed that leads to it"
            yield Problem(f"outputs.{name}.rack", what, f"name it in the feeds of {rack}, or take `rack` out")
    plan = look.power.plan(rack)
    if plan is not None:
        yield from _rows(look, rack, plan)


def _rows(look: Look, rack: str, plan: Plan) -> Iterator[Problem]:
    """The rack's isolation opens the whole set, and nothing else, in rows without ifs."""
    cause = f"{next(zone for zone, entry in look.site.zones.items() if rack in entry.racks)}.{rack}.isolate"
    rows = {name: row for name, row in look.site.matrix.items() if cause in row.when}
    if not rows:
        return  # a rack without evidence of its own is never isolated by itself; what is missing elsewhere is told there
    opened = {output for row in rows.values() if is_plain(row) for output in row.then}
    missing = [breaker for breaker in plan.breakers if breaker not in opened]
    if missing:
        what = f"{rack} stays live: {', '.join(missing)} of its isolation set is not opened by {cause} without ifs"
        yield Problem(f"matrix.{next(iter(rows))}.then", what, f"then = {[*plan.breakers]}".replace("'", '"'))
    for name, row in rows.items():
        for output in row.then:
            entry = look.site.outputs.get(output)
            if entry is not None and entry.role is Role.BREAKER and output not in plan.breakers:
                what = f"{output} opens for {rack}, and its least isolation set is {', '.join(plan.breakers)}"
                yield Problem(
                    f"matrix.{name}.then", what, "take it out, or mend the feeds: more would go dark than is told"
                )
