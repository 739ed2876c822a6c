"""Benchmarks: ratios of pairs, measured side by side in one run. `python -m tests.bench` prints them."""
