"""A drill in virtual time hardly collects garbage, and leaves the process as it found it."""

import gc

from sim_hardware.garbage import seldom_collected


def test_collection_is_as_before_when_a_drill_is_over() -> None:
    gc.unfreeze()
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
