"""Mutation testing of the core's decisions: the code is changed in one small place at a time, and a test has to notice (`make mutants`)."""
