"""Values of a position, as devices tell them in JSON and in forms. What makes no sense is Malformed, or unknown."""

import json
from collections.abc import Mapping
from math import isfinite, isnan, nan

from drivers.codecs import json_values as values
from drivers.codecs.json_values import Malformed
from drivers.codecs.tracker_session import VALID

KNOT = 0.514444
"""m/s."""
KMH = 1 / 3.6
RADIUS_68 = 1.515
"""A radius that holds 68 % of the positions, in standard deviations per axis (Rayleigh's distribution)."""

LONGEST = 128
"""Characters of a tracker's name."""
LONGEST_TEXT = 256
"""Characters of a text that is kept as an attribute."""
LARGEST = 1e6
"""No altitude, speed, course or radius is larger."""

NO = ("", "0", "false", "no", "none", "v", "n", "f", "invalid", "nofix", "no fix")
"""Texts by which a receiver says that it does not stand by a position."""

_LARGEST_WHOLE = 1 << 63


class Impossible(Malformed):
    """A position that can not be. `counter` is its name among the counters."""

    def __init__(self, counter: str, text: str) -> None:
        super().__init__(text)
        self.counter = counter


def counter_of(error: Malformed) -> str:
    """Under which name that is counted."""
    return error.counter if isinstance(error, Impossible) else "malformed"


def degrees(value: object, name: str, most: float) -> float:
    """From -most to most. Raises Malformed."""
    found = values.number(value, name)
    if not abs(found) <= most:
        text = f"{name} {values.shown(value)} is no position from -{most:g} to {most:g} degrees"
        raise Malformed(text) if isnan(found) else Impossible("out_of_range", text)
    return float(found)


def bounded(value: object, name: str, least: float = -LARGEST, most: float = LARGEST) -> float:
    """A number of a size that can be meant; NaN for null, and for what says "unknown" by being below the least."""
    found = values.number(value, name, nan)
    if abs(found) > most:
        raise Malformed(f"{name} {values.shown(value)} is out of range")
    return float(found) if isnan(found) or found >= least else nan


def course(value: object) -> float:
    """Degrees from north; -1 is how many devices say that they know none."""
    found = bounded(value, "course")
    return nan if found == -1 else found % 360.0


def tracker(value: object) -> str:
    """A number or a text as it is: printable ASCII. Raises Malformed."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    text = text.strip()
    if not text or len(text) > LONGEST or not (text.isascii() and text.isprintable()):
        raise Malformed(f"tracker {values.shown(value)} is no name of up to {LONGEST} printable characters")
    return text


def is_true(value: object) -> bool:
    """Is that a yes: true, a number but 0, a text such as A or 3D?"""
    return value.strip().lower() not in NO if isinstance(value, str) else bool(value)


def nowhere(lat: float, lon: float) -> bool:
    """Is that what a receiver says that has never known where it is?"""
    return not lat and not lon


class Told:
    """What a device tells beside where and when: a value that makes no sense costs itself alone.

    counts  "malformed_value" for each of them
    """

    def __init__(self, said: Mapping[str, object]) -> None:
        self._said = said
        self.counts: list[str] = []

    def number(self, name: str, least: float = -LARGEST, most: float = LARGEST) -> float:
        """NaN for what is not told, and for what says "unknown" by being below the least."""
        value = self._said.get(name)
        if value is None or value == "" or (isinstance(value, str) and value.lower() == "nan"):
            return nan
        try:
            return bounded(value, name, least, most)
        except Malformed:
            self.counts.append("malformed_value")
            return nan

    def course(self, name: str) -> float:
        """Degrees from north, 0 to 360; NaN for what is not told, and for less than none."""
        return self.number(name, 0.0) % 360.0

    def keep(self, value: object) -> object:
        """What can stay as it is: a bounded number, text or yes; else None, and counted."""
        match value:
            case str() if len(value) <= LONGEST_TEXT:
                return value or None
            case None | bool():
                return value
            case int() if abs(value) < _LARGEST_WHOLE:
                return value
            case float() if isfinite(value):
                return value
        self.counts.append("malformed_value")
        return None

    def get(self, name: str) -> object:
        """As `keep`."""
        return self.keep(self._said.get(name))


def known(value: float, digits: int = 3) -> float | None:
    """For an attribute: None for NaN, and a whole number without a point."""
    if isnan(value):
        return None
    found = round(value, digits)
    return int(found) if found == int(found) else found


def written(*attributes: Mapping[str, object]) -> str:
    """The attributes of a fix, as `Fixes` has them: what is None is left out, and the last who tells a name is right."""
    told = {name: value for some in attributes for name, value in some.items() if value is not None}
    return json.dumps(told, separators=(",", ":"), allow_nan=False) if told else ""


def flags(valid: bool, *more: int) -> int:
    """Bits of `Flag`."""
    return sum(more, VALID if valid else 0)
