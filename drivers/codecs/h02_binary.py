"""Positions that H02 trackers send as bytes, beginning with $ (24): the digits are those of the text, four bits each.

24 | id, 10 digits | hhmmss | ddmmyy | ddmmmmmm | battery | dddmmmmmm and four bits | knots and course, 3 digits each | u32
status | 3 more bytes, or 16. No length is told and no checksum. The four bits: 8 east, 4 north, 2 with a fix.

Of the 16, u16 MCC, u8 MNC, u16 LAC and u16 cell stand before the last; what the others mean is not certain, nor is how
full the battery is.
"""

from struct import Struct

from drivers.codecs import h02
from drivers.codecs.h02 import Impossible
from drivers.codecs.tracker_session import Position

SHORT, LONG = 32, 45
"""Bytes of the two forms."""

MARK = b"$"

_CELL = Struct(">HBHH")
_CELL_AT = 37
_EAST, _NORTH, _FIXED = 8, 4, 2
_COUNTRIES = range(200, 800)
"""Mobile country codes."""


def id_of(data: bytes) -> str:
    """Raises Impossible."""
    return _decimal(data[1:6].hex())


def position(data: bytes) -> Position:
    """Where it says that it is. Raises Impossible."""
    clock, day = _decimal(data[6:9].hex()), _decimal(data[9:12].hex())
    north, east = _decimal(data[12:16].hex()), data[17:22].hex()
    motion = _decimal(data[22:25].hex())
    bits = int(east[9], 16)
    lat = _degrees(north[:2], north[2:]) * (1 if bits & _NORTH else -1)
    lon = _degrees(east[:3], _decimal(east[3:9])) * (1 if bits & _EAST else -1)
    said = h02.attributes(int.from_bytes(data[25:29]))
    if len(data) == LONG:
        mcc, mnc, lac, cell = _CELL.unpack_from(data, _CELL_AT)
        if mcc in _COUNTRIES:
            said["cell"] = f"{mcc},{mnc},{lac},{cell}"
    return h02.made(
        h02.dated(clock, day), lat, lon, int(motion[:3]), int(motion[3:]), bool(bits & _FIXED), said
    )


def _decimal(digits: str) -> str:
    if not digits.isdecimal():
        raise Impossible("malformed")
    return digits


def _degrees(degrees: str, minutes: str) -> float:
    if int(minutes) >= 600_000:
        raise Impossible("out_of_range")
    return int(_decimal(degrees)) + int(minutes) / 600_000
