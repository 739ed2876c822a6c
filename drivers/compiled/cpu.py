"""The kinds of processor that kernels are compiled ahead for: few, so that a library can be carried from machine to machine of a kind."""

import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class CpuKind:
    """A kind: its `name`, the `machine` (uname), numba's name for it, its `features` for LLVM, and the `flags` that Linux must show for it."""

    name: str
    machine: str
    llvm_cpu: str
    features: str
    flags: frozenset[str]


KINDS = (
    CpuKind(
        "x86-64-v3", "x86_64", "x86-64-v3", "",
        frozenset({
            "cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2",
            "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave",
        }),
    ),
    CpuKind("x86-64", "x86_64", "generic", "", frozenset()),
    CpuKind("aarch64", "aarch64", "generic", "", frozenset()),
)  # fmt: skip
"""Best first. The levels of x86-64 are those of its psABI (v3: AVX2, FMA, BMI); none of them changes a bit of what strict code computes."""


def kinds_here() -> tuple[CpuKind, ...]:
    """The kinds that this machine runs, best first; empty on a machine of none."""
    return kinds_of(platform.machine(), _flags())


def kinds_of(machine: str, flags: frozenset[str]) -> tuple[CpuKind, ...]:
    """The kinds that a machine with these flags runs."""
    return tuple(kind for kind in KINDS if kind.machine == machine and kind.flags <= flags)


def kind_of(name: str) -> CpuKind:
    """A kind by its name. Raises ValueError for one that does not exist."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ValueError(f"{name} is no kind of processor; remedy: one of {', '.join(kind.name for kind in KINDS)}")


def _flags() -> frozenset[str]:
    try:
        with CPUINFO.open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(("flags", "Features")):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()
