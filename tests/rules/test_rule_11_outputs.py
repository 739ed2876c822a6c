"""Rule 11: outputs state what they fall back to; after a crash the field is read before the first write, nothing is lost or fired anew;
the intent of a release is durable first, waiting one scan at most.
"""

import asyncio
import contextlib

import msgspec
import pytest
from msgspec.structs import replace

from controller.core import actuation, scan
from controller.core.draft import Draft
from controller.core.events import Write
from controller.core.layout import OutputLayout
from controller.core.state import OutputState, State
from controller.runtime import writer as writer_module
from controller.runtime.supervision import Supervision
from controller.runtime.writer import Lane, Writer
from controller.site import loader, model
from controller.site.problem import SiteError
from drivers.points import Quality
from tests.controller.core.field import SITE, Field, play, writes_of
from tests.controller.runtime.fakes import FakeLink
from tests.rules.breaking import Check, Mutant, notices, original

FIRE = "0 | smoke-1 alarm, heat-1 alarm | activated |"


def every_output_states_its_values() -> None:
    for line in ('on_restart = "keep"\n', 'on_comm_loss = "hold"\n'):
        told = ""
        try:
            loader.loads(SITE.read_text(encoding="utf-8").replace(line, "", 1))
        except SiteError as error:
            told = str(error)
        assert line.split()[0] in told, f"a site without {line!r} was read"


def nothing_is_fired_anew() -> None:
    """The channels dropped while nobody was there: a release that was proven is not done again."""
    field = Field()
    play(field, f"{FIRE}\n 32 | | |\n 1 | | released | +agent")
    for reference in ("do-1-coils[3]", "do-2-coils[3]"):
        field.point(reference, 0.0)
    field.clear()
    field.restart()
    field.run(5)
    assert all(value == 0 for _, _, value in writes_of(field, "agent"))
    assert field.zone().stage == "released"


def nothing_is_lost() -> None:
    """A release without proof goes on; a level that the field dropped comes back."""
    field = Field()
    field.agent_flows = False
    play(field, f"0 | cells-2 pre-alarm | |\n{FIRE}\n 33 | | releasing | +agent +breaker-2")
    for reference in ("do-1-coils[1]", "do-1-coils[3]", "do-2-coils[3]"):
        field.point(reference, 0.0)
    field.restart()
    play(field, "1 | | releasing | +agent +breaker-2")


def the_field_is_read_before_the_first_write() -> None:
    field = Field()
    play(field, "0 | cells-2 pre-alarm | |\n 3 | | | +breaker-2")
    field.clear()
    field.restart()
    for coil in range(12):
        field.point(
            f"do-1-coils[{coil}]", field.buffer.value[field.layout.point(f"do-1-coils[{coil}]")], Quality.UNKNOWN
        )
    field.run(4)
    assert [w for _, w in field.writes if w.output != "agent"] == []


def an_intent_is_marked() -> None:
    field = Field()
    play(field, f"{FIRE}\n 33 | | released |")
    active = [w for _, w in field.writes if w.output == "agent" and w.value == 1]
    assert len(active) >= 2
    assert all(w.intent for w in active)
    intent = next(e for e in field.events if e.kind == "intent")
    assert intent.tick_ms <= min(tick for tick, w in field.writes if w.output == "agent")


def an_intent_is_durable_first_but_waits_one_scan_at_most() -> None:
    assert asyncio.run(_written(durable_after_s=0.05, wait_s=5.0)) >= 0.05
    late_s = asyncio.run(_written(durable_after_s=60.0, wait_s=0.1))
    assert 0.1 <= late_s < 2.0


async def _written(durable_after_s: float, wait_s: float) -> float:
    """Seconds until an agent channel is written."""
    loop = asyncio.get_running_loop()
    began_s, link = loop.time(), FakeLink("io")
    writer = Writer(
        {"do-1": link}, lambda _p: "do-1", lambda p: ("arm", p),
        lambda: 9 if loop.time() - began_s >= durable_after_s else 0, wait_s, Supervision(),
    )  # fmt: skip
    task = asyncio.create_task(writer.run())
    writer.submit([Write("agent", 0, 1, intent=True)], 9)
    while not link.writes and loop.time() - began_s < 3.0:
        await asyncio.sleep(0.005)
        if writer._durable_seq() >= 9:
            writer.durable()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert link.writes, "the agent channel was never written"
    return loop.time() - began_s


CHECKS = (
    every_output_states_its_values,
    nothing_is_fired_anew,
    nothing_is_lost,
    the_field_is_read_before_the_first_write,
    an_intent_is_marked,
    an_intent_is_durable_first_but_waits_one_scan_at_most,
)


def a_fallback_has_a_default(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loader, "_fields", lambda *a: None)
    convert = msgspec.convert

    def forgiving(raw: object, kind: type, *, strict: bool) -> object:
        if kind is model.Output and isinstance(raw, dict):
            raw = {"on_restart": "keep", "on_comm_loss": "hold"} | raw
        return convert(raw, kind, strict=strict)

    patch.setattr(msgspec, "convert", forgiving)


def a_restart_forgets_that_it_was_released(patch: pytest.MonkeyPatch) -> None:
    take_up = original(scan, "take_up")

    def anew(*a: object) -> State:
        state: State = take_up(*a)
        return replace(state, zones=tuple(replace(zone, spent=False) for zone in state.zones))

    patch.setattr(scan, "take_up", anew)


def a_restart_takes_all_as_spent(patch: pytest.MonkeyPatch) -> None:
    take_up = original(scan, "take_up")

    def spent(*a: object) -> State:
        state: State = take_up(*a)
        return replace(state, zones=tuple(replace(zone, spent=True) for zone in state.zones))

    patch.setattr(scan, "take_up", spent)


def written_unread(patch: pytest.MonkeyPatch) -> None:
    def blindly(draft: Draft, output: OutputLayout, state: OutputState) -> OutputState:
        return actuation._write(draft, output, state, (-1,) * len(output.channels))

    patch.setattr(actuation, "_drive", blindly)


def no_intent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actuation, "Write", lambda output, point, value, intent=False: Write(output, point, value))


def the_writer_does_not_wait(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Writer, "_next", lambda self, lane: (next(iter(lane.pending), None), 1.0))


def the_writer_waits_for_ever(patch: pytest.MonkeyPatch) -> None:
    def wait(self: Writer, lane: Lane) -> tuple[int | None, float]:
        ready = [p for p, order in lane.pending.items() if self._durable_seq() >= order.seq]
        return (ready[0] if ready else None), writer_module.IDLE_BEAT_S

    patch.setattr(Writer, "_next", wait)


MUTANTS = [
    (a_fallback_has_a_default, every_output_states_its_values),
    (a_restart_forgets_that_it_was_released, nothing_is_fired_anew),
    (a_restart_takes_all_as_spent, nothing_is_lost),
    (written_unread, the_field_is_read_before_the_first_write),
    (no_intent, an_intent_is_marked),
    (the_writer_does_not_wait, an_intent_is_durable_first_but_waits_one_scan_at_most),
    (the_writer_waits_for_ever, an_intent_is_durable_first_but_waits_one_scan_at_most),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
