"""A simulated tracker that publishes where it is as JSON, in whatever form a mapping declares."""

import math
from collections.abc import Mapping

from simulators.declared import Declared, told_time
from simulators.logbook import Noted

_SPEEDS = {"mps": 1.0, "kmh": 3.6, "kn": 1 / 0.514444, "mph": 1 / 0.44704}
_ACCURACIES = {"sigma": 1.0, "68": 1.515, "95": 2.45}


class SimulatedJsonTracker:
    """What it says; the places of `declared` may have attributes, which get the number of the message.

    units  what time, speed and accuracy are given in
    """

    def __init__(self, tracker: str, declared: Declared, units: Mapping[str, str]) -> None:
        self.tracker = tracker
        self._declared = declared
        self._units = units

    def message(self, noted: Noted) -> tuple[str, bytes]:
        """Topic and payload about one note."""
        place = noted.place
        values: dict[str, object] = {
            "tracker": self.tracker,
            "time": told_time(noted.dated, self._units.get("time", "rfc3339")),
            "lat": round(place.lat, 8),
            "lon": round(place.lon, 8),
            "alt": round(place.alt, 2),
            "speed": _known(place.speed * _SPEEDS[self._units.get("speed", "mps")]),
            "course": _known(place.course),
            "accuracy": round(place.accuracy * _ACCURACIES[self._units.get("accuracy", "68")], 2),
            "satellites": place.satellites,
            "valid": not noted.hidden,
        }
        attributes = {name: noted.number for name in self._declared.places if name.startswith("attributes.")}
        return self._declared.message(values | attributes)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
