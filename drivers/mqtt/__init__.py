"""MQTT: payloads without I/O, and the one adapter of a wire library."""
