"""The report of a campaign as one HTML page: no script, nothing from elsewhere."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from sim_hardware.campaign.draw import draw_distribution
from sim_hardware.campaign.summary import CaseSummary, Distribution, Share
from sim_hardware.report.judge import shown
from sim_hardware.report.page import document, section, table, verdict

SEEDS_SHOWN = 24
LEGEND = (
    "Bars: runs · 막대: 실행 수. Green: share at or below · 녹색: 누적 비율. Blue: median and where it may lie (95 %), dotted 5 % and 95 % · "
    "청색: 중앙값과 신뢰구간, 점선 5 %·95 %. Red: limit of a criterion · 적색: 기준."
)
CHARTS_OPEN = 8
"""So many drawings are shown; more are there to be opened."""


def page(summaries: Sequence[CaseSummary], how: str) -> str:
    """The whole page; `how` tells what the runs took."""
    head = (
        "<h1>Haechi campaign · 시뮬레이션 반복 시험</h1>"
        f'<p class="verdict">{verdict(all(summary.passed for summary in summaries))}</p>'
        f"<p>{escape(how)}. Drills in a simulated plant, in virtual time: they prove nothing about a real one.</p>"
    )
    parts = [head, section("Scenarios · 시나리오", _overview(summaries))]
    parts += [_case(summary) for summary in summaries]
    return document("Haechi campaign", parts)


def _overview(summaries: Sequence[CaseSummary]) -> str:
    rows = (
        (
            f"{escape(s.case.title)}{_soft(s.case.title_ko)}", str(len(s.runs)),
            str(len(s.runs) - len(s.missed_seeds)), str(len(s.failed)), verdict(s.passed),
        )
        for s in summaries
    )  # fmt: skip
    return table(("Scenario · 시나리오", "Runs · 실행", "All criteria met · 전 기준 충족", "Failed · 실패", ""), rows)


def _case(summary: CaseSummary) -> str:
    title = " · ".join(text for text in (summary.case.title, summary.case.title_ko) if text)
    parts = [_shares(summary), _failures(summary), *_drawings(summary), _figures(summary)]
    return section(title, "".join(parts))


def _shares(summary: CaseSummary) -> str:
    rows = ([*_share(share), _again(summary, share.missed_seeds)] for share in summary.shares)
    heads = (
        "Criterion · 기준",
        "Limit · 한계",
        "Met · 충족",
        "95 % interval · 신뢰구간",
        "Seeds that missed · 미충족 시드",
    )
    return table(heads, rows) if summary.shares else ""


def _share(share: Share) -> tuple[str, ...]:
    ends = (f"{100 * end:.1f}" for end in share.interval)
    met = f"{share.met} of {share.runs}"
    return (
        f"{escape(share.standard.title)}{_soft(share.standard.title_ko)}", escape(share.standard.limit),
        met if share.met == share.runs else f'<span class="no">{met}</span>', f"{' to '.join(ends)} %",
    )  # fmt: skip


def _again(summary: CaseSummary, seeds: Sequence[int]) -> str:
    """Seeds, and how to see one of them again."""
    if not seeds:
        return ""
    more = f" and {len(seeds) - SEEDS_SHOWN} more" if len(seeds) > SEEDS_SHOWN else ""
    row = f", row {summary.case.row.name}" if summary.case.row else ""
    command = f"haechi-sim drill {summary.case.words} --virtual --seed {seeds[0]}{row}"
    return f"{', '.join(map(str, seeds[:SEEDS_SHOWN]))}{more}<br>{_soft(command, line_break=False)}"


def _failures(summary: CaseSummary) -> str:
    if not summary.failed:
        return ""
    rows = ((str(failed.seed), str(failed.tries), escape(failed.reason)) for failed in summary.failed)
    return "<h3>Failed runs · 실패한 실행</h3>" + table(("Seed · 시드", "Tries · 시도", "Why · 이유"), rows)


def _drawings(summary: CaseSummary) -> Iterator[str]:
    """Those that criteria are about come first."""
    drawn = [_drawing(summary, found) for found in summary.distributions if found.varies]
    if drawn:
        yield f'<p class="soft-text">{escape(LEGEND)}</p><div class="charts">{"".join(drawn[:CHARTS_OPEN])}</div>'
    if len(drawn) > CHARTS_OPEN:
        more = f'<div class="charts">{"".join(drawn[CHARTS_OPEN:])}</div>'
        yield f"<details><summary>{len(drawn) - CHARTS_OPEN} more distributions · 나머지 분포</summary>{more}</details>"


def _drawing(summary: CaseSummary, found: Distribution) -> str:
    about = [c for c in summary.case.scenario.criteria if c.metric == found.metric and not summary.case.row]
    title, title_ko = (about[0].title, about[0].title_ko) if about else (found.metric, "")
    limits = [
        limit
        for c in about
        for limit in (c.at_least, c.at_most, c.equals)
        if limit is not None and math.isfinite(limit)
    ]
    return draw_distribution(title, title_ko, found, len(summary.runs), limits)


def _figures(summary: CaseSummary) -> str:
    """What came about, and the names of what never did."""
    heads = (
        "Figure · 수치", "Never · 없음", "5 %", "Median · 중앙값", "95 % interval of the median · 중앙값 신뢰구간", "95 %",
    )  # fmt: skip
    rows = table(heads, (_figure(found) for found in summary.distributions if found.values))
    never = ", ".join(found.metric for found in summary.distributions if not found.values)
    told = f'<p class="soft-text">Never came about · 한 번도 없음: {escape(never)}</p>' if never else ""
    return f"<details open><summary>all figures · 전체 수치</summary>{rows}{told}</details>"


def _figure(found: Distribution) -> tuple[str, ...]:
    interval = found.median_interval
    ends = f"{shown(found.metric, interval.low)} to {shown(found.metric, interval.high)}" if interval else ""
    low, middle, high = (shown(found.metric, found.quantile(share)) for share in (0.05, 0.5, 0.95))
    return escape(found.metric), str(found.never or ""), low, middle, ends, high


def _soft(words: str, *, line_break: bool = True) -> str:
    return f'{"<br>" if line_break else ""}<span class="soft-text">{escape(words)}</span>' if words else ""
