"""OwnTracks: the JSON of its apps (booklet, "JSON"), on a broker and over HTTP alike, and who says it.

A message told twice gives the same row twice: neither its `_id` nor when and how it came is a part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from core.records import SECOND, Flag
from drivers.codecs import fix_values as fixes
from drivers.codecs import json_values as values
from drivers.codecs.fix_message_decode import Described
from drivers.codecs.fix_values import KMH, RADIUS_68, Impossible, Told, known
from drivers.codecs.json_values import Malformed
from drivers.codecs.tracker_session import Position

LATE_AFTER = 60.0
"""Seconds between a fix and the message about it (created_at) from which on the app says that the fix is history."""

POSITIONS = frozenset(("location", "transition"))
WILL, ENCRYPTED = "lwt", "encrypted"
REGIONS = frozenset(("waypoint", "waypoints"))
"""What the phone watches for, not where it is."""

_BEHIND = {
    "transition": "event", "waypoint": "waypoint", "waypoints": "waypoints", "status": "status", "steps": "step",
    "beacon": "beacon", "card": "info", "configuration": "dump", "cmd": "cmd", "request": "request",
}  # fmt: skip
"""The level that stands behind user and device in the topic of a type."""

_TRIGGERS: Mapping[object, str] = {
    "p": "ping", "c": "region", "C": "follow_region", "b": "beacon", "r": "response", "u": "manual", "t": "timer",
    "v": "visit",
}  # fmt: skip
_CONNECTIONS: Mapping[object, str] = {"w": "wifi", "o": "offline", "m": "mobile"}
_CHARGING: Mapping[object, bool] = {1: False, 2: True, 3: True}
_MODES: Mapping[object, str] = {1: "significant", 2: "move"}
_MOST_REGIONS = 16

SECRET = (
    "a phone encrypts what it says, and nobody here can read it; clear the encryption key in the app's settings, and let"
    " TLS keep it private"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message: its `_type`, and the object."""

    kind: str
    said: Mapping[str, object]


def opened(payload: bytes) -> Heard:
    """Raises Malformed for what is none."""
    said = values.parse(payload)
    if not isinstance(said, dict):
        raise Malformed(f"{values.shown(said)} stands where an object was expected")
    kind = said.get("_type")
    if not isinstance(kind, str):
        raise Malformed(f"its _type is {values.shown(kind)}")
    return Heard(kind, said)


def speaker(topic: str, heard: Heard) -> str:
    """Who publishes that there: user/device, the last two levels that are not the type's own. Without a topic the one
    that stands in the message."""
    told = heard.said.get("topic")
    return "/".join(_own(topic or (told if isinstance(told, str) else ""), heard.kind)[-2:])


def everybody(topic: str, kind: str) -> str:
    """The filter of all phones beside the one that publishes a message of that type there."""
    base = _own(topic, kind)[:-2]
    return "/".join([*base, "#"]) if base else topic


def _own(topic: str, kind: str) -> list[str]:
    """The levels of a topic without the type's."""
    levels = topic.split("/")
    return levels[:-1] if len(levels) > 2 and levels[-1] == _BEHIND.get(kind) else levels


def position(heard: Heard) -> tuple[Position | None, list[str]]:
    """Where the phone is by a location or a transition, None if that does not say it; and what was left out.

    Raises Malformed.
    """
    said = heard.said
    if said.get("lat") is None and said.get("lon") is None and heard.kind == "transition":
        return None, []
    lat, lon = fixes.degrees(said.get("lat"), "lat", 90.0), fixes.degrees(said.get("lon"), "lon", 180.0)
    time = _instant(said.get("tst"), "tst")
    late = said.get("created_at") is not None and (
        _instant(said["created_at"], "created_at") - time > LATE_AFTER * SECOND
    )
    told = Told(said)
    kept = _left(heard.said, told) if heard.kind == "location" else _transition(told)
    nowhere = fixes.nowhere(lat, lon)
    found = Position(
        time,
        lat,
        lon,
        told.number("alt"),
        told.number("vel", 0.0) * KMH,
        told.course("cog"),
        told.number("acc", 0.0) / RADIUS_68,
        -1,
        fixes.flags(not nowhere, Flag.LATE if late else 0),
        fixes.written(kept),
    )
    return found, [*told.counts, *(("zero_position",) if nowhere else ())]


def described(topic: str, payload: bytes) -> Described:
    """For `fix_message_decode`."""
    heard = opened(payload)
    told = position(heard) if heard.kind in POSITIONS else (None, [])
    return speaker(topic, heard), heard.kind, *told


def _instant(told: object, name: str) -> int:
    """Microseconds UTC of seconds since 1970. Raises Impossible."""
    try:
        return values.epoch(told, name, SECOND)
    except (Malformed, ValueError):
        raise Impossible("impossible_date", f"{name} {values.shown(told)} is no time") from None


def _transition(told: Told) -> dict[str, object]:
    return {
        "event": told.get("event"),
        "region": told.get("desc"),
        "region_id": told.get("rid"),
        "trigger": _named(_TRIGGERS, told.get("t")),
        "tid": told.get("tid"),
    }


def _left(said: Mapping[str, object], told: Told) -> dict[str, object]:
    """What a location tells beside where and when; the second half is said by Queclink trackers through qtripp."""
    return {
        "trigger": _named(_TRIGGERS, told.get("t")),
        "tid": told.get("tid"),
        "battery_percent": known(told.number("batt", 0.0)),
        "charging": _CHARGING.get(told.get("bs")),
        "alt_accuracy_m": known(told.number("vac", 0.0)),
        "pressure_kpa": known(told.number("p", 0.0)),
        "connection": _named(_CONNECTIONS, told.get("conn")),
        "mode": _named(_MODES, told.get("m")),
        "regions": _list(said.get("inregions"), told),
        "activities": _list(said.get("motionactivities"), told),
        "ssid": told.get("SSID"),
        "bssid": told.get("BSSID"),
        "poi": told.get("poi"),
        "tag": told.get("tag"),
        "ignition": _yes(told.get("ign")),
        "movement": _yes(told.get("motion")),
        "odometer_m": known(told.number("odometer", 0.0) * 1000, 0),
        "battery_mv": known(told.number("ubatt", 0.0) * 1000, 0),
        "external_mv": known(told.number("uext", 0.0) * 1000, 0),
        "engine_s": known(told.number("hmc", 0.0)),
        "don_s": known(told.number("don", 0.0)),
        "doff_s": known(told.number("doff", 0.0)),
        "rpm": known(told.number("rpm", 0.0)),
        **{f"din_{n}": _yes(told.get(f"din{n}")) for n in range(1, 5)},
        "cell": _cell(told),
    }


def _named(names: Mapping[object, str], value: object) -> object:
    """In words, where they are known."""
    return names.get(value, value)


def _yes(value: object) -> bool | None:
    return None if value is None else fixes.is_true(value)


def _list(value: object, told: Told) -> list[object] | None:
    """Some of the texts that stand there."""
    if not isinstance(value, list):
        return None
    return [kept for one in value[:_MOST_REGIONS] if (kept := told.keep(one)) is not None] or None


def _cell(told: Told) -> str | None:
    numbers = [told.number(name, 0.0) for name in ("mcc", "mnc", "lac", "cid")]
    return None if any(map(isnan, numbers)) else ",".join(f"{number:.0f}" for number in numbers)
