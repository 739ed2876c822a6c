"""The one door through which the detector's kernels are compiled: that of the whole project."""

from drivers.compiled.door import kernel as jit

__all__ = ["jit"]
