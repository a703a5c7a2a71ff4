"""A fix as `waypost decode` tells it: the columns of `replay`, null for what the tracker did not say."""

import json
import math

from core.events import rfc3339
from core.records import Fix, Flag

_PLACES = {"lat": 9, "lon": 9, "alt": 3, "speed": 3, "course": 3, "accuracy": 3}
"""Decimals: 9 of a degree are 0.1 mm."""


def line(fix: Fix) -> dict[str, object]:
    """One JSON object; speed in m/s, accuracy in m, one standard deviation per axis."""
    flags = Flag(fix.flags)
    return {
        "time": rfc3339(fix.time),
        "tracker": fix.tracker or None,
        **{name: _rounded(getattr(fix, name), places) for name, places in _PLACES.items()},
        "satellites": fix.satellites if fix.satellites >= 0 else None,
        "valid": Flag.VALID in flags,
        **{one.name.lower(): True for one in Flag if one is not Flag.VALID and one in flags and one.name},
        **({"attributes": json.loads(fix.attributes)} if fix.attributes else {}),
    }


def _rounded(value: float, places: int) -> float | None:
    return None if math.isnan(value) else round(value, places)
