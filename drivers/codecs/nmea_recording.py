"""A recording of what an NMEA receiver said, to fixes; there is no clock beside it."""

import re
from collections import Counter

from core.records import Fix
from drivers.codecs.gps_calendar import DAY, Calendar, Reference, day_number
from drivers.codecs.nmea_frames import Sentences
from drivers.codecs.nmea_merge import Merge

_RECORDED = re.compile(rb"^#\s*Date\s*[:=]\s*(\d{4})-(\d{1,2})-(\d{1,2})\b", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(rb"^#[^\n]*", re.MULTILINE)


class Recording:
    """The fixes of `tracker`, a tag. Lines that begin with # are comments.

    A comment "# Date: 2019-04-06", as published logs have it, says when it was recorded: dates that are off by whole
    eras of GPS weeks are set right by it. Without one, in the first piece, dates count as they stand.

    sentences  with a right checksum, so far
    counts     what `Sentences` and `Merge` count
    """

    def __init__(self, tracker: str) -> None:
        self.sentences = 0
        self.counts: Counter[str] = Counter()
        self._calendar = Calendar()
        self._merge = Merge(tracker, self.counts, self._calendar)
        self._stream = Sentences(self.counts)
        self._begun = False

    def feed(self, data: bytes) -> list[Fix]:
        """The fixes that a piece completes; pieces are of whole lines."""
        if not self._begun:
            self._begun = True
            self._date(data)
        found: list[Fix] = []
        for body in self._stream.feed(_COMMENT.sub(b"", data)):
            self.sentences += 1
            found += self._merge.take(body)
        return found

    def end(self) -> list[Fix]:
        """The last one: nothing more will come."""
        self._stream.flush()
        return self._merge.idle()

    def _date(self, data: bytes) -> None:
        found = _RECORDED.search(data)
        day = None if found is None else day_number(*map(int, found.groups()))
        if day is not None:
            self._calendar.reference = Reference(day * DAY, recorded=True)
