"""A client of gpsd: it asks for reports, merges them to fixes, and asks again when nothing comes."""

import math
from collections import Counter
from collections.abc import Mapping

from core.records import Alive, Body, Dictionary, Fix, Up, fixes
from drivers.codecs.drought import Drought
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.gps_calendar import Reference
from drivers.codecs.gpsd import POLL, WATCH, Object, Receivers, parse, text
from drivers.codecs.json_lines import Lines
from drivers.codecs.notice import Notice

POLL_SECONDS = 5.0
"""Of silence, after which gpsd is asked whether it is there."""

SILENT_SECONDS = 15.0
"""Of silence, after which it is lost."""

ALIVE_SECONDS = 0.9
"""Between two signs of life at least: most receivers speak once a second."""

MOST_LINE = 1 << 16
"""Bytes: a SKY with 150 satellites has a quarter of it."""

_REPORTS = ("TPV", "SKY", "GST")


class Session:
    """One connection; `default` and `trackers` as in `Receivers`, `at` in seconds of a clock that does not jump.

    counts  those of `Receivers`, and malformed (lines that are no object of gpsd), noise (bytes of lines too long)
    """

    def __init__(self, default: str, trackers: Mapping[str, str], at: float) -> None:
        self.info: str | None = None
        self.error: ProtocolError | Unsupported | None = None
        self.counts: Counter[str] = Counter()
        self._receivers = Receivers(default, trackers, self.counts)
        self._mixed = bool(trackers)
        self._lines = Lines(MOST_LINE)
        self._skipped = 0
        self._trackers = Dictionary()
        self._out = bytearray(WATCH)
        self._heard_at = at
        self._poll_at = at + POLL_SECONDS
        self._alive_at = -math.inf
        self._drought = Drought(at)
        self._said: list[Body | Notice] = []

    @property
    def deadline(self) -> float:
        """When `timeout` is due."""
        return min(self._poll_at, self._heard_at + SILENT_SECONDS, self._receivers.complete_at)

    def judge_dates(self, reference: Reference) -> None:
        """What is known of the date from outside, from now on."""
        self._receivers.judge_dates(reference)

    def receive(self, data: bytes, now: int, at: float) -> list[Body | Notice]:
        """What `data` brings."""
        found: list[Fix] = []
        for line in self._lines.feed(data):
            said = parse(line)
            if said is not None:
                self._heard_at, self._poll_at = at, at + POLL_SECONDS
                found += self._take(said, now, at)
            elif line:
                self.counts["malformed"] += 1
        if self._lines.skipped > self._skipped:
            self.counts["noise"] += self._lines.skipped - self._skipped
            self._skipped = self._lines.skipped
        self._doubt(at)
        return self._tell([*found, *self._receivers.complete(at)], now, at)

    def timeout(self, now: int, at: float) -> list[Body | Notice]:
        """Nothing came until `at`."""
        if at >= self._poll_at:
            self._poll_at = at + POLL_SECONDS
            self._out += POLL
        self._doubt(at)
        return self._tell(self._receivers.complete(at), now, at)

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long."""
        self._heard_at += seconds
        self._poll_at += seconds
        self._drought.postpone(seconds)

    def data_to_send(self) -> bytes:
        """What gpsd is asked."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def _take(self, said: Object, now: int, at: float) -> list[Fix]:
        name = text(said, "class")
        if self.info is None:
            self.info = f"gpsd {text(said, 'release') or 'of an unknown release'}"
            self._drought.end(at)
            self._said.append(Up(now))
        if name in _REPORTS:
            found = self._receivers.take(said, at)
            self._look_for_others()
            return found
        if name == "ERROR":
            self._said.append(Notice("gpsd_errors", f"gpsd says: {text(said, 'message')[:120]}"))
        elif name == "DEVICES" and said.get("devices") == []:
            self._said.append(
                Notice("no_receiver", "gpsd has no receiver; name one in its DEVICES, and restart it")
            )
        return []

    def _look_for_others(self) -> None:
        """Two receivers must not be one tracker unnoticed."""
        paths = self._receivers.paths
        if len(paths) > 1 and not self._mixed:
            self._mixed = True
            both = " and ".join(paths[:2])
            self._said.append(
                Notice("several_receivers", f"{both} are told as one tracker; give each its own in trackers")
            )

    def _doubt(self, at: float) -> None:
        if at >= self._heard_at + SILENT_SECONDS:
            what = "is no gpsd" if self.info is None else "does not answer"
            self.error = ProtocolError(f"what is there {what}: nothing understood for {SILENT_SECONDS:g} s")

    def _tell(self, found: list[Fix], now: int, at: float) -> list[Body | Notice]:
        """Fixes before the sign of life that they are."""
        said, self._said = self._said, []
        if found:
            said.append(fixes(self._trackers, found))
            self._drought.end(at)
        if self.info is not None and self._heard_at >= self._alive_at + ALIVE_SECONDS:
            self._alive_at = self._heard_at
            said.append(Alive(now))
        if self.info is not None and self._drought.is_news(at):
            said.append(
                Notice(
                    "dry_spells",
                    "no fix: give the receiver's antenna a view of the sky; look with cgps what gpsd hears",
                )
            )
        return said
