"""LLRP bytes for tests, written by hand as the standard's binary encoding has them."""

import struct


def message(type: int, body: bytes = b"", id: int = 0, version: int = 1) -> bytes:
    """One message."""
    return struct.pack("!HII", version << 10 | type, 10 + len(body), id) + body


def tlv(type: int, body: bytes) -> bytes:
    """One TLV parameter."""
    return struct.pack("!HH", type, 4 + len(body)) + body


def impinj(subtype: int, value: int) -> bytes:
    """One of Impinj's parameters with a 16-bit value."""
    return tlv(1023, struct.pack("!IIH", 25882, subtype, value & 0xFFFF))


def tag(
    epc: bytes,
    bits: int | None = None,
    antenna: int | None = 1,
    rssi: int | None = -55,
    channel: int | None = 1,
    first: int | None = 1_760_000_000_000_000,
    last: int | None = 1_760_000_000_000_500,
    count: int | None = 1,
    uptime: bool = False,
    more: bytes = b"",
) -> bytes:
    """One TagReportData: EPC-96 if `bits` is not told, else EPCData."""
    parts = [b"\x8d" + epc if bits is None else tlv(0xF1, bits.to_bytes(2) + epc)]
    for type, format, value in (
        (1, "H", antenna),
        (6, "b", rssi),
        (7, "H", channel),
        (3 if uptime else 2, "Q", first),
        (5 if uptime else 4, "Q", last),
        (8, "H", count),
    ):
        if value is not None:
            parts.append(struct.pack(f"!B{format}", 0x80 | type, value))
    return tlv(0xF0, b"".join(parts) + more)


def report(*tags: bytes, id: int = 0) -> bytes:
    """One RO_ACCESS_REPORT."""
    return message(61, b"".join(tags), id)


def epc(number: int) -> bytes:
    """A 96-bit EPC that is not zero."""
    return b"\x30" + number.to_bytes(11)
