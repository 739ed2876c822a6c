"""A recording of a real run gives the same journal again, and one flipped bit another."""
