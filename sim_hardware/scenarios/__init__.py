"""Drills as files: what happens to the plant, what people do, what counts as passed."""
