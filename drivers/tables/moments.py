"""The kernel that reads times: dates, clock times and both, in any of the usual orders, into seconds.

A time is read as its groups of digits: year, month, day in the order that the column has, then hour, minute, second with a fraction; names of
months, am and pm, Z and offsets from UTC are understood, what stands between does not matter. The plain twin is tests/naive/table.py.
"""

from typing import Any

import numpy as np

from drivers.compiled.door import kernel

YMD, DMY, MDY, HMS, HM, MS = range(6)
"""Orders: dates first, or clock times alone (hours, minutes, seconds; hours, minutes; minutes, seconds)."""
ORDERS = {"ymd": YMD, "dmy": DMY, "mdy": MDY, "h:m:s": HMS, "h:m": HM, "m:s": MS}
"""Their names in a map."""

_MONTHS = np.frombuffer(b"janfebmaraprmayjunjulaugsepoctnovdec", np.uint8).copy()
_LONG_AGO_DAYS = 719468
_DAY_S = 86400.0


@kernel
def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms")."""
    y = year - (1 if month <= 2 else 0)  # noqa: PLR2004
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1  # noqa: PLR2004
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _LONG_AGO_DAYS


@kernel
def _month(text: Any, first: int) -> int:
    for month in range(12):
        alike = True
        for i in range(3):
            if (text[first + i] | 32) != _MONTHS[3 * month + i]:
                alike = False
        if alike:
            return month + 1
    return 0


@kernel
def moment(text: Any, first: int, end: int, order: int) -> float:  # noqa: C901, PLR0911, PLR0912, PLR0915 (one pass over the bytes)
    """Seconds of one time: from 1970-01-01 UTC for a date, from 0 h for a clock time. NaN for what is none."""
    group = np.zeros(8, np.int64)
    width = np.zeros(8, np.int64)
    n = 0
    named = 0  # month by its name
    half = -1  # 0 am, 1 pm
    fraction = 0.0
    zone_sign = 0
    zone_from = -1
    n_date = 3 if order <= MDY else 0
    at = first
    while at < end:
        byte = text[at]
        if 48 <= byte <= 57:  # noqa: PLR2004 (a digit)
            value = 0
            start = at
            while at < end and 48 <= text[at] <= 57:  # noqa: PLR2004
                if at - start < 18:  # noqa: PLR2004 (an int64 holds so many)
                    value = value * 10 + (text[at] - 48)
                at += 1
            is_fraction = (
                start > first and text[start - 1] in (44, 46) and n + (1 if named else 0) == n_date + _n_clock(order)
            )
            if is_fraction and zone_sign == 0:
                fraction = value / 10.0 ** min(at - start, 18)
                continue
            if n == 8:  # noqa: PLR2004
                return np.nan
            long = at - start
            if n == 0 and n_date and long in (12, 14):  # 20131202211500
                if long == 12:  # noqa: PLR2004 (without seconds)
                    value *= 100
                group[0], group[1], group[2] = value // 10**10, value // 10**8 % 100, value // 10**6 % 100
                group[3], group[4], group[5] = value // 10**4 % 100, value // 100 % 100, value % 100
                width[0] = 4
                n = 6
                order = YMD
            elif n == 0 and n_date and long == 8:  # noqa: PLR2004 (20131202)
                group[0], group[1], group[2] = value // 10000, value // 100 % 100, value % 100
                width[0] = 4
                n = 3
                order = YMD
            elif n + (1 if named else 0) == n_date and long == 6:  # noqa: PLR2004 (211500)
                group[n], group[n + 1], group[n + 2] = value // 10000, value // 100 % 100, value % 100
                n += 3
            else:
                group[n] = value
                width[n] = long
                n += 1
            continue
        letter = byte | 32
        if 97 <= letter <= 122:  # noqa: PLR2004 (a to z)
            start = at
            while at < end and 97 <= (text[at] | 32) <= 122:  # noqa: PLR2004
                at += 1
            long = at - start
            if long == 2 and (text[start + 1] | 32) == 109 and letter in (97, 112):  # noqa: PLR2004 (am, pm)
                half = 1 if letter == 112 else 0  # noqa: PLR2004
            elif long >= 3 and n_date and n < 3 and _month(text, start):  # noqa: PLR2004
                named = _month(text, start)
            elif n == 0 and long == 1:
                return np.nan
            continue
        if byte in (43, 45) and n + (1 if named else 0) >= n_date + 2 and zone_sign == 0 and at > first:
            zone_sign = 1 if byte == 43 else -1  # noqa: PLR2004 (a plus)
            zone_from = n
        elif byte == 45 and at == first:  # noqa: PLR2004 (a negative time)
            return np.nan
        at += 1
    zone_s = 0.0
    if zone_sign != 0:
        if n - zone_from == 1 and width[zone_from] <= 2:  # noqa: PLR2004
            zone_s = zone_sign * group[zone_from] * 3600.0
        elif n - zone_from == 1:
            zone_s = zone_sign * (group[zone_from] // 100 * 3600.0 + group[zone_from] % 100 * 60.0)
        elif n - zone_from == 2:  # noqa: PLR2004
            zone_s = zone_sign * (group[zone_from] * 3600.0 + group[zone_from + 1] * 60.0)
        else:
            return np.nan
        n = zone_from
    day_s = 0.0
    clock = 0
    if n_date:
        if named:
            if n < 2:  # noqa: PLR2004
                return np.nan
            year, month, day = (group[0], named, group[1]) if width[0] >= 3 else (group[1], named, group[0])  # noqa: PLR2004
            short = width[0] < 3 and width[1] < 3  # noqa: PLR2004
            clock = 2
        else:
            if n < 3:  # noqa: PLR2004
                return np.nan
            if width[0] >= 3 or order == YMD:  # noqa: PLR2004
                year, month, day = group[0], group[1], group[2]
                short = width[0] < 3  # noqa: PLR2004
            elif order == DMY:
                year, month, day = group[2], group[1], group[0]
                short = width[2] < 3  # noqa: PLR2004
            else:
                year, month, day = group[2], group[0], group[1]
                short = width[2] < 3  # noqa: PLR2004
            clock = 3
        if short:
            year += 2000 if year < 70 else 1900  # noqa: PLR2004
        if not (1 <= month <= 12 and 1 <= day <= 31 and year <= 9999):  # noqa: PLR2004
            return np.nan
        day_s = days_of(year, month, day) * _DAY_S
    left = n - clock
    if left > 3 or (n_date == 0 and left < 2):  # noqa: PLR2004
        return np.nan
    if order == MS:
        if left != 2:  # noqa: PLR2004
            return np.nan
        return float(group[0] * 60.0 + group[1] + fraction)
    hour = group[clock] if left > 0 else 0
    minute = group[clock + 1] if left > 1 else 0
    second = group[clock + 2] if left > 2 else 0  # noqa: PLR2004
    if half >= 0:
        if not 1 <= hour <= 12:  # noqa: PLR2004
            return np.nan
        hour = hour % 12 + 12 * half
    if minute > 59 or second > 60 or (n_date and hour > 24):  # noqa: PLR2004 (60: a leap second)
        return np.nan
    return day_s + hour * 3600.0 + minute * 60.0 + second + fraction - zone_s


@kernel
def _n_clock(order: int) -> int:
    return 3 if order <= HMS else 2


@kernel
def moments(text: Any, starts: Any, stops: Any, order: int, out: Any) -> None:
    """Write the seconds (float64) of the times at the given bytes; NaN where there is none."""
    for i in range(out.shape[0]):
        out[i] = moment(text, starts[i], stops[i], order) if stops[i] > starts[i] else np.nan
