"""The library of kernels: the same results as through numba, only for the arguments it was made for, and never of other source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drivers.compiled import library
from drivers.compiled.build import BuildError, build
from drivers.compiled.cpu import kind_of, kinds_here, kinds_of
from drivers.compiled.door import kernel_of
from drivers.compiled.library import LibraryError, load
from sim_hardware import kernels
from tests.drivers.compiled import small

pytestmark = pytest.mark.needs("gcc")
PLAY = "tests.drivers.compiled.small:play"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build(kinds_here()[0], folder, PLAY)
    return folder


@pytest.fixture
def loaded(built: Path) -> Iterator[Path]:
    assert load(built).cpu == kinds_here()[0].name
    yield built
    library.unload()
    kernels.load()


def copy_of(built: Path, to: Path) -> tuple[Path, Path]:
    so, manifest = library.paths(kinds_here()[0], built)
    ours = library.paths(kinds_here()[0], to)
    for source, target in zip((so, manifest), ours, strict=True):
        target.write_bytes(source.read_bytes())
    return ours


def test_a_kernel_of_the_library_says_what_numba_says(loaded: Path) -> None:
    values, to = np.array([1.0, np.nan, np.inf, -0.0]), np.zeros(4)
    values.flags.writeable = False
    entry = kernel_of(small.fill).entries[0]
    assert entry(values, to, 1.0) == 4
    through_numba = np.zeros(4)
    kernel_of(small.fill).dispatcher(values, through_numba, 1.0)
    assert to.tobytes() == through_numba.tobytes()
    assert small.both(np.full((2, 3), 8.0, np.float32), 0.25, False) == (2.0, False)
    points = np.zeros(3, small.POINT)
    assert small.see(points) is None
    assert points["seen"].tolist() == [1, 1, 1]
    pair = small.Pair(np.array([1.0, 2.0]), np.zeros((1, 2), np.int64))
    assert small.swap(0.5, pair) == 3.5
    assert pair.to.tolist() == [[2, 1]]


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros(4, np.float32), np.zeros(4), 1.0),
        (np.zeros((4, 1)), np.zeros(4), 1.0),
        (np.zeros(8)[::2], np.zeros(4), 1.0),
        (np.zeros(4).byteswap().view(">f8"), np.zeros(4), 1.0),
        ([0.0] * 4, np.zeros(4), 1.0),
        (np.zeros(4), np.zeros(4), "1"),
        (np.zeros(4), np.zeros(4)),
    ],
)
def test_other_arguments_are_not_taken(loaded: Path, arguments: tuple[object, ...]) -> None:
    assert kernel_of(small.fill).entries[0](*arguments) is NotImplemented


@pytest.mark.parametrize(
    "given",
    [
        (np.zeros(2),),
        (np.zeros(2), np.zeros((1, 2), np.int64), np.zeros(2)),
        (np.zeros(2), np.zeros((1, 2))),
        (np.zeros((1, 2), np.int64), np.zeros(2)),
        [np.zeros(2), np.zeros((1, 2), np.int64)],
        np.zeros(2),
    ],
)
def test_tuples_of_other_arrays_are_not_taken(loaded: Path, given: object) -> None:
    assert kernel_of(small.swap).entries[0](0.5, given) is NotImplemented


def test_a_table_by_columns_is_taken_and_one_by_rows_is_not(loaded: Path) -> None:
    table = np.arange(6.0).reshape(2, 3)
    assert kernel_of(small.corner).entries[0](table.T) == 1.0
    assert kernel_of(small.corner).entries[0](table) is NotImplemented
    assert small.corner(table) == 3.0


def test_a_kernel_that_allocates_is_not_built() -> None:
    from drivers.compiled.native import make

    kernel = kernel_of(small.allocate)
    kernel.prepare(3)
    with pytest.raises(TypeError, match=r"small\.allocate: kernels of a library allocate nothing"):
        make([kernel], kinds_here()[0])


def test_records_of_an_equal_type_made_elsewhere_are_taken(loaded: Path) -> None:
    other = np.dtype([("value", "f8"), ("seen", "i4")], align=True)
    for dtype in (small.POINT, other, small.POINT):
        points = np.zeros(2, dtype)
        assert kernel_of(small.see).entries[0](points) is None
        assert points["seen"].tolist() == [1, 1]
    strange = np.dtype([("value", "f8"), ("seen", "i2")], align=True)
    assert kernel_of(small.see).entries[0](np.zeros(2, strange)) is NotImplemented


def test_an_array_that_must_not_be_written_is_not_written(loaded: Path) -> None:
    to = np.zeros(4)
    to.flags.writeable = False
    assert kernel_of(small.fill).entries[0](np.ones(4), to, 1.0) is NotImplemented
    assert not to.any()


def test_what_the_library_does_not_take_goes_through_numba(loaded: Path) -> None:
    to = np.zeros(4)
    assert small.fill(np.ones(4, np.float32), to, 1.0) == 4
    assert to.tolist() == [4.0] * 4


def test_an_error_of_a_kernel_is_an_error_in_python(loaded: Path) -> None:
    with pytest.raises(RuntimeError, match=r"small\.divide"):
        kernel_of(small.divide).entries[0](1, 0)


def test_a_library_that_was_changed_is_refused(built: Path, tmp_path: Path) -> None:
    so, _ = copy_of(built, tmp_path)
    code = bytearray(so.read_bytes())
    code[len(code) // 2] ^= 1
    so.write_bytes(code)
    with pytest.raises(LibraryError, match="not the library that was built; remedy: haechi kernels build"):
        load(tmp_path)


def test_a_manifest_that_is_none_is_refused(built: Path, tmp_path: Path) -> None:
    _, manifest = copy_of(built, tmp_path)
    manifest.write_text("{}")
    with pytest.raises(LibraryError, match="remedy"):
        load(tmp_path)


def test_a_kernel_of_other_source_is_left_to_numba(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "FACTOR", 4)
    assert load(built).missing == ("tests.drivers.compiled.small.fill",)
    assert kernel_of(small.fill).entries == ()


@pytest.mark.parametrize("maker", ["python", "numba"])
def test_a_library_of_another_maker_is_left_alone(built: Path, tmp_path: Path, maker: str) -> None:
    _, manifest = copy_of(built, tmp_path)
    content = json.loads(manifest.read_text())
    content["made_with"][maker] = "1.2"
    manifest.write_text(json.dumps(content))
    found = load(tmp_path)
    assert (found.cpu, kernel_of(small.fill).entries) == ("", ())
    assert f"made with {maker} 1.2" in found.why


def test_without_a_library_the_remedy_is_named(tmp_path: Path) -> None:
    assert load(tmp_path).why.endswith("remedy: haechi kernels build")


def test_without_a_compiler_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"no C compiler.*remedy"):
        build(kinds_here()[0], tmp_path, PLAY)


def test_a_kind_of_processor_needs_all_its_flags() -> None:
    best = kind_of("x86-64-v3")
    assert [kind.name for kind in kinds_of("x86_64", best.flags)] == ["x86-64-v3", "x86-64"]
    assert [kind.name for kind in kinds_of("x86_64", best.flags - {"fma"})] == ["x86-64"]
    assert kinds_of("riscv64", best.flags) == ()
    with pytest.raises(ValueError, match="remedy"):
        kind_of("z80")
