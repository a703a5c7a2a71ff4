"""NMEA sentences for tests, and what the merge makes of them."""

from collections import Counter
from collections.abc import Iterable

from core.records import Fix
from drivers.codecs.gps_calendar import Calendar, Reference
from drivers.codecs.nmea_frames import Sentences
from drivers.codecs.nmea_merge import Merge

RMC = "GPRMC,101112.00,A,4808.9978,N,01135.0800,E,10.0,84.4,210326,,,A"
GGA = "GPGGA,101112.00,4808.9978,N,01135.0800,E,1,08,1.2,464.4,M,46.2,M,,"
GLL = "GPGLL,4808.9978,N,01135.0800,E,101112.00,A,A"
ZDA = "GPZDA,101112.00,21,03,2026,00,00"
LAT, LON = 48 + 8.9978 / 60, 11 + 35.08 / 60
AT = 1_774_087_872_000_000
"""2026-03-21T10:11:12Z"""


def sentence(body: str) -> bytes:
    """With $, checksum and line end."""
    told = 0
    for one in body.encode():
        told ^= one
    return f"${body}*{told:02X}\r\n".encode()


def stream(*bodies: str) -> bytes:
    """One after the other."""
    return b"".join(map(sentence, bodies))


class Merged:
    """What a stream is merged to, in the pieces given; `fixes` and what was counted."""

    def __init__(self, pieces: Iterable[bytes], reference: Reference | None = None) -> None:
        self.counts: Counter[str] = Counter()
        frames, merge = Sentences(self.counts), Merge("tracker:1", self.counts, Calendar(reference))
        self.fixes: list[Fix] = []
        for piece in pieces:
            for body in frames.feed(piece):
                self.fixes += merge.take(body)
        frames.flush()
        self.fixes += merge.idle()

    @property
    def times(self) -> list[int]:
        return [fix.time for fix in self.fixes]


def merged(*bodies: str, reference: Reference | None = None) -> Merged:
    """Of sentences."""
    return Merged([stream(*bodies)], reference)


def one(*bodies: str) -> Fix:
    """The only fix of these sentences."""
    (fix,) = merged(*bodies).fixes
    return fix


def later(body: str, seconds: int = 1) -> str:
    """The same, some seconds on."""
    return body.replace("101112", f"1011{12 + seconds:02d}")
