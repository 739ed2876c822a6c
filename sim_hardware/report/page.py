"""The report as one HTML page: no script, nothing from elsewhere, readable in light and dark, for a fire engineer to print."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from controller.core.events import Event, Kind
from sim_hardware.report import svg
from sim_hardware.report.draw_chart import draw_chart
from sim_hardware.report.draw_timeline import draw_timeline
from sim_hardware.report.make import in_words
from sim_hardware.report.result import Curves, DrillResult, Series

PAGE_STYLE = """
html{background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Noto Sans KR",sans-serif}
body{max-width:1200px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0}h2{font-size:19px;margin:34px 0 8px}
.verdict{font-size:18px;font-weight:600}.ok{color:var(--good)}.no{color:var(--bad)}.soft-text{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}th{color:var(--soft);font-weight:500}
svg{max-width:100%;height:auto;border:1px solid var(--grid);border-radius:6px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(380px,1fr));gap:14px}.wide{overflow-x:auto}
details summary{cursor:pointer;color:var(--soft)}
""".strip()

CHARTS = (
    ("temperature_degc", "Temperature", "°C"),
    ("h2_ppm", "Hydrogen", "ppm"),
    ("smoke_pct_per_m", "Smoke", "%/m"),
    ("cells", "Cells in runaway", ""),
    ("agent_pct", "Agent in the room", "vol%"),
    ("coolant_lpm", "Coolant", "L/min"),
)


def page(result: DrillResult) -> str:
    """The whole page."""
    title = f"Haechi drill: {result.title}"
    parts = (
        _head(result),
        section("Acceptance · 판정", _checks(result)) if result.checks else "",
        section("Table of runs · 시험표", _rows(result)) if result.rows else "",
        section("Timeline · 경과", f'<div class="wide">{draw_timeline(result)}</div>') if result.timeline else "",
        section("Course · 변화", _charts(result.curves)) if result.curves.time_s else "",
        section("What the responses are worth · 대응의 효과", _comparisons(result)) if result.comparisons else "",
        section("Beside a real fire test · 실증 시험과 비교", _references(result)) if result.references else "",
        section("Figures · 수치", _figures(result)) if result.figures else "",
        section("Events · 사건", _events(result.events)) if result.events else "",
    )
    return document(title, parts)


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page of parts that are HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{svg.STYLE}\n{PAGE_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table; cells are given as HTML."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def section(title: str, content: str) -> str:
    """Content, which is HTML already, under a heading."""
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def verdict(passed: bool) -> str:
    """Passed or missed, in colour."""
    return f'<span class="{"ok" if passed else "no"}">{"passed · 합격" if passed else "missed · 불합격"}</span>'


def _head(result: DrillResult) -> str:
    how = f"on real sockets at {result.speed:g} times real time" if result.speed else "in virtual time"
    facts = (
        f"{result.site}, seed {result.seed}, {svg.clock(result.duration_s)} of plant time {how} ({result.wall_s:.0f} s waited). "
        "A drill in a simulated plant: it proves nothing about a real one."
    )
    if result.journal:
        facts += f" Journal {result.journal}."
    sign = ""
    if result.sign:
        sign = (
            f"<p>First sign at {svg.clock(result.sign.at_s)}: <b>{escape(result.sign.head)} {escape(result.sign.level)}</b> "
            f"({escape(result.sign.evidence)})</p>"
        )
    return (
        f'<h1>{escape(result.title)}</h1><p class="soft-text">{escape(result.title_ko)}</p>'
        f'<p class="verdict">{verdict(result.passed)}</p><p>{escape(facts)}</p>{sign}'
    )


def _checks(result: DrillResult) -> str:
    rows = (
        (
            f'{escape(c.title)}<br><span class="soft-text">{escape(c.title_ko)}</span>',
            escape(c.shown), escape(c.limit), verdict(c.passed),
        )
        for c in result.checks
    )  # fmt: skip
    return table(("What · 항목", "Found · 결과", "Limit · 기준", ""), rows)


def _rows(result: DrillResult) -> str:
    rows = (
        (escape(r.name), escape(r.reached), escape(r.allowed), escape(r.first), verdict(r.passed)) for r in result.rows
    )
    return table(("Run · 시험", "Reached · 도달", "May reach · 허용", "First · 최초", ""), rows)


def _charts(curves: Curves, top_degc: float = 0.0) -> str:
    drawn = []
    for field, title, unit in CHARTS:
        series: tuple[Series, ...] = getattr(curves, field)
        if series:
            drawn.append(draw_chart(title, unit, curves.time_s, series, top_degc if unit == "°C" else 0.0))
    return f'<div class="charts">{"".join(drawn)}</div>'


def _comparisons(result: DrillResult) -> str:
    runs = [("All responses · 모든 대응", result.curves, result.figures)]
    runs += [(f"{c.title} · {c.title_ko}", c.curves, c.figures) for c in result.comparisons]
    top = max((max(s.values) for _, curves, _ in runs for s in curves.temperature_degc), default=0.0)
    cells = max((max(s.values) for _, curves, _ in runs for s in curves.cells), default=0.0)
    drawn = [draw_chart(name, "°C", c.time_s, c.temperature_degc, top) for name, c, _ in runs]
    drawn += [draw_chart("Cells in runaway", "", c.time_s, c.cells, cells) for _, c, _ in runs]
    columns = len(runs)
    grid = f'<div class="charts" style="grid-template-columns:repeat({columns},1fr)">{"".join(drawn)}</div>'
    metrics = ("cells_in_runaway", "modules_in_runaway", "racks_in_runaway", "neighbour_peak_degc", "spread_s")
    names = ("Cells in runaway", "Modules", "Racks", "Hottest cell of another rack, °C", "Next rack after, s")
    rows = [
        [escape(name), *(_plain(found.get(metric)) for _, _, found in runs)]
        for metric, name in zip(metrics, names, strict=True)
    ]
    lengths = ["Plant time, s", *(f"{_end_s(c):.0f}" for _, c, _ in runs)]
    return grid + table(("", *(name for name, _, _ in runs)), [lengths, *rows])


def _end_s(curves: Curves) -> float:
    return curves.time_s[-1] if curves.time_s else 0.0


def _plain(value: float | None) -> str:
    return "never" if value is None else f"{value:g}"


def _references(result: DrillResult) -> str:
    rows = (
        (
            f"{escape(r.title)} · {escape(r.title_ko)}", _plain(r.here_s), f"{r.there_s:g}",
            f"{r.here_s / r.there_s:.2f}" if r.here_s is not None else "", verdict(r.agrees),
        )
        for r in result.references
    )  # fmt: skip
    note = (
        '<p class="soft-text">FSRI test 2 (18650 cells in a container); to agree, a time lies within a factor of 2.</p>'
    )
    return note + table(("", "Here, s", "Test, s", "Factor", ""), rows)


def _figures(result: DrillResult) -> str:
    rows = ((escape(name), _plain(value)) for name, value in result.figures.items())
    return f"<details><summary>all figures</summary>{table(('Figure', 'Value'), rows)}</details>"


def _events(events: Sequence[Event]) -> str:
    heads = ("Time", "Kind", "About", "What", "Why")
    return f"<details><summary>{len(events)} entries</summary>{table(heads, _event_rows(events))}</details>"


def _event_rows(events: Sequence[Event]) -> Iterator[tuple[str, ...]]:
    for event in events:
        why = "; ".join(text for text in (event.operator, event.text, in_words(event)) if text)
        strong = event.kind in {Kind.STAGE, Kind.REQUEST}
        what = f"<b>{escape(event.what)}</b>" if strong else escape(event.what)
        yield f"{event.tick_ms / 1000:.1f} s", escape(event.kind), escape(event.subject), what, escape(why)
