"""Zebra's Simple Serial Interface: packets of scanners (SSI Programmer's Guide, 72E-40451).

length (without the checksum) | opcode | source | status | data | u16 checksum: the two's complement of the sum of all
before it, big-endian. The data of a code that is longer than one packet comes in several; the type stands in each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs import label, module_decode
from drivers.codecs.label import LONGEST
from drivers.codecs.module_frames import NOT_HERE, UNFINISHED, Frames
from drivers.codecs.scans import described

BAUD = 9600
FASTEST_BAUD = 115200

DECODER, HOST = 0x00, 0x04
RETRANSMIT, CONTINUATION = 0x01, 0x02

REQUEST_REVISION, REPLY_REVISION, PARAM_SEND, ACK, NAK = 0xA3, 0xA4, 0xC6, 0xD0, 0xD1
START_SESSION, STOP_SESSION, BEEP, SCAN_ENABLE, SCAN_DISABLE, DECODE_DATA = 0xE4, 0xE5, 0xE6, 0xE9, 0xEA, 0xF3

RESEND, DENIED = 1, 6
"""Causes of a NAK: the packet was damaged, it is not allowed."""

PACKETED = bytes((0xFF, 0xEE, 0x01))
"""A parameter without a beep: codes come as packets, not as bare text."""

_NAMES = {
    REQUEST_REVISION: "revision?", REPLY_REVISION: "revision", PARAM_SEND: "parameter", ACK: "ack", NAK: "nak",
    START_SESSION: "start session", STOP_SESSION: "stop session", SCAN_ENABLE: "scan enable",
    SCAN_DISABLE: "scan disable", BEEP: "beep", DECODE_DATA: "code", 0xC4: "aim off", 0xC5: "aim on",
    0xC7: "parameter?", 0xC8: "defaults", 0xD2: "flush queue", 0xD3: "capabilities?", 0xD4: "capabilities",
    0xE7: "led on", 0xE8: "led off", 0xEB: "sleep", 0xF6: "event",
}  # fmt: skip

_UPC_EAN = {0x08: "E0", 0x09: "E0", 0x0A: "E4", 0x0B: "E0", 0x10: "E0"}
TYPES = {
    0x01: "A0", 0x02: "F0", 0x03: "C0", 0x04: "S0", 0x05: "R0", 0x06: "I0", 0x07: "G0", 0x0C: "H0", 0x0D: "T0",
    0x0E: "M0", 0x0F: "C1", 0x11: "L0", 0x13: "A0", 0x15: "A0", 0x16: "X0", 0x19: "C0", 0x1A: "L0", 0x1B: "d1", 0x1C: "Q1",
    0x20: "A0", 0x21: "C0", 0x25: "U0", 0x28: "L0", 0x2C: "Q1", 0x2D: "z0", 0x2E: "z0", 0x30: "e0", 0x31: "e0",
    0x32: "e0", 0xA0: "o0", 0xA1: "o0", 0xB7: "h0", 0xC1: "d2", 0xC2: "Q3", 0xC4: "J0", **_UPC_EAN,
}  # fmt: skip
"""AIM identifiers of the code types; what is not listed (postal codes, composites, UPC with an add-on) has none."""

_AROUND = 4
_CHECKSUM = 2
_PUT_AROUND = b"\r\n\t\0"  # what a scanner is set to send behind a code comes inside the packet
_SHORTEST_DATA = 2  # a type and a character


class Packets(Frames):
    """A stream cut into packets, of either side."""

    @property
    def is_begun(self) -> bool:
        """Is there the beginning of one?"""
        return bool(self._left)


def frames() -> Packets:
    """A new stream."""
    return Packets(_measure)


def _measure(data: bytes | bytearray, at: int) -> int:
    left, length = len(data) - at, data[at]
    if length < _AROUND or (left > 1 and data[at + 1] not in _NAMES):
        return NOT_HERE
    if left > 2 and data[at + 2] not in (DECODER, HOST):
        return NOT_HERE
    end = at + length + _CHECKSUM
    if end > len(data):
        return UNFINISHED
    is_whole = (sum(data[at : end - 2]) + int.from_bytes(data[end - 2 : end])) & 0xFFFF == 0
    return end - at if is_whole else NOT_HERE


def packet(opcode: int, data: bytes = b"", source: int = HOST, status: int = 0) -> bytes:
    """One packet of at most 251 bytes of data."""
    inside = bytes((_AROUND + len(data), opcode, source, status)) + data
    return inside + (-sum(inside) & 0xFFFF).to_bytes(2)


def codes(text: bytes, type: int, status: int = 0, most: int = 250) -> list[bytes]:
    """A scanner's packets about one code, with at most `most` of its bytes in each."""
    pieces = [text[at : at + most] for at in range(0, len(text), most)] or [b""]
    marks = [CONTINUATION] * (len(pieces) - 1) + [0]
    return [
        packet(DECODE_DATA, bytes((type,)) + piece, DECODER, status | mark)
        for piece, mark in zip(pieces, marks, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Code:
    """text without a suffix; identifier: AIM's for its type, "" if it has none."""

    text: bytes
    identifier: str


class Codes:
    """The codes in a scanner's packets, put together; `too_long` counts those that no symbol could hold.

    A packet that is sent again because its acknowledgement was lost is the one before, but for its status: it is left
    out. One that was damaged the first time is new, and comes after `damaged`.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.too_long = 0
        self._gathered = b""
        self._before = b""

    @property
    def is_begun(self) -> bool:
        """Is there a part of a code that is not whole yet?"""
        return bool(self._gathered)

    def forget(self) -> None:
        """The rest of a code that was begun will not come."""
        self._gathered = b""

    def damaged(self) -> None:
        """Something was lost: the next packet that is sent again has not been seen yet."""
        self._before = b""

    def take(self, packet: bytes) -> Code | None:
        """A packet of the scanner; the code that it ends, if it ends one."""
        status, content = packet[3], packet[_AROUND:-_CHECKSUM]
        if status & RETRANSMIT and content == self._before:
            self.repeated += 1
            return None
        self._before = content
        self._gathered += content[1:]
        if len(self._gathered) > 4 * LONGEST:  # of UTF-8
            self._gathered = self._gathered[: 4 * LONGEST + 1]
        if status & CONTINUATION:
            return None
        text, self._gathered = self._gathered, b""
        if len(text) > 4 * LONGEST:
            self.too_long += 1
            return None
        return Code(text.strip(_PUT_AROUND), TYPES.get(content[0], ""))


def is_code(frame: bytes) -> bool:
    """Does a packet hold a code, or a part of one?"""
    return (
        frame[1] == DECODE_DATA and frame[2] == DECODER and len(frame) >= _AROUND + _SHORTEST_DATA + _CHECKSUM
    )


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """What do these bytes say? Raw, or lines of hex."""
    put_together = Codes()

    def describe(frame: bytes) -> Iterator[dict[str, object]]:
        if is_code(frame):
            code = put_together.take(frame)
            if code is None:
                yield {
                    "message": "part of a code, or a repeated one",
                    "status": frame[3],
                    "data": frame[_AROUND:-2].hex(),
                }
            else:
                yield described(label.text_of(code.text), code.identifier)
        else:
            status = {"status": frame[3]} if frame[3] else {}
            yield {"message": _NAMES[frame[1]], "data": frame[_AROUND:-_CHECKSUM].hex(), **status}

    return module_decode.decode_lines(data, frames, describe)
