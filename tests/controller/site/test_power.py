"""Rule 7's planner: the least set of breakers for a rack, against every set there is; what goes dark; what the checker refuses."""

from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.site.check import check
from controller.site.model import Feed, Output, Role, Site, Zone
from controller.site.power import Plan, Power
from controller.site.summary import summary
from tests.controller.core.field import site
from tests.controller.core.two_feeds import TWO_FEEDS, two_feeds

BREAKERS = ("q1", "q2", "q3", "q4", "q5")
PLACES = ("mains", "ups", "bus-a", "bus-b", "servers")
RACKS = ("r1", "r2", "r3")


def graph(*feeds: Feed, outputs: tuple[str, ...] = BREAKERS) -> Site:
    """A site of feeds alone."""
    breakers = {
        name: Output(role=Role.BREAKER, zone="hall", channels=(), on_restart="keep", on_comm_loss="hold")
        for name in outputs
    }
    hall = Zone(title="Hall", racks=RACKS)
    named = {f"f{i}": feed for i, feed in enumerate(feeds)}
    return replace(site(), zones={"hall": hall}, outputs=breakers, feeds=named)


def feed(begins: str, ends: str, *breakers: str, both_ways: bool = False) -> Feed:
    return Feed(begins=begins, ends=ends, breakers=breakers, both_ways=both_ways)


def fed(feeds: tuple[Feed, ...], rack: str, opened: frozenset[str]) -> bool:
    """The slow twin: what is live makes live what it leads to, until nothing more does. Racks pass nothing on."""
    ways = [(f.begins, f.ends, f.breakers) for f in feeds]
    ways += [(f.ends, f.begins, f.breakers) for f in feeds if f.both_ways]
    live = {begins for begins, _, _ in ways} - {ends for _, ends, _ in ways}
    live |= {end for f in feeds if f.both_ways for end in (f.begins, f.ends) if end in RACKS} - {rack}
    for _ in range(len(ways) + 1):
        live |= {
            ends
            for begins, ends, breakers in ways
            if begins in live and not opened & set(breakers) and (ends == rack or ends not in RACKS)
        }
    return rack in live


feeds_of = st.lists(
    st.builds(
        Feed, begins=st.sampled_from(PLACES[:4]), ends=st.sampled_from([*PLACES[2:], *RACKS]),
        breakers=st.lists(st.sampled_from(BREAKERS), max_size=2, unique=True).map(tuple),
        both_ways=st.booleans(),
    ),
    min_size=1, max_size=7,
).map(tuple)  # fmt: skip


@given(feeds_of)
@settings(max_examples=150, deadline=None)
def test_the_plan_is_the_least_of_all_sets(feeds: tuple[Feed, ...]) -> None:
    assume(any(f.ends == "r1" or (f.both_ways and f.begins == "r1") for f in feeds))
    power = Power(graph(*feeds))
    found = power.plan("r1")
    sets = [frozenset(chosen) for size in range(len(BREAKERS) + 1) for chosen in combinations(BREAKERS, size)]
    cuts = [chosen for chosen in sets if not fed(feeds, "r1", chosen)]
    if found is None:
        assert not cuts
        assert power.uncut("r1") is not None
        return
    loads = {f.ends for f in feeds} - {f.begins for f in feeds} - {f.ends for f in feeds if f.both_ways} | set(RACKS)

    def dark(chosen: frozenset[str]) -> set[str]:
        return {x for x in loads - {"r1"} if fed(feeds, x, frozenset()) and not fed(feeds, x, chosen)}

    best = min((len(dark(chosen)), len(chosen)) for chosen in cuts)
    assert frozenset(found.breakers) in cuts
    assert (len(found.dark), len(found.breakers)) == best


def test_both_feeds_are_cut_near_the_rack_and_nothing_else_goes_dark() -> None:
    power = Power(two_feeds())
    assert power.plan("rack-2") == Plan(("breaker-2", "breaker-2b"), ())
    assert power.plan("rack-1") == Plan(("breaker-1",), ())


def test_without_a_breaker_the_next_one_up_and_who_goes_dark_by_it() -> None:
    power = Power(two_feeds())
    assert power.plan("rack-2", without=("breaker-2",)) == Plan(("breaker-2b", "main-a"), ("rack-1", "rack-3"))
    assert power.plan("rack-2", without=("breaker-2", "main-a")) is None


def test_a_ups_gives_current_though_the_mains_are_cut() -> None:
    lines = feed("mains", "ups", "q1"), feed("ups-battery", "ups"), feed("ups", "r1", "q2")
    assert Power(graph(*lines)).plan("r1") == Plan(("q2",), ())
    assert not Power(graph(*lines)).is_dead("r1", {"q1"})


def test_the_other_strings_of_a_bus_feed_back() -> None:
    """The rectifier's breaker alone isolates no string: its neighbours stand on the same bus."""
    strings = [feed("bus-a", rack, f"q{n}", both_ways=True) for n, rack in enumerate(RACKS, 2)]
    power = Power(graph(feed("rectifier", "bus-a", "q1"), *strings))
    assert not power.is_dead("r1", {"q1"})
    assert power.plan("r1") == Plan(("q2",), ())
    assert power.dark("r1", {"q1", "q3", "q4"}) == ("r2", "r3")


def test_a_rack_does_not_pass_current_on() -> None:
    lines = feed("mains", "r2", "q1"), feed("mains", "r1", "q2"), feed("r2", "r1", both_ways=True)
    assert Power(graph(*lines[:2])).plan("r1") == Plan(("q2",), ())
    assert Power(graph(*lines)).uncut("r1") is not None  # a battery without breaker is a source, not a way


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ('[feeds.b-2]\nfrom = "bus-b"\nto = "rack-2"\nbreakers = ["breaker-2b"]', '[feeds.b-2]\nfrom = "bus-b"\nto = "rack-2"',
         "feeds.b-2", "rack rack-2 cannot be made dead: no breaker is in feeds.ups and feeds.b-2"),
        ('then = ["breaker-2", "breaker-2b"]', 'then = ["breaker-2"]', "matrix.isolate-2.then", "rack-2 stays live: breaker-2b"),
        ('then = ["breaker-1"]', 'then = ["breaker-1", "main-a"]', "matrix.isolate-1.then", "main-a opens for rack-1"),
        ('breakers = ["main-a"]', 'breakers = ["pump"]', "feeds.mains.breakers", "pump is of role pump"),
        ('breakers = ["main-a"]', 'breakers = ["man-a"]', "feeds.mains.breakers", "there is no output 'man-a'"),
        ('[feeds.b-2]\nfrom = "bus-b"', '[feeds.b-2]\nfrom = "rack-1"', "feeds.b-2.from", "rack rack-1 feeds rack-2"),
        ('to = "rack-2"\nbreakers = ["breaker-2b"]', 'to = "rack-2"\nbreakers = ["main-b"]', "outputs.breaker-2b.rack",
         "stands in no feed"),
    ],
)  # fmt: skip
def test_the_checker_names_the_feed_and_the_remedy(old: str, new: str, path: str, says: str) -> None:
    text = [(a, b.replace(old, new)) for a, b in TWO_FEEDS]
    found = check(site(*text))
    assert any(problem.path == path and says in problem.what and problem.remedy for problem in found), found


def test_check_says_what_is_opened() -> None:
    assert check(two_feeds()) == ()
    said = summary(two_feeds())
    assert "to isolate rack-2: Open breaker-2 and breaker-2b; nothing else goes dark" in said
    assert "to isolate rack-1" not in said


def test_a_plan_of_a_large_hall_takes_less_than_a_second() -> None:
    """128 racks on two buses behind two mains and a tie (O2 of domain.md: under 1 s)."""
    racks = tuple(f"r{n}" for n in range(128))
    feeds = [
        feed("mains-a", "bus-a", "qa"),
        feed("mains-b", "bus-b", "qb"),
        feed("bus-a", "bus-b", "tie", both_ways=True),
    ]
    feeds += [feed(f"bus-{bus}", rack, f"q-{rack}-{bus}") for rack in racks for bus in "ab"]
    names = ("qa", "qb", "tie", *(f"q-{rack}-{bus}" for rack in racks for bus in "ab"))
    whole = graph(*feeds, outputs=names)
    power = Power(replace(whole, zones={"hall": Zone(title="Hall", racks=racks)}))
    assert power.plan("r7") == Plan(("q-r7-a", "q-r7-b"), ())
