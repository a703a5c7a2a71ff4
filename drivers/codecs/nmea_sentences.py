"""What each kind of NMEA 0183 sentence adds to an epoch, read by pynmea2; fields are numbered from 0 behind the tag.

The last three letters say the kind, the two before them who talks. Versions of the standard and makers differ in how
many fields there are, so no field is taken for granted.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pynmea2

from drivers.codecs import gps_accuracy
from drivers.codecs.gps_calendar import DAY, day_number
from drivers.codecs.nmea_epoch import Epoch
from drivers.codecs.nmea_fields import KNOT, date, number, time_of_day, whole

Fields = list[str]

_KMH = 1 / 3.6
_NO_FIX_MODES = ("N", "V")
_DIFFERENTIAL_MODES = ("D", "F", "P", "R")
_DIFFERENTIAL = (2, 4, 5)
_SATELLITE_QUALITIES = (1, 2, 3, 4, 5)
"""Of GGA: GPS, DGPS, PPS, RTK fixed and float; the others need no satellites (dead reckoning, manual, simulator)."""

_FULL_CIRCLE = 360.0
_RMC, _GGA, _GNS, _GLL = 1, 2, 4, 8
"""Kinds that say whether there is a fix, as `Epoch.judge` takes them."""

_HDOP_OF_12, _HDOP_OF_24 = 15, 27
"""Where GSA has its HDOP, behind places for 12 satellites, or 24."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sentence.

    fields  so many are read;  time  which of them is the time, None if it has none
    """

    read: Callable[[Epoch, Fields, Counter[str]], None]
    fields: int
    time: int | None = None


def kind_of(body: bytes) -> "Kind | None":
    """How to read a sentence; None if it says nothing of a position, or is its maker's own."""
    if body[5:6] != b"," or body[:1] in (b"P", b"p"):
        return None
    return KINDS.get(body[2:5])


def is_of_the_position(body: bytes) -> bool:
    """Is it one of the sentences that a receiver sends about each instant? GSV is, though nothing of it is read."""
    return body[5:6] == b"," and body[:1] != b"P" and (body[2:5] in KINDS or body[2:5] == b"GSV")


def fields_of(body: bytes, kind: Kind) -> Fields | None:
    """The fields, as many as are read at least; None if pynmea2 finds no sentence."""
    try:
        fields: Fields = pynmea2.NMEASentence.parse(body.decode("latin-1")).data
    except pynmea2.ParseError:
        return None
    missing = kind.fields - len(fields)
    return fields + [""] * missing if missing > 0 else fields


def date_of(fields: Fields) -> int | None:
    """The instant that a ZDA tells, microseconds UTC; None if it tells none."""
    time, numbers = time_of_day(fields[0]), [whole(text) for text in fields[1:4]]
    if time is None or min(numbers) < 0:
        return None
    day = day_number(numbers[2], numbers[1], numbers[0])
    return None if day is None else day * DAY + time


def day_of(fields: Fields) -> int | None:
    """The date that an RMC tells, days since 1970; None if it has no fix, or tells none."""
    return date(fields[8]) if fields[1] == "A" and fields[11] not in _NO_FIX_MODES else None


def _rmc(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    mode = fields[11]
    if not epoch.judge(_RMC, fields[1] == "A" and mode not in _NO_FIX_MODES):
        return
    epoch.differential |= mode in _DIFFERENTIAL_MODES
    epoch.place(fields[2], fields[3], fields[4], fields[5], counts)
    if fields[6]:
        epoch.speed = _speed(number(fields[6]) * KNOT)
        epoch.course = _course(fields[7])
    if fields[8]:
        epoch.day = date(fields[8])
        epoch.bad_date = epoch.day is None


def _gga(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    if not fields[5]:  # it does not say: a MyGuide without a fix, a Firefly with one; what RMC says holds
        return
    quality = whole(fields[5])
    if not epoch.judge(_GGA, quality >= 1):
        return
    epoch.count_satellites(whole(fields[6]), quality in _SATELLITE_QUALITIES)
    epoch.differential |= quality in _DIFFERENTIAL
    epoch.place(fields[1], fields[2], fields[3], fields[4], counts)
    _height(epoch, fields)


def _gns(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    """Its mode has a letter for each system of satellites. Behind a combined one each system may add its own, empty."""
    modes = fields[5].strip("NV")
    if not epoch.judge(_GNS, bool(modes)):
        return
    epoch.count_satellites(whole(fields[6]), bool(modes.strip("EMS")))
    epoch.differential |= any(mode in _DIFFERENTIAL_MODES for mode in modes)
    epoch.place(fields[1], fields[2], fields[3], fields[4], counts)
    _height(epoch, fields)


def _height(epoch: Epoch, fields: Fields) -> None:
    """What GGA and GNS have in common; the height in m above mean sea level."""
    hdop = gps_accuracy.dop(number(fields[7]))
    epoch.hdop = epoch.hdop if math.isnan(hdop) else hdop
    epoch.alt = number(fields[8])


def _gll(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    if not epoch.judge(_GLL, fields[5] == "A" and fields[6] not in _NO_FIX_MODES):
        return
    epoch.differential |= fields[6] in _DIFFERENTIAL_MODES
    epoch.place(fields[0], fields[1], fields[2], fields[3], counts)


def _gsa(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    """One for each system, of which some may have no fix. Antaris tells dead reckoning by an E; some receivers have
    places for 24 satellites."""
    mode = fields[1]
    epoch.mode = max(epoch.mode, 2 if mode == "E" else whole(mode))
    at = _HDOP_OF_24 if len(fields) > _HDOP_OF_24 + 1 else _HDOP_OF_12
    if math.isnan(epoch.hdop):
        epoch.hdop = gps_accuracy.dop(number(fields[at]))


def _vtg(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    """The speed where RMC has none."""
    course, knots, mode = fields[0], fields[4], fields[8]
    if mode in ("E", "N") or not (course and knots) or not math.isnan(epoch.speed):
        return
    if fields[5] == "N":
        epoch.speed = _speed(number(knots) * KNOT)
    elif fields[7] == "K":
        epoch.speed = _speed(number(fields[6]) * _KMH)
    if fields[1] == "T":
        epoch.course = _course(course)


def _gst(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    epoch.sigma = gps_accuracy.from_axes(number(fields[5]), number(fields[6]))


def _zda(epoch: Epoch, fields: Fields, counts: Counter[str]) -> None:
    """Its time may be another one, that of the next pulse: what it tells is no part of an epoch."""


def _course(text: str) -> float:
    value = number(text)
    return value % _FULL_CIRCLE if 0 <= value <= _FULL_CIRCLE else math.nan


def _speed(speed: float) -> float:
    """A speed below 0 is none."""
    return speed if speed >= 0 else math.nan


RMC = Kind(_rmc, 12, 0)
ZDA = Kind(_zda, 4)
KINDS = {
    b"RMC": RMC,
    b"GGA": Kind(_gga, 9, 0),
    b"GNS": Kind(_gns, 9, 0),
    b"GLL": Kind(_gll, 7, 4),
    b"GST": Kind(_gst, 7, 0),
    b"GSA": Kind(_gsa, 17),
    b"VTG": Kind(_vtg, 9),
    b"ZDA": ZDA,
}
"""The kinds of which something is read."""
