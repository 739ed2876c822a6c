"""A run made by hand: a small fire in rack 4 of the hall, with the events and the truth that it would leave."""

from pathlib import Path

from controller.core.events import Event, Evidence, Feature, Kind
from controller.site.loader import load
from controller.site.model import Site
from sim_hardware.devices.truth import BatteryTruth, Truth
from sim_hardware.report.record import Record
from sim_hardware.scenarios.model import Criterion, Initiation, Scenario

HALL = Path(__file__).parents[3] / "deploy" / "sites" / "hall.toml"
CELL = Evidence("cell-temperature-4", Feature.RUNAWAY, "bms-4-temperature[72]", 86.7, 80.0)
SMOKE = Evidence("smoke-1", Feature.HIGH, "asd-1-obscuration[0]", 7.0, 6.56)
CO = Evidence("co-4", Feature.ABOVE_REFERENCE, "gas-co[3]", 309.0, 300.0)


def event(at_s: float, kind: Kind, subject: str, what: str, *evidence: Evidence, operator: str = "") -> Event:
    """An event of the hall."""
    return Event(round(at_s * 10), round(at_s * 1000), kind, "hall", subject, what, "", evidence, operator)


def fire_events() -> tuple[Event, ...]:
    """Gas, isolation, runaway and smoke, pre-warning, release, coolant; a person is asked and answers."""
    return (
        event(20, Kind.LEVEL, "co-4", "alarm", CO),
        event(20, Kind.RESPONSE, "rack-4", "isolate-wanted", CO),
        event(23, Kind.RESPONSE, "rack-4", "isolate-proven"),
        event(40, Kind.REQUEST, "rack-4", "confirm-isolated"),
        event(45, Kind.COMMAND, "rack-4", "confirm-isolated", operator="Kim & <Lee>"),
        event(100, Kind.LEVEL, "cell-temperature-4", "alarm (runaway)", CELL),
        event(104, Kind.LEVEL, "smoke-1", "alarm", SMOKE),
        event(104, Kind.STAGE, "hall", "activated", CELL, SMOKE),
        event(105, Kind.RESPONSE, "rack-4", "cool-allowed"),
        event(108, Kind.RESPONSE, "hall", "coolant-flowing"),
        event(110, Kind.OUTPUT, "exhaust", "active"),
        event(134, Kind.STAGE, "hall", "releasing", CELL, SMOKE),
        event(136, Kind.STAGE, "hall", "released"),
    )


def truth_at(at_s: int, *, runaway: int = 0, neighbour: int = 0) -> Truth:
    """The plant at one moment: `runaway` cells of rack 4, `neighbour` cells of rack 5."""
    hot = [[25.0] * 8 for _ in range(8)]
    hot[3][4] = 25.0 + at_s
    hot[4][4] = 30.0 + 200.0 * neighbour
    counts = [0, 0, 0, runaway, neighbour, 0, 0, 0]
    began = [None, None, None, 98.0 if runaway else None, 150.0 if neighbour else None, None, None, None]
    room = BatteryTruth(
        zone="hall", module_max_degc=hot, vented=counts, runaway=counts, modules_in_runaway=int(runaway > 0),
        first_vent_s=[None, None, None, 18.0 if at_s >= 18 else None, None, None, None, None], first_runaway_s=began,
        second_runaway_s=120.0 if runaway > 1 else None, h2_ppm=[float(at_s)] * 8, room_h2_ppm=1.0,
        room_lower_limit_share=0.0, can_deflagrate=False,
        deflagrations=0, first_deflagration_s=None, deflagration_kpa=0.0, room_degc=22.0,
        smoke_pct_per_m=[0.1, 0.2], agent_pct=5.3 if at_s > 140 else 0.0, agent_left_kg=100.0, coolant_lpm=[0.0] * 8,
        current_a=[1.0] * 8,
    )  # fmt: skip
    return Truth(at_s * 1000, [room], [], {}, [])


def scenario(*criteria: Criterion) -> Scenario:
    """The drill of that fire."""
    start = Initiation(kind="runaway-drill", zone="hall", at_s=5.0, rack="rack-4", module=4, cell=8)
    return Scenario(
        name="made-by-hand", title="A fire <made> by hand", title_ko="시험용 화재", site="hall.toml", duration_s=200.0,
        initiations=(start,), criteria=criteria,
    )  # fmt: skip


def site() -> Site:
    """The hall."""
    return load(HALL)


def record(*criteria: Criterion, neighbour: int = 0, overruns: int = 0) -> Record:
    """The whole run."""
    truths = [truth_at(s, runaway=0 if s < 98 else 1 if s < 120 else 2) for s in range(0, 200, 5)]
    truths.append(truth_at(200, runaway=2, neighbour=neighbour))
    return Record(
        site(), scenario(*criteria), 1, 5.0, fire_events(), tuple(truths), scans=2000, overruns=overruns, wall_s=40.0
    )
