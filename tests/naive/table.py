"""Slow, obvious twins of the kernels that read tables: cells by the csv module's idea of a line, numbers by float, times by datetime."""

import math
import re
from datetime import UTC, datetime

from drivers.tables.look import cells_of

BLANK, NUMBER, TEXT = "blank", "number", "text"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def table(text: str, delimiter: str, decimal: str, comment: str = "") -> list[list[tuple[str, float]]]:
    """Every cell of every row that is none of spaces or a comment: what it is, and its number."""
    rows = []
    for line in text.split("\n"):
        trimmed = line.strip(" \t\r")
        if trimmed and not (comment and trimmed.startswith(comment)):
            rows.append([cell(one, decimal) for one in cells_of(line.rstrip("\r"), delimiter)])
    return rows


def cell(text: str, decimal: str) -> tuple[str, float]:
    if not text:
        return BLANK, math.nan
    english = text.replace(".", "x").replace(",", ".") if decimal == "," else text
    if not _NUMBER.fullmatch(english) or not math.isfinite(float(english)):
        return TEXT, math.nan
    return NUMBER, float(english)


def date(year: int, month: int, day: int, hour: int, minute: int, second: int, ms: int) -> float:
    return datetime(year, month, day, hour, minute, second, ms * 1000, UTC).timestamp()


def course(said: list[float], mode: str, window_s: float, step_s: float) -> list[tuple[float, int, str]]:
    """What became of each time: (second of the course, run, word)."""
    last, first, added, run = math.nan, math.nan, 0.0, 0
    out = []
    for t in said:
        if not math.isfinite(t):
            out.append((last, run, "unread"))
            continue
        now = t + added
        if math.isnan(last):
            last = first = now
            word = "on"
        elif now >= last:
            last, word = now, "on"
        elif mode == "skip":
            word = "skipped"
        elif mode == "restart" or (last - now > window_s and t <= first + window_s):
            last = first = t
            added, run, word = 0.0, run + 1, "new-run"
        elif last - now <= window_s:
            word = "late"
        else:
            added += last - now + step_s
            last += step_s
            word = "set-back"
        out.append((last, run, word))
    return out
