"""A scan that is about to be decided, with zones, outputs and heads set as a test wants them: for what a story reaches in rare turns alone."""

from typing import Any

from msgspec.structs import replace

from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from tests.controller.core.field import SCAN_MS, Field


def draft_of(
    field: Field,
    *,
    zones: dict[str, dict[str, Any]] | None = None,
    outputs: dict[str, dict[str, Any]] | None = None,
    heads: dict[str, dict[str, Any]] | None = None,
) -> Draft:
    """The next scan of a field on the inputs of its last one; by name, the parts of the state that are otherwise."""
    state, inputs, layout = field.controller.state, field.controller.inputs, field.layout
    assert inputs is not None
    state = replace(
        state,
        zones=tuple(replace(s, **(zones or {}).get(n, {})) for n, s in zip(layout.zones, state.zones, strict=True)),
        outputs=tuple(
            replace(s, **(outputs or {}).get(o.name, {})) for o, s in zip(layout.outputs, state.outputs, strict=True)
        ),
        heads=tuple(
            replace(s, **(heads or {}).get(h.name, {})) for h, s in zip(layout.heads, state.heads, strict=True)
        ),
    )
    place = (field.scan_number + 1, field.tick_ms + SCAN_MS)
    return Draft(field.controller.rules, state, inputs, place, field.script.evidence)


def rules_of(draft: Draft, zone: str = "hall") -> ZoneRules:
    """A zone's rules."""
    return draft.rules.zones[draft.layout.zones.index(zone)]
