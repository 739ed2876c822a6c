"""What links say of devices and messages becomes facts: a place in the layout, looked at once a second, gone when it passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.core.trips import HOST_FACTS
from controller.runtime.linkfacts import GAPS_SHOWN_S, LinkFacts
from controller.runtime.snapshot import _link
from drivers.link import LinkHealth, LinkState
from tests.controller.runtime.fakes import FakeLink

DEVICES = ("pump", "bms-1", "bms-2", "climate")
LINKS = ("bus", "other", "broker")
WELL = LinkHealth(LinkState.UP, 1, 10, 0, 0, 3.0, 0, "")


class Telling(FakeLink):
    """A link that says what it is told to say, and counts how often it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.says = WELL
        self.asked = 0

    def health(self) -> LinkHealth:
        self.asked += 1
        return self.says


class Rig:
    def __init__(self) -> None:
        self.links = {name: Telling(name) for name in LINKS}
        self.now_ns = 5_000_000_000
        self.facts = LinkFacts(self.links, DEVICES, LINKS, lambda: self.now_ns)

    def look(self) -> tuple[int, int, int]:
        """A few scans at one moment: every link that is due is asked."""
        return [self.facts.read() for _ in LINKS][-1]

    def after(self, seconds: float) -> tuple[int, int, int]:
        self.now_ns += round(seconds * 1e9)
        return self.look()

    def say(self, link: str, *, near: tuple[str, ...] = (), unreliable: tuple[str, ...] = (), gaps: int = 0) -> None:
        self.links[link].says = replace(WELL, near_deadline=near, unreliable=unreliable, gaps=gaps)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_facts_stand_before_the_night_of_the_hosts_in_this_order() -> None:
    assert HOST_FACTS[-4:-1] == ("near_deadline_device", "unreliable_device", "lossy_link")


def test_without_a_word_all_is_well(rig: Rig) -> None:
    assert rig.look() == (0, 0, 0)
    assert rig.after(100) == (0, 0, 0)


def test_the_first_device_of_the_layout_is_told_whichever_link_it_is_on(rig: Rig) -> None:
    rig.say("bus", near=("bms-2",), unreliable=("climate", "bms-1"))
    rig.say("other", near=("bms-1",))
    assert rig.look() == (2, 2, 0)
    rig.say("other")
    assert rig.after(1) == (3, 2, 0)
    rig.say("bus")
    assert rig.after(1) == (0, 0, 0)


def test_links_are_asked_once_a_second_at_most_and_one_a_scan(rig: Rig) -> None:
    rig.facts.read()
    assert [link.asked for link in rig.links.values()] == [1, 0, 0]
    rig.look()
    assert [link.asked for link in rig.links.values()] == [1, 1, 1]
    rig.say("bus", unreliable=("pump",))
    for _ in range(9):
        assert rig.after(0.1) == (0, 0, 0)
    assert [link.asked for link in rig.links.values()] == [1, 1, 1]
    assert rig.after(0.1) == (0, 1, 0)
    assert [link.asked for link in rig.links.values()] == [2, 2, 2]


def test_a_site_without_links_has_nothing_to_tell() -> None:
    assert LinkFacts({}, (), ()).read() == (0, 0, 0)


def test_a_lost_message_is_shown_for_a_minute_and_a_further_one_for_another(rig: Rig) -> None:
    rig.look()
    rig.say("broker", gaps=1)
    assert rig.after(1) == (0, 0, 3)
    assert rig.after(GAPS_SHOWN_S - 1) == (0, 0, 3)
    rig.say("broker", gaps=2)
    assert rig.after(1) == (0, 0, 3)
    assert rig.after(GAPS_SHOWN_S - 1) == (0, 0, 3)
    assert rig.after(2) == (0, 0, 0)


def test_messages_lost_before_the_first_look_count_too(rig: Rig) -> None:
    rig.say("other", gaps=4)
    rig.say("broker", gaps=4)
    assert rig.look() == (0, 0, 2)


def test_the_status_names_every_device_not_the_first_alone(rig: Rig) -> None:
    rig.say("bus", near=("pump",), unreliable=("bms-1", "bms-2"), gaps=7)
    status = _link(rig.links["bus"])
    assert (status.near_deadline, status.unreliable, status.gaps) == (("pump",), ("bms-1", "bms-2"), 7)
