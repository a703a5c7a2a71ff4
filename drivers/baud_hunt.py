"""At which rate does a receiver send? Each usual one in turn, until sentences with a right checksum come."""

import asyncio
from collections import Counter

from drivers.codecs import gps_binary
from drivers.codecs.errors import ProtocolError
from drivers.codecs.nmea_frames import Sentences
from drivers.serial_port import PortStream

BAUDS = (9600, 4800, 38400, 115200, 57600, 19200, 230400, 460800, 921600)
"""In the order in which they are common."""

LISTEN_SECONDS = 3.0
"""At each rate: a receiver that sends one sentence a second has sent two."""

NOISE_SECONDS = 1.3
"""At a rate at which something comes, and no sentence."""

ENOUGH = 2
"""Sentences: a checksum has one byte, so a single one may fit by chance."""

_LOOKED_AT = 4096


async def hunt(stream: PortStream, first: int | None = None) -> int:
    """The rate that is right, to which the port is then set; `first` is tried first.

    Raises ProtocolError if there is none, OSError or EOFError if the port is lost.
    """
    rates = BAUDS if first is None else (first, *(one for one in BAUDS if one != first))
    came = False
    for baud in rates:
        stream.set_baud(baud)
        heard = await _listen(stream)
        if heard.right:
            return baud
        spoken = gps_binary.protocol(heard.tail)
        if spoken is not None:
            raise ProtocolError(
                f"at {baud} baud the receiver speaks {spoken}, not NMEA; {gps_binary.REMEDIES[spoken]}"
            )
        came = came or bool(heard.tail)
    tried = ", ".join(map(str, rates))
    if came:
        raise ProtocolError(
            f"what arrives is no NMEA at any of {tried} baud; if its rate is another one, write it into the url: ?baud=N"
        )
    raise ProtocolError(
        f"nothing came at any of {tried} baud; look at the receiver's power and its wires (are TX and RX crossed?)"
    )


class _Heard:
    """What came at one rate; the end of it in `tail`."""

    def __init__(self) -> None:
        self.tail = b""
        self.sentences = 0
        self._stream = Sentences(Counter())

    def take(self, data: bytes) -> None:
        self.sentences += len(self._stream.feed(data))
        self.tail = (self.tail + data)[-_LOOKED_AT:]

    @property
    def right(self) -> bool:
        return self.sentences >= ENOUGH


async def _listen(stream: PortStream) -> _Heard:
    """Until it is right, or the time is over."""
    loop, heard = asyncio.get_running_loop(), _Heard()
    began = loop.time()
    while not heard.right:
        hopeless = heard.tail and not heard.sentences
        until = began + (NOISE_SECONDS if hopeless else LISTEN_SECONDS)
        if loop.time() >= until:
            break
        heard.take(await stream.read(until))
    return heard
