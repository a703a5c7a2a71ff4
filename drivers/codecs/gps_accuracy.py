"""How far may a position be off, as one standard deviation per axis in m; NaN = unknown.

A receiver that tells no error has its dilution of precision: gpsd (libgpsd_core.c) takes 15 m times HDOP for 95 % of the
positions, 3.75 m with differential corrections. 95 % of a circular normal distribution lie within 2.45 sigma.
"""

import math

EPH95_SIGMAS = 2.45
"""A radius of 95 % in standard deviations per axis."""

AXIS95_SIGMAS = 1.96
"""An error of 95 % along one axis in its standard deviations."""

_HDOP_METRES, _DIFFERENTIAL_METRES = 15.0, 3.75
_LEAST_DOP, _MOST_DOP = 0.01, 89.99
"""What lies outside is a marker: 99.99, 99.00 and 0.00 mean that there is none."""


def dop(value: float) -> float:
    """A dilution of precision, NaN if it marks that there is none."""
    return value if _LEAST_DOP <= value <= _MOST_DOP else math.nan


def from_hdop(hdop: float, differential: bool) -> float:
    """What an HDOP says of it."""
    return hdop * (_DIFFERENTIAL_METRES if differential else _HDOP_METRES) / EPH95_SIGMAS


def from_axes(one: float, other: float) -> float:
    """The standard deviation that stands for those of two axes; NaN unless both are told and positive."""
    return math.sqrt((one * one + other * other) / 2) if one > 0 and other > 0 else math.nan
