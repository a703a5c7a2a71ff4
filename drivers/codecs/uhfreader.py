"""UHFReader18 and UHFReader288 readers (Chafon, WYUAN, Yanzeo and others): frames, what they say, how they are written.

Bytes that follow | address | command | (answers: status) | data | CRC-16, low byte first. No delimiter: the CRC alone
tells where a frame begins. The two families differ in the command and the answer of an inventory.
"""

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs.module_frames import NOT_HERE, UNFINISHED, Frames
from drivers.codecs.module_reads import ONLY_PORT

BAUD = 57600
FASTEST_BAUD = 115200

ANYBODY = 0xFF
INVENTORY, GET_INFO, REGION, POWER, MODE, PUSHED = 0x01, 0x21, 0x22, 0x2F, 0x76, 0xEE
DONE, OUT_OF_TIME, MORE, FULL, STATISTICS, HEARTBEAT = 0x01, 0x02, 0x03, 0x04, 0x26, 0x28
ANTENNA, NO_TAG, LENGTH, ILLEGAL = 0xF8, 0xFB, 0xFD, 0xFE

STATUS = {
    0x00: "done",
    DONE: "done",
    OUT_OF_TIME: "out of time",
    MORE: "more follows",
    FULL: "the reader's memory is full",
    STATISTICS: "statistics",
    HEARTBEAT: "heartbeat",
    ANTENNA: "antenna error",
    0xFA: "poor communication with a tag",
    NO_TAG: "no tag",
    0xFC: "error of a tag",
    LENGTH: "wrong length",
    ILLEGAL: "illegal command or CRC error",
    0xFF: "parameter out of range",
}

REGIONS = {"china": (0x13, 0x40), "us": (0x31, 0x80), "korea": (0x1F, 0xC0), "eu": (0x4E, 0x00)}
"""Highest and lowest channel of the whole band; the upper two bits of both name the band."""

TYPE_18 = 0x09

BRIDGE_HEARTBEAT = b"\x56" + bytes(5)
"""What some serial-to-Ethernet modules say between frames by themselves."""

_SHORTEST = 4
_FAST_ID, _PHASE, _LENGTH = 0x80, 0x40, 0x3F
_TID, _PHASE_BYTES = 12, 7
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc(data: bytes | bytearray) -> bytes:
    """CRC-16, polynomial 8408 reflected, from FFFF, low byte first: the library's CRC with the bits the other way round."""
    return crc_hqx(data.translate(_REVERSED), 0xFFFF).to_bytes(2).translate(_REVERSED)


def frames() -> Frames:
    """A stream cut into frames."""
    return Frames(_measure)


def _measure(data: bytes | bytearray, at: int) -> int:
    if data.startswith(BRIDGE_HEARTBEAT, at):
        return len(BRIDGE_HEARTBEAT)
    if data[at] < _SHORTEST:
        return NOT_HERE
    end = at + 1 + data[at]
    if end > len(data):
        return UNFINISHED
    return end - at if data[end - 2 : end] == crc(data[at : end - 2]) else NOT_HERE


def frame(address: int, command: int, data: bytes = b"") -> bytes:
    """One frame, in either direction; an answer's `data` begins with its status."""
    inside = bytes((_SHORTEST + len(data), address, command)) + data
    return inside + crc(inside)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader says, if it is an answer."""

    address: int
    command: int
    status: int
    data: bytes


def answer(frame: bytes) -> Answer | None:
    """None if it is too short for one."""
    if len(frame) <= 5 or frame == BRIDGE_HEARTBEAT:
        return None
    return Answer(frame[1], frame[2], frame[3], frame[4:-2])


@dataclass(frozen=True, slots=True)
class Tag:
    """antenna: from 1, as the reader told it; rssi: raw, larger is stronger, None where the family has none."""

    epc: bytes
    antenna: int = ONLY_PORT
    rssi: int | None = None
    tid: bytes = b""


def tags(said: Answer, antennas: bool | None = None) -> list[Tag] | None:
    """The tags of an inventory's answer or of a push; None if it makes no sense.

    antennas  the reader is of the family that has several; None = whichever makes sense, the newer one first
    """
    data = said.data
    if said.command == PUSHED:
        return [] if said.status != 0 else _pushed(data, antennas)
    if said.command != INVENTORY or said.status not in (DONE, OUT_OF_TIME, MORE, FULL):
        return []
    if antennas is not False and len(data) >= 2:
        found = _both(data[:1], data[2:], data[1])
        if found is not None or antennas:
            return found
    return _without_antenna(data)


def _pushed(data: bytes, antennas: bool | None) -> list[Tag] | None:
    """A UHFReader288 tells antenna, length, EPC and RSSI, a UHFReader18 the EPC alone: whole words."""
    alone = [Tag(data)] if data and len(data) % 2 == 0 else None
    if alone and antennas is False:
        return alone
    return _both(data[:1], data[1:], 1) or alone


def _without_antenna(data: bytes) -> list[Tag] | None:
    """As the UHFReader18 tells them: how many, then length and EPC of each."""
    if not data:
        return []
    found, at = [], 1
    for _ in range(data[0]):
        end = at + 1 + data[at] if at < len(data) else len(data) + 1
        if end > len(data):
            return None
        found.append(Tag(data[at + 1 : end]))
        at = end
    return found if at == len(data) else None


def _both(antenna: bytes, data: bytes, n: int) -> list[Tag] | None:
    """As the UHFReader288 tells them. Some firmwares count the TID of a FastID tag in the length, some do not."""
    for more in (_TID, 0):
        found = _with_antenna(antenna, data, n, more)
        if found is not None:
            return found
    return None


def _with_antenna(antenna: bytes, data: bytes, n: int, more: int) -> list[Tag] | None:
    found, at = [], 0
    for _ in range(n):
        if at >= len(data):
            return None
        head = data[at]
        length = (head & _LENGTH) + (more if head & _FAST_ID else 0)
        end = at + 1 + length
        epc, tid = data[at + 1 : end], b""
        if head & _FAST_ID:
            epc, tid = epc[:-_TID], epc[-_TID:]
        if end >= len(data):
            return None
        found.append(Tag(epc, port(antenna), data[end], tid))
        at = end + 1 + (_PHASE_BYTES if head & _PHASE else 0)
    return found if at == len(data) else None


def port(told: bytes) -> int:
    """An antenna from 1: one bit of eight; what is not one bit is an index, as readers with more ports tell it."""
    mask = told[0] if told else 0
    return mask.bit_length() if mask and not mask & (mask - 1) else mask + 1


def inventory_18(address: int) -> bytes:
    """Ask a UHFReader18 for its tags."""
    return frame(address, INVENTORY)


def inventory_288(address: int, q: int, session: int, antenna: int, scan: int) -> bytes:
    """Ask a UHFReader288 for the tags at `antenna` (from 1), for `scan` tenths of a second; target A."""
    return frame(address, INVENTORY, bytes((q, session, 0, 0x80 | (antenna - 1), scan)))


@dataclass(frozen=True, slots=True)
class Info:
    """What a reader is. power in dBm; scan: the longest inventory, tenths of a second; band: highest, lowest channel."""

    version: tuple[int, int]
    type: int
    band: tuple[int, int]
    power: int
    scan: int

    @property
    def antennas(self) -> bool:
        """It has several, and takes the longer inventory command."""
        return self.type != TYPE_18

    @property
    def region(self) -> str:
        """The name of its band."""
        bits = _band(self.band)
        names = {_band(channels): name for name, channels in REGIONS.items()}
        return names.get(bits, f"code {bits}")


def _band(channels: tuple[int, int]) -> int:
    return channels[0] >> 6 << 2 | channels[1] >> 6


def info(said: Answer) -> Info | None:
    """The answer to GET_INFO; None if it is none."""
    data = said.data
    if said.command != GET_INFO or said.status != 0 or len(data) < 8:
        return None
    return Info((data[0], data[1]), data[2], (data[4], data[5]), data[6], data[7])


_NAMES = {
    INVENTORY: "inventory",
    GET_INFO: "info",
    REGION: "region",
    POWER: "power",
    MODE: "mode",
    PUSHED: "push",
}


def describe(frame: bytes) -> Iterator[dict[str, object]]:
    """The frame as `waypost decode` tells it; a command looks like an answer, and is told as what makes sense."""
    said = answer(frame)
    if said is None:
        name = "module heartbeat" if frame == BRIDGE_HEARTBEAT else _NAMES.get(frame[2], f"{frame[2]:02x}")
        yield {"message": name}
        return
    name = _NAMES.get(said.command, f"{said.command:02x}")
    found, known = tags(said), info(said)
    if found:
        for tag in found:
            line: dict[str, object] = {"time": None, "tag": tag.epc.hex().upper(), "antenna": tag.antenna}
            line |= {"rssi": None if tag.rssi is None else tag.rssi}
            yield line | ({"tid": tag.tid.hex().upper()} if tag.tid else {})
    elif known is not None:
        version = "{}.{}".format(*known.version)
        more = {"version": version, "type": known.type, "region": known.region}
        yield {"message": name, **more, "power": known.power, "scan": known.scan}
    elif found is None or said.status not in STATUS:
        yield {"message": name, "data": frame[3:-2].hex()}
    else:
        yield {"message": name, "status": said.status, "text": STATUS[said.status], "data": said.data.hex()}
