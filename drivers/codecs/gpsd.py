"""What gpsd says, a JSON object a line (gpsd_json(5)), to fixes: a receiver's reports with one time are one fix.

gpsd tells a position as often as a sentence of its receiver adds to it. The last one counts; what others had more stays.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from core.records import Fix, Flag
from drivers.codecs import gps_accuracy
from drivers.codecs.gps_calendar import Calendar, Reference

WATCH = b'?WATCH={"enable":true,"json":true};\n'
POLL = b"?POLL;\n"
PORT = 2947

IDLE_SECONDS = 0.25
"""gpsd tells within that what belongs to one time."""

RECEIVERS = 32
"""Of one gpsd; those beyond are counted as other_devices."""

_FIX_2D = 2
_LARGEST = 1e6
_DIFFERENTIAL = (2, 3, 4)
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Object = Mapping[str, object]


def parse(line: bytes) -> Object | None:
    """An object of gpsd, None if it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("class"), str) else None


def number(found: Object, name: str) -> float:
    """A number of a size that can be meant, NaN if there is none."""
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) <= _LARGEST else math.nan


def text(found: Object, name: str) -> str:
    """A text, "" if there is none."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def instant(found: Object) -> int | None:
    """The time in microseconds UTC, None if there is none."""
    try:
        return (datetime.fromisoformat(text(found, "time")) - _ZERO) // _MICROSECOND
    except (ValueError, TypeError, OverflowError):
        return None


class Receiver:
    """One device of a gpsd; its fixes are those of `tracker`.

    counts  no_fix, no_time, bad_date, repeated, zero_position, malformed_position
    """

    def __init__(self, tracker: str, counts: Counter[str], calendar: Calendar) -> None:
        self.tracker = tracker
        self._counts = counts
        self.calendar = calendar
        self._open: dict[str, object] = {}
        self._time: int | None = None
        self._told: int | None = None
        self._heard_at = 0.0
        self._sigma = (0, math.nan)
        self._sky: Object = {}

    @property
    def complete_at(self) -> float:
        """When nothing more belongs to the open report; never, if there is none."""
        return math.inf if self._time is None else self._heard_at + IDLE_SECONDS

    def take(self, found: Object, at: float) -> list[Fix]:
        """The fixes that a TPV, a SKY or a GST completes, which came at the time `at` (s)."""
        self._heard_at = at
        name = text(found, "class")
        if name == "SKY":
            self._sky = found
        elif name == "GST":
            sigma = gps_accuracy.from_axes(number(found, "lat"), number(found, "lon"))
            self._sigma = (instant(found) or 0, sigma)
        else:
            return self._report(found)
        return []

    def close(self) -> list[Fix]:
        """Nothing more belongs to the report."""
        time, found = self._time, self._open
        if time is None:
            return []
        self._time, self._open = None, {}
        if number(found, "mode") < _FIX_2D:
            self._counts["no_fix"] += 1
            return []
        settled = self.calendar.settle(time)
        if settled is None:
            self._counts["bad_date"] += 1
            return []
        return self._fix(found, time, *settled)

    def _report(self, found: Object) -> list[Fix]:
        time = instant(found)
        if time is None:
            fix = number(found, "mode") >= _FIX_2D
            self._counts["no_time" if fix else "no_fix"] += 1
            return []
        fixes = [] if time == self._time else self.close()
        if time == self._told:
            self._counts["repeated"] += 1
            return fixes
        self._time = time
        self._open.update(found)
        return fixes

    def _fix(self, found: Object, raw: int, time: int, corrected: bool) -> list[Fix]:
        lat, lon = number(found, "lat"), number(found, "lon")
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            self._counts["malformed_position"] += 1
            return []
        if lat == lon == 0:
            self._counts["zero_position"] += 1
            return []
        self._told = raw
        hdop = gps_accuracy.dop(number(self._sky, "hdop"))
        return [
            Fix(
                self.tracker,
                time,
                lat,
                lon,
                _altitude(found),
                number(found, "speed"),
                number(found, "track"),
                self._accuracy(found, raw, hdop),
                _used(self._sky),
                Flag.VALID | Flag.CORRECTED if corrected else Flag.VALID,
                "" if math.isnan(hdop) else f'{{"hdop":{hdop:g}}}',
            )
        ]

    def _accuracy(self, found: Object, time: int, hdop: float) -> float:
        """GST, else gpsd's own estimates, which are of 95 %, else HDOP."""
        known = (
            self._sigma[1] if self._sigma[0] == time else math.nan,
            number(found, "eph") / gps_accuracy.EPH95_SIGMAS,
            gps_accuracy.from_axes(number(found, "epx"), number(found, "epy")) / gps_accuracy.AXIS95_SIGMAS,
            gps_accuracy.from_hdop(hdop, number(found, "status") in _DIFFERENTIAL),
        )
        return next((one for one in known if one > 0), math.nan)


class Receivers:
    """All devices of one gpsd.

    default   the tag of receivers that `trackers` does not name
    trackers  path of a device -> tag; those that are not in it are left out, unless it is empty: counted other_devices
    """

    def __init__(self, default: str, trackers: Mapping[str, str], counts: Counter[str]) -> None:
        self._default = default
        self._trackers = trackers
        self._counts = counts
        self._receivers: dict[str, Receiver] = {}
        self._reference: Reference | None = None

    @property
    def complete_at(self) -> float:
        """When nothing more belongs to the report of one of them."""
        return min((one.complete_at for one in self._receivers.values()), default=math.inf)

    @property
    def paths(self) -> tuple[str, ...]:
        """Those that were heard."""
        return tuple(self._receivers)

    def judge_dates(self, reference: Reference) -> None:
        """What is known of the date from outside."""
        self._reference = reference
        for one in self._receivers.values():
            one.calendar.reference = reference

    def take(self, found: Object, at: float = 0.0) -> list[Fix]:
        """The fixes that a TPV, SKY or GST completes, which came at the time `at` (s)."""
        receiver = self._receiver(text(found, "device"))
        if receiver is None:
            self._counts["other_devices"] += 1
            return []
        return receiver.take(found, at)

    def complete(self, at: float = math.inf) -> list[Fix]:
        """The fixes to whose reports nothing more belongs at the time `at`; at the end, all."""
        return [fix for one in self._receivers.values() if at >= one.complete_at for fix in one.close()]

    def _receiver(self, path: str) -> Receiver | None:
        known = self._receivers.get(path)
        if known is not None:
            return known
        tracker = self._trackers.get(path, "" if self._trackers else self._default)
        if (self._trackers and not tracker) or len(self._receivers) >= RECEIVERS:
            return None
        made = Receiver(tracker, self._counts, Calendar(self._reference))
        self._receivers[path] = made
        return made


def _altitude(found: Object) -> float:
    """m above mean sea level; `alt` is what versions before 3.20 call it."""
    told = number(found, "altMSL"), number(found, "alt"), number(found, "altHAE") - number(found, "geoidSep")
    return next((one for one in told if not math.isnan(one)), math.nan)


def _used(sky: Object) -> int:
    """Satellites used, -1 if it does not say."""
    told = number(sky, "uSat")
    if 0 <= told < 1000:
        return int(told)
    seen = sky.get("satellites")
    if not isinstance(seen, list):
        return -1
    return sum(isinstance(one, dict) and one.get("used") is True for one in seen)
