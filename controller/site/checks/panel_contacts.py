"""Contacts of the panel and of its agent, and how long their troubles wait: within the bounds of domain.md F3 and F34."""

from collections.abc import Iterator

from controller.site.look import Look
from controller.site.model import Family, Role
from controller.site.problem import Problem

_LONGEST_S = {"fault_s": 100.0, "supervisory_s": 90.0, "door_s": 90.0, "power_s": 200.0, "routing_s": 240.0}
"""Faults within 100 s (EN 54-2 8.1), supervisory signals 90 s and troubles 200 s (NFPA 72), routing 240 s for type 2 (EN 54-21)."""


def panel_contacts(look: Look) -> Iterator[Problem]:
    """Delays beyond their class, and contacts about something that the zone does not have."""
    delays = look.site.site.delays
    for field, longest_s in _LONGEST_S.items():
        delay_s = getattr(delays, field)
        if not 0 <= delay_s <= longest_s:
            yield Problem(
                f"site.delays.{field}", f"a trouble that is told after {delay_s:g} s", f"0 to {longest_s:g} s"
            )
    if delays.routing_s == 0:
        yield Problem(
            "site.delays.routing_s", "an alarm that must be acknowledged at once", "above 0 s, 100 s is usual"
        )
    for name, head in look.site.heads.items():
        zone = look.site.zones.get(head.zone)
        if zone is None:
            continue
        if head.family is Family.ACTUATOR_IN_PLACE and zone.release is None:
            what = f"an actuator in zone {head.zone}, which has no agent"
            yield Problem(f"heads.{name}.family", what, "name the zone whose agent it lets go")
        if head.family is Family.ROUTING_ACKNOWLEDGED and not look.outputs(head.zone, Role.FIRE_RELAY):
            what = f"an acknowledgement in zone {head.zone}, which sends no alarm"
            yield Problem(f"heads.{name}.family", what, "name the zone of the fire-relay whose alarm it acknowledges")
