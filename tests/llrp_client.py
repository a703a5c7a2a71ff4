"""A client for tests of LLRP readers: says exactly what a test tells it to, in both directions."""

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType

from drivers.codecs.llrp import Message, Node, Parameter, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_schema import Value
from simulators.clock import SteppedClock
from simulators.llrp import SimulatedReader
from simulators.llrp_device import Setup


class Client:
    """One connection; messages of the reader are kept until a test asks for them."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._tls = tls
        self._frames = Frames()
        self._ready: list[Message] = []
        self._next_id = 1000

    async def __aenter__(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.transport.abort()

    def shrink(self) -> None:
        """Take as little as possible from the network before it is asked for."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)

    async def next(self) -> Message:
        """The next message of the reader; raises EOFError when it closed the connection."""
        async with asyncio.timeout(5):
            while not self._ready:
                data = await self._reader.read(1 << 16)
                if not data:
                    raise EOFError
                self._ready += map(decode_message, self._frames.feed(data))
        return self._ready.pop(0)

    async def expect(self, name: str) -> Message:
        """The next message called `name`; the ones before it are skipped."""
        while True:
            message = await self.next()
            if message.name == name:
                return message

    async def until_closed(self) -> list[Message]:
        """Everything up to the end of the connection."""
        messages = []
        try:
            while True:
                messages.append(await self.next())
        except (EOFError, ConnectionResetError):
            return messages

    async def ask(
        self, name: str, *children: Parameter, version: int = 1, **fields: Value
    ) -> tuple[Message, list[Message]]:
        """Send a request; its answer (by message id) and what came before it."""
        self._next_id += 1
        self.send(name, *children, id=self._next_id, version=version, **fields)
        before = []
        while (message := await self.next()).id != self._next_id:
            before.append(message)
        return message, before

    async def succeed(self, name: str, *children: Parameter, **fields: Value) -> Message:
        """Send a request that must succeed."""
        answer, _ = await self.ask(name, *children, version=1, **fields)
        assert status(answer)[0] == 0, f"{name}: {status(answer)}"
        return answer

    def send(self, name: str, *children: Parameter, id: int = 1, version: int = 1, **fields: Value) -> None:
        """Send a message and do not wait."""
        self.send_bytes(encode_message(Message(name, fields, children, id, version)))

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)


def status(message: Message) -> tuple[int, str]:
    """The code and text of an answer's LLRPStatus."""
    found = message.first("LLRPStatus")
    assert found is not None
    return found.number("status_code"), str(found.fields["error_description"])


def field_error(message: Message) -> int:
    """The innermost FieldError's code, or the innermost ParameterError's, or 0."""
    found = message.first("LLRPStatus")
    code = 0
    while found is not None:
        inner = found.first("FieldError") or found.first("ParameterError")
        code = inner.number("error_code") if inner else code
        found = inner
    return code


def below(node: Node, *path: str) -> Parameter:
    """The parameter at the end of a path of names."""
    found: Node = node
    for name in path:
        one = found.first(name)
        assert one is not None, f"{found.name} has no {name}"
        found = one
    assert isinstance(found, Parameter)
    return found


def event(message: Message) -> Parameter:
    """What a READER_EVENT_NOTIFICATION tells, behind its timestamp."""
    data = message.first("ReaderEventNotificationData")
    assert data is not None
    told = data.children[1]
    assert isinstance(told, Parameter)
    return told


def stamp(message: Message) -> Parameter:
    """The timestamp of a READER_EVENT_NOTIFICATION."""
    data = message.first("ReaderEventNotificationData")
    assert data is not None
    assert isinstance(data.children[0], Parameter)
    return data.children[0]


def rospec(
    id: int = 1,
    start: Parameter | None = None,
    stop: Parameter | None = None,
    antennas: tuple[int, ...] = (0,),
    inventories: tuple[Parameter, ...] = (),
    report: Parameter | None = None,
    priority: int = 0,
    state: int = 0,
) -> Parameter:
    """A ROSpec; by default Immediate, all antennas, one report for each tag."""
    boundary = Parameter("ROBoundarySpec", {}, (start or start_trigger(1), stop or stop_trigger(0)))
    inventories = inventories or (aispec(antennas),)
    fields = {"rospec_id": id, "priority": priority, "current_state": state}
    return Parameter("ROSpec", fields, (boundary, *inventories, report or report_spec()))


def start_trigger(type: int, *values: Parameter) -> Parameter:
    return Parameter("ROSpecStartTrigger", {"type": type}, values)


def stop_trigger(type: int, *values: Parameter, duration: int = 0) -> Parameter:
    return Parameter("ROSpecStopTrigger", {"type": type, "duration": duration}, values)


def gpi_value(port: int, event: int, timeout: int = 0) -> Parameter:
    return Parameter("GPITriggerValue", {"gpi_port": port, "gpi_event": event, "timeout": timeout})


def aispec(
    antennas: tuple[int, ...] = (0,),
    *values: Parameter,
    type: int = 0,
    duration: int = 0,
    inside: tuple[Parameter, ...] = (),
) -> Parameter:
    """An AISpec whose stop trigger has `type`, `duration` and sub-parameters `values`; `inside` its inventory spec."""
    stop = Parameter("AISpecStopTrigger", {"type": type, "duration": duration}, values)
    inventory = Parameter(
        "InventoryParameterSpec", {"inventory_parameter_spec_id": 7, "protocol_id": 1}, inside
    )
    return Parameter("AISpec", {"antenna_ids": antennas}, (stop, inventory))


def observation(type: int, **fields: int) -> Parameter:
    return Parameter("TagObservationTrigger", {"type": type, **fields})


def report_spec(n: int = 1, trigger: int = 2, *customs: Parameter, **wanted: int) -> Parameter:
    """A ROReportSpec; by default with antenna, RSSI, first and last time and count."""
    fields = wanted or dict.fromkeys(
        ("antenna_id", "peak_rssi", "first_seen", "last_seen", "tag_seen_count"), 1
    )
    selector = Parameter("TagReportContentSelector", dict(fields))
    return Parameter("ROReportSpec", {"trigger": trigger, "n": n}, (selector, *customs))


def notify(*types: int) -> Parameter:
    """A ReaderEventNotificationSpec that switches on events."""
    states = [
        Parameter("EventNotificationState", {"event_type": type, "notification_state": 1}) for type in types
    ]
    return Parameter("ReaderEventNotificationSpec", {}, tuple(states))


def tags(message: Message) -> list[Parameter]:
    """The tag reports in a RO_ACCESS_REPORT."""
    return list(message.every("TagReportData"))


def epcs(message: Message) -> list[bytes]:
    """The EPCs in a RO_ACCESS_REPORT."""
    found = []
    for tag in tags(message):
        epc = tag.first("EPC_96")
        assert epc is not None
        value = epc.fields["epc"]
        assert isinstance(value, bytes)
        found.append(value)
    return found


async def listed(client: Client) -> dict[int, int]:
    """The states of the ROSpecs by id: 0 disabled, 1 inactive, 2 active."""
    answer = await client.succeed("GET_ROSPECS")
    return {spec.number("rospec_id"): spec.number("current_state") for spec in answer.every("ROSpec")}


def live(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test that is a coroutine in an event loop of its own."""

    @functools.wraps(test)
    def call(*args: object, **kwargs: object) -> None:
        async def main() -> None:
            async with asyncio.timeout(20):
                await test(*args, **kwargs)

        asyncio.run(main(), debug=False)

    return call


@asynccontextmanager
async def reader_and_client(
    setup: Setup | None = None,
) -> AsyncIterator[tuple[SimulatedReader, Client, SteppedClock]]:
    """A reader whose time stands still, and a client that was greeted."""
    clock = SteppedClock()
    async with SimulatedReader(setup, clock) as reader, Client(reader.port) as client:
        greeting = await client.next()
        assert event(greeting).fields == {"status": 0}
        yield reader, client, clock
