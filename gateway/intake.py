"""The one door into the pipeline: bounded in bytes, it blocks when full and never drops."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass

from core.records import Fixes, Input, Reads

SMALL = 64
"""Bytes that an input without columns counts for."""
FIX = 47
"""Bytes of a row of fixes, without its attributes."""


class Closed(Exception):
    """The writer has ended; nothing is taken any more."""


class Receipt(Awaitable[None]):
    """Resolves when what was emitted is durable. Awaiting it asks the writer to commit soon."""

    __slots__ = ("_done", "_wanted")

    def __init__(self, done: "asyncio.Future[None]", wanted: Callable[[], None]) -> None:
        self._done = done
        self._wanted = wanted

    def __await__(self) -> Generator[object, None, None]:
        if not self._done.done():
            self._wanted()
        return asyncio.shield(self._done).__await__()


@dataclass(frozen=True, slots=True)
class Taken:
    """An input on its way to the journal; `size` in bytes is given back to the intake when it is there."""

    input: Input
    size: int
    done: "asyncio.Future[None]"


def size_of(input: Input) -> int:
    """Bytes that the input's columns hold."""
    body = input.body
    if isinstance(body, Fixes):
        texts = 0 if body.attributes is None else sum(map(len, body.attributes))
        return SMALL + FIX * len(body) + texts
    if not isinstance(body, Reads):
        return SMALL
    columns = (
        body.time,
        body.tag,
        body.antenna,
        body.rssi,
        body.count,
        body.phase,
        body.doppler,
        body.channel,
    )
    return SMALL + sum(column.nbytes for column in columns if column is not None)


class Intake:
    """Inputs of all devices in order of arrival, at most `limit` bytes until they are durable.

    An input bigger than the limit passes alone. `put` blocks while there is no room, and that is the only
    answer to overload: the device, or its connection, has to hold back.
    """

    def __init__(self, limit: int = 16 << 20, plenty: int = 1 << 20) -> None:
        self.limit = limit
        self.plenty = plenty
        self.held = 0
        self.waiting = 0
        self.wanted = False
        self.gathered = asyncio.Event()
        self.has_plenty = asyncio.Event()
        self._queue: deque[Taken] = deque()
        self._room = asyncio.Event()
        self._closed = False

    async def put(self, input: Input) -> Receipt:
        """Returns when the intake has taken the input. Raises Closed after the writer has ended."""
        size = size_of(input)
        while self.held and self.held + size > self.limit and not self._closed:
            self._room.clear()
            await self._room.wait()
        if self._closed:
            raise Closed("the writer has ended")
        self.held += size
        self.waiting += size
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(Taken(input, size, done))
        self.gathered.set()
        if self.waiting >= self.plenty:
            self.has_plenty.set()
        return Receipt(done, self._want)

    def take(self) -> list[Taken]:
        """What has gathered, up to about `plenty` bytes, in order of arrival; it stays accounted for."""
        taken: list[Taken] = []
        size = 0
        while self._queue and size < self.plenty:
            taken.append(self._queue.popleft())
            size += taken[-1].size
        self.waiting -= size
        if not self._queue and not self.wanted:
            self.gathered.clear()
        if self.waiting < self.plenty:
            self.has_plenty.clear()
        return taken

    def committed(self) -> None:
        """What was taken is durable; a receipt that was wanted may belong to what still waits here."""
        self.wanted = self.wanted and bool(self._queue)
        if not self._queue:
            self.gathered.clear()

    def release(self, size: int) -> None:
        """`size` bytes are durable: there is room again."""
        self.held -= size
        self._room.set()

    def close(self) -> list[Taken]:
        """Take nothing any more; the answer is what nobody will take either."""
        left = list(self._queue)
        self._queue.clear()
        self.waiting = 0
        self._closed = True
        self._room.set()
        return left

    def _want(self) -> None:
        self.wanted = True
        self.gathered.set()
