from __future__ import annotations

import io
import json
import logging
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.runtime.logs import Log, LogWriter, configure_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_lines_come_out_in_their_order() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    for number in range(100):
        writer.write(f"{number}\n")
    assert writer.drain()
    assert stream.getvalue().split() == [str(number) for number in range(100)]


def test_a_pipe_that_nobody_reads_stops_nobody() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(os.fdopen(writing, "w"), max_waiting=10)
    began_s = time.monotonic()
    for _ in range(200):
        writer.write("x" * 1000)
        time.sleep(0.0005)
    assert time.monotonic() - began_s < 2
    assert not writer.drain(0.05)
    assert writer.lost >= 100
    os.close(reading)  # the thread's write ends with a broken pipe, which is no error of ours
    assert writer.drain()


def test_a_closed_stream_is_survived() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    stream.close()
    writer.write("x")
    assert writer.drain()
    assert writer.lost == 1


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, object]]]]:
    """What the log of this process has said so far, line by line."""
    root = logging.getLogger()
    before, level, stream = root.handlers[:], root.level, io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    writer = configure_log()

    def lines() -> list[dict[str, object]]:
        assert writer.drain()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield lines
    root.handlers[:] = before
    root.setLevel(level)


def test_an_event_is_one_line_of_json_with_its_fields(said: Callable[[], list[dict[str, object]]]) -> None:
    Log("here").warning("write_failed", device="di", late=("a", "b"), where=Path("x"))
    (line,) = said()
    assert datetime.fromisoformat(str(line.pop("timestamp"))).utcoffset() == timedelta(0)
    assert line == {
        "device": "di",
        "late": ["a", "b"],
        "where": "PosixPath('x')",
        "event": "write_failed",
        "level": "warning",
    }


def test_an_error_brings_its_traceback(said: Callable[[], list[dict[str, object]]]) -> None:
    try:
        int("nothing")
    except ValueError:
        Log("here").exception("failed", link="bms")
    (line,) = said()
    assert (line["event"], line["level"], line["link"]) == ("failed", "error", "bms")
    assert str(line["exception"]).endswith("invalid literal for int() with base 10: 'nothing'")


def test_what_libraries_log_comes_out_in_the_same_lines(said: Callable[[], list[dict[str, object]]]) -> None:
    logging.getLogger("asyncio").error("%s was destroyed", "a task")
    logging.getLogger("asyncio").debug("noise")
    assert [(line["event"], line["level"]) for line in said()] == [("a task was destroyed", "error")]
