"""Control packets in what a broker sent: where one ends, and the plain messages among them.

MQTT 3.1.1 and 5.0, sections 2.1 and 3.3. A message is plain if nothing about it needs paho, which takes five times as
long for it and gets all the rest: properties, QoS 2, and whatever makes no sense.
"""

from dataclasses import dataclass

PUBLISH = 3
_RETAIN, _QOS1, _DUP = 0x1, 0x2, 0x8
_LENGTH_BYTES = 4


@dataclass(slots=True)
class Publish:
    """A message; `mid` is 0 with qos 0."""

    topic: str
    payload: bytes
    retain: bool
    qos: int
    mid: int


def extent(data: bytes, at: int) -> tuple[int, int] | None:
    """Of the packet that begins at `at`: where its body begins, and where it ends; None if that is not there yet.

    A length of more than four bytes is none (section 2.1.4 in 5.0): the packet ends with them, and paho refuses it.
    """
    length = 0
    for n in range(_LENGTH_BYTES):
        if at + 1 + n >= len(data):
            return None
        byte = data[at + 1 + n]
        length |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return at + 2 + n, at + 2 + n + length
    return at + 1 + _LENGTH_BYTES, at + 1 + _LENGTH_BYTES


def plain(head: int, body: bytes, v5: bool) -> Publish | None:
    """The message of a packet with this first byte, and None if it is another packet or is not plain."""
    if head >> 4 != PUBLISH or head & 0x0F & ~(_RETAIN | _QOS1 | _DUP):
        return None
    begins = 2 + int.from_bytes(body[:2])
    raw, mid, qos = body[2:begins], 0, 1 if head & _QOS1 else 0
    payload = begins + 2 * qos + v5
    if not raw or len(body) < payload or b"\0" in raw or b"+" in raw or b"#" in raw:
        return None
    if v5 and body[payload - 1]:
        return None
    if qos:
        mid = int.from_bytes(body[begins : begins + 2])
        if not mid:
            return None
    try:
        return Publish(raw.decode(), body[payload:], bool(head & _RETAIN), qos, mid)
    except UnicodeDecodeError:
        return None
