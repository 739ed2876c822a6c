"""What stops a drill before it has a result."""


class DrillError(Exception):
    """A drill that cannot be run or go on. The text says what happened and what to do."""
