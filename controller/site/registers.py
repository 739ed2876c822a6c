"""Register blocks of a site as the drivers know them."""

from controller.site.model import Block
from drivers.points import Identity, RegisterBlock, Scaling


def register_block(name: str, block: Block, unit: int) -> RegisterBlock | None:
    """The register block; None for one that has topics, or no table or address."""
    if block.topics or block.table is None or block.address is None:
        return None
    return RegisterBlock(
        name,
        block.device,
        unit,
        block.table,
        block.address,
        block.count,
        block.type,
        block.period_s,
        block.max_age_s,
        Scaling(block.factor, block.offset, block.invalid),
        block.counter,
        block.order,
        None if block.identity is None else Identity(block.identity.address, block.identity.value),
    )
