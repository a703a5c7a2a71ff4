"""A message of a device whose places are declared: a mapping of JSON backwards."""

import json
from collections.abc import Mapping

from core.events import rfc3339

_TIMES = {"s": 1_000_000, "ms": 1000, "us": 1}


class Declared:
    """What is told of one record.

    topic   the filter in which levels may have names
    places  where values stand, by what they are: `a.b` in the record, `/a.b` in the message, `{name}` in the topic
    """

    def __init__(self, topic: str, places: Mapping[str, str | None]) -> None:
        self.topic = topic
        self.places = places

    def message(self, values: Mapping[str, object]) -> tuple[str, bytes]:
        """Topic and payload; values without a place are left out."""
        root: dict[str, object] = {}
        record: dict[str, object] = {}
        levels: dict[str, str] = {}
        for name, value in values.items():
            place = self.places.get(name)
            if place is None:
                continue
            if place.startswith("{"):
                levels[place.strip("{}")] = str(value)
            else:
                _put(root if place.startswith("/") else record, place.removeprefix("/"), value)
        items = self.places.get("items")
        if items is None:
            root |= record
        else:
            _put(root, items.removeprefix("/"), [record])
        return self._topic(levels), json.dumps(root, separators=(",", ":")).encode()

    def _topic(self, levels: Mapping[str, str]) -> str:
        """One that the filter covers."""
        return "/".join(
            levels.get(level.strip("{}"), "simulated") if level[:1] in ("{", "+", "#") else level
            for level in self.topic.split("/")
        )


def told_time(time: int, unit: str) -> object:
    """Microseconds UTC as the unit has them: rfc3339, s, ms or us."""
    if unit == "rfc3339":
        return rfc3339(time)
    whole, rest = divmod(time, _TIMES[unit])
    return time / _TIMES[unit] if rest else whole


def _put(inside: dict[str, object], place: str, value: object) -> None:
    """At keys with dots between them; a number is a key too."""
    *path, last = place.split(".")
    for key in path:
        inner = inside.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{place}: {key} is a value already")
        inside = inner
    inside[last] = value
