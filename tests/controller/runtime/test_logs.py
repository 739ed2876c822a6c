from __future__ import annotations

import io
import os
import time

from controller.runtime.logs import LogWriter


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
