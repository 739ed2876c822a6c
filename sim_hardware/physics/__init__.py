"""The physics of the simulated plant: pure numerics, no devices, no wires, no site."""
