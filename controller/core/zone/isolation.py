"""The isolation set of a rack (rule 7): the planner's least set of breakers, what goes dark by it, and its proof by the breakers' contacts."""

from controller.core.draft import Draft
from controller.site.power import Plan, said


def others_go_dark(draft: Draft, rack: int) -> bool:
    """The site wants a person to decide where cutting the rack takes the last feed of something else."""
    plan = draft.rules.plans[rack]
    return draft.layout.site.site.while_others_go_dark == "ask" and plan is not None and bool(plan.dark)


def opens(draft: Draft, rack: int) -> str:
    """What is opened for the rack and what goes dark by it, for people; empty where it is the rack's one breaker alone."""
    plan = draft.rules.plans[rack]
    return said(plan) if plan is not None and (plan.dark or len(plan.breakers) > 1) else ""


def can_open(draft: Draft, rack: int) -> bool:
    """Whether breakers make the rack dead, and none of the least set is out of service."""
    breakers = [draft.layout.outputs[breaker].name for breaker in draft.rules.breakers[rack]]
    return bool(breakers) and not any(name in draft.disabled for name in breakers)


def asked_to_open(draft: Draft, rack: int) -> str:
    """What a person is asked to open for the rack."""
    name, what = draft.layout.racks[rack], opens(draft, rack)
    return f"{what}: by hand, to isolate {name}" if what else f"Open the breaker of {name} by hand"


def shown_open(draft: Draft, rack: int) -> bool:
    """Nothing feeds the rack through breakers that say open, in this very scan: those of its set, or others that a person opened."""
    return draft.rules.power.is_dead(draft.layout.racks[rack], _opened(draft, rack))


def shown_fed(draft: Draft, rack: int) -> bool:
    """Breakers that do not say open feed the rack; of those that are not read, those that said open last do not."""
    return not draft.rules.power.is_dead(draft.layout.racks[rack], still_open(draft, rack))


def still_open(draft: Draft, rack: int) -> tuple[str, ...]:
    """Breakers in the rack's ways that say open, and those not read now that said so last."""
    outputs, says, opened = draft.layout.outputs, draft.inputs.feedback, draft.racks[rack].opened
    ways = draft.rules.in_ways[rack]
    return tuple(outputs[b].name for b in ways if says[b] == 1 or (says[b] < 0 and outputs[b].name in opened))


def _opened(draft: Draft, rack: int) -> tuple[str, ...]:
    """Breakers in the rack's ways whose contacts say open."""
    ways = draft.rules.in_ways[rack]
    return tuple(draft.layout.outputs[b].name for b in ways if draft.inputs.feedback[b] == 1)


def _instead(draft: Draft, rack: int, stuck: tuple[str, ...]) -> Plan | None:
    """The best set without what is stuck; where several of the set are, without any of it."""
    plan, found = draft.rules.plans[rack], draft.rules.instead[rack]
    if plan is None:
        return None
    return found[plan.breakers.index(stuck[0]) if len(stuck) == 1 else -1]


def not_proven(draft: Draft, rack: int) -> str:
    """Which breaker of the set is silent, and the least set without it that a person may open instead."""
    name = draft.layout.racks[rack]
    plan, outputs = draft.rules.plans[rack], draft.layout.outputs
    stuck = tuple(outputs[b].name for b in draft.rules.breakers[rack] if draft.inputs.feedback[b] != 1)
    other = _instead(draft, rack, stuck)
    if plan is None or (len(plan.breakers) == 1 and other is None):
        return f"The breaker of {name} is not proven open: open it by hand, then confirm the isolation at the panel."
    instead = f", or instead {said(other)[0].lower()}{said(other)[1:]}" if other else ""
    return (
        f"{name}: not proven open: {', '.join(stuck)}. Open by hand{instead}, then confirm the isolation at the panel."
    )
