"""What a head is judged by when its site file says nothing: documented limits of every family.

A number names its source; "assumed" marks one that nobody has verified for this use, be it a maker's habit or a norm quoted from
memory, and that a commissioning engineer must look at. Temperatures degC, voltages V, gas ppm over the room, smoke %/m.
"""

import msgspec

from controller.core.detect.run_length import limit_for
from controller.core.events import Level
from controller.site.model import Family, Head, Limits, Principle

MAX_OPERATING_DEGC = 80.0
"""A cell above it that heats itself by 1 K/s for more than 3 s is running away (GB 38031-2025 C.5.3.7; 80 assumed)."""
COLLAPSE_SHARE = 0.25
"""A cell that loses more of its voltage within the rate window has collapsed (GB 38031-2025 C.5.3.7: 25 %)."""
CUSUM_SLACK = 1.5
"""Deviation that the cumulative sums of cells let pass, in spreads (assumed: 0.45 K of load and place, 15 mV of resistances apart)."""
CUSUM_RUN_LENGTH = 1024 * 2 * 2 * 365.25 * 86400.0
"""Samples to a false drift of one sum: a year for a room of 1,024 cells, two quantities, two sides, a sample a second, by independent noise."""

_CELL_TEMPERATURE = Limits(
    low=-40.0,
    high=1000.0,  # a burning cell reaches 350 to 1,000 degC (calorimetry of published cells): hot is not absurd
    advisory=60.0,  # assumed, BMS habit: warn at 55 to 60
    pre_alarm=70.0,  # assumed, BMS habit: trip at 60 to 70
    hysteresis=2.0,  # assumed
    persistence_s=3.0,  # as long as the rule of runaway asks for
    deviation_advisory=5.0,  # assumed, BMS habit: warn
    deviation_pre_alarm=10.0,  # assumed, BMS habit: alarm
    rate_window_s=30.0,  # assumed: noise of 0.1 K gives 0.005 K/s over it
    rate_pre_alarm=0.1,  # assumed: a full charge in half an hour heats by 0.01 K/s
    slew=50.0,  # K/s, assumed
    stuck_s=1800.0,  # assumed; noise or resolution moves 0.1 K much oftener
    slope_clip=5.0,  # assumed: two wild samples in a row stay under the rate of the pre-alarm
    bias_tau_s=86400.0,  # science.md 7: a day
    suspicious=2.0,  # science.md 7
    spread_floor=0.3,  # science.md 7
    cusum_slack=CUSUM_SLACK,
    cusum_limit=limit_for(CUSUM_RUN_LENGTH, CUSUM_SLACK),
    heat_slack=0.02,  # assumed: twice a full charge in half an hour
    common_rise=3.0,  # assumed
    rate_60_advisory=0.03,  # assumed: three times a full charge in half an hour
    rate_600_advisory=0.015,  # assumed: half as much again as that charge, held for most of it
    dip=1.0,  # science.md 7: 1 to 5 K
)
"""Every cell has its sensor, 0.1 K, about 1 s."""

_CELL_TEMPERATURE_COARSE = msgspec.structs.replace(
    _CELL_TEMPERATURE,
    deviation_advisory=None,
    deviation_pre_alarm=None,
    dip=None,
    rate_window_s=60.0,  # assumed: one step of 1 K gives 0.017 K/s over it
    stuck_s=0.0,  # steps of 1 K may stand for hours
)
"""Minimum, mean and maximum of a rack, 1 K, 10 s: thresholds, rates, and where the extremes drift from the mean."""

_GAS = Limits(
    low=-50.0,  # drift of the zero (assumed)
    high=100000.0,  # assumed
    hysteresis=5.0,  # assumed
    persistence_s=5.0,  # assumed
    noise=1.0,  # assumed: a step of a head's register; 0.3 to 0.6 of noise beside it
    base_tau_s=600.0,  # assumed: at 1 ppm of noise the base rises by 36 ppm a day at most and falls by 108; a bad head drifts by 20
    base_quantile=0.25,  # science.md 7: a slow lower quantile; the quarter assumed
)

DEFAULTS: dict[Family, Limits] = {
    Family.CELL_TEMPERATURE: _CELL_TEMPERATURE,
    Family.CELL_VOLTAGE: Limits(
        low=-0.1,
        high=5.5,  # assumed
        advisory=2.0,  # falling: under any working cell (assumed)
        pre_alarm=1.0,  # falling: assumed
        hysteresis=0.05,  # assumed
        persistence_s=5.0,  # assumed
        deviation_advisory=0.1,  # below the module's median (assumed)
        deviation_pre_alarm=0.3,  # assumed
        rate_window_s=10.0,  # in which a collapse is sought (assumed)
        stuck_s=0.0,  # a resting string stands still to the millivolt
        slope_clip=0.5,  # assumed
        bias_tau_s=86400.0,  # science.md 7: a day
        suspicious=0.05,  # assumed
        spread_floor=0.01,  # assumed: 10 % of 0.6 mohm apart give 6 mV between charge and discharge at 1 C and half C
        cusum_slack=CUSUM_SLACK,
        cusum_limit=limit_for(CUSUM_RUN_LENGTH, CUSUM_SLACK),
    ),
    # All assumed. Makers' habit: hydrogen 10 to 40 over its base, carbon monoxide 30 to 50. The smallest rise is half of the advisory.
    Family.H2: msgspec.structs.replace(_GAS, advisory=20.0, pre_alarm=40.0, alarm=400.0, min_rise=10.0),
    Family.CO: msgspec.structs.replace(_GAS, advisory=30.0, pre_alarm=60.0, alarm=200.0, min_rise=15.0),
    Family.VOC: msgspec.structs.replace(_GAS, advisory=50.0, pre_alarm=100.0, alarm=500.0, min_rise=25.0),
    Family.SMOKE: Limits(
        low=-0.5,
        high=100.0,
        advisory=0.66,  # assumed: 0.2 %/ft, quoted of NFPA 76, alert
        pre_alarm=2.0,  # assumed: quoted of EN 54-20 class B
        alarm=3.3,  # assumed: 1.0 %/ft, quoted of NFPA 76, alarm
        hysteresis=0.2,  # assumed
        persistence_s=10.0,  # assumed: longer than a puff of dust
        fire_2=10.0,  # quoted of EN 54-20 class C (assumed); twice what steam, dust, spray or flux alone reach in the simulated room
        night_share=0.7,  # assumed: nobody works in the room
        drift_limit=0.3,  # assumed: half of the alert threshold
        base_tau_s=86400.0,  # assumed: dust and ageing take days, a smoulder hours
        rate_window_s=10.0,  # assumed: over which the steepness of smoke is taken
        fast_rise=0.25,  # %/m a second: in the simulated room of 360 m3 18 kg/h of steam reach 0.10, flames of 50 kW 0.39
    ),
    Family.HEAT: Limits(
        low=-40.0,
        high=1000.0,
        advisory=47.0,  # assumed
        pre_alarm=52.0,  # assumed
        alarm=57.0,  # fixed-temperature detector of 57 to 58 degC, EN 54-5 class A1
        hysteresis=3.0,  # assumed
        persistence_s=3.0,  # assumed
        rate_window_s=60.0,  # assumed
        rate_pre_alarm=5.0 / 60.0,  # assumed
        rate_alarm=8.0 / 60.0,  # 8 K/min, as rate-of-rise detectors have it
        rate_floor=35.0,  # assumed: below it heating and doors make steep rises
        slew=50.0,  # assumed
    ),
    Family.CLIMATE_TEMPERATURE: Limits(
        low=-40.0,
        high=120.0,
        advisory=40.0,  # assumed: above the inlet limits of common equipment
        hysteresis=2.0,  # assumed
        persistence_s=10.0,  # assumed
        rate_window_s=120.0,  # assumed
        rate_pre_alarm=5.0 / 60.0,  # assumed
        rate_floor=30.0,  # assumed
        slew=20.0,  # assumed
    ),
    Family.CLIMATE_HUMIDITY: Limits(
        low=-1.0,
        high=101.0,
        advisory=90.0,  # assumed: condensation is near
        hysteresis=3.0,  # assumed
        persistence_s=10.0,  # assumed
    ),
}
"""Limits by family; wired inputs have none."""

CROSS_SHARE: dict[tuple[Family, Principle | None], float] = {
    (Family.CO, None): 0.6,
    (Family.CO, Principle.ELECTROCHEMICAL): 0.6,
    (Family.H2, Principle.ELECTROCHEMICAL): 0.3,
}
"""Most that a carbon monoxide cell shows of hydrogen, and a hydrogen cell of carbon monoxide: below 10 % (Alphasense CO-B4, four electrodes)
to 60 % (Biosystems PhD manual); 30 % for hydrogen cells assumed."""

CAP: dict[Family, Level] = {
    Family.CELL_TEMPERATURE: Level.PRE_ALARM,
    Family.CELL_VOLTAGE: Level.PRE_ALARM,
    Family.CLIMATE_TEMPERATURE: Level.ADVISORY,
    Family.CLIMATE_HUMIDITY: Level.ADVISORY,
}
"""Highest level of a family by its values. A lying BMS may isolate, never release: only runaway lifts it to ALARM."""


def limits_of(head: Head) -> Limits:
    """The limits of a head: what its site file says, the default of its family for the rest (None: not judged)."""
    default = DEFAULTS[Family(head.family)]
    if head.family == Family.CELL_TEMPERATURE and head.group == 0:
        default = _CELL_TEMPERATURE_COARSE
    if head.family == Family.CELL_VOLTAGE and head.group == 0:
        default = msgspec.structs.replace(default, deviation_advisory=None, deviation_pre_alarm=None)
    said = {name: value for name, value in msgspec.structs.asdict(head.limits).items() if value is not None}
    return msgspec.structs.replace(default, **said)
