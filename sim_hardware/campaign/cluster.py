"""Runs over a Dask cluster: the scheduler spreads them over its workers, and over others where one is lost."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import queue
import socket
import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Case, Failed, Order, Outcome, decode_cases, encode_cases
from sim_hardware.campaign.pool import Answer, Lost
from sim_hardware.campaign.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    import distributed

CONNECT_S, JOIN_S = 10.0, 30.0
"""Wall seconds until the scheduler answers; until a first worker has joined it."""
AHEAD = 3
"""Runs that the scheduler holds for each thread of its workers, so that none waits for us."""
_ONE_AT_A_TIME = threading.Lock()
"""A drill has its process to itself, however many threads a Dask worker has: its times and its memory are its own."""


def unpack(encoded: bytes) -> dict[str, Case]:
    """The cases, once for each worker; the scheduler makes them again where they are lost with one."""
    return decode_cases(encoded)


def answer(cases: dict[str, Case], name: str, seed: int) -> Outcome | Failed:
    """One run, in a worker of the cluster."""
    with _ONE_AT_A_TIME:
        return run(cases[name], seed)


class ClusterPool:
    """The workers that a Dask scheduler has, as many as there are at any time."""

    def __init__(self, cases: Sequence[Case], address: str) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise CampaignError(
                "--scheduler needs Dask, which is not installed; remedy: pip install 'haechi[sim,campaign]', here and on the cluster"
            )
        self._encoded = encode_cases(cases)
        self._address = address
        self._orders: dict[distributed.Future, Order] = {}
        self._done: queue.SimpleQueue[distributed.Future] = queue.SimpleQueue()
        self._threads = 0

    def __enter__(self) -> Self:
        import distributed  # noqa: PLC0415 - an extra that only this needs

        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a scheduler that is lost is told by `wait`
        try:
            _must_answer(self._address)
            self._client = distributed.Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CampaignError(
                f"no Dask scheduler answers at {self._address} ({error}); remedy: start it (`dask scheduler`), and give the "
                "address that it tells, as tcp://HOST:PORT"
            ) from error
        try:
            self._meet()
            self._cases = self._client.submit(unpack, self._encoded)
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # a scheduler that is gone has nothing left to cancel
            self._client.cancel([*self._orders], reason="the campaign has ended")
        self._client.close()

    def _meet(self) -> None:
        """Wait for a first worker; every one must run the code that runs here."""
        try:
            self._client.wait_for_workers(1, timeout=JOIN_S)
        except TimeoutError as error:
            raise CampaignError(
                f"no worker has joined {self._address}; remedy: start one with `dask worker {self._address} --nthreads 1`"
            ) from error
        for worker, code in self._client.run(code_digest, on_error="return").items():
            _check(worker, code)
        self._threads = sum(self._client.nthreads().values())

    @property
    def words(self) -> str:
        """Whose workers."""
        return f"the {self._threads} threads of {self._address}"

    def has_room(self) -> bool:
        """Whether the scheduler has few enough runs in hand."""
        return len(self._orders) < AHEAD * max(self._threads, 1)

    def submit(self, order: Order) -> int:
        """Hand a run to the scheduler, which does not tell what process it goes to."""
        future = self._client.submit(answer, self._cases, order.case, order.seed, pure=False)
        self._orders[future] = order
        future.add_done_callback(self._done.put)
        return 0

    def wait(self, timeout_s: float) -> list[Answer]:
        """What has ended."""
        done: list[distributed.Future] = []
        with contextlib.suppress(queue.Empty):
            done.append(self._done.get(timeout=timeout_s))
            while True:
                done.append(self._done.get_nowait())
        if self._client.status != "running":
            raise CampaignError(f"{self._address} is gone ({self._client.status}); remedy: start it, then call again")
        self._threads = sum(self._client.nthreads().values())
        return [self._answer(future) for future in done]

    def _answer(self, future: distributed.Future) -> Answer:
        order = self._orders.pop(future)
        if future.status != "finished":
            return Lost(order, _reason(future))
        end: Outcome | Failed = future.result()
        if isinstance(end, Outcome):
            _check("a worker", end.code)
        return end


def _must_answer(address: str) -> None:
    """Look whether anybody listens, which Dask's client would find out for long. Raises OSError or ValueError."""
    place = urlsplit(address)
    if not place.hostname or not place.port:
        raise ValueError("no host or no port")
    socket.create_connection((place.hostname, place.port), CONNECT_S).close()


def _reason(future: distributed.Future) -> str:
    """Why a run has no result: its workers died, one after the other, or the scheduler has forgotten it."""
    error = None if future.status == "cancelled" else future.exception()
    return f"the cluster gave it up: {future.status if error is None else f'{type(error).__name__}: {error}'}"


def _check(worker: str, code: object) -> None:
    if code != code_digest():
        here = f"other code or libraries than this campaign's ({code!s}, here {code_digest()})"
        raise CampaignError(f"{worker} of the cluster has {here}; remedy: install the same Haechi and pins there")
