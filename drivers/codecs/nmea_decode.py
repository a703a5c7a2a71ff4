"""What do these NMEA sentences say? One JSON-able object per fix, and one about what was left out."""

import re
from collections.abc import Iterator

from drivers.codecs import fix_lines, gps_binary
from drivers.codecs.nmea_recording import Recording

_REMEDY = "look at the baud rate and the wires, or at who has edited the recording"
_BARE = re.compile(rb"\$[A-Z][A-Z0-9]{4},[^$*\r\n]*(?:[\r\n]|\Z)")
_HEX = re.compile(rb"[0-9A-Fa-f\s]*")


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """Sentences as they were recorded, or lines of their hex."""
    if _HEX.fullmatch(data):
        data = bytes.fromhex(_even(data))
    recording = Recording("")
    yield from map(fix_lines.line, recording.feed(data))
    yield from map(fix_lines.line, recording.end())
    sentences, counts = recording.sentences, recording.counts
    wrong = counts["checksum"]
    if wrong and not sentences:
        yield {"error": f"no sentence with a right checksum, and {wrong} with a wrong one; {_REMEDY}"}
    elif sentences or counts["encapsulated"] or not data:
        yield {"message": "nmea", "sentences": sentences, **+counts}
    else:
        yield {"error": f"no sentence with a right checksum; {_instead(data)}"}


def _even(data: bytes) -> str:
    """Hex digits, without a last half byte."""
    digits = "".join(data.decode("ascii").split())
    return digits[: len(digits) // 2 * 2]


def _instead(data: bytes) -> str:
    if _BARE.search(data):
        return "there are some without any; switch it on at the receiver"
    spoken = gps_binary.protocol(data)
    if spoken is None:
        return f"{len(data)} bytes of something else"
    return f"it is {spoken}: {gps_binary.REMEDIES[spoken]}"
