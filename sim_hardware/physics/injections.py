"""What a scenario does to the plant: internal shorts, heaters, smoke, gas and heat from elsewhere, each at its time."""

from dataclasses import dataclass

from sim_hardware.physics import cell
from sim_hardware.physics.stack_layout import Stack

FOREVER_S = 1e12


@dataclass(frozen=True, slots=True)
class Window:
    """A time span of plant time, half open."""

    start_s: float
    duration_s: float = FOREVER_S

    def holds(self, now_s: float) -> bool:
        """Tell whether ``now_s`` lies in the span."""
        return self.start_s <= now_s < self.start_s + self.duration_s


@dataclass(slots=True)
class CellPower:
    """Power at one cell: ``short`` draws it from the cell's own energy (``budget_j`` J at most)."""

    index: int
    power_w: float
    window: Window
    short: bool
    budget_j: float = 0.0
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A steady source in the room: g/s of smoke, l/s of gas or W, by what list it stands in."""

    rate: float
    window: Window


@dataclass(frozen=True, slots=True)
class GasSource:
    """Gas (m3/s of each species of ``gas``) into the air of ``rack``, or of the room if ``rack`` is -1."""

    rack: int
    rates_m3_per_s: tuple[float, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class Overcharge:
    """A charger that drives ``current_a`` more than it should."""

    rack: int
    current_a: float
    window: Window


def total_rate(sources: list[Source], now_s: float) -> float:
    """Sum of the rates that hold at ``now_s``."""
    if not sources:
        return 0.0  # as nearly always
    return sum(source.rate for source in sources if source.window.holds(now_s))


def place_cell_power(powers: list[CellPower], now_s: float, cells: Stack) -> None:
    """Fill the wanted short and heater power per cell (W) at ``now_s``; a short's budget is set when it begins."""
    per_rack = cells.short_w.size // cells.powered.size
    for power in powers:
        cells.short_w[power.index] = cells.heater_w[power.index] = 0.0
        cells.powered[power.index // per_rack] = False
    for power in powers:
        if not power.window.holds(now_s):
            continue
        cells.powered[power.index // per_rack] = True
        if not power.short:
            cells.heater_w[power.index] += power.power_w
            continue
        if not power.begun:
            power.begun = True
            cells.state[cell.SHORT_LEFT, power.index] += power.budget_j
        cells.short_w[power.index] += power.power_w
