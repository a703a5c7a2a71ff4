"""What do these NMEA sentences say? One JSON-able object per fix, and one about what was left out."""

import re
from collections import Counter
from collections.abc import Iterator

from drivers.codecs import fix_lines, gps_binary
from drivers.codecs.gps_calendar import DAY, Calendar, Reference, day_number
from drivers.codecs.nmea_frames import Sentences
from drivers.codecs.nmea_merge import Merge

_COMMENT = re.compile(rb"^#[^\n]*", re.MULTILINE)
_RECORDED = re.compile(rb"^#\s*Date\s*[:=]\s*(\d{4})-(\d{1,2})-(\d{1,2})\b", re.MULTILINE | re.IGNORECASE)
_HEX = re.compile(rb"[0-9A-Fa-f\s]*")


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """Sentences as they were recorded, or lines of their hex. Lines that begin with # are comments.

    A comment "# Date: 2019-04-06", as published logs have it, says when it was recorded: dates that are off by whole
    eras of GPS weeks are set right by it. Without one dates count as they stand.
    """
    if _HEX.fullmatch(data):
        data = bytes.fromhex(_even(data))
    found = _RECORDED.search(data)
    day = None if found is None else day_number(*map(int, found.groups()))
    counts: Counter[str] = Counter()
    merge = Merge("", counts, Calendar(None if day is None else Reference(day * DAY, recorded=True)))
    stream = Sentences(counts)
    sentences = 0
    for body in stream.feed(_COMMENT.sub(b"", data)):
        sentences += 1
        yield from map(fix_lines.line, merge.take(body))
    stream.flush()
    yield from map(fix_lines.line, merge.idle())
    if sentences or counts["encapsulated"] or not data:
        yield {"message": "nmea", "sentences": sentences, **counts}
    else:
        yield {"error": f"no sentence with a right checksum; {_instead(data)}"}


def _even(data: bytes) -> str:
    """Hex digits, without a last half byte."""
    digits = "".join(data.decode("ascii").split())
    return digits[: len(digits) // 2 * 2]


def _instead(data: bytes) -> str:
    spoken = gps_binary.protocol(data)
    if spoken is None:
        return f"{len(data)} bytes of something else"
    return f"it is {spoken}: {gps_binary.REMEDIES[spoken]}"
