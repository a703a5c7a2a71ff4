"""Requests and answers of an LLRP client as scripts: generators that wait for messages, without any I/O.

A script yields a `Wait` and is sent the message that ends it, or None when its time is over.
"""

from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import Message, Parameter, encode_message
from drivers.codecs.llrp_schema import Value
from drivers.codecs.llrp_status import failure

ANSWER_SECONDS = 10.0
"""How long a reader may take to answer; saving a ROSpec takes slow ones a few seconds."""

MAX_WAITING = 16
"""Scripts that may wait for the one that is running."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """For a message called one of `names`, or an ERROR_MESSAGE to the request `id`, at most `seconds`."""

    names: tuple[str, ...]
    seconds: float
    id: int | None = None

    def ends_with(self, message: Message) -> bool:
        """`message` is what was waited for. Some readers answer what they do not know with the id 0."""
        if message.name == "ERROR_MESSAGE":
            return self.id is not None and message.id in (self.id, 0)
        return message.name in self.names


Script = Generator[Wait, Message | None, T]


class Dialogue:
    """One script at a time, and the bytes that it wants sent. Times in seconds of any clock that does not jump."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.version = 1
        self.deadline: float | None = None
        self._out = bytearray()
        self._last_id = 0
        self._script: Script[None]
        self._wait: Wait | None = None
        self._waiting: deque[Script[None]] = deque()

    def say(
        self,
        name: str,
        fields: Mapping[str, Value] | None = None,
        children: tuple[Parameter, ...] = (),
        id: int | None = None,
    ) -> int:
        """Send a message; the answer is its id, a new one if none is given."""
        if id is None:
            id = self._last_id = self._last_id % 0x7FFF_FFFF + 1
        self._out += encode_message(Message(name, fields or {}, children, id, self.version))
        return id

    def data_to_send(self) -> bytes:
        """What is to be sent by now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def ask(
        self, name: str, fields: Mapping[str, Value] | None = None, children: tuple[Parameter, ...] = ()
    ) -> Script[Message]:
        """The answer to a request, be it a refusal. Raises ProtocolError if there is none in time."""
        id = self.say(name, fields, children)
        answer = yield Wait((f"{name}_RESPONSE",), ANSWER_SECONDS, id)
        if answer is None:
            raise ProtocolError(f"the reader did not answer {name} within {ANSWER_SECONDS:g} s")
        return answer

    def request(
        self, name: str, fields: Mapping[str, Value] | None = None, children: tuple[Parameter, ...] = ()
    ) -> Script[Message]:
        """The answer to a request. Raises ProtocolError if it is refused, or none comes in time."""
        answer = yield from self.ask(name, fields, children)
        why = failure(answer)
        if why is not None:
            raise ProtocolError(f"the reader refused {name}: {why}")
        return answer

    def begin(self, script: Script[None], at: float) -> None:
        """Run `script` up to its first wait; one that is still running is dropped, with those behind it."""
        self._waiting.clear()
        self._start(script, at)

    def then(self, script: Script[None], at: float) -> None:
        """Run `script` when those before it are done. Raises ProtocolError if they never get done."""
        if self._wait is None:
            self._start(script, at)
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append(script)
        else:
            raise ProtocolError(f"the reader has not answered the last {MAX_WAITING} orders")

    def hear(self, message: Message, at: float) -> bool:
        """The script goes on if this is what it waits for; the answer tells whether it is."""
        if self._wait is None or not self._wait.ends_with(message):
            return False
        self._step(message, at)
        return True

    def overdue(self, at: float) -> None:
        """The script's deadline has passed: it goes on without what it waited for."""
        self._step(None, at)

    def postpone(self, seconds: float) -> None:
        """The present deadline comes later."""
        if self.deadline is not None:
            self.deadline += seconds

    def _start(self, script: Script[None], at: float) -> None:
        self._script = script
        self._step(None, at)

    def _step(self, message: Message | None, at: float) -> None:
        self.at = at
        while True:
            try:
                self._wait = self._script.send(message)
            except StopIteration:
                self._wait = self.deadline = message = None
                if not self._waiting:
                    return
                self._script = self._waiting.popleft()
            else:
                self.deadline = at + self._wait.seconds
                return
