"""The command line of the simulated plant."""
