"""The figures of a run by name: what a scenario's criteria may name as `metric`.

Names end in their unit (`_s` seconds, `_degc`, `_pct`, `_kpa`); all others are counts, or 1 for yes and 0 for no. None: it never came about.
A figure that asks for what had to come *before* something that never came is infinite.

==================================  ====================================================================================
scan_overruns_pct                   share of scans that came late; no drill passes above 1
alarms, pre_alarms, advisories      rises to that level, of any head; a strong off-gas is a pre-alarm, not a fire alarm
highest                             highest stage of any zone: 0 normal, 1 watch, 2 isolate, 3 fire, 4 activated, 5 released
releases, requests, troubles        releases of agent, requests to people, troubles raised
first_sign_s, first_fire_s          the first head that said anything; the first fire alarm
sign_before_runaway_s               from the first sign to the first cell's runaway
isolated_rack_right                 the first rack that was isolated is the one where it began
isolation_after_fire_s              first fire alarm to isolation proven, of that rack; negative: it came before
isolation_before_second_cell_s      isolation proven to the runaway of a second cell
asked_after_wanted_s                isolation of that rack wanted to a person asked
asked_after_fire_s                  first fire alarm to a person asked
confirmed_after_fire_s              first fire alarm to rule 3's coincidence
release_after_confirmed_s           rule 3's coincidence to the command of the agent
release_over_warning_s              first fire alarm to the command of the agent, beyond the site's pre-warning
release_by_rule_3                   the evidence of the activation is a pair that rule 3 allows
released_after_command_s            command of the agent to the field's word that it flows
releases_unconfirmed                releases for which the field's word never came
coolant_after_fire_s                first fire alarm to coolant flowing
cells_vented, cells_in_runaway, modules_in_runaway, racks_in_runaway
neighbour_peak_degc                 hottest cell of any other rack
neighbour_runaway_cells, spread_s   cells of other racks in runaway; when the first of them ran away
cells_after_release                 cells that ran away after agent was let go
agent_peak_pct                      highest agent concentration
hand_over_s, guard_s                when the zone was handed over; when it was found controlled
isolation_before_smoke_s            isolation of that rack proven to the first smoke alarm
isolation_before_runaway_s          isolation of that rack proven to the first cell's runaway
coolant_after_isolated_s            that rack proven off the bus, or a person's word, to coolant flowing; negative: rule 7 broken
barrier_after_coolant_s             coolant flowing to the water barrier proven up; negative: the barrier came first
hand_over_after_fire_s              first fire alarm to the brigade asked for
fire_after_runaway_s                the first cell's runaway to the first fire alarm
activations_by_heads                activations of any zone for which heads spoke, not the wired call point
released_while_occupied             releases while the zone's wired input said that people are inside
exhaust_after_release_s             seconds the zone's exhaust ran after the release and its run-down
kept_out_pct                        share of the time from the release on in which a sign or sounder kept people out
room_peak_h2_pct, room_peak_degc    highest of the room's mean hydrogen (volume %) and air
flammable_s                         seconds in which the air below the ceiling would burn if something lit it
deflagrations, deflagration_s       how often it did, hard enough to break a window, and when first
deflagration_kpa                    its overpressure, at most (`sim_hardware.physics.deflagration`): 7 opens doors, 14 to 21 break walls
hottest_at_sign_degc                hottest cell when the first head said anything
vent_to_runaway_s, vent_to_smoke_s, runaway_to_smoke_s   first vent, first runaway, first smoke alarm (as FSRI test 2 tells them)
==================================  ====================================================================================
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from controller.core.events import Kind
from controller.core.layout import lay_out
from controller.core.state import Stage
from controller.core.zone.coincidence import releasing_pairs
from controller.site.model import Family
from sim_hardware.devices.truth import BatteryTruth
from sim_hardware.report import moments
from sim_hardware.report.lessons import lead, lessons
from sim_hardware.report.moments import between, first
from sim_hardware.report.record import Record

Figures = Mapping[str, float | None]

OVERRUNS = "scan_overruns_pct"
HIGHEST = ("normal", "watch", "isolate", "fire", "activated", "released")


def figures(record: Record) -> dict[str, float | None]:
    """All figures of a run."""
    return {
        OVERRUNS: 100.0 * record.overruns / record.scans if record.scans else 0.0,
        **_counts(record),
        **_response_figures(record),
        **_release_figures(record),
        **_plant_figures(record),
        **_fsri_figures(record),
        **lessons(record),
    }


def _counts(record: Record) -> dict[str, float | None]:
    rises = [event for event in record.events if event.kind is Kind.LEVEL]
    alarms = [event for event in rises if event.what in moments.ALARMS]
    fires = [event for event in alarms if moments.is_fire(record, event)]
    kinds = [event.kind for event in record.events]
    troubles = [e for e in record.events if e.kind is Kind.TROUBLE and not e.what.endswith(":cleared")]
    stages = [event.what for event in record.events if event.kind is Kind.STAGE]
    return {
        "alarms": len(fires),
        "pre_alarms": sum(event.what.startswith("pre-alarm") for event in rises) + len(alarms) - len(fires),
        "advisories": sum(event.what.startswith("advisory") for event in rises),
        "highest": HIGHEST.index(highest(record)),
        "releases": sum(stage == Stage.RELEASING for stage in stages),
        "requests": kinds.count(Kind.REQUEST),
        "troubles": len(troubles),
    }


def highest(record: Record) -> str:
    """The highest stage that any zone reached."""
    reached = {"normal"}
    for event in record.events:
        if event.kind is Kind.LEVEL:
            named = {"advisory": "watch", "pre-alarm": "isolate", "alarm": "isolate"}
            reached.add("fire" if moments.is_fire(record, event) else named.get(event.what.split(" ")[0], "normal"))
        elif event.kind is Kind.STAGE and event.what == Stage.ACTIVATED:
            reached.add("activated")
        elif event.kind is Kind.STAGE and event.what == Stage.RELEASING:
            reached.add("released")
    return max(reached, key=HIGHEST.index)


def _response_figures(record: Record) -> dict[str, float | None]:
    fire_s = moments.first_fire_s(record)
    sign_s = moments.at_s(first(record, Kind.LEVEL))
    rack = record.racks[record.origin_rack] if record.origin_rack >= 0 else ""
    wanted = first(record, Kind.RESPONSE, "isolate-wanted")
    wanted_s = moments.at_s(first(record, Kind.RESPONSE, "isolate-wanted", rack))
    proven_s = moments.at_s(first(record, Kind.RESPONSE, "isolate-proven", rack))
    asked_s = moments.at_s(first(record, Kind.REQUEST, ("confirm-isolated", "open-breaker")))
    return {
        "first_sign_s": sign_s,
        "first_fire_s": fire_s,
        "sign_before_runaway_s": between(sign_s, moments.first_runaway_s(record)),
        "isolated_rack_right": None if wanted is None else float(wanted.subject == rack),
        "isolation_after_fire_s": between(fire_s, proven_s),
        "isolation_before_second_cell_s": lead(proven_s, moments.second_runaway_s(record)),
        "asked_after_wanted_s": between(wanted_s, asked_s),
        "asked_after_fire_s": between(fire_s, asked_s),
        "coolant_after_fire_s": between(fire_s, moments.at_s(first(record, Kind.RESPONSE, "coolant-flowing"))),
        "hand_over_s": moments.at_s(first(record, Kind.REQUEST, "hand-over")),
        "guard_s": moments.at_s(first(record, Kind.RESPONSE, "guard-started")),
    }


def _release_figures(record: Record) -> dict[str, float | None]:
    release = record.site.zones[record.zone].release
    confirmed_s = moments.stage_s(record, Stage.ACTIVATED)
    command_s = moments.stage_s(record, Stage.RELEASING)
    fire_s = moments.first_fire_s(record)
    unconfirmed = [e for e in record.events if e.kind is Kind.STAGE and e.what == Stage.UNCONFIRMED]
    return {
        "confirmed_after_fire_s": between(fire_s, confirmed_s),
        "release_after_confirmed_s": between(confirmed_s, command_s),
        "release_over_warning_s": between(release.pre_warning_s, between(fire_s, command_s)) if release else None,
        "release_by_rule_3": _by_rule_3(record),
        "released_after_command_s": between(command_s, moments.stage_s(record, Stage.RELEASED)),
        "releases_unconfirmed": len(unconfirmed),
    }


def _by_rule_3(record: Record) -> float | None:
    """Whether the evidence of the first activation is a pair that may release together."""
    activated = first(record, Kind.STAGE, Stage.ACTIVATED, record.zone)
    if activated is None:
        return None
    layout = lay_out(record.site)
    allowed = {frozenset((a.name, b.name)) for a, b in releasing_pairs(layout, layout.zones.index(record.zone))}
    return float(frozenset(e.head for e in activated.evidence) in allowed)


def _plant_figures(record: Record) -> dict[str, float | None]:
    battery = record.battery()
    if not battery:
        return {"agent_peak_pct": max((s.agent_pct for _, s in record.server()), default=0.0)}
    last = battery[-1][1]
    others = [k for k in range(len(last.runaway)) if k != record.origin_rack]
    command_s = moments.stage_s(record, Stage.RELEASING)
    at_command = next((sum(b.runaway) for s, b in battery if command_s is not None and s >= command_s), None)
    return {
        "cells_vented": sum(last.vented),
        "cells_in_runaway": sum(last.runaway),
        "modules_in_runaway": last.modules_in_runaway,
        "racks_in_runaway": sum(count > 0 for count in last.runaway),
        "neighbour_peak_degc": max((max(b.module_max_degc[k]) for _, b in battery for k in others), default=None),
        "neighbour_runaway_cells": sum(last.runaway[k] for k in others),
        "spread_s": moments.spread_s(record),
        "cells_after_release": None if at_command is None else sum(last.runaway) - at_command,
        "agent_peak_pct": max(b.agent_pct for _, b in battery),
        "flammable_s": _flammable_s(battery),
        "deflagrations": last.deflagrations,
        "deflagration_s": last.first_deflagration_s,
        "deflagration_kpa": last.deflagration_kpa,
    }


def _flammable_s(battery: Sequence[tuple[float, BatteryTruth]]) -> float:
    """Each truth counts until the next."""
    return sum(after - before for (before, room), (after, _) in pairwise(battery) if room.can_deflagrate)


def _fsri_figures(record: Record) -> dict[str, float | None]:
    vent_s, runaway_s = moments.first_vent_s(record), moments.first_runaway_s(record)
    smoke_s = moments.family_alarm_s(record, Family.SMOKE)
    return {
        "vent_to_runaway_s": between(vent_s, runaway_s),
        "vent_to_smoke_s": between(vent_s, smoke_s),
        "runaway_to_smoke_s": between(runaway_s, smoke_s),
    }
