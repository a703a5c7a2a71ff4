"""The LLRP driver over loopback sockets, in virtual time: drivers/llrp_connection.py."""

import asyncio
import logging

import pytest

from core.records import SECOND, Alive, Reads, Up
from drivers.base import Fatal, ProtocolError, SetOutput, Start, Stop
from drivers.codecs.llrp import Message, Parameter, decode_message, encode_message
from drivers.llrp import Llrp
from drivers.waiting import Waiting
from tests.llrp_bytes import epc, message, report, tag
from tests.llrp_peer import (
    Peer,
    event,
    failing,
    greeting,
    name,
    silent,
    unstamped,
)
from tests.llrp_scene import FakeLink, Reader, Scene, play
from tests.virtual_loop import run


def test_from_the_wire_to_the_daemon() -> None:
    async def test(here: Scene) -> None:
        here.reader.say(report(tag(epc(1))), report(tag(epc(2)), tag(bytes(12))), message(62, id=5))
        await asyncio.sleep(1)
        (info,) = here.link.info
        assert info.startswith("Zebra model 7, firmware 1.2, 4 antennas; its own UTC, wrong by at most ")
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


@pytest.mark.parametrize("open_gate", [True, False])
def test_a_reader_that_talks_on_at_the_end_fills_no_memory(open_gate: bool) -> None:
    peer = Peer()
    peer.answers["CLOSE_CONNECTION"] = silent

    async def test(here: Scene) -> None:
        assert here.driver is not None
        here.link.gate.clear()
        here.driver.cancel()
        await asyncio.sleep(0)
        if open_gate:
            here.link.gate.set()
        for _ in range(15):
            here.reader.say(report(*[tag(epc(number)) for number in range(1, 8)]))
            await asyncio.sleep(0.1)
        await asyncio.wait({here.driver})
        left = here.link.counters["left_behind"]
        assert (len(here.link.tags), left) == ((105, 0) if open_gate else (0, 14))

    play(test, peer, limit=10)


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


def test_no_backlog_is_known_by_a_clock_that_is_not_right_yet() -> None:
    peer = Peer()
    peer.greeting = unstamped(Parameter("ConnectionAttemptEvent"))

    async def test(here: Scene) -> None:
        stamp = here.link.now() - 3600 * SECOND
        for right in (False, True):
            here.link.synchronised = right
            here.reader.say(report(tag(epc(1), first=stamp, last=stamp)))
            await asyncio.sleep(1)
        mapped, believed = [int(body.time[0]) for body in here.link.bodies if isinstance(body, Reads)]
        assert mapped - stamp > SECOND  # by the lag of the first event with a time
        assert believed == stamp

    play(test, peer)


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
