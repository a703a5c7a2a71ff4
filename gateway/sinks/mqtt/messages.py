"""What is published: topics, and bodies in JSON with the field names of the contract."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from core.events import Event, Gap, rfc3339
from gateway.link import Health
from gateway.rows import event_json, gap_json

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH; a retained one is what the broker tells whoever subscribes later."""

    topic: str
    payload: bytes
    retain: bool = False


class Topics:
    """The topics of a site. A name is one level: what a topic cannot hold there is written %XX, as in a URL."""

    def __init__(self, prefix: str, site: str) -> None:
        self.root = f"{prefix}/{site}"
        self.status = f"{self.root}/status"

    def event(self, event: Event) -> Message:
        """<root>/event/<kind>, not retained."""
        return Message(f"{self.root}/event/{event.kind}", _json(event_json(event)))

    def gap(self, gap: Gap) -> Message:
        """<root>/gap, not retained."""
        return Message(f"{self.root}/gap", _json(gap_json(gap)))

    def item(self, item: str, found: Mapping[str, object]) -> Message:
        """<root>/item/<id>, retained: where it is now."""
        return Message(f"{self.root}/item/{level(item)}", _json(found), retain=True)

    def device(self, device: str, health: Health) -> Message:
        """<root>/device/<id>, retained: how it is."""
        row = {
            "device": device,
            "state": health.state,
            "since": rfc3339(health.since),
            "info": health.info,
            "error": health.error,
        }
        return Message(f"{self.root}/device/{level(device)}", _json(row), retain=True)

    def online(self, now: int, version: str) -> Message:
        """<root>/status, retained; `time` is when the connection was made."""
        return self._status("online", now, version, None)

    def offline(self, now: int, version: str, reason: str) -> Message:
        """<root>/status, retained. The broker publishes it as our will: `time` is then when the connection was made."""
        return self._status("offline", now, version, reason)

    def _status(self, state: str, now: int, version: str, reason: str | None) -> Message:
        row = {"state": state, "time": rfc3339(now), "version": version, "reason": reason}
        return Message(self.status, _json(row), retain=True)


def level(name: str) -> str:
    """One level of a topic: letters, digits and what ids are made of as they are, other bytes of UTF-8 as %XX."""
    return quote(name, safe=" !\"$&'()*,-.:;<=>?@[]^_`{|}~", errors="surrogatepass")


def _json(row: Mapping[str, object]) -> bytes:
    return _encode(row).encode()
