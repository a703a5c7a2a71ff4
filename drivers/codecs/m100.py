"""M100, QM100, R200 and YRM100 modules: frames, what they say, and how they are written (the R200 user manual).

AA | type | command | u16 length | parameters | sum of type..parameters, low byte | DD; big-endian. The makers of M100
modules write BB and 7E around the same; a module knows one of the two framings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs.module_frames import NOT_HERE, UNFINISHED, Frames

BAUD = 115200
FASTEST_BAUD = 115200


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes around a frame."""

    head: int
    tail: int


R200, M100 = Framing(0xAA, 0xDD), Framing(0xBB, 0x7E)
FRAMINGS = (R200, M100)
_TAILS = {one.head: one.tail for one in FRAMINGS}

COMMAND, RESPONSE, NOTICE = 0, 1, 2

GET_INFO, REGION, GET_REGION, POLL = 0x03, 0x07, 0x08, 0x22
POLLS, STOP, SET_POWER, GET_POWER, ERROR = 0x27, 0x28, 0xB6, 0xB7, 0xFF
NO_TAG, INVALID, NO_CHANNEL = 0x15, 0x17, 0x20

LONGEST = 255
"""Parameters in a frame: a tag of 62 bytes takes 67 of them; what says more is no beginning of a frame."""

REGIONS = {"china-900": 1, "us": 2, "eu": 3, "china-800": 4, "korea": 6}

ERRORS = {
    0x09: "a tag could not be read",
    0x10: "a tag could not be written",
    0x12: "a tag could not be killed",
    0x13: "a tag could not be locked",
    NO_TAG: "no tag",
    0x16: "wrong access password",
    INVALID: "the module does not know the command, or not with these parameters",
    NO_CHANNEL: "no free channel was found",
}

_AROUND = 7
_TAG_AROUND = 5  # RSSI, PC and CRC, around the EPC


def frames() -> Frames:
    """A stream cut into frames, of either framing."""
    return Frames(_measure)


def _measure(data: bytes | bytearray, at: int) -> int:
    left = len(data) - at
    tail = _TAILS.get(data[at])
    if tail is None or (left > 1 and data[at + 1] > NOTICE):
        return NOT_HERE
    if left < 5:
        return UNFINISHED
    end = at + int.from_bytes(data[at + 3 : at + 5]) + _AROUND
    if end - at > LONGEST + _AROUND:
        return NOT_HERE
    if end > len(data):
        return UNFINISHED
    good = data[end - 1] == tail and data[end - 2] == sum(data[at + 1 : end - 2]) & 0xFF
    return end - at if good else NOT_HERE


def frame(type: int, command: int, parameters: bytes = b"", framing: Framing = R200) -> bytes:
    """One frame of at most LONGEST parameter bytes."""
    inside = bytes((type, command)) + len(parameters).to_bytes(2) + parameters
    return bytes((framing.head, *inside, sum(inside) & 0xFF, framing.tail))


def command(command: int, parameters: bytes = b"", framing: Framing = R200) -> bytes:
    """A host's frame."""
    return frame(COMMAND, command, parameters, framing)


def framing(frame: bytes) -> Framing:
    """How a frame is framed, and so is what its module understands."""
    return R200 if frame[0] == R200.head else M100


def parameters(frame: bytes) -> bytes:
    """What stands in it."""
    return frame[5:-2]


@dataclass(frozen=True, slots=True)
class Tag:
    """rssi in dBm; crc as the tag sent it, over pc and epc."""

    epc: bytes
    rssi: int
    pc: int
    crc: int


def tag(frame: bytes) -> Tag | None:
    """The tag that a notice tells of; None if it tells of none."""
    if frame[1] != NOTICE or frame[2] != POLL or len(frame) < _AROUND + _TAG_AROUND:
        return None
    inside = parameters(frame)
    rssi = int.from_bytes(inside[:1], signed=True)
    return Tag(inside[3:-2], rssi, int.from_bytes(inside[1:3]), int.from_bytes(inside[-2:]))


def tag_notice(tag: Tag, framing: Framing = R200) -> bytes:
    """The module's frame about it."""
    rssi = tag.rssi.to_bytes(1, signed=True)
    return frame(NOTICE, POLL, rssi + tag.pc.to_bytes(2) + tag.epc + tag.crc.to_bytes(2), framing)


def error(frame: bytes) -> int | None:
    """The code of an error; None if it is none."""
    inside = parameters(frame)
    return inside[0] if frame[1] == RESPONSE and frame[2] == ERROR and inside else None


_TYPES = ("command", "response", "notice")
_NAMES = {
    GET_INFO: "info", REGION: "set region", GET_REGION: "region", POLL: "poll", POLLS: "polls", STOP: "stop",
    SET_POWER: "set power", GET_POWER: "power", ERROR: "error", 0x11: "set baud", 0x0C: "select",
    0x12: "select mode", 0x0E: "query", 0xAD: "hopping",
}  # fmt: skip


def describe(frame: bytes) -> Iterator[dict[str, object]]:
    """The frame as `waypost decode` tells it."""
    found, code = tag(frame), error(frame)
    if found is not None:
        yield {
            "time": None, "tag": found.epc.hex().upper(), "rssi": found.rssi,
            "pc": f"{found.pc:04X}", "crc": f"{found.crc:04X}",
        }  # fmt: skip
    elif code is not None:
        yield {"message": "error", "code": code, "text": ERRORS.get(code, "unknown")}
    else:
        name = _NAMES.get(frame[2], f"{frame[2]:02x}")
        yield {"message": name, "type": _TYPES[frame[1]], "data": parameters(frame).hex()}
