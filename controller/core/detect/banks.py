"""The banks of a site: which kind of bank judges which families."""

from controller.core.detect.bank import Bank
from controller.core.detect.record_bank import lay_out_records
from controller.core.layout import Layout


def lay_out_banks(layout: Layout) -> tuple[Bank, ...]:
    """The banks of a site, none without heads. Raises ValueError for a group that does not divide its head."""
    return lay_out_records(layout)
