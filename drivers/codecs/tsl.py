"""The ASCII 2.0 protocol of TSL's handhelds (1128, 1153, 1166, 2128, 3166 and others): lines, tags and barcodes.

A line is two letters, a colon and a value; a response is the lines from CS: to OK: or ER:, be it asked for or caused by
the trigger. There is no checksum: a line in whose value another one begins was cut short, and so was a barcode whose
response does not end well, or in which another barcode, or a command, seems to begin. Source: the pages of asciiprotocol.com.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs import label, module_decode
from drivers.codecs.module_frames import NOT_HERE, UNFINISHED, Frames
from drivers.codecs.own_words import words
from drivers.codecs.scans import described

BAUD = FASTEST_BAUD = 115_200
"""Of the USB socket; over Bluetooth no rate counts."""

NO_TRANSPONDER, NO_BARCODE = "005", "006"
"""Errors that only say that nothing was there."""

STRAYS = b"\x00\xff"
"""Bytes that come now and then when the radio link wakes up: no value has them."""

LONGEST = 1 << 13
"""Bytes of a barcode and what ends its response: the largest QR code has 7,089 characters."""
LONGEST_LINE = 1 << 9
"""Bytes of any other line."""

_LINE = re.compile(rb"(?:([A-Z]{2}):([\x00\x20-\x7e\x80-\xff]*))?\r?\n")
_LINE_BEGUN = re.compile(rb"(?:[A-Z]{0,2}|[A-Z]{2}:[\x00\x20-\x7e\x80-\xff]*)\r?\Z")
_HEADERS = (
    "AB AC AE AS BA BC BH BP BR BV CF CH CR CS DA DP DT EA EB EP ER FN IA HB HF HS IX KS LB LE LL LK LS ME MF QT PC PH PR PV"
    " RB RD RF RI RS RP SP SR SW TD TM UB UF US WW"
)
_HEADER = re.compile(f"(?:{_HEADERS.replace(' ', '|')}): |(?:OK|ER):".encode())
_TEXT = rb"((?:[^\r\n\x1b]++|\x1b[\x00-\xff])*+)"
_CODE = re.compile(rb"(B[CR]):" + _TEXT + rb"\r?\n")
_CODE_BEGUN = re.compile(rb"B[CR]:" + _TEXT + rb"[\r\x1b]?\Z")
_AGAIN = re.compile(rb"B[CR]: |CS: \.")
_CODES = (b"BC:", b"BR:")
_STAMPS = (b"DT", b"TM")
_RAW = re.compile(rb"^(?:CS|EP|OK|ER|ME|SW):", re.MULTILINE)


def measure(data: bytes | bytearray, at: int) -> int:
    """The line that begins there (drivers.codecs.module_frames); a barcode's goes on to the OK: of its response."""
    return _measure_code(data, at) if data.startswith(_CODES, at) else _measure_line(data, at)


def _measure_line(data: bytes | bytearray, at: int) -> int:
    end = at + LONGEST_LINE
    line = _LINE.match(data, at, end)
    if line is None:
        return _begun(_LINE_BEGUN, data, at, end)
    return NOT_HERE if line[2] and _HEADER.search(line[2]) else line.end() - at


def _measure_code(data: bytes | bytearray, at: int) -> int:
    end = at + LONGEST
    line = _CODE.match(data, at, end)
    if line is None:
        return _begun(_CODE_BEGUN, data, at, end)
    if _AGAIN.search(line[2]):
        return NOT_HERE
    here = line.end()
    while (line := _LINE.match(data, here, end)) is not None:
        here = line.end()
        if line[1] not in _STAMPS:
            return here - at if line[1] == b"OK" else NOT_HERE
    return _begun(_LINE_BEGUN, data, here, end)


def _begun(pattern: re.Pattern[bytes], data: bytes | bytearray, at: int, end: int) -> int:
    """May more bytes, before `end`, make it whole?"""
    return UNFINISHED if len(data) < end and pattern.match(data, at) else NOT_HERE


def frames() -> Frames:
    """Cuts a stream into lines."""
    return Frames(measure)


def command(name: str, *parameters: str) -> bytes:
    """A command, as `command("iv", "-r on")`."""
    return " ".join((f".{name}", *parameters)).encode("ascii") + b"\r\n"


def fields(frame: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Header and value of each line of a frame, as they are; none of an empty line."""
    at = 0
    while at < len(frame):
        line = (_CODE if frame.startswith(_CODES, at) else _LINE).match(frame, at)
        assert line is not None, "a frame is made of lines"
        if line[1] is not None:
            yield line[1], line[2].removeprefix(b" ")
        at = line.end()


@dataclass(slots=True)
class Tag:
    """A transponder as it was told; rssi in dBm, NaN = not told."""

    epc: bytes
    rssi: float = math.nan


@dataclass(frozen=True, slots=True)
class Barcode:
    """What was read, without the escapes of the line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """A response has ended. command: "iv", or "" if its beginning is unknown; fields: its values by their headers.

    error  "005" and so on, "" if it ended well
    """

    command: str
    fields: dict[str, str]
    error: str


@dataclass(frozen=True, slots=True)
class Switch:
    """The trigger is at rest ("off"), or was pulled ("single", "double")."""

    state: str

    @property
    def is_pulled(self) -> bool:
        return self.state in ("single", "double")


Told = Tag | Barcode | Switch | End


def model(version: End) -> str:
    """What the answer to "vr" says: MF is its maker, US its serial number, UF its firmware."""
    told = {name: words(version.fields.get(name, "")) for name in ("MF", "US", "UF")}
    name = " ".join(filter(None, (told["MF"], told["US"]))) or "TSL handheld"
    return f"{name}, firmware {told['UF']}" if told["UF"] else name


class Responses:
    """Puts lines together. A tag is whole when the next one begins, or its response ends.

    counts  malformed (lines that make no sense), noise (stray bytes in lines)
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._tag: Tag | None = None
        self._command = ""
        self._fields: dict[str, str] = {}

    def take(self, frame: bytes) -> Iterator[Told]:
        """What a frame completes."""
        for header, value in fields(frame):
            whole = unescaped(value) if header == b"BC" else value
            clean = whole.translate(None, STRAYS)
            if len(clean) < len(whole):
                self._counts["noise"] += len(whole) - len(clean)
            if header in (b"BC", b"BR"):
                yield Barcode(clean)
            else:
                yield from self._take(header.decode("ascii"), clean.strip())

    def flush(self) -> Iterator[Tag]:
        """Nothing more will be told of the last tag."""
        tag, self._tag = self._tag, None
        if tag is not None:
            yield tag

    def _take(self, header: str, value: bytes) -> Iterator[Told]:
        if header == "RI":
            self._strength(value)
        elif header == "EP":
            yield from self.flush()
            self._tag = self._transponder(value)
        elif header == "SW":
            yield Switch(value.decode("latin-1"))
        elif header == "CS":
            yield from self.flush()
            self._command, self._fields = value[1:3].decode("latin-1"), {}
        elif header in ("OK", "ER"):
            yield from self.flush()
            yield End(self._command, self._fields, value.decode("latin-1") if header == "ER" else "")
            self._command, self._fields = "", {}
        else:
            self._fields[header] = value.decode("utf-8", errors="replace")

    def _transponder(self, value: bytes) -> Tag | None:
        try:
            return Tag(bytes.fromhex(value.decode("ascii")))
        except ValueError:
            self._counts["malformed"] += 1
            return None

    def _strength(self, value: bytes) -> None:
        if self._tag is None:
            return
        try:
            self._tag.rssi = float(int(value))
        except ValueError:
            self._counts["malformed"] += 1


def unescaped(value: bytes) -> bytes:
    """A barcode without the escape characters before CR, LF and themselves."""
    return re.sub(rb"\x1b([\x00-\xff])", rb"\1", value)


def escaped(data: bytes) -> bytes:
    """A barcode as a line tells it."""
    return re.sub(rb"([\r\n\x1b])", b"\x1b\\1", data)


def decode_lines(data: bytes) -> Iterator[module_decode.Line]:
    """One object per tag, per barcode, and per other line: from lines as they come, or from lines of hex."""
    counts: Counter[str] = Counter()
    responses = Responses(counts)
    if _RAW.search(data):
        yield from module_decode.stretch(data, frames(), lambda frame: _rows(frame, responses))
    else:
        yield from module_decode.decode_lines(data, frames, lambda frame: _rows(frame, responses))
    yield from map(_tag_row, responses.flush())
    if counts["malformed"]:
        yield {"error": f"{counts['malformed']} lines of tags make no sense"}


def _rows(frame: bytes, responses: Responses) -> Iterator[module_decode.Line]:
    for told in responses.take(frame):
        if isinstance(told, Tag):
            yield _tag_row(told)
        elif isinstance(told, Barcode):
            yield described(label.text_of(told.data))
    for header, value in fields(frame):
        if header not in (b"EP", b"RI", b"BC", b"BR"):
            yield {
                "message": header.decode("ascii"),
                "value": value.translate(None, STRAYS).decode("latin-1"),
            }


def _tag_row(tag: Tag) -> module_decode.Line:
    rssi = None if math.isnan(tag.rssi) else round(tag.rssi)
    return {"time": None, "tag": tag.epc.hex().upper(), "rssi": rssi}
