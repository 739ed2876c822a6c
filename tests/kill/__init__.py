"""The daemon is killed at named points, and started again."""
