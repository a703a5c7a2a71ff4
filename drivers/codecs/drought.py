"""How long a receiver that speaks has had no fix: told once, when it has been long enough."""

DRY_SECONDS = 10.0
"""A bridge is shorter, a tunnel may be longer."""


class Drought:
    """Times in seconds of a clock that does not jump; it begins at `at`."""

    def __init__(self, at: float) -> None:
        self._since = at
        self._told = False

    def end(self, at: float) -> None:
        """There is a fix."""
        self._since = at
        self._told = False

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long."""
        self._since += seconds

    def is_news(self, at: float) -> bool:
        """It has lasted long enough, and that was not told yet."""
        if self._told or at - self._since < DRY_SECONDS:
            return False
        self._told = True
        return True
