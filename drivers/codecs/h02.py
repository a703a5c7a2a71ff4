"""H02, as SinoTrack, Cantrack and many others speak it: lines of text, what they say of a position, and a simulator's lines.

A line is *, two letters of the maker, the tracker's id, what kind of line it is, more fields with commas between, and #.
There is no checksum. Makers differ in what stands before and behind a position, and it has a shape of its own: validity,
ddmm.mmmm, N or S, dddmm.mmmm, E or W, knots, course, ddmmyy. It is found by that.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.records import SECOND
from drivers.codecs.tracker_session import VALID, Position, placed

KNOT = 1852 / 3600
"""m/s"""

_ID = re.compile(r"\d{1,20}")
_MAKER = re.compile(r"\*[A-Za-z]{2}")
_DEGREES_MINUTES = re.compile(r"(\d{1,5}\.\d+)|(\d{6,9})|-(\d{1,3})-(\d{1,2}\.\d+)")
"""ddmm.mmmm, of which zeros in front may be missing; the same without its point; or -dd-mm.mmmm."""

_TWO_DIGITS_THRICE = re.compile(r"\d{6}")
_NUMBER = re.compile(r" *\d{1,5}(\.\d*)?")
_STATUS = re.compile(r"[0-9A-Fa-f]{8}")
_JSON = json.JSONEncoder(separators=(",", ":")).encode
_IGNITION, _SOS, _OVERSPEED = 1 << 10, 1 << 1, 1 << 2


class Impossible(Exception):
    """What is said can not be; the text is a counter's name."""


@dataclass(frozen=True, slots=True)
class Line:
    """maker, two letters; id, "" if it says none; kind, as V1; and the fields behind that."""

    maker: str
    id: str
    kind: str
    fields: Sequence[str]


def opened(data: bytes) -> Line | None:
    """A line from * to #, None if it is none."""
    start, *fields = data[:-1].decode("ascii", errors="replace").split(",")
    if not _MAKER.fullmatch(start) or len(fields) < 2 or (fields[0] and not _ID.fullmatch(fields[0])):
        return None
    return Line(start[1:], fields[0], fields[1].upper(), fields[2:])


def answer(line: Line, tracker: str, now: int) -> bytes:
    """That the line has arrived; `now` is microseconds UTC."""
    date = datetime.fromtimestamp(now // SECOND, UTC).strftime("%Y%m%d%H%M%S")
    return f"*{line.maker},{tracker},V4,{line.kind},{date}#".encode("ascii")


def echo(line: Line, tracker: str) -> bytes:
    """What a heartbeat is answered with."""
    return f"*{line.maker},{tracker},{line.kind}#".encode("ascii")


def position(fields: Sequence[str]) -> Position | None:
    """Where it says that it is, None if it does not. Raises Impossible."""
    found = _found(fields)
    if found is None:
        return None
    at, north, east = found
    lat = _degrees(north) * (-1 if fields[at + 1] == "S" else 1)
    lon = _degrees(east) * (-1 if fields[at + 3] == "W" else 1)
    day, rest = _date_in(fields[at + 6 :])
    clock = fields[at - 2] if at > 1 else ""
    if not _TWO_DIGITS_THRICE.fullmatch(clock) or not day:
        raise Impossible("no_time")
    course = _number(fields[at + 5 : at + 6])
    status = next((one for one in (*rest[:1], *rest[-1:]) if _STATUS.fullmatch(one)), "")
    return made(
        dated(clock, day),
        lat,
        lon,
        _number(fields[at + 4 : at + 5]),
        course,
        at > 0 and fields[at - 1] == "A",
        attributes(int(status, 16)) if status else {},
    )


def made(
    time: int, lat: float, lon: float, knots: float, course: float, fixed: bool, more: dict[str, object]
) -> Position:
    """The row. Raises Impossible."""
    nowhere = placed(lat, lon)
    if nowhere == "out_of_range":
        raise Impossible(nowhere)
    return Position(
        time,
        lat,
        lon,
        math.nan,
        knots * KNOT,
        course % 360 if course <= 360 else math.nan,
        math.nan,
        -1,
        VALID if fixed and nowhere is None else 0,
        _JSON(more) if more else "",
    )


def dated(clock: str, day: str) -> int:
    """hhmmss and ddmmyy as microseconds UTC. Raises Impossible."""
    try:
        date = datetime(
            2000 + int(day[4:]), int(day[2:4]), int(day[:2]),
            int(clock[:2]), int(clock[2:4]), int(clock[4:]), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        raise Impossible("impossible_date") from None
    return int(date.timestamp()) * SECOND


def attributes(status: int) -> dict[str, object]:
    """Of the 32 bits, in which 0 means yes: what makers agree about, and all of them as they are."""
    said: dict[str, object] = {"ignition": bool(status & _IGNITION), "status": f"{status:08X}"}
    if not status & _SOS:
        said["alarm"] = "sos"
    elif not status & _OVERSPEED:
        said["alarm"] = "overspeed"
    return said


def _found(fields: Sequence[str]) -> tuple[int, re.Match[str], re.Match[str]] | None:
    """Where the latitude stands, with it and the longitude."""
    for at in range(len(fields) - 3):
        if fields[at + 1] in ("N", "S") and fields[at + 3] in ("E", "W"):
            north, east = (_DEGREES_MINUTES.fullmatch(fields[one]) for one in (at, at + 2))
            if north is not None and east is not None:
                return at, north, east
    return None


def _degrees(match: re.Match[str]) -> float:
    """Raises Impossible."""
    dotted, digits, degrees, minutes = match.groups()
    if degrees is not None:
        whole, part = float(degrees), float(minutes)
    else:
        whole, part = divmod(float(dotted) if dotted is not None else int(digits) / 1e4, 100)
    if part >= 60:
        raise Impossible("out_of_range")
    return whole + part / 60


def _date_in(fields: Sequence[str]) -> tuple[str, Sequence[str]]:
    """ddmmyy, before which some tell how full the battery is, and what stands behind it."""
    for at, one in enumerate(fields[:2]):
        if _TWO_DIGITS_THRICE.fullmatch(one):
            return one, fields[at + 1 :]
    return "", ()


def _number(fields: Sequence[str]) -> float:
    """NaN if it is none."""
    return float(fields[0]) if fields and _NUMBER.fullmatch(fields[0]) else math.nan


# What a tracker sends


def located(
    id: str,
    time: int,
    lat: float,
    lon: float,
    knots: float,
    course: int,
    fixed: bool = True,
    status: int = 0xFFFFFFFF,
) -> bytes:
    """A V1 line; time in microseconds UTC, degrees."""
    date = datetime.fromtimestamp(time // SECOND, UTC)
    north, east = _written(lat, 2), _written(lon, 3)
    said = (
        f"*HQ,{id},V1,{date:%H%M%S},{'A' if fixed else 'V'},{north},{'N' if lat >= 0 else 'S'},"
        f"{east},{'E' if lon >= 0 else 'W'},{knots:06.2f},{course:03},{date:%d%m%y},{status:08X}#"
    )
    return said.encode("ascii")


def _written(degrees: float, digits: int) -> str:
    whole, minutes = divmod(round(abs(degrees) * 600_000), 600_000)
    return f"{whole:0{digits}}{minutes // 10_000:02}.{minutes % 10_000:04}"
