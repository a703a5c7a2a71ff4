"""Queclink's @Track protocol as text: lines, what they say of positions, and the lines of a simulator.

+RESP: (now), +BUFF: (kept back) or +ACK: (an answer, or a heartbeat), GT and the name of the report, version, id, name of the
device, its fields, when it was sent, and the count, 4 hex digits, before $. There is no checksum.

Where a position stands differs from model to model, and how many there are from report to report. One is found by its
shape: lon and lat with six decimals or so, and UTC of 14 digits; before them stand HDOP, km/h, azimuth and altitude, behind
them the cell. HDOP 0 is no fix: the position is the last one known.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.records import SECOND
from drivers.codecs import queclink_fields
from drivers.codecs.gps_accuracy import dop, from_hdop
from drivers.codecs.tracker_session import LATE, VALID, Position, placed

BUFFERED, ANSWER = "BUFF", "ACK"
HEARTBEAT = "GTHBD"

_LINE = re.compile(r"\+(RESP|BUFF|ACK):(GT[A-Z0-9]{3}),(.*)\$", re.DOTALL)
_VERSION = re.compile(r"[0-9A-Z]{0,10}")
_ID = re.compile(r"\d{15}|[0-9A-F]{14}")
_COUNT = re.compile(r"[0-9A-Fa-f]{4}")
_LON = re.compile(r"-?\d{1,3}\.\d{5,7}")
_LAT = re.compile(r"-?\d{1,2}\.\d{5,7}")
_UTC_DIGITS = 14
_NUMBER = re.compile(r"-?\d{1,5}(\.\d{1,2})?")
_JSON = json.JSONEncoder(separators=(",", ":")).encode
_BEFORE = 4
"""Fields of a position before its longitude."""


@dataclass(frozen=True, slots=True)
class Line:
    """head: RESP, BUFF or ACK; name, as GTFRI; version, id and count; and all fields from the version on."""

    head: str
    name: str
    version: str
    id: str
    count: str
    fields: Sequence[str]


def opened(data: bytes) -> Line | None:
    """A line from + to $, None if it is none, or has lost its end."""
    match = _LINE.fullmatch(data.decode("ascii", errors="replace"))
    if match is None:
        return None
    fields = match[3].split(",")
    count = fields[-1]
    id = next((one for one in fields[:2] if _ID.fullmatch(one)), "")  # models of old tell no version
    version = fields[0] if fields[0] != id else ""
    if not id or not _COUNT.fullmatch(count) or not _VERSION.fullmatch(version):
        return None
    return Line(match[1], match[2], version, id, count, fields)


def answer(line: Line) -> bytes:
    """That the line has arrived."""
    named = f"{line.name},{line.version}," if line.name == HEARTBEAT else ""
    return f"+SACK:{named}{line.count}$".encode("ascii")


def positions(line: Line) -> tuple[list[Position], list[str]]:
    """Where it says that it was, and what was left out, by name; what is said of the whole report is the last one's."""
    places = list(_places(line.fields))
    found: list[Position] = []
    left_out: list[str] = []
    for at in places:
        said = queclink_fields.of_report(line.name, line.fields, places[0], at) if at == places[-1] else {}
        said |= _attributes(line, at)
        nowhere, position = _position(line, at, said)
        if nowhere:
            left_out.append(nowhere)
        if position is not None:
            found.append(position)
    if not places:
        left_out.append("no_fix" if line.name in queclink_fields.POSITIONED else "other")
    return found, left_out


def _places(fields: Sequence[str]) -> Iterator[int]:
    """Where each longitude stands."""
    for at, utc in enumerate(fields[_BEFORE + 2 :], _BEFORE):
        if (
            len(utc) == _UTC_DIGITS
            and utc.isdecimal()
            and _LON.fullmatch(fields[at])
            and _LAT.fullmatch(fields[at + 1])
        ):
            yield at


def _position(line: Line, at: int, said: dict[str, object]) -> tuple[str, Position | None]:
    """Why it is not right, "" if it is; and the position, None if it can be none."""
    fields = line.fields
    lat, lon = float(fields[at + 1]), float(fields[at])
    nowhere = placed(lat, lon)
    if nowhere == "out_of_range":
        return nowhere, None
    try:
        date = _date(fields[at + 2])
    except ValueError:
        return "impossible_date", None
    hdop, kmh, course, alt = (_number(one) for one in fields[at - _BEFORE : at])
    fixed = hdop != 0 and nowhere is None
    satellites = queclink_fields.satellites(fields, at)
    return nowhere or "", Position(
        int(date.timestamp()) * SECOND,
        lat,
        lon,
        alt,
        kmh / 3.6 if kmh >= 0 else math.nan,
        course % 360 if 0 <= course <= 360 else math.nan,
        from_hdop(dop(hdop), False),
        satellites,
        (VALID if fixed else 0) | (LATE if line.head == BUFFERED else 0),
        _JSON(said) if said else "",
    )


def _attributes(line: Line, at: int) -> dict[str, object]:
    """What else is said of that position."""
    hdop = _number(line.fields[at - _BEFORE])
    said: dict[str, object] = {"hdop": hdop} if hdop > 0 else {}
    return said | queclink_fields.of_position(line.name, line.fields, at)


def _date(text: str) -> datetime:
    """Of 14 digits. Raises ValueError."""
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=UTC)


def _number(text: str) -> float:
    """NaN if it is none."""
    return float(text) if _NUMBER.fullmatch(text) else math.nan


# What a tracker sends


@dataclass(frozen=True, slots=True)
class Point:
    """A position as a tracker tells it: time in microseconds UTC, degrees, km/h, m; HDOP 0 is no fix."""

    time: int
    lat: float
    lon: float
    kmh: float
    course: int
    alt: float
    hdop: float
    odometer_m: int = 0


def located(id: str, points: Sequence[Point], sent: int, count: int, kept: bool = False) -> bytes:
    """A GTFRI of some positions, of a vehicle that is driving: 14.1 V, battery full."""
    several = ",".join(map(_point, points))
    head = "+BUFF" if kept else "+RESP"
    said = f"{head}:GTFRI,060228,{id},,14100,10,{len(points)},{several},,,,100,220100,,,,{_utc(sent)},{count:04X}$"
    return said.encode("ascii")


def heartbeat(id: str, sent: int, count: int) -> bytes:
    """What it says when it has nothing to say."""
    return f"+ACK:GTHBD,060228,{id},,{_utc(sent)},{count:04X}$".encode("ascii")


def _point(one: Point) -> str:
    return (
        f"{one.hdop:g},{one.kmh:.1f},{one.course},{one.alt:.1f},{one.lon:.6f},{one.lat:.6f},{_utc(one.time)},"
        f"0234,0015,287D,1FB8,00,{one.odometer_m / 1000:.1f}"
    )


def _utc(time: int) -> str:
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y%m%d%H%M%S")
