"""Is all there, and nothing twice? What the view `waypost.proof` says, line by line."""

from dataclasses import asdict, dataclass

from psycopg import Connection
from psycopg.rows import class_row

NEWEST = 1_000
"""Blind intervals that are listed."""


@dataclass(frozen=True, slots=True)
class LineProof:
    """The columns of `waypost.proof`; see the comment of the view. Of each range the first and the last number."""

    site: str
    epoch: str
    stream: str
    first: int | None
    last: int | None
    rows: int
    there: int
    expired: int
    refused: int
    missing: int
    missing_ranges: list[list[int]]
    lost: int
    doubled: int
    quarantined: int
    dropped: int
    unreadable: int
    blind: int
    blind_seconds: float

    @property
    def sound(self) -> bool:
        """Every number is accounted for, every row of the account is there, and none twice."""
        return not (self.missing or self.lost or self.doubled)

    def json(self) -> dict[str, object]:
        """As `waypost db verify --json` prints it."""
        return {**asdict(self), "sound": self.sound}


@dataclass(frozen=True, slots=True)
class Blind:
    """An interval in which a source told nothing; `until` None while it is so.

    since, until  RFC 3339, UTC; behind a year before 1 there is BC, and one after 9999 has its digits
    """

    site: str
    source: str
    since: str
    until: str | None
    reason: str | None

    def json(self) -> dict[str, object]:
        """As `waypost db verify --json` prints it."""
        ends = {"from": self.since, "to": self.until}
        return {"site": self.site, "source": self.source, **ends, "reason": self.reason}


_PROOF = """
    SELECT site, epoch::text, stream, first, last, rows, there, expired, refused, missing,
        (SELECT coalesce(jsonb_agg(jsonb_build_array(lower(one), upper(one) - 1)), '[]')
            FROM unnest(missing_ranges) AS one) AS missing_ranges,
        lost, doubled, quarantined, dropped, unreadable, blind, blind_seconds
    FROM waypost.proof WHERE %(site)s::text IS NULL OR site = %(site)s ORDER BY site, epoch, stream
"""
# the server writes the times: it has years that Python has not, and a clock may have told them
_BLIND = """
    SELECT site, source,
        to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            || CASE WHEN since < '0001-01-01 00:00Z' THEN ' BC' ELSE '' END AS since,
        to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            || CASE WHEN until < '0001-01-01 00:00Z' THEN ' BC' ELSE '' END AS until,
        reason
    FROM waypost.gaps AS g
    WHERE %(site)s::text IS NULL OR site = %(site)s ORDER BY g.since DESC LIMIT %(most)s
"""


def prove(db: Connection, site: str | None = None) -> list[LineProof]:
    """All lines of the database or of a site. It looks at every row. Raises psycopg.Error."""
    with db.cursor(row_factory=class_row(LineProof)) as cursor:
        return cursor.execute(_PROOF, {"site": site}).fetchall()


def blind(db: Connection, site: str | None = None) -> list[Blind]:
    """The newest intervals in which gateways were blind, the newest first. Raises psycopg.Error."""
    with db.cursor(row_factory=class_row(Blind)) as cursor:
        return cursor.execute(_BLIND, {"site": site, "most": NEWEST}).fetchall()
