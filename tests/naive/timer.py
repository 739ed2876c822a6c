"""A condition that must hold for a time, for the slow twins."""


class Timer:
    """On after `above` has held for a time, on while it `keeps`."""

    def __init__(self) -> None:
        self.on = False
        self.since: int | None = None

    def tell(self, above: bool, keeps: bool, t_ms: int, hold_ms: int) -> bool:
        if self.on:
            self.on = keeps
            if not keeps:
                self.since = None
        elif above:
            self.since = t_ms if self.since is None else self.since
            self.on = t_ms - self.since >= hold_ms
        else:
            self.since = None
        return self.on
