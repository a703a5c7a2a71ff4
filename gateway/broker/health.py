"""How a [[broker]] is, for as long as the daemon runs. Knows nothing of MQTT: a site's status does not pay for paho."""

from collections.abc import Callable, Sequence
from typing import Literal

from core.events import rfc3339

State = Literal["unused", "connecting", "up", "down", "stopped"]


class BrokerHealth:
    """Of the devices that talk through it. `messages` came since the daemon's start, `unacknowledged` are not durable yet."""

    def __init__(self, devices: Sequence[str], now: Callable[[], int]) -> None:
        self.messages = 0
        self.unacknowledged = 0
        self._devices = devices
        self._now = now
        self._state: State = "connecting" if devices else "unused"
        self._since = now()
        self._error: str | None = None

    def up(self) -> None:
        """The broker has let us in."""
        self._become("up", None)

    def lost(self, reason: str) -> None:
        """It is asked again in a moment."""
        self._become("down", reason)

    def stopped(self) -> None:
        """The daemon ends."""
        self._become("stopped", None)

    def json(self) -> dict[str, object]:
        """As `waypost status --json` tells it."""
        return {
            "state": self._state,
            "since": rfc3339(self._since),
            "error": self._error,
            "messages": self.messages,
            "unacknowledged": self.unacknowledged,
            "devices": list(self._devices),
        }

    def _become(self, state: State, error: str | None) -> None:
        if state != self._state:
            self._since = self._now()
        self._state, self._error = state, error
        self.unacknowledged = 0
