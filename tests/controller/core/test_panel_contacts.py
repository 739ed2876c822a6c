"""Contacts of the panel: alarm routing acknowledged (F34), actuator in place (F24), mains, battery, earth fault, each in its class (F3)."""

import pytest

from controller.core import decide, trips
from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.state import Tri
from controller.core.survey import core_status
from controller.core.troubles import TRIPS, Delay, delay_s
from controller.core.zone import coincidence, routing, signals
from controller.core.zone.contacts import wired
from controller.site.model import Family, Site, SiteInfo, TroubleDelays
from controller.tools.verify.losses import losses
from tests.controller.core.field import Field, play, site
from tests.controller.site.hall import edited, problems_of
from tests.controller.tools.verify.judged import layout_of
from tests.rules.breaking import Check, Mutant, notices

FAMILIES = {"acknowledged": "routing-acknowledged", "in-place": "actuator-in-place", "mains": "mains-fault",
            "battery": "battery-fault", "earth": "earth-fault"}  # fmt: skip
HEADS = "".join(
    f'[heads.{name}]\nfamily = "{family}"\nzone = "hall"\npoints = ["di-3-inputs[{place}]"]\n'
    for place, (name, family) in enumerate(FAMILIES.items())
)
MODULE = """[devices.di-3]
link = "io-3"
unit = 3
[blocks.di-3-inputs]
device = "di-3"
table = "discrete"
address = 0
count = 6
type = "bit"
"""
RELAY = (
    'role = "beacon"\nzone = "hall"\nchannels = ["do-1-coils[9]"]',
    'role = "fire-relay"\nzone = "hall"\nchannels = ["do-1-coils[9]"]',
)
WATCH = (
    '"hall.watch", "hall.request", "hall.hand-over", "hall.guard", "server.watch", "server.request"',
    '"hall.fire"',
)


def panel(*changes: tuple[str, str]) -> Site:
    """The hall with the contacts of its panel; `attention` is its fire relay."""
    heads = ("[heads.reserve-key]", f"{HEADS}[heads.reserve-key]")
    return site(("[devices.fb]", f"{MODULE}[devices.fb]"), heads, RELAY, WATCH, *changes)


def sent() -> Field:
    """A fire alarm that the relay sends."""
    field = Field(panel())
    play(field, "0 | heat-1 alarm | |\n 1 | | | +attention")
    assert core_status(field.controller, field.image).zones[0].routing == "sent"
    return field


def at_rest_there_is_no_trouble() -> None:
    field = Field(panel())
    field.run(300)
    assert field.troubles() == set()
    assert field.zone().availability == "full"


def an_alarm_that_nobody_acknowledges_is_a_trouble_after_100_s() -> None:
    field = sent()
    field.run(98)
    assert field.troubles() == set()
    field.run(2)
    assert field.troubles() == {"routing_not_acknowledged:hall"}
    play(field, "0 | acknowledged on | |")
    assert field.troubles() == set()


def an_acknowledged_one_is_none() -> None:
    field = sent()
    play(field, "50 | acknowledged on | |\n 1 | acknowledged off | |\n 200 | | |")
    assert field.troubles() == set()
    assert core_status(field.controller, field.image).zones[0].routing == "acknowledged"


def a_contact_that_was_closed_before_acknowledges_nothing() -> None:
    field = Field(panel())
    play(field, "0 | acknowledged on | |\n 5 | heat-1 alarm | |\n 102 | | |")
    assert "routing_not_acknowledged:hall" in field.troubles()
    play(field, "0 | acknowledged off | |\n 1 | acknowledged on | |")
    assert field.troubles() == set()


def in_shadow_mode_nothing_is_sent() -> None:
    field = Field(panel(('mode = "direct"', 'mode = "shadow"')))
    play(field, "0 | heat-1 alarm | |\n 130 | | |")
    assert not any("routing" in trouble for trouble in field.troubles())


def an_actuator_that_is_not_in_place_is_shown() -> None:
    field = Field(panel())
    play(field, "0 | in-place off | |\n 2 | | |")
    assert field.troubles() == {"actuator_removed:in-place"}
    assert field.zone().availability == "unavailable: actuator not in place: in-place"
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |")  # a contact may lie: it blocks nothing
    field = Field(panel())
    play(field, "0 | in-place fault | |\n 2 | | |")
    assert field.zone().availability == "degraded: in-place not readable"
    assert field.troubles() == {"contact_fault:in-place"}


def one_actuator_of_two_degrades() -> None:
    second = '[heads.in-place-2]\nfamily = "actuator-in-place"\nzone = "hall"\npoints = ["di-3-inputs[5]"]\n'
    field = Field(panel(("[heads.call-point]", f"{second}[heads.call-point]")))
    play(field, "0 | in-place-2 off | |\n 2 | | |")
    assert field.zone().availability == "degraded: actuator not in place: in-place-2"


def mains_battery_and_earth_wait_for_their_class() -> None:
    field = Field(panel(("[zones.hall]", "[site.delays]\npower_s = 60.0\nfault_s = 20.0\n[zones.hall]")))
    play(field, "0 | mains on, battery on, earth on | |\n 19 | | |")
    assert field.troubles() == set()
    field.run(2)
    assert field.troubles() == {"earth_fault:earth"}
    field.run(40)
    assert field.troubles() == {"earth_fault:earth", "mains_lost:mains", "battery_fault:battery"}
    play(field, "0 | mains off, battery off, earth off | |")
    assert field.troubles() == set()
    assert field.zone().availability == "full"


CHECKS = (
    at_rest_there_is_no_trouble, an_alarm_that_nobody_acknowledges_is_a_trouble_after_100_s, an_acknowledged_one_is_none,
    a_contact_that_was_closed_before_acknowledges_nothing, in_shadow_mode_nothing_is_sent,
    an_actuator_that_is_not_in_place_is_shown, one_actuator_of_two_degrades, mains_battery_and_earth_wait_for_their_class,
)  # fmt: skip


@pytest.mark.feature("F3", "F24", "F34")
@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


def nobody_watches_the_route(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "watch_routing", lambda *a: None)


def everything_is_sent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(routing, "_is_sent", lambda *a: True)


def a_closed_contact_acknowledges(patch: pytest.MonkeyPatch) -> None:
    whole = routing.watch_routing

    def careless(draft: Draft, zone: ZoneRules) -> None:
        whole(draft, zone)
        if wired(draft, zone, Family.ROUTING_ACKNOWLEDGED) is Tri.YES and draft.zones[zone.index].routing:
            draft.zone(zone.index, routing=routing.ACKNOWLEDGED)

    patch.setattr(decide, "watch_routing", careless)


def nobody_looks_at_actuators(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "absent", lambda *a: ())
    patch.setattr(coincidence, "absent", lambda *a: ())


def every_class_is_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trips, "delay_s", lambda *a: 0.0)


def contacts_are_no_troubles(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trips, "_CONTACTS", {})


MUTANTS = [
    (nobody_watches_the_route, an_alarm_that_nobody_acknowledges_is_a_trouble_after_100_s),
    (everything_is_sent, in_shadow_mode_nothing_is_sent),
    (a_closed_contact_acknowledges, a_contact_that_was_closed_before_acknowledges_nothing),
    (nobody_looks_at_actuators, an_actuator_that_is_not_in_place_is_shown),
    (nobody_looks_at_actuators, one_actuator_of_two_degrades),
    (every_class_is_at_once, an_alarm_that_nobody_acknowledges_is_a_trouble_after_100_s),
    (every_class_is_at_once, mains_battery_and_earth_wait_for_their_class),
    (contacts_are_no_troubles, an_actuator_that_is_not_in_place_is_shown),
    (contacts_are_no_troubles, mains_battery_and_earth_wait_for_their_class),
]


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)


@pytest.mark.feature("F3")
def test_every_class_is_a_setting_within_its_bound() -> None:
    said = SiteInfo(
        name="x", trouble_delay_s=5, delays=TroubleDelays(fault_s=1, supervisory_s=2, door_s=6, power_s=3, routing_s=4)
    )
    row = TRIPS["low_agent"]
    assert [delay_s(row._replace(delay_s=kind), said) for kind in Delay] == [5, 1, 2, 6, 3, 4]
    for field, longest in (("fault", 100), ("supervisory", 90), ("door", 90), ("power", 200), ("routing", 240)):
        for seconds in (longest, longest + 1, -1):
            text = edited(("[zones.hall]\n", f"[site.delays]\n{field}_s = {seconds}.0\n[zones.hall]\n"))
            told = [p.remedy for p in problems_of(text) if p.path == f"site.delays.{field}_s"]
            assert told == ([] if seconds == longest else [f"0 to {longest} s"])


@pytest.mark.parametrize(
    ("family", "zone", "what"),
    [("actuator-in-place", "office", "no agent"), ("routing-acknowledged", "office", "sends no alarm")],
)
def test_a_contact_about_nothing_is_refused(family: str, zone: str, what: str) -> None:
    office = f'[zones.{zone}]\ntitle = "Office"\n[heads.odd]\nfamily = "{family}"\nzone = "{zone}"\npoints = ["discharged[0]"]\n'
    (problem,) = [p for p in problems_of(edited(("[zones.server]\n", f"{office}[zones.server]\n"))) if "odd" in p.path]
    assert what in problem.what


@pytest.mark.feature("F24")
def test_verification_knows_what_a_lost_module_of_the_actuator_leaves() -> None:
    (loss,) = [x for x in losses(layout_of(panel())) if (x.zone, x.what) == ("hall", "device di-3")]
    assert (loss.grade, loss.at_most) == ("degraded", "degraded")
