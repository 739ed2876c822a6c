"""`haechi verify`: what was explored, what holds, and the shortest way to what does not."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from controller.tools.check import REFUSED, load_or_tell
from controller.tools.verify.abstractions import ABSTRACTIONS
from controller.tools.verify.properties import TITLES
from controller.tools.verify.record import write_record
from controller.tools.verify.run import Answer, Bounds, Verdict, Verification, verify_site
from controller.tools.verify.timeline import as_page, as_svg, as_text

OK, FAILED = 0, 1


def verify_file(options: Namespace) -> int:
    """Verify the site of a file; writes its record when everything holds. The exit code: 0 proved, 1 not, 2 the site has problems."""
    site = load_or_tell(options.site)
    if site is None:
        return REFUSED
    bounds = Bounds(options.states, options.seconds, options.jobs or os.cpu_count() or 1)
    found = verify_site(site, bounds, lambda text: print(text, file=sys.stderr, flush=True))
    print("\n".join(lines(found)))
    if options.html is not None:
        options.html.write_text(page(found), encoding="utf-8")
        print(f"drawn in {options.html}")
    if not found.holds:
        print(f"{options.site}: not verified, no record written")
        return FAILED
    path: Path = write_record(options.site, site, answers(found))
    print(f"{options.site}: verified; the record is {path}")
    return OK


def lines(found: Verification) -> Iterator[str]:
    """The whole answer as text."""
    states, moves = (sum(getattr(e, name) for e in found.explored) for name in ("states", "transitions"))
    yield f"{found.site.site.name}: {len(found.explored)} parts, {states} states, {moves} transitions in {found.seconds:.1f} s"
    yield "explored under these abstractions (docs/verify.md says what each of them loses):"
    yield from (f"  {text}" for text in ABSTRACTIONS)
    for zone in found.site.zones:
        twin = found.twins.get(zone)
        yield f"{zone}:" + (f" as {twin}, which it is again but for names" if twin else "")
        for verdict in found.verdicts:
            if verdict.zone == zone:
                yield from _verdict(verdict)


def _verdict(verdict: Verdict) -> Iterator[str]:
    why = f": {verdict.why}" if verdict.why else ""
    yield f"  {verdict.number} {verdict.answer:15} {verdict.title}{why}"
    if verdict.broken is not None:
        yield as_text(verdict.broken)


def page(found: Verification) -> str:
    """Every counter-example drawn."""
    drawn = [as_svg(f"{v.zone}, {v.number}: {v.title}", v.broken) for v in found.verdicts if v.broken is not None]
    return as_page(f"{found.site.site.name}: what does not hold", drawn)


def answers(found: Verification) -> dict[str, str]:
    """What the record keeps: each property with its answer, the least certain of all zones."""
    order = list(Answer)
    return {
        number: str(max((v.answer for v in found.verdicts if v.number == number), key=order.index)) for number in TITLES
    }
