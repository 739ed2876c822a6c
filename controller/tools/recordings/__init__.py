"""Recordings that nobody has tried before, made into what the detector of a site sees."""
