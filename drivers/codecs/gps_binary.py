"""What a receiver speaks that does not speak NMEA: its maker's own binary protocol, known by length and checksum."""

from collections.abc import Iterator

_UBX, _SIRF, _SIRF_END = b"\xb5\x62", b"\xa0\xa2", b"\xb0\xb3"
_LONGEST = 2048
"""Bytes of a payload."""
_AROUND = 8
"""Bytes of a message beside it, of either protocol."""

UBX, SIRF = "UBX (u-blox)", "SiRF binary"
REMEDIES = {
    UBX: "switch on NMEA at this port with u-center (CFG-PRT, protocol out), or read it through gpsd",
    SIRF: "switch it to NMEA with its maker's program (message 129), or read it through gpsd",
}
"""What to do about each."""


def protocol(data: bytes) -> str | None:
    """The protocol of which a whole message stands in `data`, None if there is none."""
    if any(_is_ubx(one) for one in _from(data, _UBX)):
        return UBX
    if any(_is_sirf(one) for one in _from(data, _SIRF)):
        return SIRF
    return None


def _from(data: bytes, sync: bytes) -> Iterator[bytes]:
    """As much as a message can have, from each place where one may begin."""
    at = data.find(sync)
    while at >= 0:
        yield data[at : at + _LONGEST + _AROUND]
        at = data.find(sync, at + 1)


def _is_ubx(data: bytes) -> bool:
    """B5 62 | class | id | u16 length, little-endian | payload | two sums after Fletcher, over class..payload."""
    length = int.from_bytes(data[4:6], "little")
    inside, told = data[2 : 6 + length], data[6 + length : 8 + length]
    if length > _LONGEST or len(told) < 2:
        return False
    one = two = 0
    for byte in inside:
        one = one + byte & 0xFF
        two = two + one & 0xFF
    return told == bytes((one, two))


def _is_sirf(data: bytes) -> bool:
    """A0 A2 | u16 length | payload | u16 sum of the payload, 15 bits | B0 B3; big-endian."""
    length = int.from_bytes(data[2:4])
    payload, behind = data[4 : 4 + length], data[4 + length : 8 + length]
    if length > _LONGEST:
        return False
    return behind == (sum(payload) & 0x7FFF).to_bytes(2) + _SIRF_END
