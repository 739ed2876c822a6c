"""The plant on real wires: one adapter file for each wire library."""
