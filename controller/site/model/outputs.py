"""Outputs, and the rows of the cause-and-effect matrix that drive them."""

from enum import StrEnum
from typing import Literal

from controller.site.model.members import found_directly
from controller.site.model.strict import Strict


@found_directly
class Role(StrEnum):
    """What an output does; the plant of the simulator and the actuator logic find outputs by it."""

    CHARGER_STOP = "charger-stop"
    BREAKER = "breaker"
    EXHAUST = "exhaust"
    DAMPER = "damper"
    RELIEF = "relief"
    HVAC_STOP = "hvac-stop"
    CURTAIN = "curtain"
    WATER_BARRIER = "water-barrier"
    AGENT = "agent"
    AGENT_RESERVE = "agent-reserve"
    AGENT_EXTENDED = "agent-extended"
    SELECTOR = "selector"
    PUMP = "pump"
    COOLANT = "coolant"
    DRAIN = "drain"
    SOUNDER = "sounder"
    BEACON = "beacon"
    DOOR_HOLDER = "door-holder"
    FIRE_RELAY = "fire-relay"
    FAULT_RELAY = "fault-relay"


class Feedback(Strict, frozen=True, kw_only=True):
    """The field's own word that an output worked: `point` reads `active` (within `tolerance`) when it is driven."""

    point: str
    active: float = 1.0
    inactive: float = 0.0
    tolerance: float = 0.5
    at_least: bool = False
    """The feedback is a measurement that must reach `active` (flow), not a contact."""


class Output(Strict, frozen=True, kw_only=True):
    """An output: one channel, or two for release (arm, fire; on two modules). Levels, never pulses (rule 11)."""

    role: Role
    zone: str
    channels: tuple[str, ...]
    normal: Literal[0, 1] = 0
    on_restart: Literal["keep", 0, 1]
    on_comm_loss: Literal["hold", 0, 1]
    rack: str = ""
    feedback: Feedback | None = None
    confirm_s: float = 3.0
    retries: int = 1
    consequence: str = "output_unconfirmed"
    """Trip raised when it is not confirmed."""
    panel_input: bool = False
    """Agent: its channels are inputs of a certified releasing panel, which has the last word (mode `request`), not valves (mode `direct`)."""


class Row(Strict, frozen=True, kw_only=True):
    """One row of the cause-and-effect matrix: enough causes of `when` and none of `unless` drive all of `then`."""

    when: tuple[str, ...]
    then: tuple[str, ...]
    unless: tuple[str, ...] = ()
    votes: int = 1
    """So many causes of `when` must hold at the same time."""
    delay_s: float = 0.0
    investigate_s: float = 0.0
    """Added to `delay_s` while an operator has switched the delays of the zone on; a second alarm and a call point pass it."""
    latch: bool = False
    """Once it drives, it goes on until a zone that its causes name is reset."""
    for_s: float = 0.0
    """It drives for so long at most, then its causes must go before it drives again; 0: as long as they hold. A level of its own (rule 11)."""
    at: Literal["always", "day", "night"] = "always"
    to: Literal["active", "normal"] = "active"
    """Where it drives its outputs: `normal` holds them back."""
    priority: int = 0
    """Of the rows that drive an output the one with the highest priority counts; among equals `active` does."""
