"""An image's changes are those of its bits, whoever made it and whatever it believes to know."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.core.image import NOTHING, Changes, Image, again, changes, freeze
from drivers.points import NEVER, BlockBuffer, Quality

N = 200
AGES = np.full(N, 250, np.int64)
_turns = st.lists(
    st.tuples(st.integers(0, N - 1), st.sampled_from(["value", "sample", "quality", "nothing"])), min_size=1, max_size=9
)


def slowly(last: Image, image: Image) -> tuple[list[int], list[int], bool]:
    """Point by point; a NaN is itself, and 0.0 is not -0.0."""
    points, moved = [], []
    for i in range(N):
        is_moved = last.value[i].tobytes() != image.value[i].tobytes() or last.quality[i] != image.quality[i]
        if is_moved or last.sample[i] != image.sample[i] or last.received_ms[i] != image.received_ms[i]:
            points.append(i)
        if is_moved:
            moved.append(i)
    return points, moved, bool((last.quality != image.quality).any())


def told(found: Changes | None) -> tuple[list[int], list[int], bool]:
    assert found is not None
    return found.points.tolist(), found.moved.tolist(), found.requalified


@given(_turns)
@settings(deadline=None)
def test_changes_are_those_that_a_slow_look_finds(turns: list[tuple[int, str]]) -> None:
    buffer = BlockBuffer.empty(N)
    first = last = freeze(0, 0, [buffer], AGES)
    for scan, (point, what) in enumerate(turns, 1):
        match what:
            case "value":
                buffer.value[point] = -0.0 if buffer.value[point] == 0.0 else 0.0
            case "sample":
                buffer.sample[point], buffer.received_ms[point] = scan, 100 * scan
            case "quality":
                buffer.quality[point] = Quality.GOOD if buffer.quality[point] != Quality.GOOD else Quality.BAD
        image = freeze(scan, 100 * scan, [buffer], AGES, (), last)
        assert told(changes(last, image)) == slowly(last, image)
        assert told(changes(first, image)) == slowly(first, image)
        assert told(changes(last, replace(image, news=None))) == slowly(last, image)
        last = image


def test_what_is_known_of_another_image_is_not_believed() -> None:
    buffer = BlockBuffer.empty(N)
    before = freeze(0, 0, [buffer], AGES)
    buffer.value[3] = 7.0
    between = freeze(1, 100, [buffer], AGES, (), before)
    after = freeze(2, 200, [buffer], AGES, (), between)
    assert changes(between, after) is NOTHING
    assert told(changes(before, after)) == ([3], [3], False)
    blinded = replace(between, value=before.value)
    assert told(changes(blinded, after)) == ([3], [3], False)


def test_an_image_that_is_the_one_before_has_nothing_new() -> None:
    image = freeze(0, 0, [BlockBuffer.empty(N)], AGES)
    assert changes(image, again(image, 1, 100)) is NOTHING
    assert changes(None, image) is None


_points = st.tuples(
    st.sampled_from([0.0, -0.0, np.nan, 1.5]),
    st.sampled_from(list(Quality)),
    st.integers(NEVER, 5),
    st.integers(NEVER, 700),
)


@given(st.lists(st.lists(_points, max_size=9), min_size=1, max_size=4), st.integers(0, 700), st.integers(0, 300))
@settings(deadline=None)
def test_an_image_joins_its_buffers_and_judges_each_age(
    points: list[list[tuple[float, Quality, int, int]]], tick_ms: int, max_age_ms: int
) -> None:
    buffers = [BlockBuffer.empty(len(some)) for some in points]
    for buffer, some in zip(buffers, points, strict=True):
        for i, (value, quality, sample, received_ms) in enumerate(some):
            buffer.value[i], buffer.quality[i], buffer.sample[i], buffer.received_ms[i] = (
                value,
                quality,
                sample,
                received_ms,
            )
    every = [point for some in points for point in some]
    image = freeze(1, tick_ms, buffers, np.full(len(every), max_age_ms, np.int64))
    assert image.value.tobytes() == np.array([point[0] for point in every]).tobytes()
    assert image.sample.tolist() == [point[2] for point in every]
    assert image.received_ms.tolist() == [point[3] for point in every]
    for found, (_, quality, _, received_ms) in zip(image.quality.tolist(), every, strict=True):
        is_old = quality is Quality.GOOD and received_ms != NEVER and tick_ms - received_ms > max_age_ms
        assert found == (Quality.STALE if is_old else quality)
