"""A plant that does not exist: physics, devices, faults and drills on real wires or in virtual time."""
