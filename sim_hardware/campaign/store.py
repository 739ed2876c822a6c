"""The results of a campaign on disk: one line a run, durable before the next is counted, so that a second call does what is missing."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from sim_hardware.campaign.digest import scenario_digest, site_digest
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Case, Failed, Order, Outcome

FILE = "results.ndjson"


class Begun(msgspec.Struct, frozen=True, tag="begun", tag_field="kind"):
    """A case that has runs in the file, and the digests of what they depend on."""

    case: str
    scenario: str
    site: str
    code: str


class Store:
    """The file of results in a folder, held by one campaign at a time. `done` and `failed` are its runs."""

    def __init__(self, folder: Path, cases: Sequence[Case], code: str) -> None:
        """Open or make the file. Raises CampaignError if another campaign holds it, or if what it holds does not go with `cases` and `code`."""
        self.path = folder / FILE
        self.done: dict[Order, Outcome] = {}
        self.failed: dict[Order, Failed] = {}
        self._begun: dict[str, Begun] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = self.path.open("a+b")
        try:
            self._hold()
            self._read()
            self._check(cases, code)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, end: Outcome | Failed) -> None:
        """Keep the end of a run: it is on disk when this returns."""
        self._keep(end)
        self._append((end,))

    def _hold(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CampaignError(
                f"{self.path}: another campaign writes there; remedy: wait for its end, or --out another folder"
            ) from error

    def _read(self) -> None:
        """Take in whole lines; what a crash left of a last one is cut off."""
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        decoder = msgspec.json.Decoder(Begun | Outcome | Failed)
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                self._keep(decoder.decode(line))
            except msgspec.DecodeError as error:
                raise CampaignError(
                    f"{self.path}, line {number}: {error}; remedy: --out another folder, or remove this one"
                ) from error
        if whole < len(content):
            self._file.truncate(whole)

    def _keep(self, line: Begun | Outcome | Failed) -> None:
        """The last word about a run counts."""
        if isinstance(line, Begun):
            self._begun[line.case] = line
            return
        self.done.pop(line.order, None)
        self.failed.pop(line.order, None)
        if isinstance(line, Outcome):
            self.done[line.order] = line
        else:
            self.failed[line.order] = line

    def _check(self, cases: Sequence[Case], code: str) -> None:
        """Refuse to mix; note cases that are new."""
        remedy = "remedy: --out another folder, or remove this one to run all anew"
        for held in self._begun.values():
            if held.code != code:
                raise CampaignError(
                    f"{self.path}: its runs were made by other code or libraries ({held.code}); {remedy}"
                )
        new = [Begun(case.name, scenario_digest(case), site_digest(case), code) for case in cases]
        for begun in new:
            old = self._begun.get(begun.case, begun)
            for what in ("scenario", "site"):
                if getattr(old, what) != getattr(begun, what):
                    raise CampaignError(f"{self.path}: the {what} of {begun.case} has changed since its runs; {remedy}")
        self._append([begun for begun in new if begun.case not in self._begun])
        self._begun.update({begun.case: begun for begun in new})

    def _append(self, lines: Sequence[Begun | Outcome | Failed]) -> None:
        self._file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        self._file.flush()
        os.fsync(self._file.fileno())
