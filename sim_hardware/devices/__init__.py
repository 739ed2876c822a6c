"""Devices in front of the physics: register memories, sensors, actuators, output modules, messages."""
