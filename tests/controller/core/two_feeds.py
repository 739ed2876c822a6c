"""The test site with a plan of its power: a bus behind a main breaker, a second supply of rack-2 from the UPS."""

from controller.site.model import Site
from tests.controller.core.field import site

_BREAKER = """
[outputs.{name}]
role = "breaker"
zone = "hall"
{rack}channels = ["do-2-coils[{coil}]"]
feedback = {{ point = "fb-inputs[{contact}]" }}
consequence = "breaker_stuck"
on_restart = "keep"
on_comm_loss = "hold"
"""
BREAKERS = "".join(
    _BREAKER.format(name=name, rack=rack, coil=coil, contact=contact)
    for name, rack, coil, contact in (
        ("breaker-2b", 'rack = "rack-2"\n', 8, 3),
        ("main-a", "", 9, 4),
        ("main-b", "", 10, 5),
    )
)
FEEDS = """
[feeds.mains]
from = "mains"
to = "bus-a"
breakers = ["main-a"]
[feeds."a-[1-3]"]
from = "bus-a"
to = "rack-{n}"
breakers = ["breaker-{n}"]
[feeds.ups]
from = "ups"
to = "bus-b"
[feeds.b-2]
from = "bus-b"
to = "rack-2"
breakers = ["breaker-2b"]
[feeds.b-rest]
from = "bus-b"
to = "servers"
breakers = ["main-b"]
"""
ROWS = """[matrix."isolate-1"]
when = ["hall.rack-1.isolate"]
then = ["breaker-1"]
[matrix."isolate-2"]
when = ["hall.rack-2.isolate"]
then = ["breaker-2", "breaker-2b"]
[matrix."isolate-3"]
when = ["hall.rack-3.isolate"]
then = ["breaker-3"]
[matrix.mains]
when = ["hall.hand-over"]
then = ["main-a", "main-b"]
"""
TWO_FEEDS = (
    ('[matrix."isolate-[1-3]"]\nwhen = ["hall.rack-{n}.isolate"]\nthen = ["breaker-{n}"]\n', FEEDS + ROWS),
    ("[outputs.agent]\n", BREAKERS + "[outputs.agent]\n"),
)
BEHIND_THE_MAIN = (
    ('to = "rack-{n}"\nbreakers = ["breaker-{n}"]', 'to = "rack-{n}"'),
    ('then = ["breaker-1"]', 'then = ["main-a"]'),
)
"""Nothing but the main breaker is in the feeds of the bus."""


def two_feeds(*changes: tuple[str, str]) -> Site:
    """That site, with further changes to the file of the test site."""
    return site(*TWO_FEEDS, *changes)
