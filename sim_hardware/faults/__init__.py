"""Everything that goes wrong in the devices of the plant, by name."""
