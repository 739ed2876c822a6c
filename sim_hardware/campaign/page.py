"""The report of a campaign as one HTML page: no script, nothing from elsewhere."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from sim_hardware.campaign.draw import draw_distribution
from sim_hardware.campaign.summary import CaseSummary, Distribution, Share, by_scenario
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
    parts += [_rows(group) if group[0].case.row else _case(group[0]) for group in by_scenario(summaries)]
    return document("Haechi campaign", parts)


def _overview(summaries: Sequence[CaseSummary]) -> str:
    rows = (_scenario(group) for group in by_scenario(summaries))
    return table(("Scenario · 시나리오", "Runs · 실행", "All criteria met · 전 기준 충족", "Failed · 실패", ""), rows)


def _scenario(group: Sequence[CaseSummary]) -> tuple[str, ...]:
    scenario = group[0].case.scenario
    runs, failed = sum(len(s.runs) for s in group), sum(len(s.failed) for s in group)
    met = runs - sum(len(s.missed_seeds) for s in group)
    title = f"{escape(scenario.title)}{_soft(scenario.title_ko)}"
    return title, str(runs), str(met), str(failed), verdict(all(s.passed for s in group))


def _case(summary: CaseSummary) -> str:
    parts = [_shares((summary,)), _failures((summary,)), *_drawings(summary), _figures(summary)]
    return section(_heading(summary), "".join(parts))


def _rows(group: Sequence[CaseSummary]) -> str:
    """A table of runs: each row with its share; the figures of so many cases are in the tables beside the page."""
    return section(_heading(group[0]), _shares(group) + _failures(group))


def _heading(summary: CaseSummary) -> str:
    scenario = summary.case.scenario
    return " · ".join(text for text in (scenario.title, scenario.title_ko) if text)


def _shares(group: Sequence[CaseSummary]) -> str:
    rows = [[*_share(share), _again(s, share.missed_seeds)] for s in group for share in s.shares]
    heads = (
        "Criterion · 기준",
        "Limit · 한계",
        "Met · 충족",
        "95 % interval · 신뢰구간",
        "Seeds that missed · 미충족 시드",
    )
    return table(heads, rows) if rows else ""


def _share(share: Share) -> tuple[str, ...]:
    ends = (f"{100 * end:.1f}" for end in share.interval)
    title = f"{escape(share.standard.title)}{_soft(share.standard.title_ko)}"
    met = f"{share.met} of {share.runs}"
    shown_met = met if share.met == share.runs else f'<span class="no">{met}</span>'
    return title, escape(share.standard.limit), shown_met, f"{' to '.join(ends)} %"


def _again(summary: CaseSummary, seeds: Sequence[int]) -> str:
    """Seeds, and how to see the first of them again."""
    if not seeds:
        return ""
    more = f" and {len(seeds) - SEEDS_SHOWN} more" if len(seeds) > SEEDS_SHOWN else ""
    command = f"haechi-sim drill {summary.case.words} --virtual --seed {seeds[0]}"
    return f"{', '.join(map(str, seeds[:SEEDS_SHOWN]))}{more}{_soft(command)}"


def _failures(group: Sequence[CaseSummary]) -> str:
    failed = [failed for summary in group for failed in summary.failed]
    if not failed:
        return ""
    rows = ((escape(one.case), str(one.seed), str(one.tries), escape(one.reason)) for one in failed)
    return "<h3>Failed runs · 실패한 실행</h3>" + table(
        ("Case · 시험", "Seed · 시드", "Tries · 시도", "Why · 이유"), rows
    )


def _drawings(summary: CaseSummary) -> Iterator[str]:
    """Those that criteria are about come first."""
    drawn = [_drawing(summary, found) for found in summary.distributions if found.varies]
    if drawn:
        yield f'<p class="soft-text">{escape(LEGEND)}</p><div class="charts">{"".join(drawn[:CHARTS_OPEN])}</div>'
    if len(drawn) > CHARTS_OPEN:
        more = f'<div class="charts">{"".join(drawn[CHARTS_OPEN:])}</div>'
        yield f"<details><summary>{len(drawn) - CHARTS_OPEN} more distributions · 나머지 분포</summary>{more}</details>"


def _drawing(summary: CaseSummary, found: Distribution) -> str:
    about = [c for c in summary.case.scenario.criteria if c.metric == found.metric]
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


def _soft(words: str) -> str:
    return f'<br><span class="soft-text">{escape(words)}</span>' if words else ""
