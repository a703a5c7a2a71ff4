"""GT06, as Concox and many others speak it: frames, what they say of a position, and the frames of a simulator.

A frame is 78 78, u8 length, or 79 79, u16 length; protocol number, content, u16 serial number, u16 checksum
(CRC-16/X-25 from the length to the serial number), 0D 0A. The length counts from the protocol number to the checksum.
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct

from core.records import SECOND
from drivers.codecs.crc16 import x25
from drivers.codecs.tracker_session import LATE, VALID, Position, placed

LOGIN, LOCATION, HEARTBEAT, ALARM = 0x01, 0x12, 0x13, 0x16
LOCATION_4G, HEARTBEAT_4G, ALARM_4G = 0x22, 0x23, 0x26

LOCATIONS = frozenset((LOCATION, LOCATION_4G, 0x2D, 0x37))
ALARMS = frozenset((ALARM, ALARM_4G))
HEARTBEATS = frozenset((HEARTBEAT, HEARTBEAT_4G))

SHORT, LONG, END = b"\x78\x78", b"\x79\x79", b"\r\n"

_GPS = Struct(">6BBIIBH")
"""Date and time, satellites, lat and lon in 1/30,000 minutes, km/h, course and flags."""

_CELL = Struct(">HBH3s")
_PER_DEGREE = 1_800_000
_NORTH, _WEST, _FIXED, _TELLS_ACC, _ACC = 1 << 10, 1 << 11, 1 << 12, 1 << 14, 1 << 15
_COURSE = (1 << 10) - 1
_ZONE_AT, _ZONE_WEST, _FARTHEST_HOURS = 10, 8, 14
_ALARM_NAMES = {1: "sos", 2: "power_cut", 3: "vibration", 4: "fence_in", 5: "fence_out", 6: "overspeed"}


class Impossible(Exception):
    """What is said can not be; the text is a counter's name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """protocol, content and serial number of a frame with a right checksum."""

    protocol: int
    content: bytes
    serial: int


def opened(data: bytes) -> Frame | None:
    """A whole frame, from its start to 0D 0A; None if its checksum is wrong."""
    head = 3 if data[:2] == SHORT else 4
    if x25(data[2:-4]) != int.from_bytes(data[-4:-2]):
        return None
    return Frame(data[head], data[head + 1 : -6], int.from_bytes(data[-6:-4]))


def sealed(protocol: int, content: bytes, serial: int, long: bool = False) -> bytes:
    """A frame as it is sent; also the answer to one, which has no content."""
    size = len(content) + 5
    said = (size.to_bytes(2) if long else bytes((size,))) + bytes((protocol,)) + content + serial.to_bytes(2)
    return (LONG if long else SHORT) + said + x25(said).to_bytes(2) + END


def imei(content: bytes) -> str:
    """Who logs in: 16 decimal digits, of which the first is 0. Raises Impossible."""
    digits = content[:8].hex()
    if len(digits) < 16 or not digits.isdecimal():
        raise Impossible("malformed")
    return digits[1:] if digits[0] == "0" else digits


def zone(content: bytes) -> int:
    """How far its local time is ahead of UTC, as a longer login says it, microseconds; 0 if it says none, or none there is.

    12 bits of hours and minutes (0530), one of the west, and the language.
    """
    if len(content) < _ZONE_AT + 2:
        return 0
    told = int.from_bytes(content[_ZONE_AT : _ZONE_AT + 2])
    hours, minutes = divmod(told >> 4, 100)
    if hours > _FARTHEST_HOURS or minutes >= 60:
        return 0
    return (hours * 60 + minutes) * 60 * SECOND * (-1 if told & _ZONE_WEST else 1)


def position(frame: Frame) -> Position:
    """Where it says that it is. Raises Impossible."""
    content = frame.content
    if len(content) < _GPS.size:
        raise Impossible("malformed")
    year, month, day, hour, minute, second, sky, north, east, kmh, bits = _GPS.unpack_from(content)
    try:
        date = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise Impossible("impossible_date") from None
    lat = north / _PER_DEGREE * (1 if bits & _NORTH else -1)
    lon = east / _PER_DEGREE * (-1 if bits & _WEST else 1)
    nowhere = placed(lat, lon)
    if nowhere == "out_of_range":
        raise Impossible(nowhere)
    rest, late = _rest(frame, bits)
    flags = VALID if bits & _FIXED and nowhere is None else 0
    course = bits & _COURSE
    return Position(
        int(date.timestamp()) * SECOND,
        lat,
        lon,
        math.nan,
        kmh / 3.6,
        course % 360 if course <= 360 else math.nan,
        math.nan,
        sky & 0x0F,
        flags | (LATE if late else 0),
        json.dumps(rest, separators=(",", ":")) if rest else "",
    )


def _rest(frame: Frame, bits: int) -> tuple[dict[str, object], bool]:
    """What stands behind the position, and whether it was kept back."""
    said: dict[str, object] = {}
    if bits & _TELLS_ACC:
        said["ignition"] = bool(bits & _ACC)
    tail = frame.content[_GPS.size :]
    if frame.protocol in ALARMS:
        tail = tail[1:]  # the length of what tells the cell
    if len(tail) >= _CELL.size:
        mcc, mnc, lac, cell = _CELL.unpack_from(tail)
        if mcc:
            said["cell"] = f"{mcc},{mnc},{lac},{int.from_bytes(cell)}"
    tail = tail[_CELL.size :]
    if frame.protocol in ALARMS:
        if len(tail) >= 4:
            said |= _status(tail)
        return said, False
    if frame.protocol == LOCATION or len(tail) < 3:
        return said, False
    said["ignition"] = bool(tail[0])
    if len(tail) >= 7:
        said["odometer_m"] = int.from_bytes(tail[3:7])
    return said, tail[2] == 1


def _status(tail: bytes) -> dict[str, object]:
    """Terminal information, voltage (0 to 6), GSM (0 to 4), alarm."""
    said: dict[str, object] = {
        "ignition": bool(tail[0] & 2), "charging": bool(tail[0] & 4), "battery_level": tail[1], "gsm": tail[2],
    }  # fmt: skip
    if tail[3]:
        said["alarm"] = _ALARM_NAMES.get(tail[3], tail[3])
    return said


# What a tracker sends


def login(imei: str, serial: int, zone: int | None = None) -> bytes:
    """What a connection begins with, of an IMEI of 15 digits; a longer one says its time zone, microseconds ahead of UTC."""
    content = bytes.fromhex(f"0{imei}")
    if zone is not None:
        hours, minutes = divmod(abs(zone) // (60 * SECOND), 60)
        told = (hours * 100 + minutes) << 4 | (_ZONE_WEST if zone < 0 else 0) | _ENGLISH
        content += _TYPE + told.to_bytes(2)
    return sealed(LOGIN, content, serial)


def located(
    time: int,
    lat: float,
    lon: float,
    kmh: int,
    course: int,
    satellites: int,
    fixed: bool = True,
    east_north: int = 0,
) -> bytes:
    """The position of a content; time in microseconds UTC, degrees. `east_north` are more bits of the flags."""
    date = datetime.fromtimestamp(time // SECOND, UTC)
    bits = (
        course
        | (_NORTH if lat >= 0 else 0)
        | (_WEST if lon < 0 else 0)
        | (_FIXED if fixed else 0)
        | east_north
    )
    return _GPS.pack(
        date.year - 2000, date.month, date.day, date.hour, date.minute, date.second, 0xC0 | satellites,
        round(abs(lat) * _PER_DEGREE), round(abs(lon) * _PER_DEGREE), kmh, bits,
    )  # fmt: skip


_TYPE, _ENGLISH = b"\x70\x00", 2

CELL = _CELL.pack(234, 15, 10_365, (8_120).to_bytes(3))
"""Some cell."""
