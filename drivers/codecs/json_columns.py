"""Columns of JSON values: many at once where they are as plain as nearly all are, else each by itself.

Both ways give the same, and Malformed where one of the values gives it; drivers.codecs.json_values has the meaning.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import nan
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from core.records import Times
from drivers.codecs import json_values as values
from drivers.codecs.message_session import UNTOLD

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]

FEW = 8
"""Values that are sooner taken one by one than looked at together."""
MEMORY = 1 << 12
"""Texts that are remembered; then they are forgotten, and it begins anew."""
_LONGEST_REST = len(".123+00:00")
_SECONDS = len("2026-01-31T12:00:00")
_SOME_SECOND = "2000-01-01T00:00:00"
_BASE = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def found(value: object, keys: Sequence[str]) -> object:
    """What stands there: keys of objects, positions in arrays; None if there is nothing."""
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            return None
    return value


def found_in_each(records: list[object], keys: Sequence[str]) -> list[object]:
    """The same of each of the records."""
    column = records
    for key in keys:
        try:
            column = list(map(itemgetter(key), column))  # type: ignore[arg-type]  # what is no object raises
        except (KeyError, TypeError):
            column = [found(record, (key,)) for record in column]
    return column


def numbers(column: Sequence[object], name: str, absent: float = nan) -> Numbers:
    """float64[n]; see `json_values.number`."""
    if len(column) >= FEW and set(map(type, column)) <= {int, float}:
        try:
            several = np.array(column, np.float64)
        except OverflowError:  # of a whole number with hundreds of digits
            pass
        else:
            if (np.abs(several) <= values.FARTHEST).all():
                return several
    return np.array([values.number(one, name, absent) for one in column], np.float64)


def wholes(column: Sequence[object], name: str, absent: int, most: int) -> Whole:
    """int64[n], `absent` for null, which may be any number; see `json_values.whole`."""
    several = _plain_wholes(column, most)
    if several is not None:
        return several
    return np.array(
        [absent if one is None else values.whole(one, name, absent, most) for one in column], np.int64
    )


def epochs(column: Sequence[object], name: str, unit: int) -> Times:
    """int64[n], microseconds UTC, UNTOLD for null; `unit` in microseconds; see `json_values.epoch`."""
    several = _plain_wholes(column, values.LATEST // unit)
    if several is not None:
        return several * unit
    if len(column) >= FEW and set(map(type, column)) == {float}:
        micros = np.array(column, np.float64)
        if ((micros >= 0) & (micros <= values.LATEST / unit)).all():
            return np.rint(micros * unit).astype(np.int64)
    return np.array([UNTOLD if one is None else values.epoch(one, name, unit) for one in column], np.int64)


def _plain_wholes(column: Sequence[object], most: int) -> Whole | None:
    """None if they are few, or one of them is no whole number from 0 to `most`."""
    if len(column) < FEW or set(map(type, column)) != {int}:
        return None
    try:
        several = np.array(column, np.int64)
    except OverflowError:
        return None
    return several if ((several >= 0) & (several <= most)).all() else None


class Rfc3339:
    """Times as text. A second, and what stands behind it, come again and again: both are remembered."""

    def __init__(self) -> None:
        self._seconds: dict[str, int] = {}
        self._rests: dict[str, int] = {}

    def column(self, column: Sequence[object], name: str) -> Times:
        """int64[n], microseconds UTC, UNTOLD for null; see `json_values.rfc3339`."""
        return np.array([self._one(value, name) for value in column], np.int64)

    def _one(self, value: object, name: str) -> int:
        if value is None:
            return UNTOLD
        if isinstance(value, str):
            second = self._seconds.get(value[:_SECONDS])
            rest = self._rests.get(value[_SECONDS:])
            if second is not None and rest is not None:
                return second + rest
            self._remember(value)
        return values.rfc3339(value, name)

    def _remember(self, text: str) -> None:
        """Its parts, if each of them means the same with any other."""
        second, rest = text[:_SECONDS], text[_SECONDS:]
        if second[13:14] != ":" or second[16:17] != ":" or not 0 < len(rest) <= _LONGEST_REST:
            return
        try:
            begins, stands = datetime.fromisoformat(second), datetime.fromisoformat(_SOME_SECOND + rest)
        except ValueError:
            return
        if begins.tzinfo is None and stands.tzinfo is not None:
            for memory in (self._seconds, self._rests):
                if len(memory) >= MEMORY:
                    memory.clear()
            self._seconds[second] = values.rfc3339(second + "+00:00", "time")
            self._rests[rest] = (stands - _BASE) // _MICROSECOND
