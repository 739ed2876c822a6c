"""What the daemon asks of the machine so that every scan comes in time: a priority, a core, memory that stays.

All of it is optional and none is needed to protect: what the machine refuses is told with its remedy, and the daemon goes on.
"""

import contextlib
import ctypes
import gc
import os
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass

LOWEST_FIFO, HIGHEST_FIFO = 1, 99
_MCL_CURRENT, _MCL_FUTURE = 1, 2  # sys/mman.h


@dataclass(frozen=True, slots=True)
class RealTime:
    """What is wanted: a SCHED_FIFO priority (1 to 99), a core for the event loop, all memory locked. The default asks for nothing."""

    fifo: int | None = None
    core: int | None = None
    lock_memory: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the machine did not give, why, and what to do about it."""

    wanted: str
    why: str
    remedy: str


def settle_memory() -> None:
    """Collect the garbage of the start once, and never look again at what is alive now.

    A full collection over the 400,000 objects of a loaded daemon holds the loop for 87 ms; what comes after this call is little. A start that
    had collection switched off until here has it again.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def ask_machine(wanted: RealTime) -> tuple[tuple[str, ...], tuple[Refusal, ...]]:
    """Apply `wanted` to the calling thread, the loop's: what was granted, and what was refused.

    To be called once the threads that write to the disk run: a thread begins on the core of the one that starts it, and these shall stay
    free. No thread and no process that is started later takes the priority along (SCHED_RESET_ON_FORK).
    """
    steps: list[tuple[str, Callable[[], None], str]] = []
    if wanted.lock_memory:
        steps.append(("locked memory", _lock_memory, "LimitMEMLOCK=infinity in the unit file"))
    if wanted.core is not None:
        core, allowed = wanted.core, sorted(os.sched_getaffinity(0))
        remedy = f"--core with one of {allowed}, or a wider CPUAffinity= or AllowedCPUs= in the unit file"
        steps.append((f"core {core}", lambda: os.sched_setaffinity(0, {core}), remedy))
    if wanted.fifo is not None:
        priority = wanted.fifo
        remedy = f"LimitRTPRIO={priority} and no RestrictRealtime= in the unit file"
        steps.append((f"fifo {priority}", lambda: _set_fifo(priority), remedy))
    granted, refused = [], []
    for name, take, remedy in steps:
        try:
            take()
        except (OSError, ValueError) as error:
            refused.append(Refusal(name, str(error), remedy))
        else:
            granted.append(name)
    return tuple(granted), tuple(refused)


def _set_fifo(priority: int) -> None:
    """The other threads come just below: one that other programs push aside while it holds the interpreter's lock holds the loop up.

    Measured with both cores busy and 10,240 points recorded every 10 ms: p99 of the loop's lateness 5 to 8 ms with these threads at normal
    priority, 1 ms so. They sleep nearly always.
    """
    mode, loop_thread = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, threading.get_native_id()
    os.sched_setscheduler(0, mode, os.sched_param(priority))
    for thread in threading.enumerate():
        if thread.native_id is not None and thread.native_id != loop_thread:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setscheduler(thread.native_id, mode, os.sched_param(max(LOWEST_FIFO, priority - 1)))


def _lock_memory() -> None:
    """Without a limit, or not at all: under a finite one the lock could be had today and any allocation after it fail.

    Where the limit cannot go, it is lowered to nothing: the kernel then refuses everybody but a process that no limit binds (CAP_IPC_LOCK).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard if hard == resource.RLIM_INFINITY else 0, hard))
    if ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT | _MCL_FUTURE) < 0:
        number = ctypes.get_errno()
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, hard))
        raise OSError(number, os.strerror(number))
