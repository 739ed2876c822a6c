"""Slow, obvious twins of the kernels, in plain Python: what the fast ones must equal, bit for bit."""
