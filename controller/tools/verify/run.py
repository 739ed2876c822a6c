"""A whole site verified: every part of every zone explored, and of each property what was found."""

import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing import get_context

from controller.core.layout import Layout, lay_out
from controller.site.model import Mode, Release, Role, Site
from controller.tools.verify.alike import Mirror
from controller.tools.verify.alone import worlds_alone
from controller.tools.verify.explore import Broken, Explored, Explorer
from controller.tools.verify.losses import GRADES, Loss, losses
from controller.tools.verify.parts import rack_parts, release_parts
from controller.tools.verify.properties import HAND_CHECKS, STEP_CHECKS, TITLES, WORD_CHECKS, nothing_flows
from controller.tools.verify.resets import stuck
from controller.tools.verify.slices import foreign_causes, zone_digest
from controller.tools.verify.words import RELEASING_ROLES
from controller.tools.verify.world import World

_ASKED_OF = {"release": ("P1", "P2", "P3", "P4", "P5", "P6"), "rack": ("P3", "P5", "P6"), "alone": ("P1",)}
"""Properties that each kind of part speaks of."""
_WATCHED = (*sorted(RELEASING_ROLES), Role.EXHAUST, Role.DAMPER, Role.BREAKER, Role.COOLANT)


class Answer(StrEnum):
    """What was found of a property in a zone."""

    PROVED = "proved"
    REFUTED = "refuted"
    NOT_DECIDED = "not decided"
    NOTHING = "nothing to prove"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an exploration may go before it gives up and says so. `jobs` processes share the parts."""

    most_states: int = 50_000
    seconds: float = 1200.0
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """One property in one zone. `why` says what was left open, or what there is nothing of."""

    zone: str
    number: str
    answer: Answer
    why: str = ""
    broken: Broken | None = None

    @property
    def title(self) -> str:
        """The property in words."""
        return TITLES[self.number]


@dataclass(slots=True)
class Verification:
    """All that was found of a site."""

    site: Site
    explored: list[Explored] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    twins: dict[str, str] = field(default_factory=dict)
    """Zones that are another zone again but for names."""
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Nothing refuted, nothing left open."""
        return all(v.answer in {Answer.PROVED, Answer.NOTHING} for v in self.verdicts)


Tell = Callable[[str], None]


def verify_site(site: Site, bounds: Bounds | None = None, tell: Tell = lambda _: None) -> Verification:
    """Explore every zone. `tell` hears of the progress. A zone that is another one again is answered by that one."""
    bounds, began_s = bounds or Bounds(), time.monotonic()
    layout, found = lay_out(site), Verification(site)
    firsts: dict[str, int] = {}
    for zone, name in enumerate(layout.zones):
        first = firsts.setdefault(zone_digest(layout, zone), zone)
        if first != zone:
            found.twins[name] = layout.zones[first]
    by_zone = _explore(layout, sorted(firsts.values()), bounds, tell)
    found.losses = list(losses(layout))
    for zone in firsts.values():
        found.explored += [explored for _, explored in by_zone[zone]]
        found.verdicts += _judge(layout, zone, by_zone[zone])
    for name, twin in found.twins.items():
        found.verdicts += [Verdict(name, v.number, v.answer, v.why, v.broken) for v in found.verdicts if v.zone == twin]
    found.verdicts += [_of_losses(layout, zone, found.losses) for zone in range(len(layout.zones))]
    found.seconds = time.monotonic() - began_s
    return found


# --- the exploration, in one process or in several --------------------------------------------------------------------


def worlds(layout: Layout, zone: int) -> Iterator[tuple[str, World]]:
    """Every part of a zone, with its kind."""
    for kind, parts in (("release", release_parts), ("rack", rack_parts), ("alone", worlds_alone)):
        for world in parts(layout, zone):
            yield kind, world


def explore_world(kind: str, world: World, bounds: Bounds, tell: Tell = lambda _: None) -> Explored:
    """Explore one part, and look for states without a way back. A fault is looked for again without mirror images, so that names are right."""
    ends_s, told_s = time.monotonic() + bounds.seconds, [time.monotonic()]

    def progress(states: int, still_open: int, transitions: int) -> None:
        if time.monotonic() - told_s[0] > 2.0:  # noqa: PLR2004 seconds between two words
            told_s[0] = time.monotonic()
            tell(f"{world.name}: {states} states, {still_open} of them open, {transitions} transitions")

    checks = (nothing_flows,) if kind == "alone" else STEP_CHECKS
    pairs = ((), ()) if kind == "alone" else (HAND_CHECKS, WORD_CHECKS)

    def explored(mirror: Mirror | None) -> Explored:
        explorer = Explorer(
            world,
            checks,
            *pairs,
            most_states=bounds.most_states,
            out_of_time=lambda: time.monotonic() > ends_s,
            tell=progress,
            mirror=mirror,
        )
        found = explorer.run()
        if kind != "alone":
            for broken in stuck(explorer):
                found.broken[broken.number] = broken
        return found

    mirror = Mirror(world)
    found = explored(mirror)
    return explored(None) if mirror and found.broken else found


def _explore(layout: Layout, zones: list[int], bounds: Bounds, tell: Tell) -> dict[int, list[tuple[str, Explored]]]:
    found: dict[int, list[tuple[str, Explored]]] = {zone: [] for zone in zones}
    if bounds.jobs <= 1:
        for zone in zones:
            for kind, world in worlds(layout, zone):
                found[zone].append((kind, explore_world(kind, world, bounds, tell)))
                tell(_line(found[zone][-1][1]))
        return found
    tasks = {(zone, place): part for zone in zones for place, part in enumerate(worlds(layout, zone))}
    # Exploring makes no cycles; looking for them among all the states that are kept takes a twentieth of the time.
    with ProcessPoolExecutor(bounds.jobs, mp_context=get_context("spawn"), initializer=gc.disable) as pool:
        running: dict[Future[Explored], tuple[int, int]] = {
            pool.submit(explore_world, *tasks[key], bounds): key
            for key in sorted(tasks, key=lambda key: _ease(*tasks[key]))
        }
        done: dict[tuple[int, int], Explored] = {}
        for future in as_completed(running):
            done[running[future]] = future.result()
            tell(f"{len(done)} of {len(tasks)} parts; {_line(future.result())}")
    for (zone, place), (kind, _) in tasks.items():
        found[zone].append((kind, done[zone, place]))
    return found


_CLOCKS = 16
"""How many times as many states free clocks make (a part with them against one without, demo site)."""


def _ease(kind: str, world: World) -> tuple[bool, int]:
    """Smaller for parts that take longer: they begin first, so that no process is left alone with one at the end."""
    clocks = _CLOCKS if world.free_clocks else 1
    return kind == "alone", -len(world.vectors) * (1 + len(world.said)) * clocks


def _line(explored: Explored) -> str:
    end = "" if explored.whole else ", NOT whole"
    return f"{explored.part}: {explored.states} states, {explored.transitions} transitions{end}"


# --- what it means ----------------------------------------------------------------------------------------------------


def _judge(layout: Layout, zone: int, parts: list[tuple[str, Explored]]) -> Iterator[Verdict]:
    name = layout.zones[zone]
    foreign = foreign_causes(layout.site, name, _WATCHED)
    for number in ("P1", "P2", "P3", "P4", "P5", "P6"):
        asked = [explored for kind, explored in parts if number in _ASKED_OF[kind]]
        broken = next((e.broken[number] for e in asked if number in e.broken), None)
        if broken is not None:
            yield Verdict(name, number, Answer.REFUTED, broken.what, broken)
        elif not asked:
            yield Verdict(name, number, Answer.NOTHING, "no agent, and no rack with cells")
        elif partial := [e.part for e in asked if not e.whole]:
            yield Verdict(name, number, Answer.NOT_DECIDED, f"not explored whole: {', '.join(partial)}")
        elif foreign and number in {"P2", "P4", "P5"}:
            yield Verdict(name, number, Answer.NOT_DECIDED, f"causes from outside the zone: {'; '.join(foreign)}")
        else:
            yield Verdict(name, number, Answer.PROVED)


def _of_losses(layout: Layout, zone: int, found: list[Loss]) -> Verdict:
    name = layout.zones[zone]
    release = layout.site.zones[name].release
    if release is None:
        return Verdict(name, "P7", Answer.NOTHING, "no agent")
    mine = [loss for loss in found if loss.zone == name]
    for loss in mine:
        if GRADES.index(loss.grade) > GRADES.index(loss.at_most):
            why = f"without {loss.what} availability says {loss.shown!r}, and it is {loss.at_most}: {loss.why}"
            return Verdict(name, "P7", Answer.REFUTED, why)
    return _as_stated(layout.site, name, release, mine)


def _as_stated(site: Site, zone: str, release: Release, mine: list[Loss]) -> Verdict:
    """What is shown of each loss, held against what the site states of it."""
    without = [loss for loss in mine if _is_named(site, release, loss)]
    others = [loss for loss in mine if loss not in without]
    worst = min(others, key=lambda loss: GRADES.index(loss.grade), default=None)
    said = f"at worst {worst.grade} (without {worst.what})" if worst else "nothing else can be lost"
    if release.loss_of_one is None:
        why = f"what is shown is so; the site states no loss_of_one to hold it against. {_remedy(site, zone, mine)}"
        return Verdict(zone, "P7", Answer.NOT_DECIDED if site.site.mode is Mode.DIRECT else Answer.NOTHING, why)
    strangers = set(release.unavailable_without) - site.devices.keys() - site.links.keys()
    if strangers:
        why = f"unavailable_without names {', '.join(sorted(strangers))}, which is neither a device nor a link"
    elif worst is not None and GRADES.index(worst.grade) < GRADES.index(release.loss_of_one):
        why = f"the site states {release.loss_of_one}, and without {worst.what} it is {worst.shown!r}. {_remedy(site, zone, mine)}"
    else:
        known = f"; unavailable without {', '.join(release.unavailable_without)}" if without else ""
        return Verdict(zone, "P7", Answer.PROVED, f"the site states {release.loss_of_one}; {said}{known}")
    return Verdict(zone, "P7", Answer.REFUTED, why)


def _is_named(site: Site, release: Release, loss: Loss) -> bool:
    """Whether the site names what is lost, or a device on the link that is lost, among those without which nothing is left."""
    name = loss.what.partition(" ")[2]
    lost = {name, *(device for device, entry in site.devices.items() if loss.what == f"link {entry.link}")}
    return bool(lost & set(release.unavailable_without))


def _remedy(site: Site, zone: str, mine: list[Loss]) -> str:
    """What a site may state truly, for the owner to look at: of links only those of which no device is named."""
    gone = [
        loss.what.removeprefix("device ")
        for loss in mine
        if loss.grade == GRADES[0] and loss.what.startswith("device ")
    ]
    gone += [
        link for link in site.links
        if any(loss.what == f"link {link}" and loss.grade == GRADES[0] for loss in mine)
        and not any(device in gone for device, entry in site.devices.items() if entry.link == link)
    ]  # fmt: skip
    left = [loss.grade for loss in mine if loss.grade != GRADES[0]]
    names = ", ".join(f'"{name}"' for name in gone)
    stated = f'loss_of_one = "{min(left, key=GRADES.index, default=GRADES[0])}"'
    return f"Remedy: make it so that less hangs on one device, or state in [zones.{zone}.release] {stated}, unavailable_without = [{names}]"
