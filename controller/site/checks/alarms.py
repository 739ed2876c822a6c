"""What stands between one head in alarm and the fire alarm of a zone: its bounds, and whether the zone can fulfil it."""

from collections.abc import Iterator

from controller.site.look import Look
from controller.site.model import PHYSICS, Coincidence, Dependency, Family, PositiveAlarm, Verification, Zone
from controller.site.pairs import FIRE_PHYSICS
from controller.site.problem import Problem

_LOOK_AGAIN_MAX_S = 60.0
"""Type A: a confirmation is not held off for longer (domain.md F9, after EN 54-2 7.12)."""
_CANCEL_A_MAX_S = 1800.0
"""Type A: an unconfirmed first alarm is over within 30 min (domain.md F9)."""
_CANCEL_MIN_S = 300.0
"""Types B and C: a first alarm is not over before 5 min (domain.md F9). Type A as well, for heads coincide for release within this time too."""

_VERIFY_AFTER_MAX_S = 8.0
_VERIFY_WITHIN_MAX_S = 60.0
"""Alarm verification: the second alarm comes after 8 s and within 60 s (domain.md F8)."""
_ACKNOWLEDGE_MAX_S = 15.0
_INVESTIGATE_MAX_S = 180.0
"""Positive alarm sequence: acknowledged within 15 s, investigated for 180 s at most (domain.md F7)."""


def alarms(look: Look) -> Iterator[Problem]:
    """Problems of the alarm policies of every zone."""
    for name, zone in look.site.zones.items():
        if zone.coincidence is not None:
            yield from _coincidence(look, name, zone.coincidence)
        if zone.verification is not None:
            yield from _verification(look, name, zone.verification)
        if zone.positive_alarm is not None:
            yield from _positive_alarm(look, name, zone.positive_alarm)
        yield from _beside(f"zones.{name}", zone)


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
    what = f"a first alarm that is over {policy.cancel_s:g} s after it ended"
    if policy.type is Dependency.A and not policy.cancel_s <= _CANCEL_A_MAX_S - policy.look_again_s:
        yield Problem(f"{path}.cancel_s", what, f"with look_again_s {_CANCEL_A_MAX_S:g} s at most under type A")
    if policy.cancel_s < _CANCEL_MIN_S:
        yield Problem(f"{path}.cancel_s", what, f"{_CANCEL_MIN_S:g} s at least")


def _verification(look: Look, name: str, policy: Verification) -> Iterator[Problem]:
    path = f"zones.{name}.verification"
    if not 0 < policy.look_again_s <= _VERIFY_AFTER_MAX_S:
        what = f"a second look after {policy.look_again_s:g} s"
        yield Problem(f"{path}.look_again_s", what, f"above 0, at most {_VERIFY_AFTER_MAX_S:g} s")
    if not policy.look_again_s < policy.within_s <= _VERIFY_WITHIN_MAX_S:
        what = f"a second look within {policy.within_s:g} s"
        yield Problem(f"{path}.within_s", what, f"above look_again_s, at most {_VERIFY_WITHIN_MAX_S:g} s")
    if not look.heads(name, Family.SMOKE):
        yield Problem(path, "alarm verification in a zone without smoke heads", "take the table out")


def _positive_alarm(look: Look, name: str, policy: PositiveAlarm) -> Iterator[Problem]:
    path = f"zones.{name}.positive_alarm"
    if not 0 < policy.acknowledge_s <= _ACKNOWLEDGE_MAX_S:
        what = f"{policy.acknowledge_s:g} s to acknowledge"
        yield Problem(f"{path}.acknowledge_s", what, f"above 0, at most {_ACKNOWLEDGE_MAX_S:g} s")
    if not 0 < policy.investigate_s <= _INVESTIGATE_MAX_S:
        what = f"{policy.investigate_s:g} s to investigate"
        yield Problem(f"{path}.investigate_s", what, f"above 0, at most {_INVESTIGATE_MAX_S:g} s")
    if look.site.site.night is None:
        remedy = "state [site] night, when nobody is there to look, or take the table out"
        yield Problem(path, "a positive alarm sequence on a site without night", remedy)
    if not fire_heads(look, name):
        yield Problem(path, "a positive alarm sequence without a head that detects fire", "take the table out")


def _beside(path: str, zone: Zone) -> Iterator[Problem]:
    """What would keep the same alarm back twice."""
    policy = zone.coincidence
    if policy is not None and zone.positive_alarm is not None:
        what = f"a positive alarm sequence beside coincidence type {policy.type}: both let the outputs wait"
        yield Problem(f"{path}.positive_alarm", what, "choose one of them")
    if policy is not None and policy.type is Dependency.A and zone.verification is not None:
        what = "alarm verification beside coincidence type A: both look at the same head twice"
        yield Problem(f"{path}.verification", what, "choose one of them")


def fire_heads(look: Look, zone: str) -> tuple[str, ...]:
    """Heads of a zone that raise a fire alarm on their own; none does over MQTT."""
    heads = look.heads(zone).items()
    return tuple(n for n, h in heads if PHYSICS[h.family] in FIRE_PHYSICS and not any(map(look.on_mqtt, h.points)))
