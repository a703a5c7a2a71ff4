"""The fields of NMEA 0183 sentences: text to numbers. What is empty or makes no sense is None or NaN, never a guess."""

import math
import re

from drivers.codecs.gps_calendar import day_number

KNOT = 0.514444
"""m/s."""

_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9]|60)(?:\.([0-9]*))?")
_DATE = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
_ANGLE = re.compile(r"([0-9]{0,3})([0-9]{2}(?:\.[0-9]*)?)")
_NUMBER = re.compile(r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_PIVOT = 69

LARGEST = 1e6
"""No height, speed or deviation is larger."""
_MOST_DIGITS = 4
"""Of a whole number: a year's."""


def time_of_day(text: str) -> int | None:
    """hhmmss or hhmmss.sss as microseconds since midnight; a leap second is the 61st of its minute."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 1_000_000 + (int(fraction[:6].ljust(6, "0")) if fraction else 0)


def date(text: str) -> int | None:
    """ddmmyy as days since 1970; two digits of a year below 69 are in this century (as gpsd has it)."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year = map(int, found.groups())
    return day_number(year + (2000 if year < _PIVOT else 1900), month, day)


def number(text: str) -> float:
    """A decimal number, NaN if it is none, or none that is meant: not what else float() takes, such as inf or 1_0. Some put
    blanks before it."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if abs(value) <= LARGEST else math.nan


def whole(text: str) -> int:
    """A whole number of up to four digits, -1 if it is none."""
    text = text.lstrip(" ")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else -1


def angle(text: str, hemisphere: str, sides: str, most: float) -> float | None:
    """dddmm.mmm with one of the two `sides`, positive and negative, in degrees.

    None if it is malformed, has 60 minutes or more, or is beyond `most` degrees.
    """
    found = _ANGLE.fullmatch(text)
    if found is None or len(hemisphere) != 1 or hemisphere not in sides:
        return None
    degrees, minutes = found.groups()
    value = float(minutes)
    if value >= 60:
        return None
    value = int(degrees or 0) + value / 60
    if value > most:
        return None
    return value if hemisphere == sides[0] else -value


def decimals(text: str) -> int:
    """Digits behind the point."""
    return len(text.partition(".")[2])
