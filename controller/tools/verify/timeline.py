"""A counter-example as people read it: step by step as text, and drawn with the stage over time."""

from html import escape

from controller.tools.verify.explore import Broken

_WIDTH, _ROW, _LEFT, _TOP = 1180, 26, 96, 58
_COLOURS = {
    "quiescent": "#dfe7df", "pre-activated": "#f3e2a0", "activated": "#f2b56b", "held": "#c9c2e8", "aborted": "#b8b8c8",
    "waiting": "#e7c9a0", "releasing": "#e2725b", "retrying": "#e89a8b", "unconfirmed": "#d9534f", "released": "#b03a2e",
    "hold-time": "#8fb0c9", "discharged": "#9aa5b1",
}  # fmt: skip


def rows(broken: Broken) -> list[tuple[float, str, str]]:
    """(seconds since the start, what happens, stage of the zone after it) of each step."""
    passed_ms, found = 0, []
    for move, state in broken.path:
        passed_ms += move.waited_ms
        what = f"{move.waited_ms / 1000:g} s pass: {move.text}" if move.waited_ms else move.text
        zone = state.zones[0]
        stage = f"{zone.stage}" + (f" ({zone.trigger})" if zone.trigger else "")
        found.append((passed_ms / 1000, what, stage))
    return found


def as_text(broken: Broken) -> str:
    """The way to the fault, a line a step."""
    lines = [f"  {at_s:8.1f} s  {stage:24}  {what}" for at_s, what, stage in rows(broken)]
    return "\n".join([*lines, f"  {'':10}  {'':24}  => {broken.what}"])


def as_svg(title: str, broken: Broken) -> str:
    """The same as a drawing: one bar a step, coloured by stage, its time on the left."""
    steps = rows(broken)
    height = _TOP + _ROW * len(steps) + 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="16" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_LEFT - 12}" y="{_TOP - 10}" text-anchor="end">s</text>',
        f'<text x="{_LEFT}" y="{_TOP - 10}">stage</text><text x="{_LEFT + 210}" y="{_TOP - 10}">what happens</text>',
    ]
    for place, (at_s, what, stage) in enumerate(steps):
        top = _TOP + place * _ROW
        colour = _COLOURS.get(stage.split(" ", 1)[0], "#eeeeee")
        parts.append(f'<rect x="{_LEFT}" y="{top}" width="196" height="{_ROW - 4}" fill="{colour}" stroke="#666666"/>')
        parts.append(f'<text x="{_LEFT - 12}" y="{top + 16}" text-anchor="end">{at_s:.1f}</text>')
        parts.append(f'<text x="{_LEFT + 8}" y="{top + 16}">{escape(stage)}</text>')
        parts.append(f'<text x="{_LEFT + 210}" y="{top + 16}">{escape(what)}</text>')
    foot = _TOP + _ROW * len(steps) + 24
    parts.append(f'<text x="{_LEFT}" y="{foot}" font-weight="bold" fill="#a02020">{escape(broken.what)}</text></svg>')
    return "\n".join(parts)


def as_page(title: str, drawings: list[str]) -> str:
    """A page that needs nothing else, with every drawing below the other."""
    body = "\n".join(f"<figure>{drawing}</figure>" for drawing in drawings)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><body>{body}</body></html>\n'
