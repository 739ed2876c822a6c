"""The matrix drawn as one HTML page: causes down, effects across, for the wall of the control room and for the fire engineer's signature."""

from collections.abc import Iterator
from html import escape

from controller.site.digest import site_digest
from controller.site.model import Row, Site
from controller.tools.matrix.grid import NUMBERS, meaning

_STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--grid:#dfe4ea;--paper:#fff;--band:#f3f5f8;--mark:#c2352b;--hold:#b77900}
@media (prefers-color-scheme:dark){:root{--ink:#e7ebf0;--soft:#9aa6b5;--grid:#303945;--paper:#141a21;
--band:#1b232c;--mark:#f0695e;--hold:#e0a52c}}
body{font:13px system-ui,"Noto Sans KR",sans-serif;color:var(--ink);background:var(--paper);margin:2em}
table{border-collapse:collapse}td,th{border:1px solid var(--grid);padding:.25em .5em;text-align:left;vertical-align:top}
th.effect{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:500;white-space:nowrap}
th.effect small{color:var(--soft);font-weight:400}thead th{position:sticky;top:0;background:var(--paper)}
tbody:nth-of-type(even){background:var(--band)}td.mark{text-align:center;color:var(--mark);font-weight:700}
td.hold{text-align:center;color:var(--hold);font-weight:700}.unless{color:var(--hold)}small{color:var(--soft)}
@media print{body{margin:0}thead{display:table-header-group}}
""".strip()

_WORDS = {
    "en": ("Cause and effect", "row", "cause", "meaning", "how", "unless", "drives", "holds back", "logic"),
    "ko": ("원인-결과 매트릭스", "행", "원인", "의미", "조건", "제외", "구동", "억제", "로직"),
}
_HOW = {
    "en": {
        "votes": "{} causes together",
        "delay_s": "after {:g} s",
        "investigate_s": "{:g} s more while delays are on",
        "latch": "until a reset",
        "for_s": "for {:g} s",
        "at": "by {}",
        "to": "holds back",
        "priority": "priority {}",
    },
    "ko": {
        "votes": "원인 {}개 동시",
        "delay_s": "{:g}초 후",
        "investigate_s": "지연 사용 중 {:g}초 추가",
        "latch": "복구 시까지 유지",
        "for_s": "{:g}초 동안",
        "at": "{} 시간대",
        "to": "억제",
        "priority": "우선순위 {}",
    },
}
_PLAIN = Row(when=(), then=())


def page(site: Site, language: str = "en") -> str:
    """The whole page. `language`: "en" or "ko"."""
    title, *heads, drives, holds, logic = _WORDS[language]
    effects = "".join(
        f'<th class="effect">{escape(name)} <small>{escape(str(output.role))}</small></th>'
        for name, output in site.outputs.items()
    )
    columns = "".join(f"<th>{escape(word)}</th>" for word in heads[:4])
    bodies = "".join(
        f"<tbody>{''.join(_lines(site, name, row, language))}</tbody>" for name, row in site.matrix.items()
    )
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}: {escape(site.site.name)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}: {escape(site.site.name)}</h1>"
        f"<p>● {escape(drives)}, ○ {escape(holds)}. {escape(logic)}: <code>{site_digest(site).hex()[:16]}</code></p>"
        f"<table><thead><tr>{columns}{effects}</tr></thead>{bodies}</table></html>\n"
    )


def _lines(site: Site, name: str, row: Row, language: str) -> Iterator[str]:
    causes = [(cause, False) for cause in row.when] + [(cause, True) for cause in row.unless]
    span = f' rowspan="{len(causes)}"'
    mark = '<td class="mark"{}>●</td>' if row.to == "active" else '<td class="hold"{}>○</td>'
    marks = "".join(mark.format(span) if output in row.then else f"<td{span}></td>" for output in site.outputs)
    for place, (cause, is_exception) in enumerate(causes):
        unless = f'<span class="unless">{_WORDS[language][5]}</span> ' if is_exception else ""
        first = f"<td{span}>{escape(name)}</td>" if place == 0 else ""
        said = f"<td>{unless}<code>{escape(cause)}</code></td><td>{escape(meaning(cause, language))}</td>"
        rest = f"<td{span}>{escape(', '.join(_how(row, language)))}</td>{marks}" if place == 0 else ""
        yield f"<tr>{first}{said}{rest}</tr>"


def _how(row: Row, language: str) -> Iterator[str]:
    for field in NUMBERS:
        value = getattr(row, field)
        if value != getattr(_PLAIN, field):
            yield _HOW[language][field].format(value)
