"""Sentences to fixes: what a receiver says of one instant, in whatever order and by whichever talkers, is one fix.

An epoch ends when a sentence has another time; earlier when the sentence came that was the last before the time
changed, twice in a row; or when nothing comes for a while. Sentences without a time (GSA, VTG) belong to the epoch that
is open, or else to the next one. Only RMC and ZDA have a date: an epoch without takes the day that brings its time next
to the date that was known last, so midnight is no matter, whichever sentence comes first.
"""

import math
from collections import Counter

from core.records import SECOND, Fix, Flag
from drivers.codecs.gps_calendar import DAY, Calendar
from drivers.codecs.nmea_epoch import Epoch
from drivers.codecs.nmea_fields import time_of_day
from drivers.codecs.nmea_last import LastSentence
from drivers.codecs.nmea_sentences import (
    RMC,
    ZDA,
    Fields,
    date_of,
    day_of,
    fields_of,
    is_of_the_position,
    kind_of,
)

LATE = 3 * SECOND
"""So far back a time is that of a sentence that came late, or of a receiver that learned of a leap second; further back
the receiver, or the recording, has begun anew."""

SAME_TIME = SECOND // 100
"""Two times that differ by no more are of the same epoch, microseconds."""

BESIDE_MIDNIGHT = 20 * SECOND
"""So far from midnight a date may turn."""

LONGEST_PERIOD = 60 * SECOND
_HOUR = 3600 * SECOND


class Merge:
    """One receiver; the fixes of `tracker`, a tag.

    counts    no_fix (epochs in which the receiver stands by no position), no_time and no_date (positions without),
              bad_date, repeated (a time that does not advance), late_sentences, malformed (sentences that say nothing),
              malformed_position, zero_position
    calendar  settles the dates
    period    microseconds between the last two epochs, None before there were two
    """

    def __init__(self, tracker: str, counts: Counter[str], calendar: Calendar) -> None:
        self.period: int | None = None
        self._tracker = tracker
        self._counts = counts
        self._calendar = calendar
        self._last = LastSentence()
        self._open = Epoch()
        self._closed: int | None = None
        self._date: int | None = None
        self._told: int | None = None

    @property
    def waiting(self) -> bool:
        """An epoch is open: an idle line ends it."""
        return self._open.time is not None

    def take(self, body: bytes) -> list[Fix]:
        """The fixes that a sentence completes; `body` stands between $ and *."""
        fixes: list[Fix] = []
        of_it = self._read(body, fixes) and is_of_the_position(body)
        if of_it and self._last.is_it(body) and self.waiting:
            self._last.foretold()
            fixes += self._close()
        return fixes

    def idle(self) -> list[Fix]:
        """Nothing came for a while, or nothing will come any more."""
        if not self.waiting:
            return []
        self._last.ended()
        return self._close()

    def _read(self, body: bytes, fixes: list[Fix]) -> bool:
        """Into the epoch that a sentence is of; False if it is of none, or says nothing."""
        kind = kind_of(body)
        if kind is None:
            return True
        fields = fields_of(body, kind)
        if fields is None:
            self._counts["malformed"] += 1
            return False
        if kind is ZDA:
            self._dated(date_of(fields))
        elif kind.time is None or self._turn(fields[kind.time], fixes):
            kind.read(self._open, fields, self._counts)
            if kind is RMC and self._open.day is not None:
                self._open.time = time_of_day(fields[0])  # others may round it
        else:
            if kind is RMC and self._date is None:
                self._late_date(fields)
            return False
        return True

    def _late_date(self, fields: Fields) -> None:
        """An RMC that always comes after the next epoch has begun is too late for all but its date."""
        day, time = day_of(fields), time_of_day(fields[0])
        if day is not None and time is not None:
            self._date = day * DAY + time

    def _dated(self, instant: int | None) -> None:
        """A ZDA: the date of what has none."""
        if instant is None:
            self._counts["bad_date"] += 1
        else:
            self._date = instant

    def _turn(self, text: str, fixes: list[Fix]) -> bool:
        """To the epoch of a sentence's time; False if that is over, or no time."""
        time = time_of_day(text)
        if time is None:
            self._counts["malformed" if text else "no_time"] += 1
            return False
        known = self._open.time if self.waiting else self._closed
        behind = -DAY if known is None else _from(time, known)
        if abs(behind) <= SAME_TIME:
            if not self.waiting:
                self._counts["repeated"] += 1
                self._last.was_not()
            return self.waiting
        if 0 < behind < LATE:
            self._counts["late_sentences"] += 1
            return False
        if self.waiting:
            self._last.ended()
            fixes += self._close()
        self._open.time = time
        return True

    def _close(self) -> list[Fix]:
        """The epoch is complete."""
        epoch, self._open = self._open, Epoch()
        assert epoch.time is not None
        if self._closed is not None:
            period = _from(self._closed, epoch.time)
            self.period = period if 0 < period <= LONGEST_PERIOD else self.period
        self._closed = epoch.time
        instant = self._instant(epoch, epoch.time)
        if not (epoch.stands and epoch.placed):
            self._counts["no_fix"] += 1
            return []
        if epoch.bad_date or instant is None:
            self._counts["bad_date" if epoch.bad_date else "no_date"] += 1
            return []
        self._date = instant
        settled = self._calendar.settle(instant)
        if settled is None:
            self._counts["bad_date"] += 1
            return []
        return self._tell(epoch, *settled)

    def _instant(self, epoch: Epoch, time: int) -> int | None:
        """When that was, as far as the receiver says it, microseconds UTC; an epoch without a fix keeps the date going."""
        if epoch.day is not None:
            return self._turned(epoch.day * DAY + time, time)
        if self._date is None:
            return None
        instant = self._date + _from(self._date % DAY, time)
        if abs(instant - self._date) < _HOUR:
            self._date = instant
        return instant

    def _turned(self, told: int, time: int) -> int:
        """Some turn the date a second after midnight, others before, with the weeks of GPS, which know no leap seconds:
        what seems to be a day before or behind a moment ago is the moment after. At any other time a date is a date."""
        beside = DAY if time < BESIDE_MIDNIGHT else -DAY if time >= DAY - BESIDE_MIDNIGHT else 0
        if self._date is not None and 0 <= told + beside - self._date < LATE:
            return told + beside
        return told

    def _tell(self, epoch: Epoch, time: int, corrected: bool) -> list[Fix]:
        if self._told is not None and 0 <= self._told - time < LATE:
            self._counts["repeated"] += 1
            return []
        self._told = time
        flags = Flag.VALID | Flag.CORRECTED if corrected else Flag.VALID
        hdop = "" if math.isnan(epoch.hdop) else f'{{"hdop":{epoch.hdop:g}}}'
        return [
            Fix(
                self._tracker, time, epoch.lat, epoch.lon, epoch.alt, epoch.speed, epoch.course,
                epoch.accuracy, epoch.satellites, flags, hdop,
            )
        ]  # fmt: skip


def _from(one: int, other: int) -> int:
    """Microseconds from one time of the day to another, the shorter way round."""
    return (other - one + DAY // 2) % DAY - DAY // 2
