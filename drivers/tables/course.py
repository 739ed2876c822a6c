"""The kernel that follows a recording's time: it stands still, falls back a little, begins anew with each cycle, is set back as a clock is."""

from typing import Any

import numpy as np

from drivers.compiled.door import kernel

AUTO, RESTART, SKIP = 0, 1, 2
"""What a fall of time means: judged by its size and by where it falls to; always a new run; a row that came too late."""
ON, LATE, NEW_RUN, UNREAD, SKIPPED, SET_BACK = range(6)
"""What became of a row: taken; taken as if it came now; first of a new run; no time in it; passed over; the clock was set back before it."""


@kernel
def follow(
    said_s: Any, state: Any, mode: int, window_s: float, step_s: float, course_s: Any, run: Any, kind: Any
) -> None:
    """Make of the times that a recording says the times that it was: `course_s` float64 (n,), never falling within a run.

    `said_s` float64 (n,), NaN for none. `state` float64 (4,), kept from block to block: last time of the course (NaN: none yet), first time of
    the run, what is added since the clock was set back, number of the run. `run` int32 (n,), `kind` uint8 (n,). In mode AUTO a fall of at
    most `window_s` is a row that came late; one to the beginning of the run begins a new run; another one is a clock that was set back, and
    the course goes on by `step_s`.
    """
    for i in range(said_s.shape[0]):
        said = said_s[i]
        course_s[i] = state[0]
        run[i] = int(state[3])
        if not np.isfinite(said):
            kind[i] = UNREAD
            continue
        now = said + state[2]
        if np.isnan(state[0]):
            state[0] = now
            state[1] = now
            kind[i] = ON
        elif now >= state[0]:
            state[0] = now
            kind[i] = ON
        elif mode == SKIP:
            kind[i] = SKIPPED
        elif mode == RESTART or (state[0] - now > window_s and said <= state[1] + window_s):
            state[0] = said
            state[1] = said
            state[2] = 0.0
            state[3] += 1.0
            kind[i] = NEW_RUN
        elif state[0] - now <= window_s:
            kind[i] = LATE
        else:
            state[2] += state[0] - now + step_s
            state[0] += step_s
            kind[i] = SET_BACK
        course_s[i] = state[0]
        run[i] = int(state[3])
