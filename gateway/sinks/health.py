"""How a sink is, for `waypost status`."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from core.events import rfc3339

State = Literal["connecting", "holding", "up", "lost", "refused", "stopped"]


@dataclass(slots=True)
class Health:
    """Of one sink since the daemon's start; times in microseconds UTC.

    state   holding: connected, and waiting for the gateway's clock; refused: an operator must change something, `error` says what
    sent    rows that the destination has taken, missing: that could not be sent any more, by stream
    quarantined   rows that it has refused and nobody has settled yet, since before the start too, by stream
    aside   rows that journals which were put aside still have for it, by stream and epoch, where that is known
    even    when it last had everything; oldest: the time of the row that waits longest, by stream, where that is known
    """

    since: int
    state: State = "connecting"
    error: str | None = None
    faults: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    even: int | None = None
    oldest: dict[str, int] = field(default_factory=dict)

    def turn(self, state: State, now: int, error: str | None = None) -> bool:
        """Take this state; returns whether it, or its reason, is another one."""
        changed = (state, error) != (self.state, self.error)
        if state != self.state:
            self.since = now
        self.state, self.error = state, error
        return changed

    def json(self, rows: int, now: int) -> dict[str, object]:
        """As `status` prints it; `rows` wait for the sink."""
        waiting = min(self.oldest.values(), default=self.even)
        seconds = 0.0 if not rows else None if waiting is None else max(now - waiting, 0) / 1e6
        return {
            "state": self.state,
            "since": rfc3339(self.since),
            "error": self.error,
            "faults": self.faults,
            "sent": self.sent.total(),
            "quarantined": self.quarantined.total(),
            "missing": self.missing.total(),
            "lag_rows": rows,
            "lag_seconds": None if seconds is None else round(seconds, 3),
        }
