"""ThingMagic's serial protocol (M6e, M6e Nano, M7e, Micro): frames, what they say, how they are written.

Host: FF | length | opcode | data | CRC; module: FF | length | opcode | u16 status | data | CRC. Big-endian; the length
is that of the data, which does not hold the status. Values and layouts as in SparkFun's library for these modules.
"""

import math
from binascii import crc_hqx
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from drivers.codecs.module_frames import NOT_HERE, UNFINISHED, Frames

BAUD = 115200
FASTEST_BAUD = 921600

HEAD = 0xFF
VERSION, BOOT, BAUD_RATE, READ_TAGS, STREAM = 0x03, 0x04, 0x06, 0x22, 0x2F
ANTENNA, POWER, PROTOCOL, REGION, OPTION = 0x91, 0x92, 0x93, 0x97, 0x9A

REGIONS = {
    "na": 0x01, "india": 0x04, "japan": 0x05, "china": 0x06, "eu3": 0x08, "korea": 0x09, "australia": 0x0B,
    "new-zealand": 0x0C, "na2": 0x0D, "na3": 0x0E,
}  # fmt: skip

OK, INVALID_OPCODE, NO_TAGS, TOO_HOT, RETURN_LOSS = 0x0000, 0x0101, 0x0400, 0x0504, 0x0505

STATUS = {
    OK: "done",
    INVALID_OPCODE: "it does not know the command",
    NO_TAGS: "no tags",
    TOO_HOT: "too hot: it reads less until it has cooled down",
    RETURN_LOSS: "high return loss: no antenna, a broken cable, or metal before the antenna",
}

STOP = bytes.fromhex("000002")
START = bytes.fromhex("00000122000005072210001B03E801FF")
"""Read for ever, with all metadata: option 10, search flags 001B, metadata 01FF."""

LONGEST = 248
_HOST_AROUND, _AROUND = 5, 7
_START = 0x1D0F  # the register after two zero bytes, of which ThingMagic's way of computing the CRC is ahead
_READ_COUNT, _RSSI, _ANTENNA, _FREQUENCY, _TIME, _PHASE, _PROTOCOL, _DATA, _GPIO = (
    1 << bit for bit in range(9)
)
_PC_AND_CRC = 32


def crc(data: bytes | bytearray) -> int:
    """CRC-16, polynomial 1021, from FFFF, the message shifted in from below; of at least two bytes."""
    return crc_hqx(data[:-2], _START) ^ int.from_bytes(data[-2:])


def frames(from_host: bool = False) -> Frames:
    """A stream of the module, or of its host, cut into frames."""
    around = _HOST_AROUND if from_host else _AROUND
    return Frames(lambda data, at: _measure(data, at, (around,)), bytes((HEAD,)))


def both_frames() -> Frames:
    """A recording of both sides, cut into frames."""
    return Frames(lambda data, at: _measure(data, at, (_AROUND, _HOST_AROUND)), bytes((HEAD,)))


def _measure(data: bytes | bytearray, at: int, arounds: tuple[int, ...]) -> int:
    if data[at] != HEAD:
        return NOT_HERE
    if len(data) - at < 2:
        return UNFINISHED
    if data[at + 1] > LONGEST:
        return NOT_HERE
    unfinished = False
    for around in arounds:
        end = at + data[at + 1] + around
        if end > len(data):
            unfinished = True
        elif int.from_bytes(data[end - 2 : end]) == crc(data[at + 1 : end - 2]):
            return end - at
    return UNFINISHED if unfinished else NOT_HERE


def command(opcode: int, data: bytes = b"") -> bytes:
    """A host's frame."""
    inside = bytes((len(data), opcode)) + data
    return bytes((HEAD,)) + inside + crc(inside).to_bytes(2)


def answer(opcode: int, status: int, data: bytes = b"") -> bytes:
    """A module's frame."""
    inside = bytes((len(data), opcode)) + status.to_bytes(2) + data
    return bytes((HEAD,)) + inside + crc(inside).to_bytes(2)


def opcode(frame: bytes) -> int:
    """What it is about."""
    return frame[2]


def status(frame: bytes) -> int:
    """Of a module's frame."""
    return int.from_bytes(frame[3:5])


def data(frame: bytes) -> bytes:
    """Of a module's frame, behind the status."""
    return frame[5:-2]


class Tag(NamedTuple):
    """rssi dBm, channel kHz, phase rad; None or 0 = not told.

    antenna  the port that transmits;  reads  how many it stands for
    time     milliseconds since the module's last sign of life
    """

    epc: bytes
    antenna: int = 0
    rssi: int | None = None
    reads: int = 1
    channel: int = 0
    phase: float | None = None
    time: int | None = None


class _Places(NamedTuple):
    """Where in a frame its metadata begin, 0 = they are not told; `end` is behind them, if `data` is empty."""

    reads: int
    rssi: int
    antenna: int
    channel: int
    time: int
    phase: int
    data: int
    end: int


_SIZES = {
    _READ_COUNT: 1, _RSSI: 1, _ANTENNA: 1, _FREQUENCY: 3, _TIME: 4, _PHASE: 2, _PROTOCOL: 1, _DATA: 2, _GPIO: 1,
}  # fmt: skip
_KNOWN = sum(_SIZES)
_FLAGS, _TAGS, _METADATA = 8, 10, 11  # places in a frame


@cache
def _places(flags: int) -> _Places:
    """Of frames with these metadata."""
    at, found = _METADATA, dict.fromkeys(_SIZES, 0)
    for field, size in _SIZES.items():
        if flags & field:
            found[field], at = at, at + size
    told = (_READ_COUNT, _RSSI, _ANTENNA, _FREQUENCY, _TIME, _PHASE, _DATA)
    return _Places._make((*(found[field] for field in told), at))


def tag(frame: bytes) -> Tag | None:
    """The tag that a streamed frame tells of; None if it makes no sense, or holds metadata that nobody knows."""
    stop = len(frame) - 2
    if stop < _METADATA or frame[_TAGS] != 1:
        return None
    flags = _number(frame, _FLAGS, 2)
    if flags & ~_KNOWN:
        return None
    places = _places(flags)
    at = places.end
    if places.data:  # what follows it is the GPIO alone, which is not read
        at += (_number(frame, places.data, 2) + 7) // 8
    bits = _number(frame, at, 2)
    if at + 2 > stop or bits < _PC_AND_CRC or bits % 8 or at + 2 + bits // 8 != stop:
        return None
    return Tag(
        frame[at + 4 : stop - 2],
        frame[places.antenna] >> 4 if places.antenna else 0,
        (frame[places.rssi] ^ 0x80) - 0x80 if places.rssi else None,
        max(1, frame[places.reads]) if places.reads else 1,
        _number(frame, places.channel, 3) if places.channel else 0,
        math.radians(_number(frame, places.phase, 2)) if places.phase else None,
        _number(frame, places.time, 4) if places.time else None,
    )


def _number(frame: bytes, at: int, size: int) -> int:
    return int.from_bytes(frame[at : at + size])


def streamed(tag: Tag, crc: int = 0) -> bytes:
    """The module's frame about a tag, with all metadata; `crc` is the tag's own."""
    fields = (
        (tag.reads, 1), ((tag.rssi or 0) & 0xFF, 1), (tag.antenna << 4 | tag.antenna, 1), (tag.channel, 3),
        (tag.time or 0, 4), (round(math.degrees(tag.phase or 0)) % 180, 2), (5, 1), (0, 2), (0x0F, 1),
    )  # fmt: skip
    metadata = b"".join([value.to_bytes(size) for value, size in fields])
    pc = (len(tag.epc) // 2 << 11).to_bytes(2)
    epc = (len(tag.epc) * 8 + _PC_AND_CRC).to_bytes(2) + pc + tag.epc + crc.to_bytes(2)
    return answer(READ_TAGS, OK, bytes.fromhex("10001B01FF01") + metadata + epc)


_NAMES = {
    VERSION: "version", BOOT: "boot", BAUD_RATE: "set baud", READ_TAGS: "read", STREAM: "stream",
    ANTENNA: "antenna", POWER: "power", PROTOCOL: "protocol", REGION: "region", OPTION: "option",
}  # fmt: skip


def describe(frame: bytes) -> Iterator[dict[str, object]]:
    """The frame as `waypost decode` tells it."""
    name = _NAMES.get(opcode(frame), f"{opcode(frame):02x}")
    if len(frame) == frame[1] + _HOST_AROUND:
        yield {"message": name, "type": "command", "data": frame[3:-2].hex()}
        return
    found = tag(frame) if opcode(frame) == READ_TAGS else None
    if found is None:
        text = STATUS.get(status(frame), "unknown")
        yield {"message": name, "status": f"{status(frame):04x}", "text": text, "data": data(frame).hex()}
        return
    yield {
        "time": None, "tag": found.epc.hex().upper(), "antenna": found.antenna, "rssi": found.rssi,
        "count": found.reads, "channel": found.channel, "time_ms": found.time,
        "phase": None if found.phase is None else round(found.phase, 6),
    }  # fmt: skip
