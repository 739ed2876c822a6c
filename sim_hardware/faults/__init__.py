"""Everything that goes wrong on the wires and in the devices of the plant, by name."""
