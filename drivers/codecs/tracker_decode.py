"""What do these bytes of trackers say? One JSON-able object per position, and one about everything else."""

import re
from collections.abc import Callable, Iterator

from core.records import Fix
from drivers.codecs import fix_lines
from drivers.codecs.tracker_messages import rest_of
from drivers.codecs.tracker_session import UNNAMED, Report, TrackerSession

_HEX = re.compile(rb"[0-9A-Fa-f\s]+")

Begin = Callable[[bytes], TrackerSession]
Apart = Callable[[bytes], TrackerSession | None]


def decode_lines(
    data: bytes, stream: Begin, datagrams: Apart = lambda piece: None
) -> Iterator[dict[str, object]]:
    """A recorded stream, or lines of hex, each a message, a piece of the stream, or a datagram. Positions have "lat".

    stream     the connection that begins with these bytes; of UNNAMED, if they do not say of whom it is
    datagrams  what takes these bytes if they are one of UDP, None if they are none
    """
    session: TrackerSession | None = None
    for piece in _pieces(data):
        apart = datagrams(piece)
        if apart is not None:
            yield from lines(apart.receive(piece, 0))
            continue
        if session is None or session.error is not None:
            session = stream(piece)
        yield from lines(session.receive(piece, 0))
        if session.error is not None:
            yield {"error": str(session.error)}
    if session is not None:
        yield from lines(rest_of(session))
    if session is not None and session.error is None and session.pending:
        yield {"error": f"the last {session.pending} bytes are no whole message"}


def _pieces(data: bytes) -> list[bytes]:
    """Raw bytes as they are, hex by lines, in which blanks may stand between the digits."""
    if not _HEX.fullmatch(data):
        return [data]
    return [_unhexed(line) for line in data.splitlines() if line.strip()]


def _unhexed(line: bytes) -> bytes:
    digits = "".join(line.decode("ascii").split())
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def lines(said: list[Report]) -> Iterator[dict[str, object]]:
    """What several reports say."""
    for one in said:
        named = f"tracker:{one.tracker}" if one.tracker not in ("", UNNAMED) else ""
        for position in one.positions:
            yield fix_lines.line(Fix(named, *position))
        if one.counts:
            about = "" if one.notice is None else f": {one.notice.text}"
            yield {"error": ", ".join(one.counts) + about, "tracker": named or None}
        elif not one.positions:
            yield {"message": "hello", "tracker": named or None}
