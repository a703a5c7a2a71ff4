"""What finders told a test, and serial devices whose line has a baud rate."""

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.discover.finding import Finder, Finding
from gateway.discover.running import run

RATES = {
    termios.B4800: 4800, termios.B9600: 9600, termios.B19200: 19200, termios.B38400: 38400,
    termios.B57600: 57600, termios.B115200: 115200, termios.B230400: 230400, termios.B921600: 921600,
}  # fmt: skip
GARBAGE = bytes.fromhex("80f8000086f880e0")


@dataclass(slots=True)
class Told:
    """findings by where they are; lines of whoever said them."""

    findings: dict[str, Finding] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def found(self, finding: Finding) -> None:
        assert finding.where not in self.findings
        self.findings[finding.where] = finding

    def say(self, finder: str, text: str) -> None:
        self.lines.append(f"{finder}: {text}")


async def looked(seconds: float, *finders: Finder) -> Told:
    """What they tell within so long; none of them fails."""
    told = Told()
    assert await run(finders, told, seconds) == 0, told.lines
    return told


class SerialDevice:
    """The far side of a pseudo-terminal that counts bits: at another rate than its own all is garbage.

    answer   what it says to what it is told at its rate
    speaks   what it says by itself, as soon as the host listens and a while later again; `asked` = not before it was
             told something
    heard    what it was told, at any rate
    """

    def __init__(
        self,
        baud: int,
        answer: Callable[[bytes], bytes] = lambda told: b"",
        speaks: bytes = b"",
        asked: bool = False,
    ) -> None:
        self.baud = baud
        self.heard = b""
        self._answer = answer
        self._speaks = speaks
        self._asked = asked
        self.near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self.near, False)
        self.path = os.ttyname(self._far)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "SerialDevice":
        asyncio.get_running_loop().add_reader(self.near, self._readable)
        if self._speaks:
            self._task = asyncio.create_task(self._speak())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.pull()

    def pull(self) -> None:
        """The adapter vanishes."""
        if self.near >= 0:
            asyncio.get_running_loop().remove_reader(self.near)
            os.close(self.near)
            os.close(self._far)
            self.near = -1

    @property
    def _agrees(self) -> bool:
        rate: int = termios.tcgetattr(self.near)[4]
        return RATES.get(rate) == self.baud

    def _readable(self) -> None:
        told = os.read(self.near, 4096)
        self.heard += told
        if self._agrees:
            os.write(self.near, self._answer(told))

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(0.3)
            if self.heard or not self._asked:
                os.write(self.near, self._speaks if self._agrees else GARBAGE)
