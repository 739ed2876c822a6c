"""`haechi-sim campaign`: run what is missing, then tell what all of it came to."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from controller.site.problem import SiteError
from sim_hardware.campaign.carry_out import carry_out
from sim_hardware.campaign.cluster import ClusterPool
from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.local import LocalPool
from sim_hardware.campaign.model import Order
from sim_hardware.campaign.options import Campaign, parse
from sim_hardware.campaign.pool import Pool
from sim_hardware.campaign.progress import Bar, Lines, Tally
from sim_hardware.campaign.store import Store
from sim_hardware.campaign.summary import CaseSummary, summarise
from sim_hardware.campaign.tables import check_format
from sim_hardware.campaign.write import print_summary, write_report
from sim_hardware.faults.spec import FaultError
from sim_hardware.scenarios.loader import ScenarioError

LINE_WIDTH = 140
"""Where there is no terminal to ask."""
PASSED, MISSED, REFUSED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    """Run a campaign. Exit code: 0 all criteria met, 1 some missed or runs failed, 2 it cannot be (any more), 130 ended by hand."""
    console = Console()
    if not console.is_terminal:
        console.width = LINE_WIDTH
    try:
        campaign = parse(arguments)
        check_format(campaign.format)
        with _ended_by_signal():
            return _run(campaign, console)
    except SiteError as error:
        for problem in error.problems:
            console.print(f"haechi-sim campaign: {problem}", markup=False, soft_wrap=True)
    except (CampaignError, ScenarioError, FaultError, OSError) as error:
        console.print(f"haechi-sim campaign: {error}", markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        console.print("haechi-sim campaign: ended by hand; what is done is kept: call it again to go on")
        return INTERRUPTED
    return REFUSED


def _run(campaign: Campaign, console: Console) -> int:
    with Store(campaign.out, campaign.cases, code_digest()) as store:
        missing = [order for order in campaign.orders if order not in store.done]
        kept = len(campaign.orders) - len(missing)
        if kept:
            console.print(f"{kept} of {len(campaign.orders)} runs are there already", highlight=False)
        how = _carry_out(campaign, missing, store, console) if missing else "Nothing was left to do"
        summaries = summarise(campaign.cases, campaign.seeds, store.done, store.failed)
    return _tell(campaign, summaries, how, console)


def _carry_out(campaign: Campaign, missing: Sequence[Order], store: Store, console: Console) -> str:
    """Run what is missing; returns what it took, in words."""
    tally = Tally(len(missing))
    view = Bar(console, tally) if console.is_terminal else Lines(console, tally)
    with _pool(campaign, len(missing)) as pool:
        where = pool.words
        console.print(f"{len(missing)} drills on {where}", highlight=False)
        with view:
            carry_out(missing, pool, store, campaign.tries, view)
    return tally.took(where)


def _pool(campaign: Campaign, runs: int) -> Pool:
    if campaign.scheduler:
        return ClusterPool(campaign.cases, campaign.scheduler)
    return LocalPool(campaign.cases, min(campaign.workers, runs), campaign.out)


def _tell(campaign: Campaign, summaries: Sequence[CaseSummary], how: str, console: Console) -> int:
    html = write_report(summaries, how, campaign.out, campaign.format)
    print_summary(summaries, console)
    console.print(how, highlight=False, soft_wrap=True)
    console.print(f"Report: {html}", highlight=False, soft_wrap=True)
    return PASSED if all(summary.passed for summary in summaries) else MISSED


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM ends a campaign as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
