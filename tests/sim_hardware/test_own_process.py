"""A drill in virtual time hardly collects garbage, runs from the library, and leaves the process as it found it."""

import gc
from pathlib import Path

import pytest

from controller.core.image import asked_by
from drivers.compiled import library
from drivers.compiled.door import kernel_of
from drivers.compiled.library import Loaded
from sim_hardware import kernels
from sim_hardware.own_process import seldom_collected


def test_collection_is_as_before_when_a_drill_is_over() -> None:
    gc.unfreeze()
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_the_library_is_there_while_the_drill_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def load(folder: Path = library.FOLDER) -> Loaded:
        told.append(f"taken: {folder.parent.name}")
        return Loaded("x86-64-v3")

    monkeypatch.setattr(library, "load", load)
    library.unload()
    monkeypatch.setattr(library, "unload", lambda: told.append("given back"))
    with seldom_collected():
        assert told == ["taken: compiled", "taken: sim_hardware"]
    assert told == ["taken: compiled", "taken: sim_hardware", "given back"]
    monkeypatch.undo()
    kernels.load()


def test_a_library_that_was_there_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a worker of the tests would compile for itself after its first drill."""
    monkeypatch.setattr(library, "load", lambda *_: Loaded("x86-64-v3"))
    kernel = kernel_of(asked_by)
    monkeypatch.setattr(kernel, "entries", (lambda *_: NotImplemented,))
    with seldom_collected():
        pass
    assert kernel.entries
