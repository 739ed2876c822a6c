"""The same inputs give the same journal, one flipped bit gives another."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from controller.cli.replaying import replay_file
from controller.core.chain import GENESIS
from controller.core.commands import Acknowledge, AnyCommand
from controller.core.image import Image, freeze
from controller.core.layout import Layout, lay_out
from controller.core.scan import Controller
from controller.core.state import State
from controller.core.trips import HOST_FACTS
from controller.runtime.recorder import Recorder
from controller.runtime.recording import Recorded, Recording, Start, open_recording
from controller.site.digest import site_digest
from controller.site.loader import loads
from controller.tools.replay import compare, read_layout, replay
from drivers.points import BlockBuffer, Quality
from tests.controller.runtime.plantlet import SITE

TEXT = SITE.format(mode="direct", port=1502)
SCANS = 120


@pytest.fixture(scope="module")
def layout() -> Layout:
    return lay_out(loads(TEXT))


def host_facts(scan: int) -> tuple[int, ...]:
    """All is well, but that from scan 30 to 60 the first device fails often."""
    return tuple(int(fact == "unreliable_device" and 30 <= scan < 60) for fact in HOST_FACTS)


def images(layout: Layout) -> list[Recorded]:
    """A heat detector that rises into alarm, a device that fails often, and an operator who acknowledges the alarm."""
    buffers = [BlockBuffer.empty(block.count) for block in layout.blocks]
    recorded = []
    for scan in range(1, SCANS + 1):
        for buffer in buffers:
            buffer.quality[:] = Quality.GOOD
            buffer.sample[:] = scan
            buffer.received_ms[:] = scan * 100
            buffer.value[:] = 0.0
        buffers[0].value[:] = [25.0 + scan, 25.0]
        commands: tuple[AnyCommand, ...] = (Acknowledge(operator="Kim", zone="room"),) if scan == 90 else ()
        recorded.append(Recorded(freeze(scan, scan * 100, buffers, layout.max_age_ms, host_facts(scan)), commands))
    return recorded


def record(path: Path, layout: Layout, recorded: list[Recorded]) -> Recording:
    start = Start(path.stem, 0, layout.n_points, site_digest(layout.site), b"", GENESIS, 0)
    recorder = Recorder(path, start)
    recorder.start()
    for one in recorded:
        recorder.record(one.image, one.commands)
    assert recorder.close()
    return open_recording(path)


def chain(layout: Layout, recording: Recording) -> list[bytes]:
    scans = ((one.image, one.commands) for one in recording.scans())
    start = recording.start
    return [one.hash for one in replay(layout, start.state, start.last_hash, scans, closed=recording.is_closed)]


def with_flipped_bit(image: Image, point: int, bit: int) -> Image:
    value = image.value.copy()
    value.view(np.uint64)[point] ^= np.uint64(1 << bit)
    return Image(image.scan, image.tick_ms, value, image.quality, image.sample, image.received_ms, image.host)


def test_the_same_recording_gives_the_same_chain_and_one_flipped_bit_another(tmp_path: Path, layout: Layout) -> None:
    recorded = images(layout)
    recording = record(tmp_path / "a.hrec", layout, recorded)
    once, twice = chain(layout, recording), chain(layout, recording)
    assert once == twice
    assert len(once) > 3
    # The lowest bit of a value that is far from every threshold, in one scan of 120.
    flipped = list(recorded)
    flipped[40] = Recorded(with_flipped_bit(recorded[40].image, 1, 0), recorded[40].commands)
    other = chain(layout, record(tmp_path / "b.hrec", layout, flipped))
    assert other[-1] != once[-1]


def test_what_the_links_said_of_themselves_is_recorded_and_replays_as_the_same_troubles(
    tmp_path: Path, layout: Layout
) -> None:
    recorded = images(layout)
    recording = record(tmp_path / "a.hrec", layout, recorded)
    again = [one.image.host for one in recording.scans()]
    assert again == [one.image.host for one in recorded]
    scans = ((one.image, one.commands) for one in recording.scans())
    told = [
        (one.event.scan, one.event.subject, one.event.what)
        for one in replay(layout, b"", GENESIS, scans, closed=True)
        if one.event.what.startswith("device_unreliable")
    ]
    device = layout.devices[0]
    assert told == [(30, device, "device_unreliable"), (60, device, "device_unreliable:cleared")]
    later = [replace_host(one, (0,) * len(HOST_FACTS)) if one.image.scan == 30 else one for one in recorded]
    assert chain(layout, record(tmp_path / "b.hrec", layout, later)) != chain(layout, recording)


def replace_host(one: Recorded, host: tuple[int, ...]) -> Recorded:
    return Recorded(replace(one.image, host=host), one.commands)


def test_a_difference_to_the_journal_is_shown_with_both_sides(tmp_path: Path, layout: Layout) -> None:
    recording = record(tmp_path / "a.hrec", layout, images(layout))
    scans = [(one.image, one.commands) for one in recording.scans()]
    again = list(replay(layout, b"", GENESIS, scans, closed=True))
    rows = [(seq, one.record, one.hash) for seq, one in enumerate(again, 1)]
    assert compare(again, rows).difference == ""
    assert compare(again, rows[:2]).compared == 2
    rows[1] = (2, b"{}", b"")
    assert compare(again, rows).compared == 1
    assert compare(again, rows).difference.startswith("entry 2: journal {}, replay {")


def test_a_scan_that_was_not_recorded_ends_the_replay(layout: Layout) -> None:
    scans = [(one.image, one.commands) for one in images(layout) if one.image.scan != 50]
    with pytest.raises(ValueError, match="scans 50 to 50 were not recorded"):
        list(replay(layout, b"", GENESIS, scans, closed=True))


def test_a_replay_wants_the_site_of_the_recording(tmp_path: Path, layout: Layout) -> None:
    site = tmp_path / "site.toml"
    site.write_text("# a comment does not count\n" + TEXT)
    assert read_layout(site, site_digest(layout.site)).n_points == layout.n_points
    site.write_text(TEXT.replace("factor = 0.1", "factor = 0.2"))
    with pytest.raises(ValueError, match="another version of this file"):
        read_layout(site, site_digest(layout.site))


def test_a_recording_whose_beginning_was_overwritten_goes_on_from_the_state_kept_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(TEXT)
    layout, path = lay_out(loads(TEXT)), tmp_path / "recording.hrec"
    start = Start("run", 0, layout.n_points, site_digest(layout.site), b"", GENESIS, 0, lost=True)
    recorder, core = Recorder(path, start, cap_bytes=8 * 500), Controller(layout)
    states = {}
    for one in images(layout):
        states[one.image.scan] = core.state
        recorder.record(one.image, one.commands, core.state)
        core.scan(one.image, one.commands)
    recorder.start()
    assert recorder.close()
    recording = open_recording(path)
    assert not recording.is_whole
    first = next(recording.scans()).image.scan
    assert first > 1
    assert msgspec.msgpack.decode(recording.start.state, type=State) == states[first]
    assert replay_file(path, site, tmp_path / "none.sqlite", quiet=True) == 0
    told = capsys.readouterr().out
    assert "beginning has been overwritten" in told
    assert "0 events" not in told
