"""What changed between two site files, and what must be tested again because of it."""
