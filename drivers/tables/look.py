"""A first look at a table: what parts its cells and its decimals, where the names stand, where the numbers begin.

Nothing is known of the file beforehand. What the look finds is a guess that a map may overrule; it never fails on text, however ugly.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DELIMITERS = (",", ";", "\t", "|", " ")
_NUMBER = {
    ".": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    ",": re.compile(r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?"),
}
_NONE = frozenset(
    {"", "nan", "na", "n/a", "null", "none", "-", "--", "inf", "-inf", "#n/a", "bad", "error", "err", "?"}
)
_CLOCK = r"\d{1,3}:\d{2}(:\d{2})?([.,]\d+)?( ?([AaPp]\.?[Mm]\.?|Z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?"
_MOMENT = re.compile(
    rf"\d{{1,4}}[-/.](\d{{1,2}}|[A-Za-z]{{3,9}})[-/.]\d{{1,4}}([T ,]+{_CLOCK})?|\d{{8}}T?\d{{0,6}}Z?|{_CLOCK}"
    rf"|([A-Za-z]{{3,9}} \d{{1,2}}|\d{{1,2}} [A-Za-z]{{3,9}}),? \d{{4}}([T ,]+{_CLOCK})?"
)
_UNIT = re.compile(r"[\[(]?\s*(°|deg|º)?\s*[A-Za-z%°µμΩ/·^²³0-9.\-* ]{0,12}\s*[\])]?")
_LOOKED_AT = 400
"""Lines that are looked at: enough for every preamble, few enough to be looked at again and again."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a table looks like.

    `delimiter` is one character, a space standing for runs of spaces; `names` are those of its columns, made up (#1, #2) where it has none;
    `units` what stands below or in the names, "" for none; `first_line` is the place of the first row of numbers among the lines, from 0;
    `rows` are some rows from there on.
    """

    delimiter: str
    decimal: str
    comment: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    has_names: bool
    first_line: int
    rows: tuple[tuple[str, ...], ...]


LATIN = "neither UTF-8 nor Korean (CP949): read as Latin-1, so some letters may be wrong"
"""What is said of text in an encoding that is not known."""


def decoded(raw: bytes) -> tuple[str, str]:
    """The text of bytes: UTF-8, CP949 where that can be, else Latin-1; and what is to be said of it, "" for nothing."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "cp949" or _is_korean(text):
            return text, ""
    return raw.decode("latin-1"), LATIN


def _is_korean(text: str) -> bool:
    """Whether most of what is not ASCII are the usual signs: a Latin-1 degree sign before a C is a rare syllable in CP949."""
    foreign = [c for c in text if not c.isascii()]
    return 2 * sum(len(c.encode("euc_kr", "ignore")) == 2 for c in foreign) > len(foreign)  # noqa: PLR2004 (bytes; a rare one has eight)


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, trimmed of spaces and quotes, as the kernel sees them."""
    if delimiter == " ":
        line = line.strip(" \t\r")
    cells, at, end = [], 0, len(line)
    while True:
        while at < end and line[at] in " \t\r" and line[at] != delimiter:
            at += 1
        closed = _closed(line, at, delimiter) if at < end and line[at] == '"' else None
        if closed is not None:
            text, close = closed
        else:
            close = line.find(delimiter, at)
            close = end if close < 0 else close
            text = line[at:close]
        cells.append(text.strip(" \t\r"))
        if close >= end:
            return cells
        at = close + 1
        while delimiter == " " and at < end and line[at] == " ":
            at += 1
        if delimiter == " " and at >= end:
            return cells


def _closed(line: str, at: int, delimiter: str) -> tuple[str, int] | None:
    """What stands in the quotes that open at `at`, and where its cell ends; None when the line does not close them."""
    q = at + 1
    while q < len(line):
        if line[q] == '"':
            if line[q + 1 : q + 2] != '"':
                break
            q += 1
        q += 1
    after = q + 1
    while after < len(line) and line[after] in " \t\r" and line[after] != delimiter:
        after += 1
    if q >= len(line) or (after < len(line) and line[after] != delimiter):
        return None
    return line[at + 1 : q], after


def look_at(text: str, said: tuple[str, str] | None = None) -> Look:
    """Look at the beginning of a table; delimiter and decimal sign may be `said`."""
    lines = [line.removeprefix("\ufeff").rstrip("\r") for line in text.split("\n")[: _LOOKED_AT + 1]]
    if len(lines) > 1:
        lines.pop()  # cut off, or nothing after the last line's end
    comment = "#" if sum(line.lstrip().startswith("#") for line in lines) > 1 else ""
    body = [
        (n, line)
        for n, line in enumerate(lines)
        if line.strip() and not (comment and line.lstrip().startswith(comment))
    ]
    delimiter, decimal = said or _parted([line for _, line in body])
    table = [(n, cells_of(line, delimiter)) for n, line in body]
    begin = _begin([cells for _, cells in table], decimal)
    above = [cells for _, cells in table[max(0, begin - 4) : begin]]
    rows = tuple(tuple(cells) for _, cells in table[begin : begin + 100])
    width = Counter(len(row) for row in rows).most_common(1)[0][0] if rows else len(above[-1]) if above else 0
    header, units = _header(above, width)
    names = tuple(_unique(_named(header, width)))
    return Look(
        delimiter, decimal, comment, names, tuple(_units(names, units)), header is not None,
        table[begin][0] if begin < len(table) else len(lines), rows,
    )  # fmt: skip


def _parted(lines: Sequence[str]) -> tuple[str, str]:
    """The delimiter and the decimal sign under which most cells are numbers or times, and most lines of one length."""
    best, chosen = -1.0, (",", ".")
    tail = lines[len(lines) // 2 :][:60] or lines
    for delimiter in _DELIMITERS:
        table = [cells_of(line, delimiter) for line in tail]
        width, count = Counter(map(len, table)).most_common(1)[0] if table else (1, 0)
        for decimal in ".,":
            if decimal == delimiter:
                continue
            cells = [cell for row in table if len(row) == width for cell in row]
            good = sum(_measured(cell, decimal) for cell in cells) / max(1, len(cells))
            score = good * count / max(1, len(tail)) + (0.3 if width > 1 and good else 0.0) + 0.001 * min(width, 100)
            if decimal == ",":
                score -= 0.0005  # whole numbers alone say nothing of the decimal sign
            if score > best:
                best, chosen = score, (delimiter, decimal)
    return chosen


def _measured(cell: str, decimal: str) -> bool:
    return cell.lower() in _NONE or bool(_NUMBER[decimal].fullmatch(cell) or _MOMENT.fullmatch(cell))


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a number in this notation."""
    return _NUMBER[decimal].fullmatch(cell) is not None


def is_moment(cell: str) -> bool:
    """Whether a cell looks like a date or a clock time."""
    return _MOMENT.fullmatch(cell) is not None


def _begin(table: Sequence[Sequence[str]], decimal: str) -> int:
    """The first row of numbers: as long as most rows, half of what it says are numbers or times; the next ones look alike."""
    width = Counter(len(row) for row in table).most_common(1)[0][0] if table else 0
    for n, row in enumerate(table):
        following = table[n : n + 3]
        if len(row) >= min(width, 2) and abs(len(row) - width) <= 1 and all(_full(r, decimal) for r in following[:1]):
            return n
    return len(table)


def _full(row: Sequence[str], decimal: str) -> bool:
    said = [cell for cell in row if cell.lower() not in _NONE]
    good = sum(bool(_NUMBER[decimal].fullmatch(cell) or _MOMENT.fullmatch(cell)) for cell in said)
    return good > 0 and 2 * good >= len(said)


def _header(above: Sequence[Sequence[str]], width: int) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    """The row of names, and the row of units below it."""
    wide = []
    for row in reversed(above):
        if abs(len(row) - width) > 1 or (width > 1 and sum(1 for cell in row if cell) < width / 2):
            break
        wide.append(row)
    if len(wide) > 1 and sum(_is_unit(cell) for cell in wide[0]) >= 0.6 * len(wide[0]):
        return wide[1], wide[0]
    return (wide[0], None) if wide else (None, None)


def _is_unit(cell: str) -> bool:
    return len(cell) <= 8 and bool(_UNIT.fullmatch(cell)) and (cell == "" or unit_of(cell) != "" or cell[0] in "[(-")  # noqa: PLR2004


def _named(header: Sequence[str] | None, width: int) -> Iterator[str]:
    for n in range(width):
        name = header[n] if header is not None and n < len(header) else ""
        yield " ".join(name.replace('""', '"').split()) or f"#{n + 1}"


def _unique(names: Iterator[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


_UNITS = {
    "degc": r"°\s*c|º\s*c|deg\.?\s*c|degrees? ?c(elsius)?|celsius|℃|c", "degf": r"°\s*f|º\s*f|deg\.?\s*f|fahrenheit|℉|f", "k": r"k|kelvin",
    "v": r"v|volts?", "mv": r"mv|millivolts?", "ppm": r"ppmv?|ppm ?v", "ppb": r"ppbv?", "%vol": r"vol\.?\s*%|%\s*vol\.?|vol|volume ?%",
    "%": r"%|percent|%\s*rh|rh", "%/m": r"%\s*/\s*m|%\s*m-1|obs/m", "%/ft": r"%\s*/\s*ft|obs/ft", "dB/m": r"db\s*/\s*m",
    "1/m": r"1\s*/\s*m|m-1|m\^-1|od/m|/m", "s": r"s|secs?|seconds?", "ms": r"ms|msecs?|milliseconds?", "min": r"mins?|minutes?",
    "h": r"h|hrs?|hours?", "us": r"us|µs|μs|microseconds?", "ns": r"ns|nanoseconds?", "d": r"d|days?",
    "mol/mol": r"mol\s*/\s*mol", "kw": r"kw", "pa": r"pa", "a": r"a|amps?|amperes?",
}  # fmt: skip
_UNIT_WORDS = {unit: re.compile(words, re.IGNORECASE) for unit, words in _UNITS.items()}


def unit_of(text: str) -> str:
    """The unit that a text names, in one spelling (degc, ppm, %/m, s); "" for none that is known."""
    text = text.strip().strip("[]()").strip()
    return next((unit for unit, words in _UNIT_WORDS.items() if words.fullmatch(text)), "")


def _units(names: Sequence[str], units: Sequence[str] | None) -> Iterator[str]:
    """Of every column: the unit of the row of units, or the one that its name holds in brackets or at its end."""
    for n, name in enumerate(names):
        below = unit_of(units[n]) if units is not None and n < len(units) else ""
        inside = [unit_of(part) for part in re.findall(r"[\[(]([^\])]*)[\])]", name)]
        last = re.split(r"[_\s,]+", name)[-1]
        named = unit_of(last) if len(last) > 1 and last != name else ""
        yield below or next((unit for unit in inside if unit), "") or named
