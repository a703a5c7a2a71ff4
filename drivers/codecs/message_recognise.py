"""Who publishes this? The kind of a device by one message of it on a broker, and what its [[device]] table needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from drivers.codecs import json_values as values
from drivers.codecs import meshtastic, owntracks
from drivers.codecs.json_places import propose

Role = Literal["data", "events", "responses"]
"""What is told on this topic: reads or positions; how the device is; answers to commands."""

_OWNTRACKS = {
    "location",
    "transition",
    "waypoint",
    "waypoints",
    "lwt",
    "steps",
    "status",
    "card",
    "encrypted",
}
_MESHTASTIC = {"from", "to", "type", "payload", "channel"}

_OURS = {"detected", "time_error"}
"""Keys of the events that Waypost publishes itself: they name tags, and are no device's."""

Object = Mapping[str, object]
Settings = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Publisher:
    """settings: of its [[device]] table beyond `broker` and its topic; topic: the one of its table, if that stands for all
    who publish so."""

    kind: str
    model: str
    role: Role = "data"
    settings: Settings = field(default_factory=dict)
    topic: str | None = None


def publisher(payload: bytes, topic: str = "") -> Publisher | None:
    """Who says so there; None if nobody is known by it. Never raises."""
    try:
        value = values.parse(payload)
    except values.Malformed:
        return None
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict) or first.keys() >= _OURS:
        return None
    for look in _LOOKS:
        found = look(first, topic)
        if found is not None:
            return found
    return _any(value)


def _zebra(one: Object, topic: str) -> Publisher | None:
    model = "Zebra reader with the IoT Connector"
    data = one.get("data")
    if isinstance(data, dict) and "idHex" in data:
        return Publisher("zebra", model)
    if isinstance(data, dict) and "component" in one and "type" in one:
        return Publisher("zebra", model, "events")
    if "command_id" in one and "response" in one:
        return Publisher("zebra", model, "responses")
    return None


def _impinj(one: Object, topic: str) -> Publisher | None:
    kind = one.get("eventType")
    if isinstance(kind, str) and f"{kind}Event" in one:
        name = values.shown(one["hostname"]).strip("'") if "hostname" in one else ""
        return Publisher("impinj", f"Impinj reader with the IoT interface {name}".strip())
    return None


def _handheld(one: Object, topic: str) -> Publisher | None:
    model = "Zebra handheld (RFD40, RFD90)"
    data = one.get("data")
    if isinstance(data, dict) and isinstance(data.get("tagData", data.get("barcodeData")), list):
        return Publisher("rfd", model)
    if "eventName" in one and "eventNumber" in one:
        return Publisher("rfd", model, "events")
    return None


def _owntracks(one: Object, topic: str) -> Publisher | None:
    kind = one.get("_type")
    if isinstance(kind, str) and kind in _OWNTRACKS:
        role: Role = "data" if kind in ("location", "encrypted") else "events"
        return Publisher("owntracks", "OwnTracks on phones", role, topic=owntracks.everybody(topic, kind))
    return None


def _meshtastic(one: Object, topic: str) -> Publisher | None:
    if one.keys() >= _MESHTASTIC and isinstance(one["from"], int):
        role: Role = "data" if one["type"] == "position" else "events"
        return Publisher("meshtastic", "Meshtastic nodes", role, topic=meshtastic.everybody(topic))
    return None


_LOOKS: tuple[Callable[[Object, str], Publisher | None], ...] = (
    _zebra, _impinj, _handheld, _owntracks, _meshtastic,
)  # fmt: skip


def _any(value: object) -> Publisher | None:
    found = propose(value)
    if found is None:
        return None
    settings: dict[str, str | Mapping[str, str]] = {"places": dict(found.places)}
    if found.units:
        settings["units"] = dict(found.units)
    if found.rssi is not None:
        settings["rssi"] = found.rssi
    return Publisher("json", "JSON with tags", settings=settings)
