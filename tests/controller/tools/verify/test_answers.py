"""What `haechi verify` says and leaves behind: a record only when everything holds, the way to the fault when it does not."""

from argparse import Namespace
from pathlib import Path

import pytest

from controller.cli import verifying
from controller.core import decide as deciding
from controller.core.layout import lay_out
from controller.site.model import Site
from controller.tools.verify.explore import Broken, Explored, Move
from controller.tools.verify.properties import TITLES
from controller.tools.verify.record import find_fault, path_of
from controller.tools.verify.run import Answer, Verdict, Verification, _judge
from tests.controller.core import field

STATE = deciding.first_state(lay_out(field.site()))
BROKEN = Broken("P2", "the agent does not go", ((Move(0, "start"), STATE), (Move(10_000, "call-point on"), STATE)))


def found(answer: Answer, broken: Broken | None = None) -> Verification:
    verdicts = [Verdict("hall", number, Answer.PROVED) for number in TITLES if number != "P2"]
    return Verification(
        field.site(), [Explored("hall: hands", 7, 70)], [*verdicts, Verdict("hall", "P2", answer, broken=broken)]
    )


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, broken: Broken | None = None
) -> tuple[int, Path]:
    file = folder / "site.toml"
    file.write_text(field.SITE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(verifying, "load_or_tell", lambda _: field.site())
    monkeypatch.setattr(verifying, "verify_site", lambda _site, _bounds, _tell: found(answer, broken))
    options = Namespace(site=file, html=folder / "faults.html", jobs=1, states=100, seconds=10.0)
    return verifying.verify_file(options), file


def test_what_holds_leaves_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, file = run(tmp_path, monkeypatch, Answer.PROVED)
    said = capsys.readouterr().out
    assert code == 0
    assert find_fault(file, field.site()) is None
    assert "1 parts, 7 states, 70 transitions" in said
    assert "abstractions" in said


@pytest.mark.parametrize("answer", [Answer.REFUTED, Answer.NOT_DECIDED])
def test_what_does_not_hold_leaves_none(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, file = run(tmp_path, monkeypatch, answer, BROKEN)
    said = capsys.readouterr().out
    assert code == 1
    assert not path_of(file).exists()
    assert "10.0 s" in said
    assert "=> the agent does not go" in said
    assert "the agent does not go" in (tmp_path / "faults.html").read_text(encoding="utf-8")


def _p4_of(site: Site, *, whole: bool) -> Verdict:
    parts = [("release", Explored("hall: hands", whole=whole))]
    return next(verdict for verdict in _judge(lay_out(site), 0, parts) if verdict.number == "P4")


def test_a_part_that_is_not_whole_proves_nothing() -> None:
    assert _p4_of(field.site(), whole=True).answer is Answer.PROVED
    assert _p4_of(field.site(), whole=False).answer is Answer.NOT_DECIDED


def test_a_row_that_asks_another_zone_leaves_it_open() -> None:
    asks = field.site(('when = ["hall.activated"]', 'when = ["hall.activated", "server.activated"]'))
    verdict = _p4_of(asks, whole=True)
    assert verdict.answer is Answer.NOT_DECIDED
    assert "matrix.close-up: server.activated" in verdict.why
