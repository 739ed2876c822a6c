"""Random rooms: heads, contacts, faults, operators, restarts and time in any order; what must hold after every single scan."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from controller.core.commands import (
    Acknowledge,
    ConfirmIsolated,
    Delays,
    Disable,
    Enable,
    Extract,
    Force,
    HandOver,
    Occupied,
    Reset,
    Silence,
    Work,
)
from controller.core.events import Kind, Level
from controller.core.layout import OutputLayout
from controller.core.scan import ScanResult
from controller.core.state import (
    AGENT_IN_ROOM,
    BEFORE_FLOODING,
    NEVER,
    Alarm,
    Isolation,
    Stage,
    State,
    Tri,
    Trigger,
    ZoneState,
)
from controller.core.trips import NIGHT
from controller.core.zone.coincidence import FIRE_PHYSICS, confirmed
from controller.core.zone.machine import Signal
from controller.core.zone.works import OUTPUT_TEST, PERMIT, WALK_TEST
from controller.site.model import Family, Site, Strategy
from drivers.points import Quality
from tests.controller.core.field import LEVELS, Field, site
from tests.controller.core.holding import GAS_LOW, HOLDING
from tests.controller.core.one_bank import ONE_BANK
from tests.controller.core.two_feeds import TWO_FEEDS

HEADS = ["cells-1", "cells-2", "h2-1", "smoke-1", "smoke-2", "heat-1", "server-smoke-3", "server-smoke-4"]
CONTACTS = [
    "call-point",
    "hold",
    "abort",
    "mode-key",
    "occupied",
    "low-agent",
    "reserve-key",
    "server-call-point",
    "server-abort",
    "block",
    "in-place",
    "acknowledged",
]
SUBJECTS = ["hall", "smoke-1", "heat-1", "agent", "damper", "breaker-1", "exhaust", "abort"]
FORCED = ["exhaust", "curtain", "coolant-1", "breaker-1", "agent", "selector-hall"]
BLOCK = '[heads.block]\nfamily = "mechanical-block"\nzone = "hall"\npoints = ["di-1-inputs[8]", "di-2-inputs[8]"]\n'
BRIGADE = '[matrix.brigade]\nwhen = ["hall.fire"]\nthen = ["attention"]\ninvestigate_s = 6.0\n'
PANEL = (
    '[heads.in-place]\nfamily = "actuator-in-place"\nzone = "hall"\npoints = ["di-1-inputs[9]"]\n'
    '[heads.acknowledged]\nfamily = "routing-acknowledged"\nzone = "hall"\npoints = ["di-2-inputs[9]"]\n'
)
QUICK = (
    ("pre_warning_s = 30.0", "pre_warning_s = 4.0"),
    ("manual_delay_s = 10.0", "manual_delay_s = 2.0"),
    ("confirm_s = 30.0", "confirm_s = 4.0"),
    ("flooding_s = 60.0", "flooding_s = 4.0"),
    ("hold_time_s = 120.0", "hold_time_s = 4.0"),
    ("purge_limit_s = 60.0", "purge_limit_s = 6.0"),
    ("ask_after_s = 20.0", "ask_after_s = 4.0"),
    ("[heads.reserve-key]", f"{BLOCK}{PANEL}[heads.reserve-key]"),
    ('count = 9\ntype = "bit"', 'count = 10\ntype = "bit"'),
    ('[outputs.attention]\nrole = "beacon"', '[outputs.attention]\nrole = "fire-relay"'),
    ("[matrix.fault-relay]", f"{BRIGADE}[matrix.fault-relay]"),
)
"""Short times, so that chance gets far; a mechanical block, contacts of the panel, and an alarm to the brigade that an operator may delay."""
NO_AGENT = (
    (
        '[zones.server.release]\noutput = "server-agent"\ndischarged = "fb-inputs[9]"\nstrategy = "latched-abort"\nsame_family = true\n',
        "",
    ),
)
"""A server room that nobody floods."""
RELOADING = frozenset({Strategy.HOLD_RELOAD, Strategy.LOCAL})
"""Strategies under which the pre-warning begins anew when the device is let go."""
POLICIES = {
    "none": "",
    "A": '[zones.hall.coincidence]\ntype = "A"\nlook_again_s = 5.0\ncancel_s = 20.0\n',
    "B": '[zones.hall.coincidence]\ntype = "B"\ncancel_s = 20.0\n',
    "C": '[zones.hall.coincidence]\ntype = "C"\ncancel_s = 20.0\nfaulty_member = "wait"\n',
    "verification": "[zones.hall.verification]\nlook_again_s = 2.0\nwithin_s = 9.0\n",
    "positive alarm": "[zones.hall.positive_alarm]\nacknowledge_s = 4.0\ninvestigate_s = 9.0\n",
}
"""What stands between one head and a fire alarm, with short times (the checker would ask B and C for longer ones)."""
COMMANDS = (
    st.builds(Acknowledge, operator=st.just("kim"), zone=st.just("hall"))
    | st.builds(Silence, operator=st.just("kim"), zone=st.just("hall"))
    | st.builds(Reset, operator=st.just("kim"), zone=st.sampled_from(["hall", "server"]))
    | st.builds(Disable, operator=st.just("kim"), subject=st.sampled_from(SUBJECTS))
    | st.builds(Enable, operator=st.just("kim"), subject=st.sampled_from(SUBJECTS))
    | st.builds(Occupied, operator=st.just("kim"), zone=st.just("hall"), occupied=st.booleans())
    | st.builds(ConfirmIsolated, operator=st.just("kim"), rack=st.sampled_from(["rack-1", "rack-2"]))
    | st.builds(Delays, operator=st.just("kim"), zone=st.just("hall"), on=st.booleans())
    | st.builds(HandOver, operator=st.just("kim"), zone=st.just("hall"))
    | st.builds(Force, operator=st.just("kim"), subject=st.sampled_from(FORCED), seconds=st.sampled_from([0, 5, 60]))
    | st.builds(Extract, operator=st.just("kim"), zone=st.just("hall"), on=st.booleans())
    | st.builds(
        Work,
        operator=st.just("kim"),
        zone=st.just("hall"),
        work=st.sampled_from([PERMIT, WALK_TEST, OUTPUT_TEST]),
        minutes=st.sampled_from([0, 1, 60]),
    )
)


class Watched(Field):
    """A field that looks at every scan."""

    warned_ms: dict[int, int]
    """Per zone, when its pre-warning last began."""

    def __init__(self, the_site: Site) -> None:
        self.warned_ms = {}
        super().__init__(the_site)

    def restart(self, *, lose_state: bool = False) -> None:
        """The pre-warning that was running begins anew."""
        super().restart(lose_state=lose_state)
        self.warned_ms = dict.fromkeys(self.warned_ms, self.tick_ms)

    def _scan_after(self, step_ms: int, *commands: object) -> ScanResult:
        before = self.controller.state
        result = super()._scan_after(step_ms, *commands)  # type: ignore[arg-type]
        if self.controller.inputs is not None:
            for index in range(len(self.layout.zones)):
                self.judge_move(before.zones[index], index)
                self.judge_alarm(before.zones[index].alarm, index, result)
            self.judge_outputs(result)
            self.judge_words(result, before)
        return result

    @property
    def is_night(self) -> bool:
        """Whether it is night on the site."""
        return bool(self.host[NIGHT])

    @is_night.setter
    def is_night(self, night: bool) -> None:
        self.host = tuple(int(night) if place == NIGHT else fact for place, fact in enumerate(self.host))

    def judge_move(self, was: ZoneState, index: int) -> None:
        """Rules 3, 4, 5, 8 and 13: what may move a zone to where it now is."""
        state, rules = self.controller.state, self.controller.rules.zones[index]
        zone, inputs, before = state.zones[index], self.controller.inputs, was.stage
        assert inputs is not None
        assert zone.stage is not Stage.QUIESCENT or zone.trigger is Trigger.NONE, "at rest nothing has called"
        assert zone.due_ms == NEVER or zone.due_ms >= zone.since_ms, "no timer ends before it began"
        if zone.trigger is Trigger.MANUAL and was.trigger is not Trigger.MANUAL:
            called = any(inputs.wired[head] == Tri.YES for head in rules.wired[Family.CALL_POINT])
            assert called, "a hand means the wired pair (rule 5)"
        if zone.stage is before:
            return
        if before in AGENT_IN_ROOM:
            assert zone.stage in AGENT_IN_ROOM | {Stage.DISCHARGED}, (
                "nothing leads back once the valve was told (rule 4)"
            )
        if zone.stage is Stage.ACTIVATED and zone.trigger is Trigger.AUTOMATIC and before is not Stage.HELD:
            pair = confirmed(rules.pairs, state.heads, state.disabled, lambda due_ms: state.tick_ms >= due_ms, 10**9)
            # A restart and a press that prolongs lead back from a wait: what was confirmed goes on, though a member was disabled since.
            assert pair is not None or before is Stage.WAITING, "two heads confirm (rule 3)"
            assert self.is_empty(index), "nothing automatic begins where people are (rule 13)"
        release = rules.zone.release
        if release is None:
            assert zone.stage in {Stage.QUIESCENT, Stage.PRE_ACTIVATED}, "without agent nothing is activated"
            return
        if zone.stage is Stage.ACTIVATED and (before is not Stage.HELD or release.strategy in RELOADING):
            self.warned_ms[index] = state.tick_ms
        blocked = any(inputs.wired[head] == Tri.YES for head in rules.wired.get(Family.MECHANICAL_BLOCK, ()))
        if before in BEFORE_FLOODING and zone.stage in AGENT_IN_ROOM:
            assert zone.trigger is not Trigger.NONE, "the agent is asked for"
            assert not blocked, "nothing is let go behind a closed block"
            if zone.trigger is Trigger.AUTOMATIC:
                warned_ms = state.tick_ms - self.warned_ms[index]
                assert warned_ms >= release.pre_warning_s * 1000 > 0, "the whole pre-warning ran (rule 13)"
                assert self.is_empty(index), "nothing automatic is let go where people are (rule 13)"
                assert not zone.works, "nothing automatic is let go while somebody works (rule 13)"
                assert not zone.ran_out, "nothing automatic is let go after work that nobody has ended (rule 13)"
        if zone.stage is Stage.RELEASED:
            assert inputs.discharged[index] == Tri.YES, "the field says so (rule 8)"

    def is_empty(self, index: int) -> bool:
        """Whether nobody is said to be in the room, by a person's word or by its contact."""
        inputs, rules = self.controller.inputs, self.controller.rules.zones[index]
        assert inputs is not None
        contacts = rules.wired.get(Family.OCCUPIED, ())
        return not self.controller.state.zones[index].occupied and all(inputs.wired[c] == Tri.NO for c in contacts)

    def judge_alarm(self, before: Alarm, index: int, result: ScanResult) -> None:
        """Two heads in alarm are fire, and fire isolates; nothing but a reset takes it back; a fault makes none."""
        state, zone = self.controller.state, self.controller.rules.zones[index]
        now, inputs = state.zones[index], self.controller.inputs
        assert inputs is not None
        heads = [h for h in zone.sensing if h.physics in FIRE_PHYSICS and h.name not in state.disabled]
        latched = [h for h in heads if state.heads[h.index].level == Level.ALARM]
        reading = [h for h in latched if inputs.heads[h.index].level == Level.ALARM]
        called = any(inputs.wired[head] == Tri.YES for head in zone.wired[Family.CALL_POINT])
        assert not now.delays or now.passed or not (called or len(reading) > 1), "a second alarm passes every delay"
        assert len(reading) < 2 or now.alarm is Alarm.FIRE, "two heads in alarm are fire"
        if now.alarm is not Alarm.NONE and now.alarm is not before:
            assert latched or now.weighed == Level.ALARM, "a fault is no alarm (rule 1)"
            assert "isolate" in now.active, "what waits holds back no isolation"
        if before is Alarm.FIRE and now.alarm is not Alarm.FIRE:
            was_reset = any(e.zone == zone.name and e.text == Signal.RESET for e in result.events)
            assert was_reset, "fire stays until a reset"
        policy = zone.zone.positive_alarm
        if policy is not None and now.alarm is Alarm.HELD:
            assert not self.is_night, "by night nobody is waited for"
            longest_ms = 1000 * (policy.acknowledge_s + policy.investigate_s)
            assert state.tick_ms - now.alarm_ms < longest_ms, "nobody looks for ever"

    def judge_words(self, result: ScanResult, before: State) -> None:
        """Rules 2, 9 and 12: nothing lowered, availability that is shown, evidence in every event that a level rose."""
        for event in result.events:
            assert event.kind is not Kind.LEVEL or event.evidence, "a level names its evidence (rule 12)"
        reset = {event.zone for event in result.events if event.text == Signal.RESET}
        for head, was, now in zip(self.layout.heads, before.heads, self.controller.state.heads, strict=True):
            kept = now.level >= was.level and now.runaway >= was.runaway
            assert kept or self.layout.zones[head.zone] in reset, (
                "a reset alone takes back what a head has shown (rule 2)"
            )
        for zone in self.controller.state.zones:
            shut = zone.occupied or zone.works or zone.ran_out
            assert not shut or zone.availability.startswith("unavailable"), "what is shut is shown (rule 9)"
        self.judge_panel(before)

    def judge_panel(self, before: State) -> None:
        """No availability without an actuator in its place; no acknowledgement of what was not sent before, nor by a contact that stood."""
        inputs, hall = self.controller.inputs, self.layout.zones.index("hall")
        assert inputs is not None
        now, was = self.zone(), before.zones[hall]
        if inputs.wired[self.head("in-place")] == Tri.NO:
            assert now.availability.startswith("unavailable"), "an actuator that is not in place is shown"
        if now.routing == "acknowledged" != was.routing:
            assert was.routing == "sent", "what was not sent is not acknowledged"
            assert before.wired[self.head("acknowledged")] == Tri.NO, "a contact that stood acknowledges nothing"

    def judge_outputs(self, result: ScanResult) -> None:
        """Rules 5, 6, 7 and 11: what may be wanted and written."""
        state, inputs = self.controller.state, self.controller.inputs
        assert inputs is not None
        for name, _ in state.forced:
            output = self.layout.output(name)
            assert not output.is_release, "agent is never forced"
            assert all(zone.stage is Stage.QUIESCENT for zone in state.zones), "nothing is forced in an alarm"
            assert state.zones[output.zone].works, "forced under a permit alone"
        for output in self.layout.outputs:
            zone, wanted = state.zones[output.zone], state.outputs[output.index].wanted
            active = wanted != output.output.normal
            if output.output.role == "agent-extended" and active:
                assert zone.stage in {Stage.RELEASED, Stage.HOLD_TIME}, "the room is kept closed"
                assert zone.proven, "the extended discharge follows a proven one (rule 8)"
            elif output.is_release and active:
                assert zone.stage in {Stage.RELEASING, Stage.UNCONFIRMED, Stage.RELEASED}, (
                    "the valve is told while it lets go"
                )
                assert zone.reserve == (output.output.role == "agent-reserve"), (
                    "the reserve bank by a person only (rule 8)"
                )
                assert not zone.reserve or zone.trigger is Trigger.MANUAL, "the reserve bank never follows by itself"
                self.judge_way(output, state.zones, result)
            if output.output.role == "exhaust" and zone.stage in AGENT_IN_ROOM:
                assert not active, "no exhaust beside agent (rule 6)"
            found = state.outputs[output.index].adopted >= 0  # a cold start leaves water running that it finds
            if output.output.role == "coolant" and active and not found:
                rack = state.racks[output.rack]
                assert rack.isolation is Isolation.PROVEN or rack.vouched, "no water before proof (rule 7)"
        for write in result.writes:
            output = self.layout.output(write.output)
            if output.is_release and write.value != output.output.normal:
                assert write.intent, "the intent is durable first (rule 11)"
                place = output.channels.index(write.point)
                assert all(level == 1 for level in inputs.channels[output.index][:place]), (
                    "arm is read back before fire (rule 5)"
                )

    def judge_way(self, output: OutputLayout, zones: tuple[ZoneState, ...], result: ScanResult) -> None:
        """One bank, several rooms: agent is told to go into one of them, by whom the pipe is."""
        rules = self.controller.rules.zones[output.zone]
        others = [zones[index] for index in rules.sharing]
        assert not others or zones[output.zone].selected, "the pipe is this room's"
        assert not any(zone.selected for zone in others), "one room at a time"
        release = rules.zone.release
        assert release is not None
        if others and any(event.kind is Kind.INTENT and event.subject == output.name for event in result.events):
            says = self.controller.inputs.feedback[rules.selector]  # type: ignore[union-attr]
            assert says == 1, "the selector is proven open before the agent goes"


class Room(RuleBasedStateMachine):
    """Steps of a few seconds; the field's own `judge_*` look at every scan in between."""

    field: Watched
    watched = Watched

    @initialize(
        strategy=st.sampled_from(Strategy),
        policy=st.sampled_from(sorted(POLICIES)),
        kind=st.sampled_from([(), ONE_BANK, TWO_FEEDS, HOLDING, (*HOLDING, GAS_LOW), NO_AGENT]),
    )
    def a_site(self, strategy: Strategy, policy: str, kind: tuple[tuple[str, str], ...]) -> None:
        """A bank for each room, one for both, one room without; a rack with two supplies; an extended discharge and an extract."""
        table = ("[zones.hall.cooling]", f"{POLICIES[policy]}[zones.hall.cooling]")
        strategies = ('strategy = "hold-reload"', f'strategy = "{strategy}"')
        self.field = self.watched(site(*QUICK, table, strategies, *kind))

    @rule(name=st.sampled_from(HEADS), level=st.sampled_from([*LEVELS, "alarm", "alarm"]))
    def head_reads(self, name: str, level: str) -> None:
        self.field.level(name, LEVELS[level], runaway=level == "alarm" and name.startswith("cells"))
        self.field.scan()

    @rule(pair=st.sampled_from([("smoke-1", "heat-1"), ("cells-2", "smoke-2"), ("server-smoke-3", "server-smoke-4")]))
    def two_heads_alarm(self, pair: tuple[str, str]) -> None:
        for name in pair:
            self.head_reads(name, "alarm")

    @rule(name=st.sampled_from(HEADS), fault=st.sampled_from([0, 1, 2]))
    def head_fails(self, name: str, fault: int) -> None:
        self.field.fault(name, fault)
        self.field.scan()

    @rule(name=st.sampled_from(CONTACTS), on=st.booleans())
    def contact_moves(self, name: str, on: bool) -> None:
        self.field.contact(name, on=on)
        self.field.scan()

    @rule(name=st.sampled_from(CONTACTS))
    def contact_fails(self, name: str) -> None:
        self.field.contact_fault(name)
        self.field.scan()

    @rule(ppm=st.sampled_from([0.0, 20000.0]), quality=st.sampled_from([Quality.GOOD, Quality.BAD]))
    def gas_is(self, ppm: float, quality: Quality) -> None:
        for i in range(3):
            self.field.point(f"gas-h2[{i}]", ppm, quality)
        self.field.scan()

    @rule(device=st.sampled_from(["do-1", "do-2", "fb", "di-1"]), lost=st.booleans())
    def device_fails(self, device: str, lost: bool) -> None:
        (self.field.lost.add if lost else self.field.lost.discard)(device)
        self.field.scan()

    @rule(
        output=st.sampled_from(
            ["breaker-1", "breaker-2", "damper", "agent", "main-a", "selector-hall", "selector-server"]
        ),
        sticks=st.booleans(),
    )
    def output_sticks(self, output: str, sticks: bool) -> None:
        (self.field.stuck.add if sticks else self.field.stuck.discard)(output)
        self.field.scan()

    @rule(seconds=st.sampled_from([2.0, 5.0, 5.0, 10.0]))
    def more_time_passes(self, seconds: float) -> None:
        self.field.run(seconds)

    @rule(place=st.integers(0, 11), module=st.sampled_from([1, 2]), value=st.sampled_from([0.0, 1.0]))
    def somebody_forges_a_coil(self, place: int, module: int, value: float) -> None:
        self.field.point(f"do-{module}-coils[{place}]", value)
        self.field.scan()

    @rule(command=COMMANDS)
    def operator_says(self, command: Reset) -> None:
        self.field.say(command)

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 10.0]))
    def time_passes(self, seconds: float) -> None:
        self.field.run(seconds)

    @rule(forgets=st.sampled_from([False, False, True]))
    def controller_restarts(self, forgets: bool) -> None:
        self.field.restart(lose_state=forgets)
        self.field.run(2.5)

    @rule(night=st.booleans())
    def night_falls_or_ends(self, night: bool) -> None:
        self.field.is_night = night
        self.field.scan()
