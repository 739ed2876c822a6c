"""Agent and coolant of a zone: people first, two independent heads, wired hands, and the isolation before the water."""

from collections.abc import Iterator

from controller.site.look import Look, Place
from controller.site.model import ANTIVALENT, PHYSICS, Cooling, Family, Head, Physics, Release, Role, Strategy, Zone
from controller.site.problem import Problem

_PRE_WARNING_MAX_S = 60.0
"""EN 12094-1, 4.17."""
_MANUAL_DELAY_MAX_S = 30.0
"""Makers give 0 to 30 s; 0 would leave people in the room no time (rule 13)."""
_CONFIRM_MAX_S = 30.0
"""Rule 8: unconfirmed in 30 s is tried again."""
_ATTEMPTS_MAX = 3
"""More tries only put off the word that a person has to act."""
_FLOODING_MIN_S = 10.0
"""The shortest discharge, of a halocarbon (domain.md 4.3)."""
_HOLD_TIME_MIN_S = 60.0
"""Makers let a room be kept flooded for 1 to 30 minutes (domain.md F16)."""
_RESET_LOCK_MAX_S = 1800.0
"""0 to 30 minutes, as makers give it (domain.md F18)."""
_SAME_FAMILY_HOLD_MAX_S = 120.0
"""Longer, and a burning cabinet has filled the room before its agent comes (assumed: 50 kW fill 360 m3 within two minutes)."""
_EXTRACT_MAX_S = 7200.0
"""Makers give minutes (domain.md F41); two hours at most (assumed)."""
_COOLANT_MAX_S = 240.0
"""The time budget of the first owner: coolant within four minutes of the first fire alarm."""
_NEEDED_HEAD = dict.fromkeys(Strategy, Family.ABORT) | {
    Strategy.HOLD_RELOAD: Family.HOLD,
    Strategy.NONE: None,
}
"""The device of each strategy."""


def release(look: Look) -> Iterator[Problem]:
    """Problems of the agent and of the coolant of every zone, and of wired inputs."""
    for name, zone in look.site.zones.items():
        path = f"zones.{name}"
        if zone.release:
            yield from _times(f"{path}.release", zone.release)
            yield from _afterwards(look, name, zone.release)
            yield from _agent(look, path, name, zone.release)
            yield from _dampers(look, name, zone.release)
            yield from _coincidence(look, path, name)
            yield from _hands(look, path, name, zone.release)
        if zone.cooling:
            yield from _cooling(look, path, name, zone, zone.cooling)
        if look.outputs(name, Role.CURTAIN) and not look.heads(name, Family.OBSTRUCTION):
            yield Problem(path, "a curtain without obstruction input", "add a head of family obstruction")
        agents = look.outputs(name, Role.AGENT, Role.AGENT_RESERVE, Role.AGENT_EXTENDED, Role.SELECTOR)
        release = zone.release
        named = (
            {release.output, release.reserve_output, release.extended_output, release.selector} if release else set()
        )
        for agent in agents.keys() - named:
            yield Problem(
                f"outputs.{agent}",
                f"{agents[agent].role} that zone {name} does not release by",
                f"name it in [{path}.release]",
            )
    yield from _proofs(look)
    for name, head in look.site.heads.items():
        if PHYSICS[head.family] is Physics.WIRED:
            yield from _wired(look, f"heads.{name}", head)


def _afterwards(look: Look, zone: str, release: Release) -> Iterator[Problem]:
    """The extended discharge and the extract."""
    path = f"zones.{zone}.release"
    holds_s = release.flooding_s + release.hold_time_s
    if release.extended_output and not 0 < release.extended_s <= holds_s:
        what = f"an extended discharge of {release.extended_s:g} s, and the room is kept closed for {holds_s:g} s"
        yield Problem(
            f"{path}.extended_s", what, "above 0, at most flooding_s and hold_time_s together: make hold_time_s longer"
        )
    if not 0 <= release.extract_s <= _EXTRACT_MAX_S:
        yield Problem(
            f"{path}.extract_s", f"an extract of {release.extract_s:g} s", f"0 (none) to {_EXTRACT_MAX_S:g} s"
        )
    if release.extract_s and not look.outputs(zone, Role.EXHAUST):
        yield Problem(
            f"{path}.extract_s", "an extract without exhaust", "add an output of role exhaust, or take it out"
        )
    if release.extract == "gas-low":
        if not release.extract_s:
            yield Problem(f"{path}.extract", "an extract that takes no time", "state extract_s")
        if not look.heads(zone, Family.H2):
            what = "an extract that waits for gas to be low where nothing measures it"
            yield Problem(f"{path}.extract", what, 'add heads of family h2, or state extract = "by-hand"')
        if release.extract_gas_low_s <= 0:
            yield Problem(f"{path}.extract_gas_low_s", f"{release.extract_gas_low_s:g} s", "state seconds above 0")


def _proofs(look: Look) -> Iterator[Problem]:
    """One switch for two rooms would prove a release into the wrong one."""
    proves: dict[Place, str] = {}
    for name, zone in look.site.zones.items():
        for place in look.places(zone.release.discharged) if zone.release else ():
            if proves.setdefault(place, name) != name:
                what = f"{place[0]}[{place[1]}] proves the release of {proves[place]} already"
                remedy = "give each room a switch of its own, behind its selector"
                yield Problem(f"zones.{name}.release.discharged", what, remedy)


def _times(path: str, release: Release) -> Iterator[Problem]:
    if not 0 < release.pre_warning_s <= _PRE_WARNING_MAX_S:
        what = f"a pre-warning of {release.pre_warning_s:g} s where people may be"
        yield Problem(f"{path}.pre_warning_s", what, f"above 0 (rule 13), at most {_PRE_WARNING_MAX_S:g}")
    if not 0 < release.manual_delay_s <= _MANUAL_DELAY_MAX_S:
        what = f"a manual delay of {release.manual_delay_s:g} s"
        yield Problem(f"{path}.manual_delay_s", what, f"above 0 (rule 13), at most {_MANUAL_DELAY_MAX_S:g}")
    if not 0 < release.confirm_s <= _CONFIRM_MAX_S:
        what = f"{release.confirm_s:g} s without proof of the agent"
        yield Problem(f"{path}.confirm_s", what, f"above 0, at most {_CONFIRM_MAX_S:g} s (rule 8)")
    if not 1 <= release.attempts <= _ATTEMPTS_MAX:
        what = f"{release.attempts} attempts of the actuator"
        yield Problem(f"{path}.attempts", what, f"1 to {_ATTEMPTS_MAX} (rule 8)")
    if not 0 <= release.reset_lock_s <= _RESET_LOCK_MAX_S:
        what = f"a reset lock of {release.reset_lock_s:g} s"
        yield Problem(f"{path}.reset_lock_s", what, f"0 to {_RESET_LOCK_MAX_S:g} s")
    if not 0 <= release.same_family_hold_s <= _SAME_FAMILY_HOLD_MAX_S:
        what = f"two heads of one family that must stand at fire 2 for {release.same_family_hold_s:g} s"
        yield Problem(f"{path}.same_family_hold_s", what, f"0 to {_SAME_FAMILY_HOLD_MAX_S:g} s")
    if release.coincidence_window_s <= 0:
        yield Problem(f"{path}.coincidence_window_s", f"{release.coincidence_window_s:g} s", "state seconds above 0")
    for field, least_s in (("flooding_s", _FLOODING_MIN_S), ("hold_time_s", _HOLD_TIME_MIN_S)):
        lasts_s = getattr(release, field)
        if lasts_s < least_s:
            what = f"{lasts_s:g} s, too short to keep agent in a room"
            yield Problem(f"{path}.{field}", what, f"{least_s:g} s or more")


def _agent(look: Look, path: str, zone: str, release: Release) -> Iterator[Problem]:
    wanted = [("output", release.output, Role.AGENT), ("reserve_output", release.reserve_output, Role.AGENT_RESERVE)]
    wanted += [("extended_output", release.extended_output, Role.AGENT_EXTENDED)]
    wanted += [("selector", release.selector, Role.SELECTOR)]
    wanted += [("dampers", damper, Role.DAMPER) for damper in release.dampers]
    for field, name, role in wanted:
        output = look.site.outputs.get(name)
        if output and (output.role is not role or output.zone != zone):
            yield Problem(f"{path}.release.{field}", f"{name} is not of role {role} in zone {zone}", "name one that is")
    if look.on_mqtt(release.discharged):
        what = "the proof of release comes over MQTT"
        yield Problem(f"{path}.release.discharged", what, "wire the pressure or flow switch to an input module")
    if release.reserve_output and not look.heads(zone, Family.RESERVE_KEY):
        what = "a reserve bank that nobody can let go"
        yield Problem(f"{path}.release.reserve_output", what, "add a head of family reserve-key (rule 8)")


def _dampers(look: Look, zone: str, release: Release) -> Iterator[Problem]:
    """Every damper of the room is one of its release: another could stand open, unasked, while the agent goes."""
    for damper in look.outputs(zone, Role.DAMPER):
        if damper not in release.dampers:
            what = f"a damper of zone {zone} that its release does not ask for"
            yield Problem(f"outputs.{damper}", what, f"name it in dampers of [zones.{zone}.release]")


def _coincidence(look: Look, path: str, zone: str) -> Iterator[Problem]:
    if look.releasing_pairs(zone):
        return
    misses = look.near_misses(zone)
    if misses:
        (a, b), reasons = misses[0]
        what = f"no two heads may release: {a} and {b} are not independent, {' and '.join(reasons)}"
    else:
        what = "no two heads may release: neither runaway, nor smoke with heat, can be found by two heads"
    remedy = "let them differ in physics family, device and link (rule 3), or state same_family for two smoke detectors"
    yield Problem(f"{path}.release", what, remedy)


def _hands(look: Look, path: str, zone: str, release: Release) -> Iterator[Problem]:
    if not look.heads(zone, Family.CALL_POINT):
        yield Problem(f"{path}.release", "agent without call point", "add a head of family call-point, two contacts")
    family = _NEEDED_HEAD.get(release.strategy)
    if family and not look.heads(zone, family):
        what = f"strategy {release.strategy} without {family} input"
        yield Problem(f"{path}.release.strategy", what, f"add a head of family {family}, or choose another strategy")


def _wired(look: Look, path: str, head: Head) -> Iterator[Problem]:
    if any(look.on_mqtt(point) for point in head.points):
        yield Problem(f"{path}.points", f"a {head.family} over MQTT", "wire it to an input module (rule 5)")
    count = sum(len(look.places(point)) for point in head.points)
    devices = {look.device(point) for point in head.points}
    if head.family not in ANTIVALENT:
        if count > 1:
            yield Problem(f"{path}.points", f"{count} contacts", "name one")
    elif head.family is Family.MECHANICAL_BLOCK:
        if count != 2:  # noqa: PLR2004 blocked, normal
            yield Problem(f"{path}.points", f"a block with {count} contacts", "name its contacts blocked and normal")
    elif count != 2 or len(devices) != 2:  # noqa: PLR2004 normally open, normally closed
        what = f"a call point with {count} contacts on {len(devices)} devices"
        yield Problem(
            f"{path}.points", what, "name a normally open and a normally closed contact on two modules (rule 5)"
        )


def _cooling(look: Look, path: str, name: str, zone: Zone, cooling: Cooling) -> Iterator[Problem]:
    served = {output.rack for output in look.outputs(name, Role.COOLANT).values()}
    power = look.power
    for role, missing in (
        (Role.BREAKER, [rack for rack in zone.racks if not power.is_fed(rack)]),
        (Role.COOLANT, [rack for rack in zone.racks if rack not in served]),
    ):
        if missing:
            what = f"no {role} for {', '.join(missing)}"
            yield Problem(f"{path}.cooling", what, f"add an output of role {role} for each rack (rule 7)")
    if not 0 < cooling.limit_s <= _COOLANT_MAX_S:
        what = f"coolant within {cooling.limit_s:g} s"
        yield Problem(f"{path}.cooling.limit_s", what, f"above 0, at most {_COOLANT_MAX_S:g} s")
    if not 0 < cooling.ask_after_s < cooling.limit_s:
        what = f"a person is asked after {cooling.ask_after_s:g} s"
        yield Problem(f"{path}.cooling.ask_after_s", what, "above 0 and in time for limit_s (rule 7)")
    if cooling.flow_min_lpm <= 0 or cooling.neighbours < 0:
        yield Problem(f"{path}.cooling.flow_min_lpm", "no flow would be flow", "flow above 0, neighbours 0 or more")
