"""The golden vectors: the kernels say what they must, and a daemon whose kernels do not refuses to start."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from controller.runtime import daemon
from controller.runtime.golden import play
from controller.runtime.golden.check import VECTORS, GoldenError, check
from controller.runtime.kernels import make_ready
from controller.site.loader import load
from tests import golden

SITE = Path(__file__).resolve().parents[3] / "deploy" / "sites" / "hall.toml"


@pytest.mark.timeout(600)  # where nothing is cached, all kernels are compiled
def test_the_kernels_say_what_the_golden_vectors_say() -> None:
    """Also: the vectors are current. After a change that is meant: python -m tests.golden."""
    assert check() == len(VECTORS.read_text().splitlines()) > 200


def test_what_is_written_without_compiled_code_is_what_stands_in_the_file() -> None:
    """Registers and exchange by the slow ways; the stream, which takes longer, is written by the same command."""
    written = [line for line in golden.plain_lines() if not line.startswith(("image", "readings", "weighed", "digest"))]
    assert written == [line for line in VECTORS.read_text().splitlines() if line.startswith(("decode", "exchange"))]


def test_a_wrong_number_a_missing_line_and_one_too_many_are_told(tmp_path: Path) -> None:
    lines = ["decode a 1.0 2.0", "decode b 3.0"]
    file = tmp_path / "vectors.txt"
    file.write_text("decode a 1.0 2.0\ndecode b 3.0\n")
    assert check(file, lambda: lines) == 2
    for said in (["decode a 1.0 2.5", "decode b 3.0"], lines[:1], [*lines, "decode c 1.0"]):
        with pytest.raises(GoldenError, match=r"golden vector \d: .*remedy: haechi kernels build"):
            check(file, said.copy)


@pytest.mark.timeout(600)
def test_a_daemon_refuses_to_start_when_a_golden_vector_does_not_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vectors = tmp_path / "vectors.txt"
    first, *rest = VECTORS.read_text().splitlines()
    vectors.write_text("\n".join([first.replace("1", "2", 1), *rest]))
    monkeypatch.setattr(daemon, "make_ready", partial(make_ready, tmp_path, vectors))
    options = daemon.Options(SITE.parent, tmp_path / "data", tmp_path / "sock")
    assert daemon.run_daemon(options, load(SITE)) == daemon.REFUSED
    assert not options.data.exists()
    assert "golden vector 1" in capsys.readouterr().err


def test_every_kernel_that_the_daemon_uses_is_played() -> None:
    assert {line.split()[0] for line in VECTORS.read_text().splitlines()} >= {
        "image", "readings", "weighed", "digest", "decode", "exchange"
    }  # fmt: skip
    assert play.EVERY > 0
