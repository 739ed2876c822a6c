"""A first map of a recording, by what its names, units and numbers look like. A person has to read and correct it."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from controller.site.model import Family
from controller.tools.recordings.units import UNITS
from drivers.tables.look import Look, is_moment, is_number, unit_of
from drivers.tables.moments import ORDERS, moments
from drivers.tables.reader import Table

_TIME = re.compile(
    r"(^|[^a-z])(time|timestamp|date|datetime|elapsed|zeit|sec|secs|seconds|minutes|msec|epoch)([^a-z]|$)"
    r"|시간|시각|일시|datetime|timestamp|date_?time|^t$",
    re.IGNORECASE,
)
_FAMILIES = (
    ("cell-voltage", r"volt|(^|[_\s])v\d*$|^v_?cell|cell_?v|_v$"),
    ("cell-temperature", r"cell.*(temp|t$|degc)|^t_?cell|temp.*cell|battery.*temp|modul.*temp"),
    ("smoke", r"smoke|obscur|optical|opacity|^sm[a-z]?[a-z]?_|extinction|(^|[_\s])od([_\s]|$)|연기|rauch"),
    ("h2", r"(^|[^a-z])(h2|hydrogen)([^a-z0-9]|$)|수소|wasserstoff"),
    ("co", r"(^|[^a-z])(co|carbon monoxide)([^a-z0-9]|$)|일산화탄소|kohlenmonoxid"),
    ("voc", r"(^|[^a-z])t?voc([^a-z]|$)"),
    ("climate-humidity", r"humid|(^|[^a-z])rh([^a-z]|$)|feuchte|습도"),
    ("heat", r"temp|thermo|(^|[^a-z])tc[a-z]?[a-z]?([_\s\d]|$)|^t[_\s]?\d|heat|degc|°c|온도|tree"),
)  # fmt: skip
_WORDS = tuple((family, re.compile(words, re.IGNORECASE)) for family, words in _FAMILIES)
_CELL_V = (1.5, 4.6)
"""Voltages of lithium-ion cells, from flat to overcharged (assumed)."""
_WRITTEN = {"degc": "degC", "degf": "degF", "k": "K", "v": "V", "mv": "mV", "db/m": "dB/m"}
_MOST_NODES = 32
_DATES = 500_000
"""Rows that are looked at for the order of day and month."""
_OF_SMOKE = frozenset({"%/m", "%/ft", "db/m", "1/m"})
"""Units that only smoke has."""
_OF_RANGE = frozenset({"smoke", "heat", "cell-temperature", "cell-voltage", "h2", "co", "voc"})
"""Families whose unit decides what is an alarm: never guessed from a range without a person."""
_SURE_HEAT = re.compile(r"temp|thermo|온도|heat|degc|°c", re.IGNORECASE)
_STEM = re.compile(r"[\W_]*\d[\W_\d]*|[\W_]+$")
"""What tells columns of one kind apart: numbers and what parts them."""
_EXCEL_D = (30000.0, 60000.0)
"""Days since 1899 of the years 1982 to 2064."""


@dataclass(frozen=True, slots=True)
class _Guess:
    name: str
    family: str
    unit: str
    sample: str
    doubt: str = ""
    """Why it is a guess alone: the line is for a person to take in; "" for one that is named."""


def suggest(table: Table) -> Iterator[str]:
    """The lines of a first map."""
    look = table.look
    time = _time(look)
    guesses = _alike([_guess(look, place, time) for place in range(len(look.names))], look)
    cells = any(guess.family == "cell-voltage" for guess in guesses)
    yield f"# A first map of {table.path.name}, guessed from names, units and the first rows. Read every line and correct it."
    yield "# The line of a column: family, unit, then as needed zone=, rack=, device=, group= (cells of a module), reference=true."
    yield "# Families and their units: " + "; ".join(f"{family}: {', '.join(units)}" for family, units in UNITS.items())
    yield ""
    yield "[time]"
    yield from _time_lines(table, time)
    if look.delimiter != "," or look.decimal != ".":
        yield ""
        yield "[table]"
        yield f"delimiter = {_quoted(look.delimiter)}"
        yield f"decimal = {_quoted(look.decimal)}"
    if not look.has_names and (node := _node(look, time)):
        yield "" if look.delimiter != "," or look.decimal != "." else "\n[table]"
        yield f"# split = {_quoted(node)}      # if this column says which sensor a row is from"
    yield ""
    yield "[columns]"
    for place, guess in enumerate(guesses):
        if place in time:
            continue
        family = "cell-temperature" if cells and guess.family == "heat" else guess.family
        comment = f"# {guess.sample}" if guess.sample else "# empty in the first rows"
        if not family:
            yield f'# {_quoted(guess.name)} = "?"      {comment}'
        else:
            line = f'{_quoted(guess.name)} = "{" ".join(filter(None, (family, _WRITTEN.get(guess.unit, guess.unit))))}"'
            yield f"# {line}      {comment}; {guess.doubt}" if guess.doubt else f"{line}      {comment}"
    if not any(guess.family and not guess.doubt for guess in guesses):
        yield "# No column looks like a head: say of at least one above what it is."


def _quoted(text: str) -> str:
    """A text as TOML has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\t", "\\t")
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _column(look: Look, place: int) -> list[str]:
    return [row[place] for row in look.rows if place < len(row) and row[place]]


def _numbers(look: Look, place: int) -> list[float]:
    cells = (cell for cell in _column(look, place) if is_number(cell, look.decimal))
    numbers = (float(cell.replace(look.decimal, ".")) for cell in cells)
    return [number for number in numbers if math.isfinite(number)]


def _time(look: Look) -> tuple[int, ...]:
    """Places of the time: the first column that is called so or holds dates; with a date alone also the clock time beside it."""
    dates = [
        place
        for place in range(len(look.names))
        if _column(look, place)[:1] and all(map(is_moment, _column(look, place)[:5]))
    ]
    dates = [place for place in dates if not all(is_number(cell, look.decimal) for cell in _column(look, place)[:5])]
    if len(dates) > 1 and ":" not in _column(look, dates[0])[0] and ":" in _column(look, dates[1])[0]:
        return tuple(dates[:2])
    if dates:
        return (dates[0],)
    named = [place for place, name in enumerate(look.names) if _TIME.search(name) and _numbers(look, place)]
    if named:
        return (named[0],)
    rising = [place for place in range(len(look.names)) if _rises(_numbers(look, place))]
    large = [place for place in rising if _numbers(look, place)[0] > 1e8]  # noqa: PLR2004 (an epoch)
    return tuple((large or rising)[:1])


def _rises(numbers: Sequence[float]) -> bool:
    return len(numbers) > 1 and all(b >= a for a, b in pairwise(numbers)) and numbers[-1] > numbers[0]


def _time_lines(table: Table, time: tuple[int, ...]) -> Iterator[str]:
    look = table.look
    if not time:
        yield "# No column looks like a time. Name it (column, unit), or say how far apart the rows are:"
        yield "step_s = 1.0"
        return
    names = [_quoted(look.names[place]) for place in time]
    yield f"column = {names[0]}" if len(names) == 1 else f"column = [{', '.join(names)}]"
    unit, doubt = _time_unit(look, time)
    if unit in ("dmy", "mdy") and (better := _day_first(table, time[0])):
        unit, doubt = better, " (as the dates of all rows looked at go)"
    yield f'unit = "{unit}"      # first row: {_plain(" ".join(_column(look, place)[0] for place in time))}{doubt}'
    numbers = _numbers(look, time[0])
    if unit in ("s", "ms", "min", "h") and any(b < a for a, b in pairwise(numbers)):
        yield '# order = "restart"      # if time begins anew with each cycle'


def _time_unit(look: Look, time: tuple[int, ...]) -> tuple[str, str]:
    cells = _column(look, time[0])
    if all(is_number(cell, look.decimal) for cell in cells):
        named = look.units[time[0]] or unit_of(re.split(r"[_\s]", look.names[time[0]])[-1])
        if named in ("s", "ms", "min", "h", "us", "ns", "d"):
            return named, ""
        first = abs(_numbers(look, time[0])[0])
        for limit, unit in ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s")):
            if first > limit:
                return unit, " (since 1970)"
        if _EXCEL_D[0] < first < _EXCEL_D[1] and any(number % 1 for number in _numbers(look, time[0])):
            return "excel", " (days since 1899?)"
        return "s", " (no unit is named: is it seconds?)"
    fits = [order for order in ORDERS if _fits(cells, order)]
    dates = [order for order in fits if order in ("ymd", "dmy", "mdy")]
    if not dates:  # a bad cell or two do not hide the order
        known = [cell for cell in cells if is_moment(cell)]
        dates = [order for order in ("ymd", "dmy", "mdy") if known and _fits(known, order)]
    if re.match(r"\d{4}|\d{8}", cells[0]) and "ymd" in dates:
        return "ymd", ""
    if "." in cells[0].split()[0] and "dmy" in dates:
        return "dmy", ""
    if "mdy" in dates and re.search(r"[AaPp]\.?[Mm]", " ".join(_column(look, place)[0] for place in time)):
        return "mdy", " (day or month first? correct it)"
    doubt = " (day or month first? correct it)" if len({*dates} - {"ymd"}) > 1 else ""
    return ([order for order in dates if order != "ymd"] or fits or ["ymd"])[0], doubt


def _day_first(table: Table, place: int) -> str:
    """The order of day and month that the dates of many rows leave: what can be read, then what keeps its direction; "" for either."""
    unread, falls, rises = {"dmy": 0, "mdy": 0}, {"dmy": 0, "mdy": 0}, {"dmy": 0, "mdy": 0}
    last = {"dmy": math.nan, "mdy": math.nan}
    rows_left = _DATES
    for rows in table.read((place,)):
        for order in unread:
            seconds = np.empty(len(rows.lines))
            moments(rows.text, rows.starts[:, 0], rows.stops[:, 0], ORDERS[order], seconds)
            unread[order] += int(np.isnan(seconds).sum())
            known = seconds[np.isfinite(seconds)]
            if known.size:
                steps = np.diff(known, prepend=last[order])
                falls[order] += int((steps < 0).sum())
                rises[order] += int((steps > 0).sum())
                last[order] = float(known[-1])
        rows_left -= len(rows.lines)
        if rows_left <= 0:
            break
    for count in (unread, {order: min(falls[order], rises[order]) for order in unread}):
        if count["dmy"] != count["mdy"]:
            return min(count, key=lambda order: count[order])
    return ""


def _fits(cells: Sequence[str], order: str) -> bool:
    text = "".join(cells).encode()
    ends = np.cumsum([len(cell.encode()) for cell in cells]).astype(np.int32)
    starts = (ends - np.array([len(cell.encode()) for cell in cells], np.int32)).astype(np.int32)
    out = np.empty(len(cells))
    moments(np.frombuffer(text, np.uint8), starts, ends, ORDERS[order], out)
    return bool(np.isfinite(out).all())


def _node(look: Look, time: tuple[int, ...]) -> str:
    """A column of few whole numbers that take turns: which sensor a row is from."""
    for place in range(len(look.names)):
        numbers = _numbers(look, place)
        turns = sum(a != b for a, b in pairwise(numbers))
        whole = all(number == int(number) for number in numbers)
        if (
            place not in time
            and whole
            and 1 < len(set(numbers)) <= _MOST_NODES
            and 2 * turns > len(numbers) > 2 * len(set(numbers))
        ):
            return look.names[place]
    return ""


def _guess(look: Look, place: int, time: tuple[int, ...]) -> _Guess:
    name, numbers = look.names[place], _numbers(look, place)
    sample = (
        f"{min(numbers):g} to {max(numbers):g} in the first rows" if numbers else ", ".join(_column(look, place)[:3])
    )
    sample = _plain(sample)
    if place in time or not numbers:
        return _Guess(name, "", "", sample)
    unit = look.units[place]
    spaced = re.sub(r"[_\-]", " ", name)
    family = next((family for family, words in _WORDS if words.search(name) or words.search(spaced)), "")
    if unit in ("degc", "degf", "k") and family != "cell-temperature":
        family = "heat"
    if family == "cell-voltage" and not (
        _CELL_V[0] <= _middle(numbers) <= _CELL_V[1] or _CELL_V[0] <= _middle(numbers) / 1000 <= _CELL_V[1]
    ):
        family = ""
    if unit.lower() in _OF_SMOKE:
        family = "smoke"
    units = UNITS[Family(family)] if family else {}
    if unit.lower() in units:
        return _Guess(name, family, unit, sample)
    unit = _by_size(family, numbers)
    doubt = f"no unit is named, {_WRITTEN.get(unit, unit)} is a guess from the range: correct it and take the # away"
    if family == "heat" and not _SURE_HEAT.search(spaced):
        doubt = f"the name alone hardly says that this is {family}: correct it and take the # away"
    return _Guess(name, family, unit, sample, doubt if family in _OF_RANGE else "")


def _alike(guesses: Sequence[_Guess], look: Look) -> list[_Guess]:
    """Columns of one stem, such as SMA_1 and SMD_1, share one unit: the one that is named, else that of the one that reaches farthest."""
    stems: dict[tuple[str, str], list[int]] = {}
    for place, guess in enumerate(guesses):
        if guess.family:
            stems.setdefault((guess.family, _STEM.sub("", guess.name.casefold())[:2]), []).append(place)
    found = list(guesses)
    for (family, _), places in stems.items():
        named = {guesses[place].unit for place in places if not guesses[place].doubt}
        if len(named) > 1:
            continue
        unit = named.pop() if named else _by_size(family, [n for place in places for n in _numbers(look, place)])
        for place in places:
            old = guesses[place]
            doubt = old.doubt.replace(f", {_WRITTEN.get(old.unit, old.unit)} is", f", {_WRITTEN.get(unit, unit)} is")
            found[place] = replace(old, unit=unit, doubt=doubt)
    return found


def _middle(numbers: Sequence[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


def _by_size(family: str, numbers: Sequence[float]) -> str:
    """The unit that numbers of this size have in this family, when nobody says."""
    middle = _middle(numbers)
    if family in ("heat", "cell-temperature"):
        return "k" if 250 < middle < 330 else "degc"  # noqa: PLR2004 (rooms in kelvin)
    if family == "cell-voltage":
        return "mv" if middle > 100 else "v"  # noqa: PLR2004 (a cell in millivolts)
    if family == "smoke":
        return "1/m" if max(numbers) < 0.5 else "%/m"  # noqa: PLR2004 (clean air as optical density)
    return {"climate-humidity": "%", "h2": "ppm", "co": "ppm", "voc": "ppm"}.get(family, "")


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:80]
