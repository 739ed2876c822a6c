"""The one kernel call of a bank of cells: tile by tile, first all points, then the odd ones."""

from typing import Any

import numpy as np

from controller.core.detect import cell_dying as dying
from controller.core.detect import cell_image as image
from controller.core.detect import cell_judge as odd_one
from controller.core.detect import cell_middle as middle
from controller.core.detect import cell_params as par
from controller.core.detect import cell_slow as slowly
from controller.core.detect import cell_step as step
from controller.core.detect import cell_tile as all_of
from controller.core.detect import cell_validity as validity
from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_tile import M, N
from controller.core.detect.compile import jit

ONE_POINT = np.uintp(1)
NOTHING, NEW_NEWS = np.uint8(0), np.uint8(all_of.NEWS | all_of.NEW)


@jit
def advance(
    value: Any, quality: Any, sample: Any, received_ms: Any, tick_ms: Any, index: Any, seen_quality: Any,
    seen_sample: Any, last_ms: Any, s: Any, m: Any, w: Any, r: Any, status: Any, status_words: Any, flags: Any,
    flag_words: Any, odd_lane: Any, code: Any, code_words: Any, heads: Any, points: Any, params: Any,
    head_of: Any, run: Any, tile_run: Any, tile_slot: Any, tile_rows: Any, tile_width: Any, tile_kind: Any,
    tile_net: Any, tile_ms: Any, pairs: Any, partners: Any, kin_heads: Any, kin_status: Any,
) -> Any:  # fmt: skip
    """Advance a bank by one image; returns whether anything was new (if not, nothing has changed).

    `value` float64, `quality` uint8, `sample` and `received_ms` int64: of the image. By slot: `index` int32 places in
    the image, `seen_quality`, `seen_sample`, `last_ms`, `status`, `flags` and `code` uint8, `points`
    (`cell_records`), `head_of` int32; by lane `odd_lane` uint8. `s`, `m`, `w`, `r` float32: state, modules, scratch
    of a tile, its sorted rows; `code_words`, `status_words` and `flag_words` show the same bytes as uint64;
    `heads` and `points` are records, `partners` (points), `kin_heads` and `kin_status` those of the other bank of
    cells (of voltages, or of temperatures); `params` float32 (kinds, `cell_params.COUNT`);
    `run` int64 (runs, 3): slot, place in the image, length of points that lie together;
    `tile_run` the first run of each tile, and the number of all; `tile_ms` int64 when its heat balances went on; the
    rest are the fields of `tiles.Tiles`.
    """
    news = False
    died = False
    for t in range(tile_slot.shape[0]):
        slot = np.uintp(tile_slot[t])
        rows = np.uintp(tile_rows[t])
        width = np.uintp(tile_width[t])
        chunks = (rows * width + N - ONE_POINT) // N
        first = slot // N * at.STATE
        shared = np.uintp(t) * at.SHARED
        p = params[tile_kind[t]]
        for n in range(rows * width, chunks * N):  # slots of no point: another tile's scratch
            w[n // N * at.SCRATCH + at.FRESH + n % N] = all_of.ZERO
        for n in range(tile_run[t], tile_run[t + 1]):
            i = np.uintp(run[n, 0])
            to = (i - slot) // N * at.SCRATCH + i % N
            k, count = np.uintp(run[n, 1]), np.uintp(run[n, 2])
            if image.is_old(i, k, count, sample, seen_sample, quality, seen_quality):
                image.see_all(w, code, to, i, count, NOTHING, all_of.ZERO)
                continue
            if image.is_new(i, k, count, sample, seen_sample) and image.is_good(
                i, k, count, quality, seen_quality, status
            ):
                image.keep_samples(i, k, count, sample, seen_sample)
                image.see_all(w, code, to, i, count, NEW_NEWS, all_of.ONE)
            else:
                image.see(w, code, to, i, k, count, quality, sample, seen_quality, seen_sample, status)
            image.take_values(w, to, k, count, value)
            image.take_times(w, to, i, k, count, received_ms, last_ms)
        found = False
        for chunk in range(chunks):
            found |= all_of.is_any(code_words, (slot + chunk * N) // all_of.EIGHT, all_of.NEWS_BITS)
        if not found:
            continue
        news = True
        changed = False
        for chunk in range(chunks):
            c, to, i = first + chunk * at.STATE, chunk * at.SCRATCH, slot + chunk * N
            if not all_of.check(s, w, c, to, p):
                for n in range(N):
                    if all_of.is_unclear(w, code, to + n, i + n):
                        changed = True
                        head = heads[head_of[i + n]]
                        place = index[i + n]
                        fresh = validity.take(
                            points[i + n], head, s, c + n, i + n, w[at.X + to + n], w[at.DT_MS + to + n], value[place], code[i + n],
                            received_ms[place], last_ms, tick_ms, status, flags, seen_quality[i + n],
                        )  # fmt: skip
                        w[at.FRESH + to + n] = 1.0 if fresh else 0.0
                        if s[c + at.LAST + n] != s[c + at.LAST + n]:
                            w[at.DT_MS + to + n] = 0.0
                        all_of.take_in(s, w, c + n, to + n)
                        died |= head.died != 0
            if all_of.is_any(status_words, i // all_of.EIGHT, all_of.ALL_BITS):
                all_of.leave_out(w, to, i, status)
        for n in range(tile_run[t], tile_run[t + 1]):
            i = np.uintp(run[n, 0])
            to = (i - slot) // N * at.SCRATCH + i % N
            image.set_times(w, to, i, np.uintp(run[n, 1]), np.uintp(run[n, 2]), received_ms, last_ms)
        net = tile_net[t]
        middle.find_middles(w, m, r, shared, rows, width, pairs, net[0], net[1], p[par.SIGN])
        middle.hand_out(w, m, shared, rows, width)
        if p[par.IS_VOLTAGE] > 0.0:
            slowly.load(w, m, shared, rows, width)
        for chunk in range(chunks):
            c, to, i = first + chunk * at.STATE, chunk * at.SCRATCH, slot + chunk * N
            flagged = all_of.is_any(flag_words, i // all_of.EIGHT, all_of.ALL_BITS)
            if not flagged and not all_of.is_any_fresh(w, to):
                continue
            all_of.follow(s, w, c, to)
            all_of.smooth(s, w, c, to, p)
            all_of.compare(s, w, c, to, p)
            all_of.add_up(s, w, c, to, p)
            if p[par.IS_VOLTAGE] > 0.0:
                all_of.peak(s, w, c, to, p[par.WINDOW_MS], p[par.KEEP])
            else:
                all_of.steepen(s, w, c, to, p[par.RUNS])
            if all_of.note(s, w, c, to, p) or flagged:
                changed |= visit_chunk(
                    s, w, code, c, to, i, slot, rows, heads, points, head_of, last_ms, partners, flags, tick_ms
                )
        coarse = p[par.IS_VOLTAGE] == 0.0 and p[par.IS_GROUP] == 0.0
        if coarse:
            slowly.keep_latest(w, m, shared, width)
        since_ms = tick_ms - tile_ms[t]
        if since_ms >= all_of.BALANCE_MS:
            tile_ms[t] = tick_ms
            dt = np.float32(min(since_ms, all_of.LONGEST_MS))
            if p[par.IS_VOLTAGE] > 0.0:
                slowly.rest(m, shared, dt, p[par.LOAD_TAU_MS])
            else:
                if coarse:
                    slowly.take_latest(m, shared)
                slowly.balance(m, shared, dt, p)
                for chunk in range(chunks):
                    slowly.creep_on(s, first + chunk * at.STATE, slot + chunk * N, status, flags, dt, p)
        if changed:
            mark_lanes(odd_lane, np.uintp(t) * M, slot, rows, width, status, flags)
    if died:
        dying.judge_dying(points, heads, status, tick_ms, partners, kin_heads, kin_status)
    return news


@jit
def visit_chunk(
    s: Any, w: Any, code: Any, c: Any, to: Any, i: Any, slot: Any, rows: Any, heads: Any, points: Any, head_of: Any,
    last_ms: Any, partners: Any, flags: Any, tick_ms: Any,
) -> Any:  # fmt: skip
    """Judge the points of a chunk that were noted; returns whether there were any."""
    found = False
    for n in range(N):
        if not all_of.is_noted(w, to + n, i + n, flags):
            continue
        found = True
        q = points[i + n]
        head = heads[head_of[i + n]]
        collapsed = head.sign > 0.0 and q.partner >= 0 and partners[q.partner].on[codes.C_COLLAPSE] != 0
        if w[at.FRESH + to + n] != 0.0:
            validity.make_good(q, i + n, flags)
            lone = step.is_lone(points, head, s, c + n, i + n, partners, last_ms[i + n])
            odd_one.judge(
                q, head, s, c + n, i + n, w[at.MID + to + n], w[at.FILTERED + to + n], w[at.LOAD + to + n],
                w[at.DT_MS + to + n], last_ms[i + n], collapsed, lone, flags,
            )  # fmt: skip
        elif collapsed and not q.kept_runaway and has_news(code, i + n, slot, rows):
            odd_one.judge_died_hot(q, head, tick_ms)
            flags[i + n] |= all_of.KEPT
    return found


@jit
def has_news(code: Any, i: Any, slot: Any, rows: Any) -> Any:
    """Whether the image brought anything about the module of slot `i`."""
    found = False
    module = slot + (i - slot) // rows * rows
    for row in range(rows):
        found |= code[module + row] & all_of.NEWS != 0
    return found


@jit
def mark_lanes(odd_lane: Any, lanes: Any, slot: Any, rows: Any, width: Any, status: Any, flags: Any) -> None:
    """Of which modules any point is not plain."""
    for lane in range(width):
        odd = 0
        for row in range(rows):
            odd |= status[slot + lane * rows + row] | flags[slot + lane * rows + row]
        odd_lane[lanes + lane] = odd != 0
