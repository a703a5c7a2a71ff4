"""OsmAnd's protocol, as phones and many apps speak it: positions as a form, or as JSON.

The form (in a query, or as a body): id, lat, lon or location, timestamp, speed in knots, bearing, altitude, accuracy, hdop,
batt, charge, valid, and whatever else, which is kept. The JSON is that of the newer Traccar Client: m/s, levels from 0 to 1.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isnan, nan

from drivers.codecs import fix_values as fixes
from drivers.codecs import json_values as values
from drivers.codecs.fix_values import KNOT, RADIUS_68, Impossible, Told, known
from drivers.codecs.gps_accuracy import dop, from_hdop
from drivers.codecs.http_tracker import Form
from drivers.codecs.json_values import Malformed
from drivers.codecs.tracker_session import Position

_FIRST_MILLISECONDS = 1 << 31
"""A number from here on counts milliseconds, one below seconds."""
_LONGEST_TIME = 40
_LOST_PLUS = re.compile(r"(.+T.+) (\d\d:?\d\d)")
"""In a query a plus that was not escaped is a blank."""

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")
_NAME = re.compile(r"[!-~]{1,64}")
_UNDERSTOOD = frozenset(
    ("id", "deviceid", "device_id", "lat", "lon", "location", "timestamp", "speed", "bearing", "heading", "altitude",
     "accuracy", "hdop", "batt", "charge", "valid", "cell", "wifi", "odometer", "mock")
)  # fmt: skip
_MOST_NETWORKS = 16


def of_form(form: Form, now: int) -> tuple[Position | None, Sequence[str]]:
    """Where it says that it is, None if it only says that it lives; and what was left out. Raises Malformed."""
    said = {name: some[0] for name, some in form.items()}
    where = _where(said)
    if where is None:
        return None, ()
    told = Told(said)
    hdop = dop(told.number("hdop", 0.0))
    kept: dict[str, object] = {}
    for name in said.keys() - _UNDERSTOOD:
        _keep(kept, name, said[name], told)
    own: dict[str, object] = {
        "hdop": known(hdop),
        "battery_percent": known(told.number("batt", 0.0)),
        "charging": _yes(said.get("charge")),
        "odometer_m": known(told.number("odometer")),
        "mock": True if _yes(said.get("mock")) else None,
        "cell": told.get("cell"),
        "wifi": told.keep(" ".join(form.get("wifi", ())[:_MOST_NETWORKS])),
    }
    radius = _radius(told.number("accuracy", 0.0))
    return _position(
        told,
        _instant(said.get("timestamp"), now),
        where,
        told.number("altitude"),
        told.number("speed", 0.0) * KNOT,
        told.course("heading" if said.get("heading") else "bearing"),
        from_hdop(hdop, differential=False) if isnan(radius) else radius,
        _yes(said.get("valid")) is not False,
        fixes.written(dict(sorted(kept.items())), own),
    )


def of_json(said: Mapping[str, object], now: int) -> tuple[Position | None, Sequence[str]]:
    """The same of one `location` object."""
    coords = _object(said, "coords")
    where = _where({"lat": coords.get("latitude"), "lon": coords.get("longitude")})
    if where is None:
        return None, ()
    told, battery = Told(coords), Told(_object(said, "battery"))
    rest = Told(said)
    kept: dict[str, object] = {}
    for name, value in sorted(_object(said, "extras").items()):
        _keep(kept, name, value, told)
    level = battery.number("level", 0.0)
    own: dict[str, object] = {
        "battery_percent": known(level * 100, 1),
        "charging": battery.get("is_charging"),
        "odometer_m": known(rest.number("odometer"), 1),
        "movement": rest.get("is_moving"),
        "event": rest.get("event"),
        "activity": told.keep(_object(said, "activity").get("type")),
        "mock": True if said.get("mock") else None,
    }
    told.counts += [*battery.counts, *rest.counts]
    return _position(
        told,
        _instant(said.get("timestamp"), now),
        where,
        told.number("altitude"),
        told.number("speed", 0.0),
        told.course("heading"),
        _radius(told.number("accuracy", 0.0)),
        True,
        fixes.written(kept, own),
    )


def locations(value: object) -> Iterator[dict[str, object]]:
    """One, or several that are sent together. Raises Malformed at what is none."""
    if value is not None:
        yield from values.objects(value)


def _position(
    told: Told,
    time: int,
    where: tuple[float, float],
    alt: float,
    speed: float,
    course: float,
    accuracy: float,
    valid: bool,
    attributes: str,
) -> tuple[Position, Sequence[str]]:
    counts = list(told.counts)
    if fixes.nowhere(*where):
        counts.append("zero_position")
        valid = False
    return Position(time, *where, alt, speed, course, accuracy, -1, fixes.flags(valid), attributes), counts


def _where(said: Mapping[str, object]) -> tuple[float, float] | None:
    """None if it tells no position. Raises Malformed."""
    lat, lon = said.get("lat"), said.get("lon")
    if lat in (None, "") and lon in (None, ""):
        together = said.get("location")
        if not isinstance(together, str) or not together:
            return None
        lat, _, lon = together.partition(",")
    return fixes.degrees(lat, "lat", 90.0), fixes.degrees(lon, "lon", 180.0)


def _instant(told: object, now: int) -> int:
    """Microseconds UTC: of a number since 1970, of ISO 8601, or of a date and time without a zone, which are taken for
    UTC (what is off by quarter-hours, `fix_clock` finds out); without any, `now`. Raises Impossible."""
    if told is None or told == "":
        return now
    try:
        if isinstance(told, str) and re.search(r"\d-\d", told):
            return _date(told)
        number = values.number(told, "timestamp")
        return values.epoch(number, "timestamp", 1_000_000 if number < _FIRST_MILLISECONDS else 1000)
    except (Malformed, ValueError, OverflowError):
        raise Impossible("impossible_date", f"timestamp {values.shown(told)} is no time") from None


def _date(text: str) -> int:
    found = _LOST_PLUS.fullmatch(text[:_LONGEST_TIME])
    time = datetime.fromisoformat(f"{found[1]}+{found[2]}" if found else text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return values.rfc3339(time.isoformat(), "timestamp")


def _radius(metres: float) -> float:
    """One standard deviation per axis; Android tells 0 where it knows none."""
    return metres / RADIUS_68 if metres > 0 else nan


def _yes(told: object) -> bool | None:
    return None if told is None or told == "" else fixes.is_true(told)


def _keep(kept: dict[str, object], name: str, value: object, told: Told) -> None:
    """What has no meaning of its own here; a number or a yes in a form is one."""
    if not _NAME.fullmatch(name):
        told.counts.append("malformed_value")
        return
    if isinstance(value, str):
        if value in ("true", "false"):
            value = value == "true"
        elif _NUMBER.fullmatch(value):
            value = float(value) if "." in value else int(value)
    kept[name] = told.keep(value)


def _object(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Empty where there is none."""
    found = said.get(name)
    return found if isinstance(found, dict) else {}
