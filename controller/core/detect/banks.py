"""The banks of a site: which kind of bank judges which families."""

from controller.core.detect.air_bank import lay_out_air
from controller.core.detect.bank import Bank
from controller.core.detect.cell_bank import lay_out_cells
from controller.core.detect.runaway_bank import lay_out_runaway
from controller.core.layout import Layout
from controller.core.trips import NIGHT


def lay_out_banks(layout: Layout) -> tuple[Bank, ...]:
    """The banks of a site, none without heads. Raises ValueError for a group that does not divide its head."""
    return (*lay_out_cells(layout), *lay_out_runaway(layout), *lay_out_air(layout, NIGHT))
