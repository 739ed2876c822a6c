"""The properties, each as what must hold of every single step; over all reachable steps they are the property itself.

P2 and P4 promise that something comes in bounded time. They are held step by step as well: the stage that waits has a time that never
moves away, and when it is over the stage is left, or a named inhibit is shown.
"""

from collections.abc import Iterator

from controller.core.layout import Layout, OutputLayout
from controller.core.state import State, ZoneState
from controller.site.model import Family, Release, Role
from controller.tools.verify.canonical import NOW_MS
from controller.tools.verify.explore import Step
from controller.tools.verify.looks import a_second_look_counts
from controller.tools.verify.pipe import is_led_here, one_room_at_a_time, selectors_lead_here, shows_the_way
from controller.tools.verify.words import (
    ALARM,
    BEFORE,
    FLOODING,
    IDLE,
    NO,
    RELEASING_ROLES,
    RESPONSE_ROLES,
    UNKNOWN,
    YES,
    may_count,
    pairs,
    shows_confirmed,
    window_ms,
)

TITLES = {
    "P1": "no single head, contact, wire, output channel, message or stuck input releases agent",
    "P2": "a wired manual release always leads to release within its time, unless isolated as shown",
    "P3": "abort and hold never act after flooding begins, and never stop cooling or isolation",
    "P4": "every confirmed alarm leads to release in bounded time, or to a named inhibit that is shown",
    "P5": "no two outputs that exclude each other are ever commanded together",
    "P6": "no state without a way to reset",
    "P7": "loss of any one device or link leaves each zone's availability as the site states it",
}
LONGEST_NYC_S = 120.0
"""Strategy nyc: presses prolong the countdown, all together to so long after the activation (domain.md 4.1)."""
EXHAUST_OFF_MS = 15_000
"""A release waits at most so long for exhaust to be proven off (decision 0006)."""


def zone_of(state: State) -> ZoneState:
    """The one zone of a part."""
    return state.zones[0]


def release_of(step: Step) -> Release | None:
    """The agent of the one zone."""
    return step.world.release


def is_commanded(step: Step, output: OutputLayout) -> bool:
    """Whether an output is wanted away from its normal level after the step."""
    return step.decision.state.outputs[output.index].wanted != output.output.normal


def of_role(step: Step, *roles: Role) -> tuple[OutputLayout, ...]:
    """Outputs of the part with one of the roles."""
    return step.world.of_role(roles)


def called(step: Step) -> bool:
    """Whether the wired call point says yes in the step."""
    heads = step.world.layout.heads
    return any(step.vector.inputs.wired[h.index] == YES for h in heads if h.head.family is Family.CALL_POINT)


def is_isolated(step: Step) -> bool:
    """Whether the agent's mechanical block says that it is closed."""
    heads = step.world.layout.heads
    return any(step.vector.inputs.wired[h.index] == YES for h in heads if h.head.family is Family.MECHANICAL_BLOCK)


def is_confirmed(step: Step) -> bool:
    """Whether rule 3 is fulfilled after the step, by verification's own reading of it."""
    release, state = release_of(step), step.decision.state
    if release is None:
        return False
    longest_ms = window_ms(next(iter(step.world.layout.site.zones.values())))
    found = pairs(step.world.layout.heads, release)
    return shows_confirmed(found, state.heads, state.disabled, NOW_MS, longest_ms)


def goes(step: Step) -> str:
    """The stage after the step."""
    return str(zone_of(step.decision.state).stage)


# --- P1


def nothing_starts_alone(step: Step) -> Iterator[tuple[str, str]]:
    """A release is started by rule 3's pair or by the wired call point, and by nothing else."""
    before, after = zone_of(step.before), zone_of(step.decision.state)
    yield from _armed_in_vain(step)
    if before.stage == "held" or after.stage not in {"activated", "releasing"} or before.stage == after.stage:
        return
    if (
        before.stage in {"quiescent", "pre-activated", "aborted", "discharged"}
        and not (called(step) and before.call_point_rested)
        and not is_confirmed(step)
    ):
        yield (
            "P1",
            f"{after.stage} without two independent heads in alarm and without the call point, seen at rest before",
        )


def _armed_in_vain(step: Step) -> Iterator[tuple[str, str]]:
    """Only a head that may count arms the release."""
    if zone_of(step.before).stage != "quiescent" or goes(step) != "pre-activated":
        return
    latches = step.decision.state.heads
    if not any(may_count(head) and latches[head.index].level >= ALARM for head in step.world.layout.heads):
        yield "P1", "the zone is pre-activated by what can never count towards release"


def no_message_starts(step: Step, silent: Step) -> Iterator[tuple[str, str]]:
    """With an operator's word nothing starts that would not start without it."""
    started = {"activated", "waiting", "releasing"}
    if goes(step) in started and goes(silent) not in started:
        yield "P1", f"the word of an operator leads to {goes(step)}; without it the zone is {goes(silent)}"
    wanted = [
        is_commanded(step, output) and not is_commanded(silent, output) for output in of_role(step, *RELEASING_ROLES)
    ]
    if any(wanted) and goes(silent) not in {"releasing", "unconfirmed", "released"}:
        yield "P1", "the word of an operator energises a release output"


def nothing_flows(step: Step) -> Iterator[tuple[str, str]]:
    """With one thing alone away from rest, no release output is commanded and no stage beyond pre-activated is reached by itself."""
    yield from _armed_in_vain(step)
    for output in of_role(step, *RELEASING_ROLES):
        if is_commanded(step, output):
            yield "P1", f"{output.name} is commanded to release"
        active = 1 - output.output.normal
        channels = step.vector.inputs.channels[output.index]
        if all(level == active for level in channels):
            yield "P1", f"{output.name} lets agent go: all of its channels are on"
    if goes(step) in {"releasing", "activated", "waiting"}:
        yield "P1", f"the zone is {goes(step)}"


# --- P2


def a_hand_releases(step: Step) -> Iterator[tuple[str, str]]:
    """The call point activates in its very scan, nothing takes it back, and its time is kept."""
    release = release_of(step)
    if release is None:
        return
    before, after = zone_of(step.before), zone_of(step.decision.state)
    if after.stage == "waiting" and not is_led_here(step):
        if not shows_the_way(step):
            yield "P2", "the way from the bank to the room is not free, and that is not shown"
        return
    if is_isolated(step):
        yield from _shows_the_block(step)
        return
    latest_ms = NOW_MS + round(release.manual_delay_s * 1000)
    committed = after.stage == "activated" and after.trigger == "manual" and NOW_MS <= after.due_ms <= latest_ms
    if before.stage == "activated" and before.trigger == "manual":
        if after.stage != "releasing" and not (committed and after.due_ms <= before.due_ms):
            yield "P2", f"a release by hand was under way, now the zone is {after.stage}"
        elif after.stage != "releasing" and before.due_ms <= NOW_MS:
            yield "P2", "the manual delay is over, and the agent does not go"
    elif (
        before.stage in BEFORE
        and before.call_point_rested
        and called(step)
        and not (committed or after.stage == "releasing")
        and not (before.stage == "waiting" and after.stage == "pre-activated" and not is_led_here(step))
    ):
        yield "P2", f"the call point is operated, and the zone is {after.stage} ({after.trigger or 'no trigger'})"
    if after.stage == "releasing" and after.trigger == "manual":
        yield from (("P2", what) for what in _agent_withheld(step))


def a_hand_that_does_not_count_is_shown(step: Step) -> Iterator[tuple[str, str]]:
    """A call point that was not seen at rest, at the first start or behind a closed block, does not release; people are told."""
    state = step.decision.state
    shown = any(trip.trip == "call_point_not_rested" for trip in state.trips)
    if goes(step) in BEFORE and not zone_of(state).call_point_rested and called(step) and not shown:
        yield "P2", "the call point is operated and does not count, and that is not shown"


def _shows_the_block(step: Step) -> Iterator[tuple[str, str]]:
    """Blocked mechanically: nothing would flow, and that is shown. Whoever opens the block does not let the agent go, a new word does."""
    if called(step) and zone_of(step.before).stage in BEFORE and not zone_of(step.decision.state).inhibits:
        yield "P2", "the call point is operated, the agent is blocked mechanically, and that is not shown"


def _agent_withheld(step: Step) -> Iterator[str]:
    """The machine says release: then the bank is commanded, whatever anybody has taken out of service."""
    release, after = release_of(step), zone_of(step.decision.state)
    if release is None or after.spent:
        return
    name = release.reserve_output if after.reserve else release.output
    if not selectors_lead_here(step):
        return  # the field does not show the selector open: the valve is not opened anew
    for output in step.world.layout.outputs:
        if output.name == name and not is_commanded(step, output):
            yield f"the zone is releasing, but {name} is not commanded"


# --- P3


def hands_are_dead_while_flooding(step: Step, without: Step) -> Iterator[tuple[str, str]]:
    """From the valve's first command on, abort and hold change nothing of the release; and never anything of isolation and cooling."""
    mine, calm = step.decision.state, without.decision.state
    if step.before.zones[0].stage in FLOODING:
        for name in ("stage", "due_ms", "attempt", "trigger"):
            if getattr(zone_of(mine), name) != getattr(zone_of(calm), name):
                yield (
                    "P3",
                    f"in stage {step.before.zones[0].stage}, abort or hold changes {name}: the zone is {goes(step)}",
                )
        for output in of_role(step, *RELEASING_ROLES):
            if is_commanded(step, output) != is_commanded(without, output):
                yield "P3", f"in stage {step.before.zones[0].stage}, abort or hold switches {output.name}"
    if mine.racks != calm.racks or zone_of(mine).cool_ms != zone_of(calm).cool_ms:
        yield "P3", "abort or hold changes the isolation or cooling of a rack"
    for output in of_role(step, *RESPONSE_ROLES):
        if is_commanded(step, output) != is_commanded(without, output):
            yield "P3", f"abort or hold switches {output.name}"


# --- P4


def a_confirmed_alarm_goes_on(step: Step) -> Iterator[tuple[str, str]]:
    """Confirmed: the zone counts down, waits for a named reason, is held by a hand that is there, or shows why it does not start."""
    release = release_of(step)
    if release is None:
        return
    before, after = zone_of(step.before), zone_of(step.decision.state)
    idle = before.stage in IDLE and after.stage in IDLE and step.command is None
    if idle and is_confirmed(step) and not after.inhibits:
        yield "P4", f"two independent heads stand in alarm, the zone stays {after.stage}, and no inhibit is shown"
    yield from (("P4", what) for what in _counts_down(before, after, release))
    yield from (("P4", what) for what in _is_capped(before, after, release))
    if after.stage == "waiting":
        yield from (("P4", what) for what in _waits_in_sight(after, release))
    if before.stage == after.stage == "held" and not _held(step, release):
        yield "P4", "held, and nobody holds"
    if after.stage in {"held", "aborted"} and release.strategy == "none":
        yield "P4", f"{after.stage}, though the site has neither hold nor abort"
    if after.stage == "releasing":
        yield from (("P4", what) for what in _agent_withheld(step))


def _counts_down(before: ZoneState, after: ZoneState, release: Release) -> Iterator[str]:
    """A countdown has an end that is not far, keeps it, and is left when it is over. A person's device may prolong it to its cap (NYC)."""
    if after.stage != "activated":
        return
    longest_s = LONGEST_NYC_S if release.strategy == "nyc" else max(release.pre_warning_s, release.manual_delay_s)
    if after.due_ms > NOW_MS + round(longest_s * 1000) or after.due_ms < min(NOW_MS, before.due_ms):
        yield "the countdown has no end within its time"
    if before.stage != "activated":
        return
    if before.due_ms <= NOW_MS and after.due_ms <= before.due_ms and before.trigger == after.trigger:
        yield "the countdown is over, and the zone does not go on"
    if after.due_ms > before.due_ms and release.strategy != "nyc":
        yield "the countdown moves away"


def _is_capped(before: ZoneState, after: ZoneState, release: Release) -> Iterator[str]:
    """NYC: the cap is set with the activation, does not move while the release is under way, and no press prolongs beyond it."""
    counting = {"activated", "waiting"}
    if release.strategy != "nyc" or after.trigger != "automatic" or after.stage not in counting:
        return
    under_way = before.stage in counting
    latest_ms = before.prolong_until_ms if under_way else NOW_MS + round(LONGEST_NYC_S * 1000)
    if after.prolong_until_ms > latest_ms:
        yield "presses may put the release off for longer than its cap"
    if under_way and after.due_ms > max(before.due_ms, latest_ms):
        yield "the countdown moves away beyond its cap"


def _held(step: Step, release: Release) -> bool:
    """Whether a hold or abort device is operated, or was lost while it was; a dead man's device that is lost is let go."""
    heads, let_go = step.world.layout.heads, {NO, UNKNOWN} if release.strategy == "dead-man" else {NO}
    hands = (step.vector.inputs.wired[h.index] for h in heads if h.head.family in {Family.HOLD, Family.ABORT})
    return any(says not in let_go for says in hands)


def _waits_in_sight(after: ZoneState, release: Release) -> Iterator[str]:
    if not after.inhibits:
        yield "the zone waits, and no inhibit is shown"
    bound_ms = round(release.purge_limit_s * 1000) + EXHAUST_OFF_MS
    if after.since_ms + bound_ms <= NOW_MS and any("exhaust" in name for name in after.inhibits):
        yield f"the zone waits for exhaust longer than {bound_ms / 1000:g} s"


# --- P5


def nothing_excludes_the_other(step: Step) -> Iterator[tuple[str, str]]:
    """Agent with closed dampers and without exhaust; exhaust never from release to the end of hold; water only after its proof."""
    agents = [output.name for output in of_role(step, *RELEASING_ROLES) if is_commanded(step, output)]
    stage, disabled = goes(step), step.decision.state.disabled
    for fan in of_role(step, Role.EXHAUST):
        if is_commanded(step, fan) and (agents or stage in FLOODING):
            yield (
                "P5",
                f"{fan.name} is commanded while the zone is {stage}"
                + (f" and {agents[0]} lets agent go" if agents else ""),
            )
    release = release_of(step)
    for damper in of_role(step, Role.DAMPER):
        if agents and not is_commanded(step, damper) and damper.name not in disabled:
            yield "P5", f"{agents[0]} lets agent go, and {damper.name} is not commanded to close"
    for output in of_role(step, *RELEASING_ROLES):
        begins = step.before.outputs[output.index].wanted == output.output.normal
        if output.name in agents and begins and not selectors_lead_here(step):
            yield "P5", f"{output.name} lets agent go, and the selector of its room does not show open alone"
    yield from _extended_follows(step)
    yield from _exhaust_had_its_turn(step, release)
    yield from _water(step)


def _extended_follows(step: Step) -> Iterator[tuple[str, str]]:
    """The extended discharge: after one that the field has proven, while the room is kept closed, and without a closed block."""
    after = zone_of(step.decision.state)
    for output in of_role(step, Role.AGENT_EXTENDED):
        if is_commanded(step, output) and (after.stage not in {"released", "hold-time"} or not after.proven):
            yield (
                "P1",
                f"{output.name} is commanded while the zone is {after.stage} and {'' if after.proven else 'not '}proven",
            )


def _exhaust_had_its_turn(step: Step, release: Release | None) -> Iterator[tuple[str, str]]:
    before, after = zone_of(step.before), zone_of(step.decision.state)
    begins = before.stage in {"activated", "waiting"} and after.stage == "releasing" and after.trigger == "automatic"
    if release is None or not begins or step.vector.inputs.gas_high[0] == NO:
        return
    waited = before.stage == "waiting" and before.since_ms + round(release.purge_limit_s * 1000) <= NOW_MS
    if not waited and release.purge_limit_s > 0:
        yield "P5", "agent goes while gas is high or not known, and exhaust has not had its turn (rule 6)"


def is_live(layout: Layout, rack: str, opened: set[str]) -> bool:
    """Whether some feed still reaches the rack, by verification's own reading of the feeds: whatever is live makes live what it leads to."""
    site = layout.site
    feeds = [(f.begins, f.ends, set(f.breakers)) for f in site.feeds.values()]
    feeds += [(f.ends, f.begins, set(f.breakers)) for f in site.feeds.values() if f.both_ways]
    if not any(ends == rack for _, ends, _ in feeds):
        own = [o.name for o in layout.outputs if o.output.role is Role.BREAKER and o.output.rack == rack]
        return not own or any(name not in opened for name in own)
    racks = {name for zone in site.zones.values() for name in zone.racks}
    batteries = {end for f in site.feeds.values() if f.both_ways for end in (f.begins, f.ends)} & racks - {rack}
    live = ({begins for begins, _, _ in feeds} - {ends for _, ends, _ in feeds}) | batteries
    while True:
        reached = {ends for begins, ends, breakers in feeds if begins in live and not breakers & opened}
        reached -= racks - {rack}
        if reached <= live:
            return rack in live
        live |= reached


def _water(step: Step) -> Iterator[tuple[str, str]]:
    layout, state = step.world.layout, step.decision.state
    for valve in of_role(step, Role.COOLANT):
        if not is_commanded(step, valve):
            continue
        rack = layout.racks[valve.rack]
        says = {o.name: step.vector.inputs.feedback[o.index] for o in of_role(step, Role.BREAKER)}
        opens = step.before.outputs[valve.index].wanted == valve.output.normal
        if state.racks[valve.rack].vouched or not is_live(layout, rack, {name for name, s in says.items() if s == 1}):
            continue
        if opens or is_live(layout, rack, {name for name, s in says.items() if s != 0}):
            yield "P5", f"water on {rack}, whose breakers do not say open, and nobody has vouched for it"


STEP_CHECKS = (
    nothing_starts_alone,
    a_hand_releases,
    a_hand_that_does_not_count_is_shown,
    a_confirmed_alarm_goes_on,
    nothing_excludes_the_other,
    one_room_at_a_time,
    a_second_look_counts,
)
HAND_CHECKS = (hands_are_dead_while_flooding,)
WORD_CHECKS = (no_message_starts,)
