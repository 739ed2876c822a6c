"""`haechi explain`."""

import sqlite3
import sys
from pathlib import Path

from controller.runtime.journalfile import JournalError, rows
from controller.tools.explain import ExplainError, explain, read

OK, FAILED, MISUSED = 0, 1, 2


def explain_event(path: Path, what: str, language: str) -> int:
    """Print what the journal at `path` knows of `what`; the exit code."""
    if not path.exists():
        print(
            f"haechi explain: {path}: there is no such journal; name it with --journal DATA/journal.sqlite",
            file=sys.stderr,
        )
        return MISUSED
    try:
        lines = explain(read((row.seq, row.record, row.wall_time_utc) for row in rows(path)), what, language)
    except (JournalError, sqlite3.DatabaseError) as error:
        print(f"haechi explain: {path} cannot be read as a journal: {error}", file=sys.stderr)
        return MISUSED
    except ExplainError as error:
        print(f"haechi explain: {error}", file=sys.stderr)
        return FAILED
    print("\n".join(lines))
    return OK
