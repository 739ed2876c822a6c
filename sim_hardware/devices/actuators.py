"""Actuators move in their own time: a command is a level on the channels, a position follows, feedback comes at the end of travel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.core.layout import Layout
from controller.site.model import Feedback, Role

AT_END = 0.999
"""Position at which the end switch makes."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What "active" (a channel that does not stand at its normal value; all channels of a release output) does to the plant."""

    travel_s: float
    active: str


ROLE_MEANING: dict[Role, Meaning] = {
    Role.CHARGER_STOP: Meaning(0.2, "the rack is not charged any more"),
    Role.BREAKER: Meaning(0.1, "the rack's breaker trips, and stays open until a person closes it"),
    Role.EXHAUST: Meaning(4.0, "the exhaust fan runs"),
    Role.DAMPER: Meaning(8.0, "the damper is closed"),
    Role.RELIEF: Meaning(2.0, "the pressure-relief vent is open"),
    Role.HVAC_STOP: Meaning(2.0, "the air handling stands still"),
    Role.CURTAIN: Meaning(12.0, "the fire curtain is down"),
    Role.WATER_BARRIER: Meaning(8.0, "the water barrier is up"),
    Role.AGENT: Meaning(0.3, "the main bank's valve is open: arm and fire together"),
    Role.AGENT_RESERVE: Meaning(0.3, "the reserve bank's valve is open: arm and fire together"),
    Role.AGENT_EXTENDED: Meaning(0.3, "the valve of the extended discharge is open: arm and fire together"),
    Role.SELECTOR: Meaning(2.0, "the selector valve leads the bank into this room"),
    Role.PUMP: Meaning(3.0, "the supply pump runs"),
    Role.COOLANT: Meaning(4.0, "the rack's coolant valve is open; water flows only while the pump runs"),
    Role.DRAIN: Meaning(0.0, "the drain is open"),
    Role.SOUNDER: Meaning(0.0, "the sounder sounds"),
    Role.BEACON: Meaning(0.0, "the beacon flashes"),
    Role.DOOR_HOLDER: Meaning(0.0, "the door is let go and falls shut"),
    Role.FIRE_RELAY: Meaning(0.0, "the fire relay tells of fire"),
    Role.FAULT_RELAY: Meaning(0.0, "the fault relay tells of a trouble (normally energised: it has dropped)"),
}
"""Travel times are assumed, typical of catalogue parts."""


LATCHING = frozenset({Role.BREAKER})
"""Their command trips them: letting go of it does not close them again (docs/decisions/0006)."""


class Actuators:
    """All outputs of a site, by the index of `Layout.outputs`.

    `position` (n_outputs,) goes from 0 (normal) to 1 (active).
    `contacts` (n_outputs,) is what each feedback contact says, in the units of its point: active at the end of travel.
    Faults: `stuck`, `no_feedback`, `limit` (how far it comes, 1 for all the way), `feedback_late_s` (each (n_outputs,)).
    `changed` is set by whatever moves or alters what the field sees, and is the caller's to clear. `moving`: something is on its way, or its
    feedback is; while it is not, and nothing is commanded or altered, `advance` has nothing to do.
    """

    def __init__(self, layout: Layout) -> None:
        self.outputs = layout.outputs
        n_outputs = len(layout.outputs)
        self.position = np.zeros(n_outputs)
        self.target = np.zeros(n_outputs)
        self.stuck = np.zeros(n_outputs, np.bool_)
        self.no_feedback = np.zeros(n_outputs, np.bool_)
        self.limit = np.ones(n_outputs)
        self.feedback_late_s = np.zeros(n_outputs)
        self._at_end_s = np.zeros(n_outputs)
        self.changed = True
        self.moving = True
        travel_s = np.array([ROLE_MEANING[output.output.role].travel_s for output in layout.outputs])
        self._latches = np.array([output.output.role in LATCHING for output in layout.outputs], np.bool_)
        self._rate_per_s = 1.0 / np.maximum(travel_s, 1e-9)
        feedbacks = [output.output.feedback or Feedback(point="") for output in layout.outputs]
        self._active = np.array([feedback.active for feedback in feedbacks])
        self._inactive = np.array([feedback.inactive for feedback in feedbacks])
        self.contacts = self._inactive.copy()

    def command(self, active: npt.NDArray[np.float64]) -> None:
        """Take over what the channels say (n_outputs,), 1 for active; what has tripped goes on to its end and stays there."""
        np.copyto(self.target, active)
        self.target[self._latches & (self.position > 0.0)] = 1.0

    def close(self, index: int) -> None:
        """Close a latching actuator by hand; one that is stuck, or whose trip command still stands, does not stay closed."""
        if not self.stuck[index]:
            self.position[index] = 0.0
            self.changed = True

    def advance(self, dt_s: float) -> None:
        """Move everything by `dt_s` towards `target`; what is stuck stays where it is, what has passed its limit is not drawn back."""
        away = np.minimum(self.target, np.maximum(self.limit, self.position)) - self.position
        away[self.stuck] = 0.0
        if away.any():
            step = self._rate_per_s * dt_s
            self.position += np.clip(away, -step, step)
            self.changed = True
        late = self.feedback_late_s > 0.0
        self.moving = bool(away.any() or late.any())
        if late.any():
            self._at_end_s = np.where(self.position >= AT_END, self._at_end_s + dt_s, 0.0)
            self.changed |= bool((late & (self._at_end_s > 0.0)).any())
        if self.changed:
            makes = ~self.no_feedback & (~late | (self._at_end_s > self.feedback_late_s))
            self.contacts[:] = np.where((self.position >= AT_END) & makes, self._active, self._inactive)

    def of(self, role: Role, zone: int) -> npt.NDArray[np.intp]:
        """Indices of a zone's outputs of one role, in the order of the site file."""
        indices = [o.index for o in self.outputs if o.output.role is role and o.zone == zone]
        return np.array(indices, np.intp)
