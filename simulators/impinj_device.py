"""An Impinj reader with the IoT device interface, without a socket: what it answers, and what it has to tell."""

import json
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from core.events import rfc3339
from simulators.impinj_events import Event, Fields, event, line, tag
from simulators.llrp_reports import Sighting

BASE = "/api/v1"

Answer = tuple[int, object]
"""Status and body; None = none."""


@dataclass(slots=True)
class Setup:
    """How the reader is at first.

    skew     microseconds that its clock is ahead of the true time
    streams  that one user may have at once; `refuses` says what happens to one more: else the oldest is ended
    resends  so many of the last lines are told once more to a new stream
    """

    status: str = "running"
    preset: str | None = "default"
    presets: tuple[str, ...] = ("default",)
    interface: str = "rest"
    users: dict[str, str] = field(default_factory=lambda: {"root": "impinj"})
    fields: Fields = field(default_factory=Fields)
    buffer: int = 300_000
    keepalive: int = 30
    reporting_interval: int = 0
    skew: int = 0
    streams: int = 1
    refuses: bool = False
    resends: int = 0
    hostname: str = "impinj-14-00-01"


class Device:
    """Everything but the network. Times are microseconds of true UTC.

    ledger  where every sighting went: `unread` without an inventory, `purged` out of the full buffer, `sent`
    calls   what it was asked, in order
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.status = setup.status
        self.preset = setup.preset if setup.status != "idle" else None
        self.interface = setup.interface
        self.stream: dict[str, object] = {
            "eventBufferSize": setup.buffer, "eventPerSecondLimit": 0, "eventAgeLimitMinutes": 1440,
            "keepAliveIntervalSeconds": setup.keepalive,
        }  # fmt: skip
        self.gpos: dict[int, str] = {}
        self.ledger: Counter[str] = Counter()
        self.calls: list[str] = []
        self._held: deque[tuple[int, Event]] = deque()
        self._purged: list[int] = []
        self._sent: deque[bytes] = deque(maxlen=setup.resends)
        self._again: deque[bytes] = deque()

    def see(self, sighting: Sighting, now: int) -> None:
        """A tag answers."""
        setup = self.setup
        if self.status != "running":
            self.ledger["unread"] += 1
            return
        seen = (now if sighting.time is None else sighting.time) + setup.skew
        self._put(now, tag(sighting, seen, now + setup.skew, setup.fields, setup.hostname))

    def say(self, kind: str, about: Event, now: int) -> None:
        """Any other event happens."""
        self._put(now, event(kind, now + self.setup.skew, about, self.setup.hostname))

    def turn(self, status: str, now: int) -> None:
        """The inventory begins, waits or ends."""
        if status != self.status:
            self.status = status
            self.say("inventoryStatus", {"status": status}, now)

    @property
    def waiting(self) -> int:
        """Events that are held."""
        return len(self._held)

    def take(self, now: int) -> bytes | None:
        """The next line of the stream."""
        if self._again:
            return self._again.popleft()
        taken = self._next(now)
        if taken is not None:
            self._sent.append(taken)
        return taken

    def begin(self) -> None:
        """Somebody reads its stream from now on."""
        self._again = deque(self._sent)

    def _next(self, now: int) -> bytes | None:
        if self._purged:
            first, last, n = self._purged[0], self._purged[-1], len(self._purged)
            self._purged.clear()
            skew = self.setup.skew
            about: Event = {
                "firstEventTimestamp": rfc3339(first + skew), "lastEventTimestamp": rfc3339(last + skew),
                "eventsPurged": n, "eventsRemaining": len(self._held),
            }  # fmt: skip
            return line(event("overflow", now + skew, about, self.setup.hostname))
        if not self._held:
            return None
        _, one = self._held.popleft()
        self.ledger["sent"] += one["eventType"] == "tagInventory"
        return line(one)

    def login(self, authorization: str) -> str | None:
        """The user behind a header, None if there is none such."""
        kind, _, told = authorization.partition(" ")
        try:
            user, _, password = b64decode(told).decode().partition(":")
        except ValueError:
            return None
        return user if kind == "Basic" and self.setup.users.get(user) == password else None

    def answer(self, method: str, path: str, body: bytes, now: int) -> Answer:
        """A call of somebody who is let in; `path` without the base."""
        self.calls.append(f"{method} {path}")
        if self.interface != "rest" and not path.startswith("/system"):
            return 403, {"message": "The IoT device interface is disabled"}
        handlers: dict[str, Callable[[dict[str, object], int], Answer]] = {
            "GET /system": lambda told, now: (200, {
                "productModel": "R700", "manufacturer": "Impinj", "serialNumber": "37022340055",
            }),
            "GET /system/rfid/interface": lambda told, now: (200, {"rfidInterface": self.interface}),
            "PUT /system/rfid/interface": self._switch,
            "GET /status": self._status,
            "GET /http-stream": lambda told, now: (200, self.stream),
            "PUT /http-stream": self._configure,
            "PUT /device/gpos": self._drive,
            "GET /profiles/inventory/presets": lambda told, now: (200, list(self.setup.presets)),
            "POST /profiles/inventory/start": self._begin,
            "POST /profiles/stop": self._stop,
        }  # fmt: skip
        handler = handlers.get(f"{method} {path}")
        if handler is not None:
            return handler(json.loads(body) if body else {}, now)
        return self._preset(method, path, now)

    def power_cycle(self) -> None:
        """What was held is gone; the preset starts again."""
        self._held.clear()
        self._purged.clear()

    def _put(self, now: int, one: Event) -> None:
        self._held.append((now, one))
        while len(self._held) > max(int(str(self.stream["eventBufferSize"])), 1):
            when, lost = self._held.popleft()
            self._purged.append(when)
            self.ledger["purged"] += lost["eventType"] == "tagInventory"

    def _status(self, told: dict[str, object], now: int) -> Answer:
        found: dict[str, object] = {"status": self.status, "time": rfc3339(now + self.setup.skew)}
        if self.preset is not None:
            found["activePreset"] = {"id": self.preset, "profile": "inventory"}
        return 200, found | {"mqttBrokerConnectionStatus": "disconnected", "serialNumber": "37022340055"}

    def _switch(self, told: dict[str, object], now: int) -> Answer:
        self.interface = str(told["rfidInterface"])
        return 204, None

    def _configure(self, told: dict[str, object], now: int) -> Answer:
        self.stream |= told
        return 204, None

    def _drive(self, told: dict[str, object], now: int) -> Answer:
        configurations = told["gpoConfigurations"]
        assert isinstance(configurations, list)
        for one in configurations:
            if not 1 <= one["gpo"] <= 3:
                return 400, {"message": "Invalid GPO", "invalidPropertyId": "#/gpoConfigurations/0/gpo"}
            self.gpos[one["gpo"]] = one["state"]
        return 204, None

    def _begin(self, told: dict[str, object], now: int) -> Answer:
        """An inventory that is no preset."""
        if not told.get("antennaConfigs"):
            return 400, {"message": "Missing antennaConfigs", "invalidPropertyId": "#/antennaConfigs"}
        self.preset = None
        self.turn("running", now)
        return 204, None

    def _stop(self, told: dict[str, object], now: int) -> Answer:
        self.preset = None
        self.turn("idle", now)
        return 204, None

    def _preset(self, method: str, path: str, now: int) -> Answer:
        name, _, action = path.removeprefix("/profiles/inventory/presets/").partition("/")
        name = unquote(name)
        if name not in self.setup.presets:
            return 404, {"message": "Not found", "detail": path}
        if method == "POST" and action == "start":
            self.preset = name
            self.turn("running", now)
            return 204, None
        fields = self.setup.fields
        config = {
            "epc": _enabled(fields.epc), "epcHex": _enabled(fields.epc_hex), "antennaPort": "enabled",
            "lastSeenTime": _enabled(fields.last_seen),
            "tagReporting": {"reportingIntervalSeconds": self.setup.reporting_interval},
        }  # fmt: skip
        return 200, {"antennaConfigs": [], "eventConfig": {"common": {}, "tagInventory": config}}


def _enabled(told: bool) -> str:
    return "enabled" if told else "disabled"
