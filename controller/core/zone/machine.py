"""The release machine of a zone: one table, one pure step.

Two rules for this file. Everything that moves a zone from stage to stage is in `TABLE`; a signal without an entry for the present stage is
refused and changes nothing. And this file does not know where signals come from: heads, contacts, clocks and people are judged in
`signals.py`, before the table is asked.

The theory, on one screen. A first fire alarm pre-activates (people are told, nothing goes). Rule 3's coincidence, or the wired call
point, activates: people leave while the pre-warning runs. When it is over the agent goes, unless a named inhibit stands (the
exhaust must first carry flammable gas away, a damper is not proven): then the zone waits, in sight of everybody. Once the valve
has been told to open there is no way back: no abort, no hold, no reset leads out of RELEASING (rule 4), only the field's word
(pressure, flow) or its silence does (rule 8). A silent field gets the same actuator again, then a trouble and the assumption that
agent is in the room, which keeps exhaust off and people out. RELEASED, HOLD_TIME and DISCHARGED run their times; only then may
a person reset.
"""

from enum import StrEnum

from controller.core.state import Stage
from controller.site.model.members import found_directly


@found_directly
class Signal(StrEnum):
    """All that may move a zone. Several may be true in one scan; they are tried in this order, the first that has an entry wins."""

    BLOCKED = "blocked"
    """The agent is blocked mechanically: nothing would flow, so nothing is let go, by whomever it was asked for."""
    PROOF = "proof"
    """The field says that agent flows: the switch was open when the valve was told to open, and closed since."""
    MANUAL = "manual"
    """The wired call point is operated (with the key on the reserve bank, once the main bank has been used)."""
    ABORT = "abort"
    NOT_AUTOMATIC = "not-automatic"
    """Manual-only, occupied, disabled: what was activated automatically must not go on."""
    PROLONG = "prolong"
    """A press that sets the countdown to more, which runs on."""
    HOLD = "hold"
    HOLD_ENDS = "hold-ends"
    CONFIRMED = "confirmed"
    """Rule 3: two independent heads with runaway, smoke with heat, or the site's same-family policy."""
    FIRST_ALARM = "first-alarm"
    OVER = "over"
    """The stage's time is over, and nothing stands against going on."""
    OVER_INHIBITED = "over-inhibited"
    """The pre-warning is over, but a named inhibit stands."""
    OVER_LAST_TRY = "over-last-try"
    """No proof in time, and the actuator has had all its tries."""
    RESET = "reset"


TABLE: dict[Stage, dict[Signal, Stage]] = {
    Stage.QUIESCENT: {
        Signal.MANUAL: Stage.ACTIVATED,
        Signal.CONFIRMED: Stage.ACTIVATED,
        Signal.FIRST_ALARM: Stage.PRE_ACTIVATED,
    },
    Stage.PRE_ACTIVATED: {
        Signal.MANUAL: Stage.ACTIVATED,
        # An abort pressed before the second alarm blocks the start, so that pressing early is not pressing in vain.
        Signal.ABORT: Stage.ABORTED,
        Signal.CONFIRMED: Stage.ACTIVATED,
        Signal.RESET: Stage.QUIESCENT,
    },
    Stage.ACTIVATED: {
        Signal.BLOCKED: Stage.PRE_ACTIVATED,
        # A person's hand takes an automatic countdown over: from then on neither abort nor hold stops it (rule 4).
        Signal.MANUAL: Stage.ACTIVATED,
        Signal.ABORT: Stage.ABORTED,
        Signal.NOT_AUTOMATIC: Stage.PRE_ACTIVATED,
        Signal.PROLONG: Stage.ACTIVATED,
        Signal.HOLD: Stage.HELD,
        Signal.OVER_INHIBITED: Stage.WAITING,
        Signal.OVER: Stage.RELEASING,
    },
    Stage.HELD: {
        Signal.BLOCKED: Stage.PRE_ACTIVATED,
        Signal.MANUAL: Stage.ACTIVATED,
        Signal.ABORT: Stage.ABORTED,
        Signal.NOT_AUTOMATIC: Stage.PRE_ACTIVATED,
        # What the countdown is then, the site's strategy says: the full pre-warning anew is "hold with reload".
        Signal.HOLD_ENDS: Stage.ACTIVATED,
    },
    Stage.ABORTED: {
        # Manual release beats abort (rule 4), and nothing else but a reset leads out.
        Signal.MANUAL: Stage.ACTIVATED,
        Signal.RESET: Stage.QUIESCENT,
    },
    Stage.WAITING: {
        Signal.BLOCKED: Stage.PRE_ACTIVATED,
        # The pre-warning has run already; a person's hand wins over the exhaust (rule 6).
        Signal.MANUAL: Stage.RELEASING,
        Signal.ABORT: Stage.ABORTED,
        Signal.NOT_AUTOMATIC: Stage.PRE_ACTIVATED,
        Signal.PROLONG: Stage.ACTIVATED,
        Signal.HOLD: Stage.HELD,
        Signal.OVER: Stage.RELEASING,
    },
    # From here on neither abort nor hold nor reset has an entry.
    Stage.RELEASING: {
        Signal.PROOF: Stage.RELEASED,
        Signal.OVER: Stage.RETRYING,
        Signal.OVER_LAST_TRY: Stage.UNCONFIRMED,
    },
    Stage.RETRYING: {
        Signal.PROOF: Stage.RELEASED,
        Signal.OVER: Stage.RELEASING,
    },
    Stage.UNCONFIRMED: {
        Signal.PROOF: Stage.RELEASED,
        # The main bank is silent and a person has turned the key to the reserve bank (rule 8); the pre-warning has run already.
        Signal.MANUAL: Stage.RELEASING,
        Signal.OVER: Stage.HOLD_TIME,
    },
    Stage.RELEASED: {Signal.OVER: Stage.HOLD_TIME},
    Stage.HOLD_TIME: {Signal.OVER: Stage.DISCHARGED},
    Stage.DISCHARGED: {
        # With the key on the reserve bank, a person may release that as well (rule 8).
        Signal.MANUAL: Stage.ACTIVATED,
        Signal.RESET: Stage.QUIESCENT,
    },
}

_IN_ORDER = tuple(Signal)


def step(stage: Stage, signals: frozenset[Signal]) -> tuple[Stage, Signal] | None:
    """The next stage and the signal that led there; None if nothing moves. Pure."""
    moves = TABLE[stage]
    for signal in _IN_ORDER:
        if signal in signals and signal in moves:
            return moves[signal], signal
    return None
