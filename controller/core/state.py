"""The latched state of `decide`: small, frozen, hashable, apart from the detector's arrays. It survives a restart through the journal.

All times are plant milliseconds (ticks); NEVER stands for "has not happened".
"""

from enum import IntEnum, StrEnum

import msgspec

from controller.core.events import Evidence
from controller.site.model.members import found_directly

NEVER = -1


@found_directly
class Stage(StrEnum):
    """Where a zone's release stands (names after EN 12094-1 practice; no claim of compliance)."""

    QUIESCENT = "quiescent"
    PRE_ACTIVATED = "pre-activated"
    ACTIVATED = "activated"
    HELD = "held"
    ABORTED = "aborted"
    WAITING = "waiting"
    RELEASING = "releasing"
    RETRYING = "retrying"
    UNCONFIRMED = "unconfirmed"
    RELEASED = "released"
    HOLD_TIME = "hold-time"
    DISCHARGED = "discharged"


BEFORE_FLOODING = frozenset(
    {Stage.QUIESCENT, Stage.PRE_ACTIVATED, Stage.ACTIVATED, Stage.HELD, Stage.ABORTED, Stage.WAITING}
)
"""Stages in which abort and hold may act (rule 4)."""

AGENT_IN_ROOM = frozenset({Stage.RELEASING, Stage.RETRYING, Stage.UNCONFIRMED, Stage.RELEASED, Stage.HOLD_TIME})
"""From release to the end of hold: exhaust is latched off (rule 6) and reset is refused."""

NO_EXHAUST = AGENT_IN_ROOM | {Stage.DISCHARGED}
"""Exhaust stays off: the agent must hold, and after it a person decides, for a rich mixture passes through its flammable range."""

PEOPLE_OUT = AGENT_IN_ROOM | {Stage.ACTIVATED, Stage.HELD, Stage.WAITING}
"""From activation to the end of hold: the room is closed up, and evacuation signals run that cannot be silenced."""


@found_directly
class Alarm(StrEnum):
    """How far a zone has come to a fire alarm (`zone.alarms`). FIRE stays until a reset."""

    NONE = ""
    FIRST = "first-alarm"
    """A head is in alarm, and the zone's coincidence type asks for more."""
    HELD = "fire-held"
    """Fire, shown as such; the outputs that ask for `fire` wait."""
    FIRE = "fire"


@found_directly
class Trigger(StrEnum):
    """What activated a release."""

    NONE = ""
    AUTOMATIC = "automatic"
    MANUAL = "manual"


@found_directly
class Isolation(StrEnum):
    """How far the isolation of a rack has come."""

    NONE = "none"
    WANTED = "wanted"
    ASKED = "asked"
    PROVEN = "proven"


@found_directly
class Drive(StrEnum):
    """How far an output has come: the field read first (UNREAD), then written, read back, confirmed by the field."""

    UNREAD = "unread"
    SETTLED = "settled"
    WRITING = "writing"
    CONFIRMING = "confirming"
    FAILED = "failed"


@found_directly
class Tri(IntEnum):
    """A yes or no that the field may fail to give."""

    NO = 0
    YES = 1
    UNKNOWN = 2


class HeadLatch(msgspec.Struct, frozen=True):
    """What a head has shown since the last reset: highest level, since when, when it ended (NEVER: still true), its evidence."""

    level: int = 0
    since_ms: int = NEVER
    pre_alarm_ms: int = NEVER
    """When its own reading first reached pre-alarm in this event (`zone.standing`): of the gas heads, the first one names the rack."""
    ended_ms: int = NEVER
    runaway: bool = False
    evidence: Evidence | None = None
    fire_2_ms: int = NEVER
    """Smoke: since when it stands at fire 2 without a break; NEVER: it does not now."""
    fire_2: bool = False
    """It has stood there for the zone's `same_family_hold_s`: with another such head it may release, where the owner allows one family."""
    looked_ms: int = NEVER
    """Smoke: when it first read alarm, while its second look is still to come (`zone.second_look`); NEVER: none is."""


class ZoneState(msgspec.Struct, frozen=True):
    """A zone: the release machine's stage with its timer, and the responses of the ladder."""

    stage: Stage = Stage.QUIESCENT
    since_ms: int = 0
    due_ms: int = NEVER
    trigger: Trigger = Trigger.NONE
    left_ms: int = 0
    """Held: what was left of the pre-warning when it was stopped."""
    prolong_until_ms: int = NEVER
    """Until when presses of an abort device may put this automatic release off (NYC); NEVER: they may not."""
    pressed_early: bool = False
    """The abort device was pressed between the first alarm and the second, and has not been let go since."""
    attempt: int = 0
    reserve: bool = False
    provable: bool = False
    """The discharge switch was open when the valve was told to open, so that its closing proves something."""
    selected: bool = False
    """The pipe of a bank that several rooms share is this room's."""
    let_go: tuple[str, ...] = ()
    """Banks of a shared manifold that were let go into this room since its last reset."""
    extended_due_ms: int = NEVER
    """When the extended discharge ends; NEVER: it does not run."""
    extended_ran: bool = False
    """Its channels have read back as energised: found dropped after a restart they are not energised anew."""
    way_blocked: bool = False
    """A person is asked for the way into the room: its release waits, and something stands between the bank and it."""
    extract_due_ms: int = NEVER
    """When the extract ends; NEVER: it does not run."""
    extract_reads: tuple[str, ...] = ()
    """Heads that read fire when it began and have done since: others, and these again, are fire again."""
    extract_blind: tuple[str, ...] = ()
    """Heads that detect fire and were in fault or disabled when it began: one that is lost later ends it."""
    extracted: bool = False
    """It has begun once since the last reset: only a person begins it again."""
    gas_low_ms: int = NEVER
    """Since when the voted gas is low and the room calm after the hold time, where the site clears the room by that; a restart counts anew."""
    switch_rested: bool = False
    """The discharge switch was seen open again after the hold time: its next closing is agent that nobody asked for."""
    spent: bool = False
    """The agent output is not to be energised again (found released and dropped after a restart)."""
    proven: bool = False
    """The field has said that agent flows (rule 8)."""
    call_point_rested: bool = True
    """The call point was seen at rest since the last release began: only a new word of a person lets the reserve bank go.

    Before a release: since the first start of all, and since the agent was blocked with the call point operated (0042).
    """
    activated_ms: int = NEVER
    """When the release was first activated since the last reset: a reset lock counts from here."""
    works: tuple[tuple[str, int], ...] = ()
    """Work that a person has announced, and until when: work permit, walk test, output test."""
    ran_out: tuple[str, ...] = ()
    """Work whose time ran out before a person ended it: manual-only until somebody does (rule 13)."""
    walked: tuple[str, ...] = ()
    """Heads that were seen to respond, and contacts that were operated, in the walk test that runs, or ran last."""
    purged_ms: int = NEVER
    """Since when exhaust has had its turn before an automatic release and must be off (rule 6); NEVER: it may run."""
    strayed: bool = False
    """Agent was seen to flow that Haechi did not let go; stands until the switch has cleared and a person has reset the zone."""
    inhibits: tuple[str, ...] = ()
    occupied: bool = False
    acknowledged: bool = True
    silenced: bool = False
    handed_over: bool = False
    alarm: Alarm = Alarm.NONE
    alarm_ms: int = NEVER
    """Since when a first alarm, or a fire whose outputs wait, stands without a break; NEVER: none does."""
    investigate_ms: int = NEVER
    """Until when a person who has acknowledged looks after the alarm (positive alarm sequence); NEVER: nobody does."""
    routing: str = ""
    """Alarm routing: `sent`, then `acknowledged` by the wired input; empty: nothing is sent, or nothing could acknowledge it."""
    delays: bool = False
    """An operator has switched the delays to outputs of the zone on (`zone.delays`)."""
    passed: bool = False
    """The present alarm is past its delays: it was more than one head at its first stage."""
    coincidence: str = ""
    """The zone's coincidence type and what faulty or disabled members make of it (rule 9); empty: none is stated."""
    first_fire_ms: int = NEVER
    cool_ms: int = NEVER
    flowing_ms: int = NEVER
    calm_since_ms: int = NEVER
    hand_over_ms: int = NEVER
    guard_ms: int = NEVER
    weighed: int = 0
    """Highest level (`Level`) that all heads together have reached since the last reset."""
    unnamed_ms: int = NEVER
    """Since when fire is proven and no rack is confirmed to burn although one may; NEVER: it is not so."""
    asked_to_cool: bool = False
    """A person has been asked to find the burning rack and cool it by hand."""
    active: tuple[str, ...] = ()
    """Responses that are on, for the journal and the panel."""
    availability: str = ""


class RackState(msgspec.Struct, frozen=True):
    """A rack: its isolation and its cooling."""

    isolation: Isolation = Isolation.NONE
    isolation_ms: int = NEVER
    asked: bool = False
    vouched: bool = False
    runaway: bool = False
    cool: bool = False
    cool_wanted_ms: int = NEVER
    opened: tuple[str, ...] = ()
    """Breakers in its ways that said open when they were last read, while isolation is asked for: unread, these alone count as open."""
    counted: int = 0
    """Breakers opened for it that count towards the site's limit of automatic openings."""


class OutputState(msgspec.Struct, frozen=True):
    """An output: the level wanted, how far it has come, and its tries."""

    wanted: int = 0
    drive: Drive = Drive.UNREAD
    adopted: int = -1
    """Level found in the field at a start without latched state and kept (on_restart = "keep"), until a reset; -1: none."""
    since_ms: int = NEVER
    written_ms: int = NEVER
    channel: int = -1
    """Release outputs: the channel that is being written (0 arm, 1 fire)."""
    tries: int = 0


class TripState(msgspec.Struct, frozen=True):
    """A trouble that is pending or shown: `since_ms` of the cause, `shown` once its delay has passed."""

    trip: str
    subject: str
    since_ms: int
    shown: bool = False


class State(msgspec.Struct, frozen=True):
    """All that `decide` remembers. Indices follow the layout."""

    tick_ms: int
    heads: tuple[HeadLatch, ...]
    zones: tuple[ZoneState, ...]
    racks: tuple[RackState, ...]
    outputs: tuple[OutputState, ...]
    wired: tuple[int, ...]
    row_since_ms: tuple[int, ...]
    trips: tuple[TripState, ...] = ()
    row_drove_ms: tuple[tuple[int, int], ...] = ()
    """Rows with `investigate_s` that drive, by index, and since when: switching delays off or on takes nothing back."""
    disabled: tuple[str, ...] = ()
    forced: tuple[tuple[str, int], ...] = ()
    """Outputs that an engineer forces, and until when."""
    host: tuple[int, ...] = ()
    """The runtime's facts of the last scan: troubles come from what rose since."""
    openings: int = 0
    """Breakers opened without a person since the last reset of their zone."""
    chatter: tuple[tuple[int, int, int, int], ...] = ()
    """Contacts that changed within the last minute (`controller.core.chatter`): head, changes, since when, and what was told last."""
    lost: tuple[str, ...] = ()
    """Zones with release that began without the latched state of the run before: manual-only until a person says that they are empty."""
