"""The LLRP driver over loopback sockets, in virtual time: drivers/llrp.py, llrp_connection.py, recorded.py, catalog.py."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest
from pydantic import TypeAdapter, ValidationError

from core.records import SECOND, Alive, Body, Reads, Up
from core.site import Antenna, PhotoEye
from drivers.base import Fatal, Order, ProtocolError, SetOutput, Start, Stop
from drivers.catalog import Device
from drivers.codecs.llrp import Message, Parameter, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_setup import GpiTrigger, PeriodicTrigger, Radio, Reading
from drivers.llrp import Llrp
from drivers.llrp_connection import Connection, Waiting
from drivers.recorded import Recorded
from drivers.streams import Address, open_stream
from tests.llrp_bytes import epc, message, report, tag
from tests.llrp_peer import NOW, Peer, event, failing, greeting, silent
from tests.virtual_loop import run


class Reader(asyncio.Protocol):
    """A peer with a socket."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.gone = asyncio.Event()
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.say(greeting())

    def say(self, *messages: Message | bytes) -> None:
        data = b"".join(one if isinstance(one, bytes) else encode_message(one) for one in messages)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            self.say(*self.peer.answer(decode_message(frame)))

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()


class FakeLink:
    """The daemon, as far as a driver sees it; `gate` closed = it takes nothing."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.counters: Counter[str] = Counter()
        self.info: list[str] = []
        self.tapped = b""
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing = False
        self.asked: asyncio.Queue[Order] = asyncio.Queue()
        self.offset = NOW

    async def emit(self, body: Body) -> Awaitable[None]:
        await self.gate.wait()
        if self.failing:
            raise RuntimeError("the writer has ended")
        self.bodies.append(body)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        durable.set_result(None)
        return durable

    def up(self, info: str) -> None:
        self.info.append(info)

    def tap(self, data: bytes) -> None:
        self.tapped += data

    def count(self, name: str, n: int = 1) -> None:
        self.counters[name] += n

    def now(self) -> int:
        return self.offset + round(asyncio.get_running_loop().time() * SECOND)

    @property
    def orders(self) -> AsyncIterator[Order]:
        return self._orders()

    async def _orders(self) -> AsyncIterator[Order]:
        while True:
            yield await self.asked.get()

    @property
    def tags(self) -> list[str]:
        return [body.tags.ids[code] for body in self.bodies if isinstance(body, Reads) for code in body.tag]


class Scene:
    """A reader, a daemon and a driver between them."""

    def __init__(self, peer: Peer) -> None:
        self.reader = Reader(peer)
        self.link = FakeLink()
        self.driver: asyncio.Task[None] | None = None

    async def end(self) -> BaseException | None:
        """How the driver ended."""
        assert self.driver is not None
        await asyncio.wait({self.driver})
        return None if self.driver.cancelled() else self.driver.exception()

    async def stop(self) -> None:
        assert self.driver is not None
        self.driver.cancel()
        await asyncio.wait({self.driver})
        assert self.driver.cancelled()


@asynccontextmanager
async def scene(
    peer: Peer | None = None, limit: int | None = None, **settings: object
) -> AsyncIterator[Scene]:
    """The driver connects and has three seconds to get reading."""
    play = Scene(peer or Peer())
    server = await asyncio.get_running_loop().create_server(lambda: play.reader, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if limit is None:
        url = f"tcp://127.0.0.1:{port}"
        driver = Llrp.model_validate({"id": "door1", "url": url, **settings})
        play.driver = asyncio.create_task(driver.run(play.link))
    else:
        play.driver = asyncio.create_task(limited(play.link, port, limit))
    try:
        await asyncio.sleep(3)
        yield play
    finally:
        server.close()
        play.link.gate.set()
        play.driver.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await play.driver
        await play.reader.gone.wait()


async def limited(link: FakeLink, port: int, limit: int) -> None:
    """A connection that keeps so many rows for a busy daemon."""
    async with open_stream(Address("tcp", "127.0.0.1", port)) as stream:
        await Connection(Reading(), stream, link, "door1", limit).run()


def play(
    test: Callable[[Scene], Coroutine[None, None, None]],
    peer: Peer | None = None,
    limit: int | None = None,
    **settings: object,
) -> None:
    async def main() -> None:
        async with scene(peer, limit, **settings) as here:
            await test(here)

    run(main())


def name(number: int) -> str:
    return epc(number).hex().upper()


def test_from_the_wire_to_the_daemon() -> None:
    async def test(here: Scene) -> None:
        here.reader.say(report(tag(epc(1))), report(tag(epc(2)), tag(bytes(12))), message(62, id=5))
        await asyncio.sleep(1)
        assert here.link.info == ["Zebra model 7, firmware 1.2, 4 antennas"]
        assert [type(body) for body in here.link.bodies] == [Up, Alive, Reads, Alive]
        assert here.link.tags == [name(1), name(2)]
        assert here.link.counters == {"zero_epc": 1}
        assert here.reader.peer.names[-1] == "KEEPALIVE_ACK"
        assert here.link.tapped.endswith(message(62, id=5))
        assert here.link.tapped.startswith(encode_message(greeting()))

    play(test)


def test_a_chatty_reader_is_decoded_once_per_interval() -> None:
    async def test(here: Scene) -> None:
        before = len(here.link.bodies)
        for number in range(1, 200):
            here.reader.say(report(tag(epc(number))))
            await asyncio.sleep(0.001)
        await asyncio.sleep(1)
        assert here.link.tags == [name(number) for number in range(1, 200)]
        assert len(here.link.bodies) - before < 10

    play(test)


def test_all_that_came_before_the_end_is_handed_over() -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        here.reader.say(report(tag(epc(1))))
        await asyncio.sleep(1)
        here.reader.say(report(tag(epc(2))))
        here.reader.transport.close()
        await asyncio.sleep(1)
        here.link.gate.set()
        assert isinstance(await here.end(), EOFError)
        assert here.link.tags == [name(1), name(2)]

    play(test)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"GET / HTTP/1.1\r\n", "is this an LLRP port?"),
        (encode_message(event(Parameter("ConnectionCloseEvent"))), "the reader closed the connection"),
    ],
)
def test_what_the_reader_breaks(bad: bytes, reason: str) -> None:
    async def test(here: Scene) -> None:
        here.reader.say(report(tag(epc(1))), bad)
        error = await here.end()
        assert isinstance(error, ProtocolError)
        assert reason in str(error)
        assert here.link.tags == [name(1)]

    play(test)


def test_a_reader_that_falls_silent() -> None:
    async def test(here: Scene) -> None:
        error = await here.end()
        assert isinstance(error, ProtocolError)
        assert "nothing heard for 3 s" in str(error)

    play(test, antennas=[{"port": 1, "portal": "dock", "side": "yard"}])


def test_what_only_an_operator_can_mend() -> None:
    async def test(here: Scene) -> None:
        error = await here.end()
        assert isinstance(error, Fatal)
        assert "power 20.0 dBm: the reader offers no" in str(error)
        assert here.link.bodies == []

    play(test, radio=[{"power": 20}])


def test_a_fault_of_the_daemon_ends_the_driver() -> None:
    async def test(here: Scene) -> None:
        here.link.failing = True
        here.reader.say(message(62))
        assert isinstance(await here.end(), RuntimeError)

    play(test)


def test_keepalives_are_answered_while_the_daemon_is_busy() -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        for second in range(60):
            here.reader.say(report(tag(epc(second + 1))), message(62, id=second))
            await asyncio.sleep(1)
        acknowledged = [one.id for one in here.reader.peer.said if one.name == "KEEPALIVE_ACK"]
        assert acknowledged == list(range(60))
        assert here.link.tags == []
        here.link.gate.set()
        await asyncio.sleep(1)
        assert here.link.tags == [name(second + 1) for second in range(60)]

    play(test)


def test_a_daemon_that_stays_busy_stops_the_reader_not_the_connection() -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        for _ in range(100):
            here.reader.say(report(*[tag(epc(number)) for number in range(1, 8)]))
            await asyncio.sleep(1)
        assert here.driver is not None
        assert not here.driver.done()
        here.link.gate.set()
        await asyncio.sleep(1)
        assert len(here.link.tags) == 700
        assert not here.driver.done()

    play(test, limit=50)


def test_orders_wait_until_the_reader_is_reading() -> None:
    async def test(here: Scene) -> None:
        link, peer = here.link, here.reader.peer
        for order in (SetOutput(2, True), Stop(), Start()):
            link.asked.put_nowait(order)
        await asyncio.sleep(1)
        assert peer.names[-3:] == ["SET_READER_CONFIG", "STOP_ROSPEC", "START_ROSPEC"]
        assert link.asked.empty()

    play(test)


def test_orders_stay_where_they_are_if_it_never_reads() -> None:
    peer = Peer()
    peer.answers["ADD_ROSPEC"] = failing()

    async def test(here: Scene) -> None:
        here.link.asked.put_nowait(Stop())
        assert isinstance(await here.end(), ProtocolError)
        assert here.link.asked.qsize() == 1
        assert here.link.bodies == []

    play(test, peer)


def test_notices_are_counted_always_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def test(here: Scene) -> None:
        for text in ("too hot", "too hot", "fan"):
            here.reader.say(event(Parameter("ReaderExceptionEvent", {"message": text})))
        await asyncio.sleep(1)
        assert here.link.counters == {"reader_exceptions": 3}

    with caplog.at_level(logging.WARNING):
        play(test)
    assert caplog.messages == ["door1: the reader reports: too hot", "door1: the reader reports: fan"]


def test_a_clean_stop_takes_along_what_was_on_its_way() -> None:
    peer = Peer()
    peer.answers["CLOSE_CONNECTION"] = lambda request: [
        decode_message(report(tag(epc(2)))),
        Message("CLOSE_CONNECTION_RESPONSE", {}, (Parameter("LLRPStatus"),), request.id),
    ]

    async def test(here: Scene) -> None:
        here.link.gate.clear()
        here.reader.say(report(tag(epc(1))))
        await asyncio.sleep(1)
        assert here.driver is not None
        here.driver.cancel()
        await asyncio.sleep(0.5)
        here.link.gate.set()
        await asyncio.wait({here.driver})
        assert here.driver.cancelled()
        assert here.link.tags == [name(1), name(2)]
        assert here.link.counters == {}
        assert 2 in here.reader.peer.specs.values()  # it goes on reading

    play(test, peer)


def test_a_stop_does_not_wait_for_ever() -> None:
    peer = Peer()
    peer.answers["CLOSE_CONNECTION"] = silent

    async def test(here: Scene) -> None:
        before = asyncio.get_running_loop().time()
        await here.stop()
        assert asyncio.get_running_loop().time() - before == pytest.approx(2)

    play(test, peer)


def test_a_stop_while_the_connection_breaks(caplog: pytest.LogCaptureFixture) -> None:
    peer = Peer()

    async def test(here: Scene) -> None:
        def hang_up(request: Message) -> list[Message]:
            here.reader.transport.close()
            return []

        peer.answers["CLOSE_CONNECTION"] = hang_up
        await here.stop()

    with caplog.at_level(logging.INFO):
        play(test, peer)
    assert caplog.messages == ["door1: not ended cleanly: the device closed the connection"]


@pytest.mark.parametrize("how", ["busy", "failing"])
def test_what_a_stop_leaves_behind_is_counted(how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        here.link.failing = how == "failing"
        here.reader.say(report(tag(epc(1)), tag(epc(2))))
        await asyncio.sleep(1)
        assert here.driver is not None
        here.driver.cancel()
        if here.link.failing:
            await asyncio.sleep(0)
            here.link.gate.set()
        await asyncio.wait({here.driver})
        assert here.driver.cancelled()
        assert here.link.counters == {"left_behind": 2}

    play(test)
    assert "2 records were left behind" in caplog.text


def test_the_gateways_clock_is_set_while_connected() -> None:
    async def test(here: Scene) -> None:
        hour = 3600 * SECOND
        here.link.offset += hour
        time = here.link.now()
        here.reader.say(report(tag(epc(1), first=time - hour, last=time - hour)))
        await asyncio.sleep(1)
        (reads,) = [body for body in here.link.bodies if isinstance(body, Reads)]
        assert abs(int(reads.time[0]) - time) < 3 * SECOND  # mapped: the reader's clock is an hour behind now

    play(test)


def test_the_reader_calls_us() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        placeholder = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        port = placeholder.sockets[0].getsockname()[1]
        placeholder.close()
        link, reader = FakeLink(), Reader(Peer())
        driver = asyncio.create_task(Llrp(id="door1", url=f"listen://127.0.0.1:{port}").run(link))
        await asyncio.sleep(1)
        await loop.create_connection(lambda: reader, "127.0.0.1", port)
        await asyncio.sleep(3)
        reader.say(report(tag(epc(1))))
        await asyncio.sleep(1)
        assert link.tags == [name(1)]
        driver.cancel()
        await asyncio.wait({driver})
        await reader.gone.wait()

    run(main())


def test_rows_wait_in_order_and_are_counted() -> None:
    async def main() -> None:
        link, waiting = FakeLink(), Waiting()
        await waiting.hand_over(link)
        waiting.put(Alive(1))
        waiting.put(Up(2))
        assert waiting.rows == 2
        await waiting.hand_over(link)
        assert (waiting.rows, link.bodies) == (0, [Alive(1), Up(2)])
        await waiting.below(1)

    run(main())


# Settings

DOOR = {"id": "door1", "kind": "llrp", "url": "tcp://10.0.0.5"}


def driver(**settings: object) -> Llrp:
    return Llrp.model_validate({**DOOR, **settings})


def test_a_device_of_a_configuration() -> None:
    device: Llrp | Recorded = TypeAdapter(Device).validate_python(
        {**DOOR, "antennas": [{"port": 1, "zone": "yard"}]}
    )
    assert isinstance(device, Llrp)
    assert device.reading() == Reading(antennas=(1,))
    assert isinstance(TypeAdapter(Device).validate_python({"id": "r", "kind": "recorded"}), Recorded)


def test_all_settings() -> None:
    found = driver(
        antennas=[
            {"port": 2, "portal": "dock", "side": "yard"},
            {"port": 1, "portal": "dock", "side": "hall"},
        ],
        gpi=[{"port": 3, "portal": "dock", "side": "yard"}],
        radio=[{"power": 27.5}, {"port": 1, "power": 20, "rf_mode": 1002}],
        session=2,
        search="focus",
        tag_population=100,
        tari=6250,
        phase=True,
        doppler=True,
        channel=False,
        report_every=10,
        trigger={"gpi": 1, "hold": 10},
    ).reading()
    assert found == Reading(
        antennas=(1, 2),
        radio={0: Radio(27.5), 1: Radio(20.0, 1002)},
        session=2,
        search="focus",
        population=100,
        tari=6250,
        phase=True,
        doppler=True,
        channel=False,
        report_every=10,
        trigger=GpiTrigger(1, 10.0),
        keepalive=1.0,
        inputs=(1, 3),
    )


def test_other_settings() -> None:
    found = driver(
        antennas=[{"port": 0, "zone": "yard"}, {"port": 1, "zone": "yard"}],
        trigger={"period": 60, "duration": 5},
        keepalive=2.5,
    ).reading()
    assert found.antennas == ()
    assert found.trigger == PeriodicTrigger(60.0, 5.0)
    assert found.keepalive == 2.5
    assert driver(
        antennas=(Antenna(1, zone="yard"),), gpi=(PhotoEye(4, "dock", "yard"),)
    ).reading().inputs == (4,)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "http://reader"}, "must begin with tcp"),
        ({"radio": [{"power": 20}, {"power": 21}]}, "radio names a port twice"),
        (
            {"radio": [{"port": 2}], "antennas": [{"port": 1, "zone": "a"}]},
            "port 2, which is not among antennas",
        ),
        ({"tari": 6250}, "tari goes with an RF mode"),
        ({"session": 4}, "less than or equal to 3"),
        ({"keepalive": 0}, "greater than or equal to 0.1"),
        ({"trigger": {"gpi": 1}}, "Field required"),
        ({"tls": {"fingerprint": "12"}}, "should match pattern"),
        ({"powr": 3}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        driver(**settings)


def test_fingerprints_as_tools_print_them() -> None:
    for fingerprint in ("ab" * 32, ":".join(["AB"] * 32)):
        assert driver(tls={"fingerprint": fingerprint}).tls.fingerprint == fingerprint


def test_a_recorded_device_is_up_and_does_nothing() -> None:
    async def main() -> None:
        link = FakeLink()
        task = asyncio.create_task(Recorded(id="recorded-1").run(link))
        await asyncio.sleep(3600)
        assert link.info == ["fed by `waypost replay`"]
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    run(main())
