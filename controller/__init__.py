"""What the values mean and what to do about them: detection, release logic, the daemon and its tools."""
