"""Alarm routing: what was sent by the zone's fire relay, and whether the receiving station has acknowledged it (domain.md F34).

An acknowledgement is a contact that closes after the alarm was sent. One that was closed before says nothing: it may be stuck, or of an
earlier alarm. Without it in time there is a trouble (`routing_not_acknowledged`), and people must be called by other means.
"""

from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.state import Tri
from controller.site.model import Family, Mode, Role

SENT, ACKNOWLEDGED = "sent", "acknowledged"


def watch_routing(draft: Draft, zone: ZoneRules) -> None:
    """Follow the alarm that the zone's relay sends. In shadow mode nothing is sent, and without the input nothing is awaited."""
    contacts = zone.wired.get(Family.ROUTING_ACKNOWLEDGED)
    if not contacts:
        return
    before = draft.zones[zone.index].routing
    closes = any(draft.inputs.wired[head] == Tri.YES and draft.before.wired[head] == Tri.NO for head in contacts)
    now = ""
    if _is_sent(draft, zone):
        now = ACKNOWLEDGED if before == ACKNOWLEDGED or (before == SENT and closes) else SENT
    if now != before:
        draft.zone(zone.index, routing=now)


def _is_sent(draft: Draft, zone: ZoneRules) -> bool:
    if draft.layout.site.site.mode is Mode.SHADOW:
        return False
    relays = (o for o in draft.layout.outputs if o.zone == zone.index and o.output.role is Role.FIRE_RELAY)
    return any(draft.outputs[relay.index].wanted != relay.output.normal for relay in relays)
