"""Who says this on a serial line? What is heard of a device that speaks unasked, or answers (questions.py).

A frame counts where its length and its checksum agree, so that noise, and a wrong baud rate, name nobody.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.codecs import m100, mercury, ssi, uhfreader
from drivers.codecs.nmea_frames import Sentences
from drivers.codecs.own_words import LONGEST_TEXT, words

MODEM, CONSOLE = "modem", "console"
"""Speakers that are no devices of ours: AT commands, and computers and boards that tell how they start."""

SSI_ACK = ssi.packet(ssi.ACK)
"""A scanner that speaks SSI wants to hear that, or it says the same again."""

_SHORTEST_SCAN = 3
_MOST_SCANS = 5
"""Lines at once; nobody scans more in a moment."""

_NMEA_TAG = re.compile(rb"[A-Z][A-Z0-9]{3,8}")
_NMEA_LIKE = re.compile(rb"\$[A-Z]{5},")
_AT = re.compile(rb"RING|NO CARRIER|ERROR|OK|\+C[A-Z]{2,8}:.*|\+CM[ES] ERROR.*|\^[A-Z]{3,12}:.*")
_LOGIN = re.compile(rb"(login|[Pp]assword): ?$")
_ENDS = re.compile(rb"[\r\n\t\0]+")
_SUFFIXES = {b"\r\n": "crlf", b"\r": "cr", b"\n": "lf", b"\t": "tab"}


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks.

    kind      of its [[device]]; or MODEM, CONSOLE
    model     what it says of itself, or what was heard
    settings  what its [[device]] table needs besides, as it told them
    remark    what an operator should know or decide
    thanks    what it wants to be told for it
    ports     antenna ports that it surely has; none: what it reads has no port, or any; None: it reads nothing
    """

    kind: str
    model: str
    settings: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    thanks: bytes = b""
    ports: tuple[int, ...] | None = (1,)


def heard(data: bytes) -> Speaker | None:
    """Who said `data` without having been asked; None if it makes no sense at this baud rate, or not yet."""
    for look in (_gps, _m100, _mercury, _uhfreader, _ssi, _text):
        found = look(data)
        if found is not None:
            return found
    return None


def _gps(data: bytes) -> Speaker | None:
    tags = (body.split(b",")[0] for body in Sentences(Counter()).feed(data))
    names = sorted({tag.decode("ascii") for tag in tags if _NMEA_TAG.fullmatch(tag)})
    return Speaker("nmea", f"GPS receiver: {', '.join(names[:8])}", ports=None) if names else None


def _m100(data: bytes) -> Speaker | None:
    for one in m100.frames().whole(data):
        if one[1] != m100.COMMAND:
            return Speaker("m100", "M100 or R200 that is polling")
    return None


def _mercury(data: bytes) -> Speaker | None:
    for one in mercury.frames().whole(data):
        if mercury.opcode(one) == mercury.READ_TAGS:
            return Speaker("mercury", "ThingMagic module that is reading")
    return None


def _uhfreader(data: bytes) -> Speaker | None:
    for one in uhfreader.frames().whole(data):
        said = uhfreader.answer(one)
        if said is None or said.command != uhfreader.PUSHED:
            continue
        if said.status == uhfreader.HEARTBEAT or uhfreader.tags(said):
            remark = "it is in real-time mode; its maker's program sets answering mode"
            return Speaker("uhfreader", "UHFReader in real-time mode", remark=remark)
    return None


def _ssi(data: bytes) -> Speaker | None:
    if any(map(ssi.is_code, ssi.frames().whole(data))):
        return Speaker("ssi", "scanner that speaks SSI", thanks=SSI_ACK, ports=())
    return None


def _text(data: bytes) -> Speaker | None:
    """Lines: of a TSL handheld whose trigger was pulled, a modem, a console, else of a scanner."""
    if _LOGIN.search(data):
        return Speaker(CONSOLE, words(data[-LONGEST_TEXT:]), remark="a console of some computer; not touched")
    lines = [line for line in _ENDS.split(data.strip(b"\0\xff")) if line]
    if not all(_readable(line) for line in lines) or any(map(_NMEA_LIKE.match, lines)):
        return None
    if any(line.startswith(b"CS: ") for line in lines):
        return Speaker("tsl", "TSL handheld", ports=())
    if any(_AT.fullmatch(line) for line in lines):
        return Speaker(MODEM, f"AT commands: {words(lines[0])}")
    if len(lines) > _MOST_SCANS:
        remark = "it talks by itself, as computers and boards do when they start; not touched"
        return Speaker(CONSOLE, f"text: {words(lines[0])}", remark=remark)
    whole = [line for line in lines if len(line) >= _SHORTEST_SCAN]
    return _scanner(whole[0], data) if whole else None


def _readable(line: bytes) -> bool:
    """GS (1D) is what scanners send for FNC1; 02 and 03 may stand around a code."""
    return all(0x20 <= one < 0x7F or one in (0x02, 0x03, 0x1D, 0x1E) for one in line)


def _scanner(first: bytes, data: bytes) -> Speaker:
    ends = _ENDS.search(data)
    suffix = "none" if ends is None else _SUFFIXES.get(ends[0], "unusual")
    aim = re.match(rb"[\x02]?\]([A-Za-z]\d)", first)
    prefix = "AIM identifiers" if aim else "no AIM identifiers: switch them on at the scanner"
    return Speaker("scanner", f"scanned {words(first)}; suffix {suffix}, {prefix}", ports=())
