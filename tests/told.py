"""Small histories, written into the central store as a gateway does: rows and account in one transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import psycopg

Moment = float
"""Hours since `START`."""

START = datetime(2024, 3, 4, tzinfo=UTC)
SPACE = uuid.UUID("00000000-0000-4000-8000-00000000abcd")


def at(hours: Moment) -> datetime:
    """The moment so many hours after the start."""
    return START + timedelta(hours=hours)


@dataclass(frozen=True)
class Told:
    """An event.

    detected  None: at once
    name      tells apart events that are otherwise the same
    unknown   the subject is a tag that belongs to no item
    """

    kind: str
    subject: str | None
    place: str | None
    hour: Moment
    direction: str | None = None
    detected: Moment | None = None
    name: str = ""
    source: str | None = "door1"
    retracts: "Told | None" = None
    reason: str | None = None
    unknown: bool = False

    @cached_property
    def id(self) -> uuid.UUID:
        what = (self.kind, self.subject, self.place, self.hour, self.direction, self.name, self.source)
        back = None if self.retracts is None else self.retracts.id
        return uuid.uuid5(SPACE, repr((what, back)))


def taken_back(event: Told, detected: Moment) -> Told:
    """The row that retracts an event."""
    return replace(event, kind="retracted", retracts=event, detected=detected)


EVENT = """
    INSERT INTO waypost.event (
        site, epoch, seq, id, time, detected, kind, item, tag, place, direction, reads, late, source, evidence, retracts, of
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, false, %s, jsonb_build_object('reason', %s::text), %s, %s)
    ON CONFLICT DO NOTHING
"""
GAP = "INSERT INTO waypost.gap VALUES (%s, %s, %s, %s, %s, %s, %s, 0) ON CONFLICT DO NOTHING"
READ = """
    INSERT INTO waypost.read (site, epoch, seq, time, source, antenna, tag, rssi, count)
    VALUES (%s, %s, %s, %s, %s, %s, 'E2', %s, %s) ON CONFLICT DO NOTHING
"""
ACCOUNT = "SELECT waypost.account(%s, %s, %s, %s, %s, 'written', NULL, NULL, %s, %s)"


@dataclass
class Journal:
    """One epoch of a site, as it writes."""

    db: psycopg.Connection
    site: str
    number: int = 1
    last: dict[str, int] = field(default_factory=lambda: {"events": 0, "gaps": 0, "reads": 0})

    @property
    def epoch(self) -> uuid.UUID:
        return uuid.uuid5(SPACE, f"{self.site} {self.number}")

    def tell(self, *events: Told) -> None:
        """One batch of events."""
        rows = []
        for seq, one in enumerate(events, self.last["events"] + 1):
            detected = one.hour if one.detected is None else one.detected
            back = one.retracts
            item, tag = (None, one.subject) if one.unknown else (one.subject, "E2")
            who = (self.site, self.epoch, seq, one.id, at(one.hour), at(detected), one.kind, item, tag)
            what = (one.place, one.direction, one.source, one.reason, back and back.id, back and back.kind)
            rows.append((*who, *what))
        self._write("events", EVENT, rows)

    def silence(self, source: str, since: Moment, until: Moment, reason: str = "timeout") -> None:
        """A gap."""
        seq = self.last["gaps"] + 1
        self._write("gaps", GAP, [(self.site, self.epoch, seq, source, at(since), at(until), reason)])

    def hear(self, *reads: tuple[Moment, str, int, float, int]) -> None:
        """Raw reads: hour, source, antenna, rssi, count."""
        rows = [
            (self.site, self.epoch, seq, at(hour), source, antenna, rssi, count)
            for seq, (hour, source, antenna, rssi, count) in enumerate(reads, self.last["reads"] + 1)
        ]
        self._write("reads", READ, rows)

    def _write(self, stream: str, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        first, last = self.last[stream] + 1, self.last[stream] + len(rows)
        with self.db.transaction():
            written = sum(self.db.execute(sql.encode(), row).rowcount for row in rows)
            self.db.execute(ACCOUNT, (self.site, self.epoch, stream, first, last, len(rows), written))
        self.last[stream] = last
