"""The kernel that takes text apart: bytes of a table into numbers by row and column, at once and without an object a cell.

A number is exact: its digits fit 53 bits and its power of ten is one that a float64 holds exactly, so that one multiplication or division
rounds once (Clinger 1990). Every other number is left to the caller as HARD. The plain twin is tests/naive/table.py.
"""

from typing import Any

import numpy as np

from drivers.compiled.door import kernel

NUMBER, BLANK, TEXT, HARD = 0, 1, 2, 3
"""What a cell is: a number; nothing; no number (text, NaN, infinite); a number that the caller must read."""

_POWERS = np.array([10.0**n for n in range(23)])
_EXACT_POWER, _EXACT_DIGITS = 22, 1 << 53
_SPACE, _TAB, _CR, _LF = 32, 9, 13, 10
_PLUS, _MINUS, _0, _9, _POINT = 43, 45, 48, 57, 46
_NO_BREAK = 160


@kernel
def _is_space(byte: int) -> bool:
    return byte in (_SPACE, _TAB, _CR)


@kernel
def number(text: Any, first: int, end: int, decimal: int) -> tuple[int, float]:  # noqa: C901, PLR0912 (one pass over the bytes)
    """What the bytes `first` to `end` of `text` (uint8) are, and the number if they are one (NaN otherwise). Spaces are trimmed before."""
    at = first
    negative = False
    if text[at] in (_PLUS, _MINUS):
        negative = text[at] == _MINUS
        at += 1
    digits = 0
    mantissa = 0
    power = 0
    n_digits = 0
    hard = False
    after_point = False
    while at < end:
        byte = text[at]
        if _0 <= byte <= _9:
            n_digits += 1
            if mantissa > 0 or byte != _0:
                digits += 1
            if digits > 18:  # noqa: PLR2004 (10**18 fits an int64, one digit more may not)
                hard = True
            else:
                mantissa = mantissa * 10 + (byte - _0)
            if after_point:
                power -= 1
        elif byte == decimal and not after_point:
            after_point = True
        else:
            break
        at += 1
    if n_digits == 0:
        return TEXT, np.nan
    if at < end and text[at] in (69, 101):  # E e
        at += 1
        down = False
        if at < end and text[at] in (_PLUS, _MINUS):
            down = text[at] == _MINUS
            at += 1
        n_power = 0
        said = 0
        while at < end and _0 <= text[at] <= _9:
            said = min(said * 10 + (text[at] - _0), 100000)
            n_power += 1
            at += 1
        if n_power == 0:
            return TEXT, np.nan
        power += -said if down else said
    if at != end:
        return TEXT, np.nan
    if hard or mantissa >= _EXACT_DIGITS or power > _EXACT_POWER or power < -_EXACT_POWER:
        return (NUMBER, 0.0) if mantissa == 0 and not hard and not negative else (HARD, np.nan)
    value = mantissa * _POWERS[power] if power >= 0 else mantissa / _POWERS[-power]
    return NUMBER, -value if negative else value


@kernel
def take_apart(  # noqa: C901, PLR0912, PLR0915 (one pass over the bytes, nothing called a cell)
    text: Any, end: int, is_last: bool, delimiter: int, merge: bool, decimal: int, comment: int, slot_of: Any,
    values: Any, states: Any, starts: Any, stops: Any, n_cells: Any, line_ends: Any,
) -> tuple[int, int, int]:  # fmt: skip
    """Take whole lines of `text` (uint8, `end` bytes of it) apart, as many as the arrays have rows.

    `slot_of` int32 (columns,): where a column goes, -1 nowhere. `values` float64, `states` uint8, `starts` and `stops` int32 (rows, slots):
    number, what the cell is, and its bytes, trimmed of spaces and quotes. `n_cells` int32 (rows,) counts the cells of a line; `line_ends`
    int64 (rows,) its place among the lines, from 0. `merge`: several delimiters in a row are one. A line that is empty or begins with
    `comment` (-1: none) is no row. A quote that its line does not close is text. Returns rows, bytes taken, lines taken; a line without an
    end is taken when it `is_last`.
    """
    n_columns = slot_of.shape[0]
    n_slots = values.shape[1]
    row = 0
    lines = 0
    at = 0
    while at < end and row < values.shape[0]:
        stop = at
        while stop < end and text[stop] != _LF:
            stop += 1
        if stop == end and not is_last:
            break
        first = at
        at = min(stop + 1, end)
        lines += 1
        while stop > first and text[stop - 1] == _CR:
            stop -= 1
        here = first
        while here < stop and _is_space(text[here]):
            here += 1
        if here == stop or text[here] == comment:
            continue
        for slot in range(n_slots):
            values[row, slot] = np.nan
            states[row, slot] = BLANK
            starts[row, slot] = 0
            stops[row, slot] = 0
        if merge:
            first = here
        column = 0
        cell = first
        while True:
            # One cell: from `cell` to `close`; `following` is where the next one begins, -1 for none.
            a = cell
            while a < stop and _is_space(text[a]) and text[a] != delimiter:
                a += 1
            close = -1
            following = -1
            b = a
            if a < stop and text[a] == 34:  # noqa: PLR2004 (a quote)
                q = a + 1
                while q < stop:
                    if text[q] == 34:  # noqa: PLR2004
                        if q + 1 < stop and text[q + 1] == 34:  # noqa: PLR2004 (a doubled quote is one of the text)
                            q += 2
                            continue
                        break
                    q += 1
                after = q + 1
                while after < stop and _is_space(text[after]) and text[after] != delimiter:
                    after += 1
                if q < stop and (after == stop or text[after] == delimiter):
                    a += 1
                    b = q
                    close = after
            if close < 0:
                close = a
                while close < stop and text[close] != delimiter:
                    close += 1
                b = close
            if close < stop:
                following = close + 1
                while merge and following < stop and text[following] == delimiter:
                    following += 1
                if merge and following == stop:
                    following = -1
            while a < b and _is_space(text[a]):
                a += 1
            while b > a and _is_space(text[b - 1]):
                b -= 1
            slot = slot_of[column] if column < n_columns else -1
            if slot >= 0:
                starts[row, slot] = a
                stops[row, slot] = b
                if b > a:
                    state, value = number(text, a, b, decimal)
                    states[row, slot] = state
                    values[row, slot] = value
            column += 1
            if following < 0:
                break
            cell = following
        n_cells[row] = column
        line_ends[row] = lines - 1
        row += 1
    return row, at, lines
