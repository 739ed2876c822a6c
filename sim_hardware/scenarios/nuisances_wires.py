"""Nuisances of instruments and of those who work on them: drift, lightning, maintenance, pulled cables."""

from collections.abc import Mapping

from controller.core.commands import Disable, Enable
from controller.site.model import Family
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.physics.aisle import DUST, EXTINCTION_M2_PER_KG
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG
from sim_hardware.scenarios.episode import ANALOGUE, Episode, Item, NuisanceKind, Range, among_servers, with_heads
from sim_hardware.scenarios.model import Act, Initiation, Input

HOUR_S, DAY_S = 3600.0, 86400.0
FITTER = "Lee (maintenance)"

DRIFT_PER_DAY: Mapping[Family, float] = {
    Family.CELL_TEMPERATURE: 3.0,
    Family.CELL_VOLTAGE: 0.01,
    Family.H2: 20.0,
    Family.CO: 8.0,
    Family.VOC: 15.0,
    Family.SMOKE: 0.1,
    Family.HEAT: 3.0,
    Family.CLIMATE_TEMPERATURE: 3.0,
    Family.CLIMATE_HUMIDITY: 5.0,
}
"""Drift of a bad instrument in its unit a day (assumed; catalogue parts drift so far in months: a bad one is what is drawn)."""
FORGETS = 0.3
"""Share of jobs on which the fitter forgets to take the head out of service (assumed; it is a known cause of lost agent)."""


def _sensor_drift(episode: Episode) -> tuple[Item, ...]:
    head = episode.choose(episode.heads(ANALOGUE))[0]
    family = Family(episode.site.heads[head].family)
    sign = 1.0 if episode.rng.random() < 1.0 / 2.0 else -1.0
    rate = sign * episode["share"] * DRIFT_PER_DAY[family] / DAY_S
    until_s = episode.at_s + episode["duration_s"]
    return (FaultSpec(kind="ramp", target=episode.point(head), param=rate, at_s=episode.at_s, until_s=until_s),)


def _lightning(episode: Episode) -> tuple[Item, ...]:
    """Absurd values for a moment at some points, and links that break and come back a little later."""
    heads = episode.choose(episode.heads(ANALOGUE), round(episode["points"]))
    devices = episode.choose(episode.devices(), round(episode["devices"]))
    flash_s = episode.at_s + episode["flash_s"]
    back_s = episode.at_s + episode["broken_s"]
    values = [
        FaultSpec(kind="out-of-range", target=episode.point(head), at_s=episode.at_s, until_s=flash_s) for head in heads
    ]
    links = [FaultSpec(kind="device-dead", target=device, at_s=episode.at_s, until_s=back_s) for device in devices]
    return (*values, *links)


def _maintenance(episode: Episode) -> tuple[Item, ...]:
    """Dust from filters and floors beside a smoke head, which the fitter takes out of service, unless that is forgotten."""
    end_s = episode.at_s + episode["duration_s"]
    dust = _dust(episode)
    inputs = episode.heads({Family.OCCUPIED})[:1]
    people = [Input(at_s=episode.at_s, input=head) for head in inputs]
    people += [Input(at_s=end_s, input=head, value=False) for head in inputs]
    if episode["diligence"] < FORGETS:
        return (dust, *people)
    head = episode.choose(episode.heads({Family.SMOKE}))[0]
    off = Act(command=Disable(operator=FITTER, subject=head), after_s=episode.at_s)
    on = Act(command=Enable(operator=FITTER, subject=head), after_s=end_s)
    return (dust, *people, off, on)


def _dust(episode: Episode) -> Initiation:
    """Dust, in a battery room as the smoke that dims as much."""
    begun_s, lasts_s, rate = episode.at_s + episode["before_s"], episode["duration_s"] / 2.0, episode["dust_g_per_s"]
    if among_servers(episode.site, episode.zone):
        return Initiation(kind="dust", zone=episode.zone, at_s=begun_s, duration_s=lasts_s, rate_g_per_s=rate)
    alike = float(EXTINCTION_M2_PER_KG[DUST]) / FLAMING_M2_PER_KG * rate
    return Initiation(kind="smoke", zone=episode.zone, at_s=begun_s, duration_s=lasts_s, smoke_g_per_s=alike)


def _cable_pull(episode: Episode) -> tuple[Item, ...]:
    """A plug comes out of one device, and goes back in when somebody has found it."""
    device = episode.choose(episode.devices())[0]
    back_s = episode.at_s + episode["duration_s"]
    return (FaultSpec(kind="device-dead", target=device, at_s=episode.at_s, until_s=back_s),)


WIRES: Mapping[str, NuisanceKind] = {
    "sensor-drift": NuisanceKind(
        "one instrument drifts, until it is set right",
        {
            "share": Range(0.05, 1.0, "of the drift of a bad instrument (assumed)"),
            "duration_s": Range(2.0 * HOUR_S, 5.0 * DAY_S, "until the next round of inspection (assumed)"),
        },
        with_heads(*ANALOGUE),
        _sensor_drift,
    ),
    "lightning": NuisanceKind(
        "a stroke nearby: absurd values for a moment, and links that break",
        {
            "points": Range(1.0, 6.0, "assumed"),
            "flash_s": Range(0.1, 2.0, "one to a few samples (assumed)"),
            "devices": Range(0.0, 3.0, "assumed"),
            "broken_s": Range(0.3, 20.0, "a reconnect to a restart (assumed)"),
        },
        with_heads(*ANALOGUE),
        _lightning,
    ),
    "maintenance": NuisanceKind(
        "dust of cleaning beside a smoke head, which is taken out of service or forgotten",
        {
            "duration_s": Range(600.0, 3.0 * HOUR_S, "assumed"),
            "before_s": Range(30.0, 300.0, "assumed"),
            "dust_g_per_s": Range(
                0.003, 0.2, "dust of cleaning has set off releases (ORR, dirty environments); how much is assumed"
            ),
            "diligence": Range(0.0, 1.0, "below 0.3: forgotten"),
        },
        with_heads(Family.SMOKE),
        _maintenance,
    ),
    "cable-pull": NuisanceKind(
        "a device loses its cable",
        {"duration_s": Range(2.0, 1800.0, "a loose plug to half an hour's search (assumed)")},
        with_heads(*ANALOGUE),
        _cable_pull,
    ),
}  # fmt: skip
"""By name."""
