"""Small pieces of SVG, well-formed by construction: text is escaped, attributes are quoted, colours come from one style."""

import math
from collections.abc import Sequence
from html import escape

STYLE = """
svg,:root{--ink:#1c2430;--soft:#5b6675;--grid:#dfe4ea;--paper:#ffffff;--quiet:#8a94a3;--plain:#7c8aa0;--warn:#b77900;--bad:#c2352b;
--good:#2b8450;--agent:#7a4fc0;--water:#1f78c8;--s1:#c2352b;--s2:#1f78c8;--s3:#2b8450;--s4:#7a4fc0}
@media (prefers-color-scheme:dark){svg,:root{--ink:#e7ebf0;--soft:#9aa6b5;--grid:#303945;--paper:#141a21;--quiet:#78838f;
--plain:#8b99ad;--warn:#e0a52c;--bad:#f0695e;--good:#55b97d;--agent:#a98be8;--water:#58a6ee;--s1:#f0695e;--s2:#58a6ee;--s3:#55b97d;
--s4:#a98be8}}
text{font:12px system-ui,"Noto Sans KR",sans-serif;fill:var(--ink)}
.soft{fill:var(--soft);font-size:11px}.title{font-size:15px;font-weight:600}.lane{font-weight:600}
.grid{stroke:var(--grid);fill:none}.paper{fill:var(--paper)}.rule{stroke:var(--grid)}
.t-quiet{fill:var(--quiet)}.t-plain{fill:var(--plain)}.t-warn{fill:var(--warn)}.t-bad{fill:var(--bad)}.t-good{fill:var(--good)}
.t-agent{fill:var(--agent)}.t-water{fill:var(--water)}
.c1{stroke:var(--s1)}.c2{stroke:var(--s2)}.c3{stroke:var(--s3)}.c4{stroke:var(--s4)}
.curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
""".strip()
"""One look for all drawings, for light and dark readers."""

CHAR_PX = 6.3
"""Mean width of a character of the labels (12 px)."""


def width_px(text: str) -> float:
    """About how wide a label is; wide (Korean) characters count twice."""
    return sum(CHAR_PX * (1.9 if ord(char) > 0x1100 else 1.0) for char in text)  # noqa: PLR2004 - Hangul and beyond


def element(tag: str, content: str = "", /, **attributes: object) -> str:
    """One element; `class_` is class, underscores become hyphens. `content` is taken as it is."""
    parts = [f'{name.rstrip("_").replace("_", "-")}="{escape(_text(value))}"' for name, value in attributes.items()]
    inside = " ".join([tag, *parts])
    return f"<{inside}>{content}</{tag}>" if content else f"<{inside}/>"


def label(x: float, y: float, words: str, *, class_: str = "plain", text_anchor: str = "start") -> str:
    """Text at a place."""
    return element("text", escape(words), x=x, y=y, **{"class": class_, "text-anchor": text_anchor})


def polyline(points: Sequence[tuple[float, float]], **attributes: object) -> str:
    """A line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), **attributes)


def drawing(width: float, height: float, content: str, name: str) -> str:
    """A whole drawing that scales with its page; `name` is read out."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" aria-label="{escape(name)}"><style>{STYLE}</style>'
        f'<rect class="paper" width="100%" height="100%"/>{content}</svg>'
    )


def ticks(top: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to `top` or just above it, `count` steps or a few less."""
    if top <= 0.0:
        return [0.0, 1.0]
    raw = top / count
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw * (1 - 1e-9))
    return [step * k for k in range(math.ceil(top / step - 1e-9) + 1)]


def clock(at_s: float) -> str:
    """Minutes and seconds, or hours and minutes, of plant time."""
    whole = round(at_s)
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h" if whole >= 7200 else f"{whole // 60}:{whole % 60:02d}"  # noqa: PLR2004


def _text(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
