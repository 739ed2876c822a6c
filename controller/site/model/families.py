"""What heads sense, and the physics behind it."""

from enum import StrEnum

from controller.site.model.members import found_directly


@found_directly
class Family(StrEnum):
    """What a head senses. `PHYSICS` maps it to the physics family that rule 3 counts."""

    CELL_TEMPERATURE = "cell-temperature"
    CELL_VOLTAGE = "cell-voltage"
    H2 = "h2"
    CO = "co"
    VOC = "voc"
    SMOKE = "smoke"
    HEAT = "heat"
    CLIMATE_TEMPERATURE = "climate-temperature"
    CLIMATE_HUMIDITY = "climate-humidity"
    CALL_POINT = "call-point"
    HOLD = "hold"
    ABORT = "abort"
    MODE_KEY = "mode-key"
    OCCUPIED = "occupied"
    DOOR = "door"
    OBSTRUCTION = "obstruction"
    DISCHARGING = "discharging"
    LOW_AGENT = "low-agent"
    RESERVE_KEY = "reserve-key"
    MECHANICAL_BLOCK = "mechanical-block"
    ACTUATOR_IN_PLACE = "actuator-in-place"
    ROUTING_ACKNOWLEDGED = "routing-acknowledged"
    EARTH_FAULT = "earth-fault"
    MAINS_FAULT = "mains-fault"
    BATTERY_FAULT = "battery-fault"


@found_directly
class Physics(StrEnum):
    """The physics families of rule 3. All values of one BMS are one family on one device."""

    BMS = "bms"
    GAS = "gas"
    SMOKE = "smoke"
    HEAT = "heat"
    CLIMATE = "climate"
    WIRED = "wired"


PHYSICS: dict[Family, Physics] = {
    Family.CELL_TEMPERATURE: Physics.BMS,
    Family.CELL_VOLTAGE: Physics.BMS,
    Family.H2: Physics.GAS,
    Family.CO: Physics.GAS,
    Family.VOC: Physics.GAS,
    Family.SMOKE: Physics.SMOKE,
    Family.HEAT: Physics.HEAT,
    Family.CLIMATE_TEMPERATURE: Physics.CLIMATE,
    Family.CLIMATE_HUMIDITY: Physics.CLIMATE,
} | dict.fromkeys(
    (
        Family.CALL_POINT,
        Family.HOLD,
        Family.ABORT,
        Family.MODE_KEY,
        Family.OCCUPIED,
        Family.DOOR,
        Family.OBSTRUCTION,
        Family.DISCHARGING,
        Family.LOW_AGENT,
        Family.RESERVE_KEY,
        Family.MECHANICAL_BLOCK,
        Family.ACTUATOR_IN_PLACE,
        Family.ROUTING_ACKNOWLEDGED,
        Family.EARTH_FAULT,
        Family.MAINS_FAULT,
        Family.BATTERY_FAULT,
    ),
    Physics.WIRED,
)


ANTIVALENT = frozenset({Family.CALL_POINT, Family.MECHANICAL_BLOCK})
"""Wired inputs of two contacts, of which one is closed and the other open: pressed and not pressed, blocked and normal."""


ON_AT_REST = frozenset({Family.MODE_KEY, Family.ACTUATOR_IN_PLACE})
"""Wired inputs that say yes when nothing is amiss: the key stands on automatic, the actuator sits on its cylinder."""


@found_directly
class Principle(StrEnum):
    """How a gas head measures, which says what else it reads and what harms it."""

    SOLID_STATE = "solid-state"
    ELECTROCHEMICAL = "electrochemical"
    PHOTOIONISATION = "photoionisation"
    CATALYTIC = "catalytic"
