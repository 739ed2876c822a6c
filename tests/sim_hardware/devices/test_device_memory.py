from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drivers.points import DataType, Identity, RegisterBlock, Table
from sim_hardware.devices.memory import AddressError, DeviceMemory


def _block(name: str, table: Table, address: int, count: int, counter: int | None = None) -> RegisterBlock:
    data_type = DataType.BIT if table in {Table.COIL, Table.DISCRETE} else DataType.UINT16
    return RegisterBlock(name, "unit", 1, table, address, count, data_type, 1.0, 3.0, counter=counter)


@pytest.fixture
def memory() -> DeviceMemory:
    blocks = [
        _block("values", Table.INPUT, 10, 4, counter=20),
        _block("coils", Table.COIL, 0, 8),
        _block("told", Table.HOLDING, 5, 2),
        _block("shown", Table.HOLDING, 0, 2),
    ]
    return DeviceMemory("unit", blocks, frozenset({"coils", "told"}), max_gap=0)


def test_reads_what_the_device_stored(memory: DeviceMemory) -> None:
    memory.store(Table.INPUT, 11, [7, 0xFFFF])
    assert memory.read(Table.INPUT, 10, 4).tolist() == [0, 7, 0xFFFF, 0]
    memory.store(Table.INPUT, 20, [9])
    assert memory.read(Table.INPUT, 20, 1).tolist() == [9]


def test_a_read_is_a_copy_and_a_view_is_not(memory: DeviceMemory) -> None:
    copy, view = memory.read(Table.INPUT, 10, 1), memory.view(Table.INPUT, 10, 1)
    memory.store(Table.INPUT, 10, [3])
    assert (copy[0], view[0]) == (0, 3)


@pytest.mark.parametrize(
    ("table", "address", "count"),
    [(Table.INPUT, 9, 1), (Table.INPUT, 13, 2), (Table.INPUT, -1, 1), (Table.INPUT, 10, 0), (Table.DISCRETE, 0, 1)],
)
def test_refuses_to_read_what_is_not_there(memory: DeviceMemory, table: Table, address: int, count: int) -> None:
    with pytest.raises(AddressError):
        memory.read(table, address, count)


def test_the_wire_writes_only_what_is_writable(memory: DeviceMemory) -> None:
    told: list[tuple[Table, int, int]] = []
    memory.on_write = lambda table, address, count: told.append((table, address, count))
    memory.write(Table.COIL, 2, [True, False, True])
    memory.write(Table.HOLDING, 6, [1234])
    assert memory.read(Table.COIL, 0, 8).tolist() == [0, 0, 1, 0, 1, 0, 0, 0]
    assert told == [(Table.COIL, 2, 3), (Table.HOLDING, 6, 1)]
    for table, address in ((Table.HOLDING, 0), (Table.INPUT, 10), (Table.COIL, 8)):
        with pytest.raises(AddressError):
            memory.write(table, address, [1])
    assert len(told) == 2


def test_gaps_that_the_site_allows_can_be_read_but_not_written() -> None:
    blocks = [_block("a", Table.HOLDING, 0, 2), _block("b", Table.HOLDING, 5, 2), _block("c", Table.HOLDING, 20, 1)]
    memory = DeviceMemory("unit", blocks, frozenset({"a", "b"}), max_gap=3)
    assert memory.read(Table.HOLDING, 0, 7).dtype == np.uint16
    with pytest.raises(AddressError):
        memory.write(Table.HOLDING, 3, [1])
    with pytest.raises(AddressError):
        memory.read(Table.HOLDING, 5, 16)


def test_an_identity_register_holds_its_value_from_the_start_and_takes_no_other() -> None:
    values = replace(_block("values", Table.HOLDING, 10, 4), identity=Identity(15, 4711))
    memory = DeviceMemory("unit", [values], frozenset({"values"}), max_gap=1)
    assert memory.read(Table.HOLDING, 10, 6).tolist() == [0, 0, 0, 0, 0, 4711]
    with pytest.raises(AddressError):
        memory.write(Table.HOLDING, 15, [1])
    assert memory.read(Table.HOLDING, 15, 1).tolist() == [4711]
