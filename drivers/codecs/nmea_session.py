"""A receiver's NMEA sentences on a line, to fixes and signs of life. It is never told anything."""

import math
from collections import Counter

from core.records import Alive, Body, Dictionary, Fix, Up, fixes
from drivers.codecs import gps_binary
from drivers.codecs.drought import Drought
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.gps_calendar import Calendar, Reference
from drivers.codecs.nmea_frames import Sentences
from drivers.codecs.nmea_merge import Merge
from drivers.codecs.notice import Notice

SILENT_SECONDS = 10.0
"""Without a sentence the receiver is lost, or one that sends less often: after so many of its periods."""

SILENT_PERIODS = 5

ALIVE_SECONDS = 0.9
"""Between two signs of life at least: most receivers speak once a second."""

IDLE = 0.4
"""Of the period: a line that is quiet for so long has said all of its epoch."""

ENOUGH = 2
"""Sentences after which it is believed that these are sentences."""

_PERIOD = 1.0
_LEAST_IDLE = 0.1
_LOOKED_AT = 4096

_DRY = {
    "no_fix": "no fix: the receiver stands by no position; give its antenna a view of the sky",
    "no_time": "no fix: the receiver has no time; give its antenna a view of the sky",
    "repeated": "no fix: the receiver repeats an old time; give its antenna a view of the sky, then switch it off and on",
    "no_date": "no date: it sends positions, but neither RMC nor ZDA; switch one of them on at the receiver",
    "bad_date": "its date cannot be right; leave it under the open sky for a quarter of an hour, or look for a new firmware",
    "zero_position": "no fix: it tells a position of 0, 0",
    "malformed_position": "no fix: its positions are none",
}


class Session:
    """One connection; `tracker` is a tag, `at` a time of the clock that does not jump, seconds.

    counts  what `Sentences` and `Merge` count
    remedy  what to do if what arrives is no NMEA
    """

    def __init__(self, tracker: str, at: float, remedy: str = "look at the baud rate") -> None:
        self.info: str | None = None
        self.error: ProtocolError | Unsupported | None = None
        self.counts: Counter[str] = Counter()
        self._tally: Counter[str] = Counter()
        self._since_fix: Counter[str] = Counter()
        self._calendar = Calendar()
        self._sentences = Sentences(self._tally)
        self._merge = Merge(tracker, self._tally, self._calendar)
        self._trackers = Dictionary()
        self._remedy = remedy
        self._kinds: Counter[str] = Counter()
        self._tail = b""
        self._held: list[Fix] = []
        self._byte_at = self._heard_at = at
        self._drought = Drought(at)
        self._alive_at = -math.inf

    @property
    def deadline(self) -> float:
        """When `timeout` is due."""
        lost = self._heard_at + self._patience
        return min(lost, self._byte_at + self._idle) if self._merge.waiting else lost

    def judge_dates(self, reference: Reference) -> None:
        """What is known of the date from outside, from now on."""
        self._calendar.reference = reference

    def receive(self, data: bytes, now: int, at: float) -> list[Body | Notice]:
        """What `data` brings."""
        self._byte_at = at
        found: list[Fix] = []
        bodies = self._sentences.feed(data)
        for body in bodies:
            found += self._merge.take(body)
        if bodies:
            self._heard_at = at
        said = self._begin(bodies, now, at)
        if self.info is None:
            self._tail = (self._tail + data)[-_LOOKED_AT:]
        self._doubt(at)
        return [*said, *self._tell(found, now, at)]

    def timeout(self, now: int, at: float) -> list[Body | Notice]:
        """Nothing came until `at`."""
        found = self._merge.idle() if at >= self._byte_at + self._idle else []
        self._doubt(at)
        return self._tell(found, now, at)

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long."""
        self._byte_at += seconds
        self._heard_at += seconds
        self._drought.postpone(seconds)

    def data_to_send(self) -> bytes:
        """Nothing."""
        return b""

    @property
    def _period(self) -> float:
        return _PERIOD if self._merge.period is None else self._merge.period / 1e6

    @property
    def _idle(self) -> float:
        return max(_LEAST_IDLE, IDLE * self._period)

    @property
    def _patience(self) -> float:
        return max(SILENT_SECONDS, SILENT_PERIODS * self._period)

    def _begin(self, bodies: list[bytes], now: int, at: float) -> list[Body | Notice]:
        """It is up after a few sentences."""
        if self.info is not None:
            return []
        self._kinds.update(body.partition(b",")[0].decode("latin-1") for body in bodies)
        if self._kinds.total() < ENOUGH:
            return []
        self.info = f"NMEA 0183: {', '.join(list(self._kinds)[:8])}"
        self._drought.end(at)
        self._tail = b""
        return [Up(now)]

    def _doubt(self, at: float) -> None:
        """No sentences: the receiver is gone, or what comes is something else."""
        if at < self._heard_at + self._patience:
            return
        seconds = f"{self._patience:g} s"
        spoken = gps_binary.protocol(self._tail)
        if spoken is not None:
            reason = f"the receiver speaks {spoken}, not NMEA; {gps_binary.REMEDIES[spoken]}"
        elif self._tail:
            reason = f"what arrives is no NMEA; {self._remedy}"
        elif self.info is None:
            reason = f"nothing came for {seconds}; look at the receiver's power and its wires (are TX and RX crossed?)"
        else:
            reason = f"no sentence came for {seconds}; look at the receiver's power"
        self.error = ProtocolError(reason)

    def _tell(self, found: list[Fix], now: int, at: float) -> list[Body | Notice]:
        """Fixes before the sign of life that they are."""
        said: list[Body | Notice] = []
        self.counts.update(self._tally)
        self._since_fix.update(self._tally)
        self._tally.clear()
        if self.info is None:
            self._held += found
        elif found := self._held + found:
            self._held = []
            said.append(fixes(self._trackers, found))
            self._drought.end(at)
            self._since_fix.clear()
        if self.info is not None and self._heard_at >= self._alive_at + ALIVE_SECONDS:
            self._alive_at = self._heard_at
            said.append(Alive(now))
        if self.info is not None and self._drought.is_news(at):
            said.append(self._why())
        return said

    def _why(self) -> Notice:
        """There is no fix, by what was counted most."""
        name = max(_DRY, key=lambda one: self._since_fix[one])
        return Notice("dry_spells", _DRY[name])
