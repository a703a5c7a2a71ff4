"""What is this device saying? Recorded bytes to plain rows, for `waypost decode`."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from core.records import Reads, Times
from drivers.codecs.llrp import decode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_report import ReportDecoder
from drivers.codecs.llrp_tables import MESSAGES
from gateway.rows import rfc3339

Row = dict[str, str | int | float | None]

PROTOCOLS = ("llrp",)
_REPORT = MESSAGES["RO_ACCESS_REPORT"].key
_HEX = frozenset(b"0123456789abcdefABCDEF \t\r\n")


def from_hex(data: bytes) -> bytes:
    """The bytes behind lines of hex digits; anything else is taken as it is."""
    if data and not set(data) - _HEX:
        try:
            return bytes.fromhex(data.decode())
        except ValueError:
            return data
    return data


class _AsSent:
    """Leaves the reader's times as they are: an uptime shows as a time in 1970."""

    def utc(self, times: Times, arrival: int) -> Times:
        return times

    def uptime(self, times: Times, arrival: int) -> Times:
        return times


class Llrp:
    """The reads in a stream of LLRP messages, and what else was in it.

    others  other messages by name, and what the decoder left out by its reason
    """

    def __init__(self) -> None:
        self.others: Counter[str] = Counter()
        self._frames = Frames()
        self._decoder = ReportDecoder(self.others)

    def rows(self, chunks: Iterable[bytes]) -> Iterator[Row]:
        """One row per tag. Raises ProtocolError where the stream breaks."""
        for chunk in chunks:
            buffer, spans = self._frames.spans(chunk)
            for span in spans:
                kind, start, length, repeats = span
                if kind == _REPORT:
                    yield from rows(self._decoder.decode(buffer, [span], 0, _AsSent()))
                else:
                    self.others[decode_message(buffer[start : start + length]).name] += repeats


def rows(reads: Reads) -> Iterator[Row]:
    """Reads as JSON objects; what the device did not report is null."""
    for n in range(len(reads)):
        yield {
            "time": rfc3339(int(reads.time[n])),
            "antenna": int(reads.antenna[n]),
            "tag": reads.tags.ids[int(reads.tag[n])],
            "rssi": _number(reads.rssi, n, 2),
            "phase": _number(reads.phase, n, 4),
            "doppler": _number(reads.doppler, n, 4),
            "channel": int(reads.channel[n]) if reads.channel is not None and reads.channel[n] else None,
            "count": int(reads.count[n]),
        }


def _number(column: "np.typing.NDArray[np.float32] | None", n: int, decimals: int) -> float | None:
    if column is None or np.isnan(column[n]):
        return None
    return round(float(column[n]), decimals)
