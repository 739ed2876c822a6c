"""What stands between one head in alarm and the fire alarm of a zone: its bounds, and whether the zone can fulfil it."""

from collections.abc import Iterator

from controller.site.look import Look
from controller.site.model import PHYSICS, Coincidence, Dependency
from controller.site.pairs import FIRE_PHYSICS
from controller.site.problem import Problem

_LOOK_AGAIN_MAX_S = 60.0
"""Type A: a confirmation is not held off for longer (domain.md F9, after EN 54-2 7.12)."""
_CANCEL_A_MAX_S = 1800.0
"""Type A: an unconfirmed first alarm is over within 30 min (domain.md F9)."""
_CANCEL_MIN_S = 300.0
"""Types B and C: a first alarm is not over before 5 min (domain.md F9)."""


def alarms(look: Look) -> Iterator[Problem]:
    """Problems of the alarm policies of every zone."""
    for name, zone in look.site.zones.items():
        if zone.coincidence is not None:
            yield from _coincidence(look, name, zone.coincidence)


def _coincidence(look: Look, name: str, policy: Coincidence) -> Iterator[Problem]:
    path = f"zones.{name}.coincidence"
    heads = fire_heads(look, name)
    least = 1 if policy.type is Dependency.A else 2
    if len(heads) < least:
        what = f"type {policy.type} takes {least} heads that detect fire, the zone has {len(heads)}"
        yield Problem(f"{path}.type", what, "add smoke, heat or cell heads to the zone, or take the table out")
    if not 0 < policy.look_again_s <= _LOOK_AGAIN_MAX_S:
        what = f"a second look after {policy.look_again_s:g} s"
        yield Problem(f"{path}.look_again_s", what, f"above 0, at most {_LOOK_AGAIN_MAX_S:g} s")
    if policy.type is Dependency.A and not 0 < policy.cancel_s <= _CANCEL_A_MAX_S - policy.look_again_s:
        what = f"a first alarm that is over {policy.cancel_s:g} s after it ended"
        remedy = f"above 0; with look_again_s {_CANCEL_A_MAX_S:g} s at most under type A"
        yield Problem(f"{path}.cancel_s", what, remedy)
    if policy.type is not Dependency.A and policy.cancel_s < _CANCEL_MIN_S:
        what = f"a first alarm that is over {policy.cancel_s:g} s after it ended"
        yield Problem(f"{path}.cancel_s", what, f"{_CANCEL_MIN_S:g} s at least under type {policy.type}")


def fire_heads(look: Look, zone: str) -> tuple[str, ...]:
    """Heads of a zone that raise a fire alarm on their own; none does over MQTT."""
    heads = look.heads(zone).items()
    return tuple(n for n, h in heads if PHYSICS[h.family] in FIRE_PHYSICS and not any(map(look.on_mqtt, h.points)))
