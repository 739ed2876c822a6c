"""Makes the status of the site from the core, on request; never in the scan's path."""

import math

from controller.core.events import Level
from controller.core.image import Image
from controller.core.latch import LEVEL_NAMES
from controller.core.layout import OutputLayout
from controller.core.rules import ZoneRules
from controller.core.scan import Controller
from controller.core.state import NEVER, RackState
from controller.core.status import (
    CoreStatus,
    Countdown,
    HeadStatus,
    OutputStatus,
    RackStatus,
    TroubleStatus,
    ZoneStatus,
)
from controller.core.troubles import TRIPS
from controller.core.zone.alarms import due_ms
from controller.site.model import Family


def core_status(controller: Controller, image: Image, *, cells: bool = False) -> CoreStatus:
    """The status after the scan of `image`; `cells` adds every cell's temperature (for a heat map)."""
    state, layout = controller.state, controller.layout
    shown = (trip for trip in state.trips if trip.shown)
    return CoreStatus(
        image.scan,
        image.tick_ms,
        layout.site.site.mode,
        tuple(_zone(controller, rules, image, cells=cells) for rules in controller.rules.zones),
        tuple(_output(controller, output) for output in layout.outputs),
        tuple(_trouble(trip.trip, trip.subject, trip.since_ms) for trip in shown),
        state.disabled,
    )


def _zone(controller: Controller, rules: ZoneRules, image: Image, *, cells: bool) -> ZoneStatus:
    state = controller.state.zones[rules.index]
    return ZoneStatus(
        rules.name,
        rules.zone.title,
        rules.zone.title_ko,
        state.stage,
        state.since_ms,
        state.due_ms,
        state.trigger,
        state.active,
        state.inhibits,
        state.availability,
        state.occupied,
        state.acknowledged,
        state.silenced,
        state.first_fire_ms,
        tuple(_heads(controller, rules)),
        tuple(_rack(controller, rack, image, cells=cells) for rack in rules.racks),
        _level(controller, rules),
        state.alarm,
        due_ms(rules, state),
        state.investigate_ms != NEVER,
        state.coincidence,
        state.routing,
        state.delays,
        state.extended_due_ms,
        state.extract_due_ms,
    )


def _level(controller: Controller, rules: ZoneRules) -> str:
    alone = (controller.state.heads[head.index].level for head in rules.sensing)
    return LEVEL_NAMES[Level(max(controller.state.zones[rules.index].weighed, *alone, 0))]


def _heads(controller: Controller, rules: ZoneRules) -> list[HeadStatus]:
    result = []
    for head in rules.sensing:
        latch = controller.state.heads[head.index]
        now = controller.inputs.heads[head.index] if controller.inputs else None
        level, fault = (now.level, now.fault) if now else (0, 0)
        if latch.level or level or fault:
            names = LEVEL_NAMES[Level(latch.level)], LEVEL_NAMES[Level(level)]
            result.append(HeadStatus(head.name, *names, fault, latch.evidence))
    return result


def _rack(controller: Controller, rack: int, image: Image, *, cells: bool) -> RackStatus:
    state: RackState = controller.state.racks[rack]
    hottest = float(controller.readings.rack_hottest_degc[rack]) if controller.readings else math.nan
    grid: tuple[float | None, ...] = ()
    if cells:
        grid = tuple(
            None if math.isnan(value) else round(value, 1)
            for head in controller.layout.heads
            if head.rack == rack and head.head.family is Family.CELL_TEMPERATURE
            for value in image.value[head.points].tolist()
        )
    return RackStatus(
        controller.layout.racks[rack],
        None if math.isnan(hottest) else hottest,
        state.isolation,
        state.runaway,
        state.cool,
        grid,
        _countdown(controller, rack),
        *(controller.rules.plans[rack] or ((), ())),
    )


def _countdown(controller: Controller, rack: int) -> Countdown | None:
    r = controller.readings
    if r is None or math.isnan(r.rack_runaway_s[rack]):
        return None
    return Countdown(
        *(round(float(of[rack]), 1) for of in (r.rack_runaway_s, r.rack_runaway_low_s, r.rack_runaway_high_s))
    )


def _output(controller: Controller, output: OutputLayout) -> OutputStatus:
    state = controller.state.outputs[output.index]
    field = controller.inputs.feedback[output.index] if controller.inputs else NEVER
    zone = controller.layout.zones[output.zone]
    until_ms = dict(controller.state.forced).get(output.name, NEVER)
    return OutputStatus(output.name, zone, state.wanted != output.output.normal, state.drive, field, until_ms)


def _trouble(trip: str, subject: str, since_ms: int) -> TroubleStatus:
    row = TRIPS[trip]
    return TroubleStatus(trip, subject, since_ms, row.severity, row.guidance, row.guidance_ko)
