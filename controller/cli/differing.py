"""`haechi diff`: what changed between two site files, for a fire engineer, and what to test again."""

from pathlib import Path

import msgspec

from controller.tools.check import load_or_tell
from controller.tools.diff.changes import changes
from controller.tools.diff.report import lines
from controller.tools.diff.retest import retest

SAME, DIFFERENT, MISUSED = 0, 1, 2


def show_changes(old: Path, new: Path, language: str | None, *, as_json: bool) -> int:
    """Print changes and retest list; 0 when the sites are the same, 1 when not, 2 when one of them may not run."""
    before, after = load_or_tell(old), load_or_tell(new)
    if before is None or after is None:
        return MISUSED
    found = changes(before, after)
    again = retest(before, after, found)
    if as_json:
        print(msgspec.json.encode({"changes": found, "retest": again}).decode())
    else:
        print("\n".join(lines(found, again, before.zones | after.zones, language or after.site.language)))
    return DIFFERENT if found else SAME
