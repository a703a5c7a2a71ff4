"""Events that a device numbers one by one: a number that is missing is an event that was lost."""

STRANDS = 4
"""Series that are followed at once: a device that sends what it had kept mixes it with what happens now."""


class EventNumbers:
    """Follows the numbers. A smaller one than any awaited begins a series: a restart, or what had been kept."""

    def __init__(self) -> None:
        self._next: list[int] = []

    def missing(self, number: int) -> int:
        """How many were lost just before `number`."""
        if number in self._next:
            self._next.remove(number)
            self._next.append(number + 1)
            return 0
        newest = max(self._next, default=number)
        lost = max(number - newest, 0)
        if lost:
            self._next.remove(newest)
        self._next = [*self._next, number + 1][-STRANDS:]
        return lost
