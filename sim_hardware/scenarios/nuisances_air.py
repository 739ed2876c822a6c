"""Nuisances that are really there: what runs, blows, smokes and warms in a room without being a fire."""

from collections.abc import Mapping

from controller.site.model import Family
from sim_hardware.scenarios.episode import (
    Episode,
    Item,
    NuisanceKind,
    Range,
    among_batteries,
    among_servers,
    anywhere,
    with_heads,
)
from sim_hardware.scenarios.model import Ambient, Cycle, Initiation, Input, Outage

MINUTE_S, HOUR_S = 60.0, 3600.0
VAPOUR_L_PER_G = 0.40
"""Vapour of a gram of isopropanol at 20 degC: 24.06 l/mol over 60.1 g/mol, litres."""


def _charge_cycle(episode: Episode) -> tuple[Item, ...]:
    taken_s = episode["discharge_s"] * (1.0 + episode["discharge_a"] / episode["charge_a"]) + episode["rest_s"]
    cycle = Cycle(
        at_s=episode.at_s,
        zone=episode.zone,
        every_s=taken_s + MINUTE_S,
        discharge_a=episode["discharge_a"],
        discharge_s=episode["discharge_s"],
        rest_s=episode["rest_s"],
        charge_a=episode["charge_a"],
        until_s=episode.at_s + MINUTE_S,
    )
    return (cycle,)


def _ambient_swing(episode: Episode) -> tuple[Item, ...]:
    ambient = Ambient(
        at_s=episode.at_s,
        zone=episode.zone,
        mean_degc=episode["mean_degc"],
        day_swing_k=episode["day_swing_k"],
        weather_k=episode["weather_k"],
        seed=int(episode.rng.integers(2**31)),
    )
    return (ambient,)


def _door_openings(episode: Episode) -> tuple[Item, ...]:
    """As many openings as drawn, each for as long as drawn, give or take a third, of one door."""
    door = episode.choose(episode.heads({Family.DOOR}))[0]
    now_s = episode.at_s
    items: list[Item] = []
    for _ in range(round(episode["count"])):
        open_s = episode["open_s"] * float(episode.rng.uniform(2.0 / 3.0, 4.0 / 3.0))
        items += [Input(at_s=now_s, input=door), Input(at_s=now_s + open_s, input=door, value=False)]
        now_s += open_s + episode["gap_s"] * float(episode.rng.uniform(2.0 / 3.0, 4.0 / 3.0))
    return tuple(items)


def _hvac_failure(episode: Episode) -> tuple[Item, ...]:
    end_s = episode.at_s + episode["duration_s"]
    outage = Outage(at_s=episode.at_s, zone=episode.zone, until_s=end_s)
    losses = _there(episode, "losses", power_w=episode["losses_w"])
    return (outage, losses)


def _generator_co(episode: Episode) -> tuple[Item, ...]:
    return (_there(episode, "gas", co_l_per_s=episode["co_l_per_s"]),)


def _forklift_exhaust(episode: Episode) -> tuple[Item, ...]:
    exhaust = _there(episode, "gas", co_l_per_s=episode["co_l_per_s"])
    engine = _there(episode, "heat", power_w=episode["heat_w"])
    return (exhaust, engine)


def _solvent_spray(episode: Episode) -> tuple[Item, ...]:
    rack = episode.rack() if episode["beside_rack"] < BESIDE_RACK else ""
    vapour = VAPOUR_L_PER_G * episode["spray_g_per_s"]
    return (_there(episode, "gas", rack=rack, voc_l_per_s=vapour),)


BESIDE_RACK = 0.5
"""Share of sprays that are used at a rack (assumed); the others somewhere in the room."""


def _spray_can(episode: Episode) -> tuple[Item, ...]:
    return (_there(episode, "aerosol", rate_g_per_s=episode["spray_g_per_s"]),)


def _steam_leak(episode: Episode) -> tuple[Item, ...]:
    return (_there(episode, "steam", rate_g_per_s=episode["steam_g_per_s"]),)


def _soldering(episode: Episode) -> tuple[Item, ...]:
    return (_there(episode, "smoke", smoke_g_per_s=episode["smoke_g_per_s"]),)


def _there(episode: Episode, kind: str, **rates: float | str) -> Initiation:
    """Something that lasts for the episode's `duration_s`."""
    fields = {"kind": kind, "zone": episode.zone, "at_s": episode.at_s, "duration_s": episode["duration_s"], **rates}
    return Initiation(**fields)  # type: ignore[arg-type]


AIR: Mapping[str, NuisanceKind] = {
    "charge-cycle": NuisanceKind(
        "a discharge, a rest and the recharge of all strings of a room",
        {
            "discharge_a": Range(13.0, 65.0, "0.2 to 1 C of 65 Ah: a UPS test or a grid service (assumed)"),
            "discharge_s": Range(120.0, 900.0, "UPS run times of minutes (assumed)"),
            "rest_s": Range(0.0, 600.0, "assumed"),
            "charge_a": Range(6.5, 32.5, "0.1 to 0.5 C, the upper end a fast charge (assumed)"),
        },
        among_batteries,
        _charge_cycle,
    ),
    "ambient-swing": NuisanceKind(
        "the days and the weather outside the walls, from here on",
        {
            "mean_degc": Range(-5.0, 28.0, "monthly means of a year in Seoul, rounded (assumed)"),
            "day_swing_k": Range(2.0, 7.0, "half of the usual 4 to 14 K between night and day (assumed)"),
            "weather_k": Range(0.5, 6.0, "passing fronts (assumed)"),
        },
        anywhere,
        _ambient_swing,
    ),
    "door-openings": NuisanceKind(
        "somebody goes in and out",
        {
            "count": Range(1.0, 8.0, "assumed"),
            "open_s": Range(4.0, 300.0, "a passage to a door propped open (assumed)"),
            "gap_s": Range(20.0, 900.0, "assumed"),
        },
        with_heads(Family.DOOR),
        _door_openings,
    ),
    "hvac-failure": NuisanceKind(
        "the air conditioning stands still, while losses go on warming the room",
        {
            "duration_s": Range(10.0 * MINUTE_S, 6.0 * HOUR_S, "a trip to a night until somebody comes (assumed)"),
            "losses_w": Range(200.0, 4000.0, "chargers and switchgear in the room (assumed)"),
        },
        anywhere,
        _hvac_failure,
    ),
    "generator-co": NuisanceKind(
        "the exhaust of a generator on test comes in with the air",
        {
            "duration_s": Range(10.0 * MINUTE_S, HOUR_S, "a monthly test of half an hour and more (assumed)"),
            "co_l_per_s": Range(
                0.0005, 0.02, "some to some hundred ppm in the room; NIST garage tests saw 10 to 10,000 ppm (Emmerich et al.)"
            ),
        },
        among_batteries,
        _generator_co,
    ),
    "forklift-exhaust": NuisanceKind(
        "a fork-lift with an engine drives in and works",
        {
            "duration_s": Range(20.0, 600.0, "assumed"),
            "co_l_per_s": Range(
                0.03, 1.0, "16 l/min idling and 61 l/min working on average, Fawcett et al., J Occup Med 34, 1992; less if tuned"
            ),
            "heat_w": Range(5000.0, 40000.0, "an engine's losses (assumed)"),
        },
        among_batteries,
        _forklift_exhaust,
    ),
    "solvent-spray": NuisanceKind(
        "contact cleaner from a can, at a rack or in the room",
        {
            "duration_s": Range(1.0, 60.0, "up to half a can (assumed)"),
            "spray_g_per_s": Range(0.5, 3.0, "flow of an aerosol valve (assumed)"),
            "beside_rack": Range(0.0, 1.0, "below a half: at a rack"),
        },
        among_batteries,
        _solvent_spray,
    ),
    "spray-can": NuisanceKind(
        "somebody sprays a can in a server room",
        {
            "duration_s": Range(1.0, 30.0, "assumed"),
            "spray_g_per_s": Range(0.3, 2.0, "flow of an aerosol valve (assumed)"),
        },
        among_servers,
        _spray_can,
    ),
    "steam-leak": NuisanceKind(
        "a humidifier lets steam into a server room",
        {
            "duration_s": Range(10.0, 1800.0, "assumed"),
            "steam_g_per_s": Range(0.05, 5.0, "up to 18 kg/h, a large humidifier's whole output (assumed)"),
        },
        among_servers,
        _steam_leak,
    ),
    "soldering": NuisanceKind(
        "a soldering iron or a heat gun smokes a little",
        {
            "duration_s": Range(5.0, 600.0, "a joint to a bench of work (assumed)"),
            "smoke_g_per_s": Range(0.0001, 0.003, "1 to 3 % flux of 1 g/min solder is 0.5 mg/s, a heat gun on sleeves more (assumed)"),
        },
        anywhere,
        _soldering,
    ),
}  # fmt: skip
"""By name."""
