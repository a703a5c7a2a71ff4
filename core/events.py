"""What the pipeline decides: location events, and the gaps in which it was blind."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Evidence = Mapping[str, "str | int | float | bool | list[str] | Mapping[str, int | float] | None"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Microseconds UTC of the years 1 to 9999, which is what RFC 3339 can say."""

KINDS = ("arrived", "departed", "passed", "missing", "found", "retracted", "device_down", "device_up")


@dataclass(frozen=True, slots=True)
class Event:
    """A difference in the world, decided once; see the design's contract of names.

    time        when it happened, microseconds UTC
    detected    when it was decided: the time of the record that let it be decided
    time_error  bound of the error of `time` in seconds, None when unknown
    reads       sum of the counts of the reads behind it
    late        the deciding record was behind its source's frontier
    source      id of the device that gave the deciding record
    retracts    the id of the event that this row takes back, and `of` its kind
    """

    id: str
    time: int
    detected: int
    kind: str
    item: str | None
    tag: str | None
    place: str | None
    from_place: str | None = None
    direction: str | None = None
    time_error: float | None = None
    lat: float | None = None
    lon: float | None = None
    confidence: float | None = None
    reads: int = 0
    late: bool = False
    source: str | None = None
    evidence: Evidence = field(default_factory=dict)
    retracts: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which a source told nothing: [since, to); written when the blind interval ends.

    In JSON the fields are source, from, to, reason, filled; `filled` counts the backlog records that fell into it.
    """

    source: str
    since: int
    to: int
    reason: str
    filled: int = 0


def rfc3339(time: int) -> str:
    """Microseconds UTC as RFC 3339 with six decimals: 1970-01-01T00:00:00.000000Z.

    Raises ValueError outside of the years 1 to 9999.
    """
    seconds, micros = divmod(time, 1_000_000)
    return f"{_to_second(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=256)
def _to_second(seconds: int) -> str:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    except OverflowError as error:
        raise ValueError(f"{seconds} s since 1970 is outside of the years 1 to 9999") from error


class Identity:
    """Event ids of one site: uuid5 in the site's name space, so that the same decision has the same id anywhere.

    The hash is fed from the cached namespace bytes: 3.5 times as fast as `uuid.uuid5`, with the same result.
    """

    def __init__(self, site: str) -> None:
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, "waypost:" + site).bytes

    def name(self, text: str) -> str:
        """uuid5(namespace, text), RFC 9562 section 5.5."""
        digest = bytearray(hashlib.sha1(self._space + text.encode(), usedforsecurity=False).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        h = digest.hex()
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def event(self, kind: str, subject: str, place: str | None, anchor: int, rev: int) -> str:
        """The id of a decision; `anchor` is the time of the first input record of its visit, run or pass."""
        return self.name(f"{kind}|{subject}|{place or ''}|{anchor}|{rev}")

    def retraction(self, id: str) -> str:
        """The id of the row that takes event `id` back."""
        return self.name("retracted|" + id)
