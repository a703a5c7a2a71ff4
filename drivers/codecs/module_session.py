"""A host's end of a serial module, without any I/O: a script that asks and waits, while what was read is gathered.

A script is a generator: it says something, yields a `Wait`, and is sent the frame that ends it, or None when its time
is over. Times: `now` in microseconds UTC, `at` in seconds of any clock that does not jump.
"""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from core.records import Alive, Body, Idle, Up
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.module_frames import Frames
from drivers.codecs.module_reads import TagRows
from drivers.codecs.notice import Notice

ALIVE_SECONDS = 1.0
"""Between two signs of life that are told."""

MOST_NOISE = 1 << 16
"""Bytes in a row that are no frame, after which the connection ends: such a peer keeps a processor busy for nothing."""

PIECE = 1 << 12
"""So many bytes are looked at before the noise in them is judged."""

ANSWER_SECONDS = 1.0
"""How long a module may take to answer."""

TRIES = 3
"""So often a module is asked before it counts as silent: a byte may be lost on any line."""

T = TypeVar("T")
Said = Body | Notice


@dataclass(frozen=True, slots=True)
class Wait:
    """For a frame that is `wanted`, at most `seconds`."""

    wanted: Callable[[bytes], bool]
    seconds: float


Script = Generator[Wait, bytes | None, T]


def anything(frame: bytes) -> bool:
    """Any frame will do."""
    return True


def nothing(frame: bytes) -> bool:
    """None will do: wait until the time is over."""
    return False


class ModuleSession(ABC):
    """One connection, from the first byte to the last.

    info      what the module is, once it reads
    error     what ended it: ProtocolError, or Unsupported if an operator must change something
    deadline  when `timeout` is due
    closed    a clean stop is complete
    counts    noise (bytes that were no frame), malformed (frames that make no sense), zero_epc
    """

    kind: str
    """What the module is called in messages."""

    baud: int
    """The rate that it comes with."""

    remedy = "look at its power, at TX and RX (are they crossed?), and at the baud rate in the url"
    """What to do when it says nothing."""

    def __init__(self, frames: Frames, at: float) -> None:
        self.info: str | None = None
        self.error: ProtocolError | Unsupported | None = None
        self.counts: Counter[str] = Counter()
        self.rows = TagRows(self.counts)
        self.deadline = at
        self.closed = False
        self._frames = frames
        self._noise = 0
        self._noise_before = 0
        self._now = 0
        self._at = self._byte_at = at
        self._alive = False
        self._alive_at = -math.inf
        self._said: list[Said] = []
        self._out = bytearray()
        self._script = self._whole()
        self._step(None)

    @abstractmethod
    def prepare(self) -> Script[str]:
        """Find out what the module is, set it up, and tell both."""

    @abstractmethod
    def read(self) -> Script[None]:
        """Keep it reading for ever; raises ProtocolError when it is silent."""

    @abstractmethod
    def rest(self) -> Script[None]:
        """Stop it, and see for ever that it is there."""

    @abstractmethod
    def observe(self, frame: bytes) -> None:
        """A frame of a module that is reading: its tags to `rows`, its complaints to `tell`."""

    def overhear(self, frame: bytes) -> None:
        """A frame of a module that is being set up: it may still be talking to somebody who is gone."""
        return None

    def leave(self) -> Script[None]:
        """Let it rest for good; nothing is to be done for one that reads only when it is asked."""
        yield from ()

    def receive(self, data: bytes, now: int, at: float) -> list[Said]:
        """What `data` brings."""
        self._now, self._at, self._byte_at = now, at, at
        for start in range(0, len(data), PIECE):
            frames = self._frames.feed(data[start : start + PIECE])
            for frame in frames:
                self._take(frame)
            self._weigh_noise(bool(frames))
            if self.error is not None:
                break
        return self._told()

    def timeout(self, now: int, at: float) -> list[Said]:
        """The deadline is over."""
        self._now, self._at = now, at
        for frame in self._frames.flush():
            self._take(frame)
        if at >= self.deadline and self.error is None:
            self._step(None)
        return self._told()

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long: the deadline comes later."""
        self.deadline += seconds

    def start(self, now: int, at: float) -> list[Said]:
        """Read (again); only once `info` is known."""
        self.tell(Idle(now, False))
        return self.turn(self.read(), now, at)

    def stop(self, now: int, at: float) -> list[Said]:
        """Rest until `start`; only once `info` is known."""
        self.tell(Idle(now, True))
        return self.turn(self.rest(), now, at)

    def close(self, now: int, at: float) -> None:
        """Begin a clean stop; only once `info` is known."""
        self._now, self._at = now, at
        self._script = self._leave()
        self._step(None)

    def data_to_send(self) -> bytes:
        """What the module is to be told by now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def turn(self, script: Script[None], now: int, at: float) -> list[Said]:
        """Go on with another script."""
        self._now, self._at = now, at
        self._script = script
        self._step(None)
        return self._told()

    # For the scripts

    def say(self, data: bytes) -> None:
        """To the module."""
        self._out += data

    def tell(self, what: Said) -> None:
        """To the daemon."""
        self._said.append(what)

    @property
    def now(self) -> int:
        """When the present frame arrived, microseconds UTC."""
        return self._now

    @property
    def at(self) -> float:
        """The same in seconds of the clock that does not jump."""
        return self._at

    def ask(self, data: bytes, wanted: Callable[[bytes], bool]) -> Script[bytes | None]:
        """The answer to `data`, None if there is none after all tries."""
        for _ in range(TRIES):
            self.say(data)
            answer = yield Wait(wanted, ANSWER_SECONDS)
            if answer is not None:
                return answer
        return None

    def quieten(self, stop: bytes, seconds: float) -> Script[None]:
        """Say `stop` until nothing has come for so long; a module may be talking to somebody who is gone."""
        for _ in range(TRIES):
            self.say(stop)
            since = self._at
            yield Wait(nothing, seconds)
            if self._byte_at <= since:
                return

    def silent(self) -> ProtocolError:
        """Why a module that was asked what it is did not tell."""
        if self._frames.noise and not self._alive:
            return ProtocolError(
                f"what arrives is no {self.kind} protocol ({self._frames.noise} bytes of noise): set the module's"
                f" baud rate in the url ({self.baud} is usual), or the right kind"
            )
        return ProtocolError(f"the {self.kind} does not answer: {self.remedy} ({self.baud} is usual)")

    # Inside

    def _whole(self) -> Script[None]:
        self.info = yield from self.prepare()
        self.tell(Up(self._now))
        self._alive_at = -math.inf
        yield from self.read()

    def _leave(self) -> Script[None]:
        yield from self.leave()
        self.closed = True
        while True:
            yield Wait(nothing, ALIVE_SECONDS)

    def _weigh_noise(self, framed: bool) -> None:
        """Noise in a row, with a grain of a piece."""
        if framed:
            self._noise_before = self._frames.noise
        elif self._frames.noise - self._noise_before > MOST_NOISE:
            self.error = ProtocolError(
                f"more than {MOST_NOISE} bytes came in a row that are no {self.kind} protocol: set the module's baud"
                f" rate in the url ({self.baud} is usual), or the right kind"
            )

    def _take(self, frame: bytes) -> None:
        self._alive = True
        if self.info is not None:
            self.observe(frame)
        else:
            self.overhear(frame)
        if self.error is None and self._wait.wanted(frame):
            self._step(frame)

    def _step(self, frame: bytes | None) -> None:
        try:
            self._wait = self._script.send(frame)
            self.deadline = self._at + self._wait.seconds
        except (ProtocolError, Unsupported) as error:
            self.error = error

    def _told(self) -> list[Said]:
        """Everything since the last time, reads before the sign of life that they are."""
        reads = self.rows.take(self._now)
        if reads is not None:
            self._said.append(reads)
        if self._alive and self.info is not None and self._at - self._alive_at >= ALIVE_SECONDS:
            self._alive_at, self._alive = self._at, False
            self._said.append(Alive(self._now))
        if self._frames.noise > self._noise:
            self.counts["noise"] += self._frames.noise - self._noise
            self._noise = self._frames.noise
        said, self._said = self._said, []
        return said
