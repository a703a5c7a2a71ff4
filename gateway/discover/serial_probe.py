"""One serial port, politely: listen first, ask then, and listen again for what only speaks when it is used.

Who is heard is not asked. Questions come one by one, and each time it is waited until the line is quiet; the port is
opened once, and the rate changed on the open line, since opening pulls its modem lines.
"""

import asyncio
from dataclasses import dataclass

from drivers.codecs.questions import ANSWER_SECONDS, Question, rounds
from drivers.codecs.recognise import Speaker, heard
from drivers.serial_port import PortStream

LISTEN_SECONDS = 1.2
"""Receivers and readers that talk by themselves say something every second."""

LISTEN_BAUDS = (115200, 9600, 57600, 38400, 4800, 19200, 230400, 921600)
"""In this order it is listened for what talks by itself."""

SCAN_BAUDS = (9600, 115200, 57600, 38400, 19200)
"""At the first it is waited for a scan; after one that cannot be read, at the next."""

SCAN_SHARE = 0.3
"""Of the time, kept for a scan."""

QUIET_SECONDS = 0.1
"""After so long nothing more belongs to an answer."""

MOST = 8192
"""Bytes that are looked at together."""

_NOISE = 4
"""Fewer bytes are what a line says when it is opened."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Who was heard, at which rate; without a speaker `text` says what there was instead."""

    speaker: Speaker | None
    baud: int
    text: str = ""


class Probe:
    """One open port. `asks`: may something be written to it?"""

    def __init__(self, stream: PortStream, asks: bool, until: float) -> None:
        self._stream = stream
        self._asks = asks
        self._until = until
        self._loop = asyncio.get_running_loop()
        self._last_ask = until - SCAN_SHARE * (until - self._loop.time())
        self._garbage: set[int] = set()

    async def who(self) -> Heard:
        """Raises OSError if the port is lost meanwhile."""
        found = await self._listen()
        if found is None and self._asks and not self._garbage:
            found = await self._ask()
        if found is None:
            found = await self._wait_for_a_scan()
        if found.speaker is not None and found.speaker.thanks and self._asks:
            self._stream.write(found.speaker.thanks)
            await self._gather(0)  # it is on its way before the port is closed
        return found

    async def _listen(self) -> Heard | None:
        """At one rate; at all of them only if something talks."""
        for baud in LISTEN_BAUDS:
            found = await self._hear(baud, self._loop.time() + LISTEN_SECONDS)
            if found is not None or not self._garbage or self._loop.time() >= self._until:
                return found
        return None

    async def _hear(self, baud: int, until: float) -> Heard | None:
        """Who says something at this rate."""
        self._stream.set_baud(baud)
        data = b""
        while self._loop.time() < until and len(data) < MOST:
            data += await self._gather(until - self._loop.time())
            speaker = heard(data)
            if speaker is not None:
                return Heard(speaker, baud)
        if len(data.strip(b"\0\xff")) >= _NOISE:
            self._garbage.add(baud)
        return None

    async def _ask(self) -> Heard | None:
        for baud, questions in rounds():
            self._stream.set_baud(baud)
            for one in questions:
                if self._loop.time() + ANSWER_SECONDS > self._last_ask:
                    return None
                found = await self._inquire(one, baud)
                if found is not None:
                    return found
        return None

    async def _inquire(self, question: Question, baud: int) -> Heard | None:
        inquiry = question.ask()
        says = next(inquiry)
        while True:
            self._stream.write(says)
            answer = await self._gather(ANSWER_SECONDS)
            if answer == says:
                return Heard(
                    None, baud, "it echoes what it is told: RX and TX are connected, or a modem is there"
                )
            try:
                says = inquiry.send(answer)
            except StopIteration as end:
                speaker: Speaker | None = end.value or heard(answer)
                return None if speaker is None else Heard(speaker, baud)

    async def _wait_for_a_scan(self) -> Heard:
        for baud in SCAN_BAUDS:
            while self._loop.time() < self._until and baud not in self._garbage:
                found = await self._hear(baud, min(self._until, self._loop.time() + LISTEN_SECONDS))
                if found is not None:
                    return found
        if self._garbage:
            rates = ", ".join(map(str, sorted(self._garbage)))
            return Heard(None, 0, f"something talks there, but makes no sense at {rates} baud")
        return Heard(None, 0, "nothing was heard")

    async def _gather(self, seconds: float) -> bytes:
        """What begins to come within so long, until it is quiet."""
        data = await self._stream.read(self._loop.time() + max(seconds, 0))
        while data and len(data) < MOST:
            more = await self._stream.read(self._loop.time() + QUIET_SECONDS)
            if not more:
                break
            data += more
        return data
