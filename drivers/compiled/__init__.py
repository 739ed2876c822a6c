"""Kernels of the project: one door, compiled ahead into a library or just in time, checked to be of the source that is here."""
