"""What do these bytes of a serial module say? One JSON-able object per tag and per other message."""

import re
from collections.abc import Callable, Iterator

from drivers.codecs.module_frames import Frames

Line = dict[str, object]
Describe = Callable[[bytes], Iterator[Line]]

_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]*")
_LOOKED_AT = 16
_SEPARATORS = str.maketrans("", "", " \t:,-")
_MARK = re.compile(r"0x|\\x", re.IGNORECASE)
_NO_FRAME = "in no frame: bytes are missing, or wrong by length or checksum; if all are, look at the baud rate and the kind"


def decode_lines(data: bytes, frames: Callable[[], Frames], describe: Describe) -> Iterator[Line]:
    """Frames in raw bytes, or in lines of hex (behind # is a comment); what is in no frame gives {"error": ...}."""
    if not _TEXT.fullmatch(data[:_LOOKED_AT]):
        yield from stretch(data, frames(), describe)
        return
    gathered = bytearray()
    for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
        digits = _MARK.sub("", line.partition("#")[0].translate(_SEPARATORS))
        try:
            gathered += bytes.fromhex(digits)
        except ValueError:
            yield from stretch(bytes(gathered), frames(), describe)
            gathered.clear()
            yield {"error": f"line {number} is no hex: {line.strip()[:60]!r}"}
    yield from stretch(bytes(gathered), frames(), describe)


def unhexed(data: bytes) -> bytes:
    """Of lines of hex pairs (behind # is a comment). Raises ValueError at what is none."""
    return b"".join(bytes.fromhex(line.partition(b"#")[0].decode()) for line in data.split(b"\n"))


def stretch(data: bytes, cut: Frames, describe: Describe) -> Iterator[Line]:
    """Frames in raw bytes; what is in none gives {"error": ...}."""
    at = 0
    for frame in cut.whole(data):
        start = data.index(frame, at)
        yield from _between(data, at, start)
        yield from describe(frame)
        at = start + len(frame)
    yield from _between(data, at, len(data))


def _between(data: bytes, start: int, stop: int) -> Iterator[Line]:
    if start < stop:
        yield {
            "error": _NO_FRAME,
            "offset": start,
            "bytes": data[start:stop][:64].hex(),
            "skipped": stop - start,
        }
