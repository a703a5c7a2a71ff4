"""What callers say within an interval is understood together, and a bug costs nobody but who met it."""

import asyncio
import logging
import socket
from collections.abc import Sequence

import pytest

from drivers.callers import Sender
from drivers.codecs.errors import ProtocolError
from drivers.codecs.tracker_session import Admits, Report, everybody
from drivers.gathered import ENOUGH, Gathered, Said
from drivers.listener import Limits, Listener, Port
from drivers.streams import HAND_OVERS, Address
from tests.fix_daemon import until
from tests.llrp_scene import FakeLink
from tests.loopback import free_port
from tests.virtual_loop import run


class Echo:
    """A session that answers what it hears, and cannot stand an X."""

    tracker = "1"
    error: ProtocolError | None = None
    pending = 0

    def __init__(self, admits: Admits = everybody) -> None:
        pass

    def receive(self, data: bytes, now: int) -> list[Report]:
        if b"X" in data:
            raise AssertionError("a bug")
        return [Report("1", answer=data)]


def test_the_first_at_once_and_the_others_when_the_interval_ends() -> None:
    async def test() -> None:
        loop, told = asyncio.get_running_loop(), list[tuple[float, list[bytes]]]()

        def understand(said: Sequence[Said]) -> None:
            told.append((loop.time(), [data for _, data in said]))

        gathered = Gathered(understand)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nowhere:
            one = Sender(Echo(), nowhere, ())
            await asyncio.sleep(1.01)
            gathered.put(one, b"1")
            await asyncio.sleep(0.001)
            gathered.put(one, b"2")
            gathered.put(one, b"33")
            assert gathered.size == 3
            await asyncio.sleep(1)
            gathered.put(one, b"4")
            gathered.hand_over()
            gathered.hand_over()
            await asyncio.sleep(1)
        assert gathered.size == 0
        assert [data for _, data in told] == [[b"1"], [b"2", b"33"], [b"4"]]
        assert [round(at * HAND_OVERS, 6) for at, _ in told[:2]] == [round(1.01 * HAND_OVERS, 6), 16]

    run(test())


@pytest.mark.parametrize("bytes_", [b"X", b"1" * (ENOUGH + 1)])
def test_a_bug_costs_only_who_met_it(bytes_: bytes, caplog: pytest.LogCaptureFixture) -> None:
    port, link = free_port(), FakeLink()
    caplog.set_level(logging.ERROR)

    async def test() -> None:
        to = Address("listen", "127.0.0.1", port)
        listener = Listener(
            Port(to, Echo, Limits(9, 9, 99.0), everybody),
            link,
            "road",
            lambda _, positions, __: (positions, []),
        )
        task = asyncio.create_task(listener.run())
        await until(lambda: link.info, "it listens")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        other, others = await asyncio.open_connection("127.0.0.1", port)
        others.write(b"hello")
        assert await other.readexactly(5) == b"hello"
        writer.write(bytes_)
        others.write(b"again")
        assert await other.readexactly(5) == b"again"
        if bytes_ == b"X":
            assert await reader.read() == b""
        else:
            assert await reader.readexactly(len(bytes_)) == bytes_
        for each in (writer, others):
            each.transport.abort()
        task.cancel()
        await asyncio.wait([task])

    run(test())
    assert link.counters["bugs"] == (bytes_ == b"X")
    assert ("not understood" in caplog.text) == (bytes_ == b"X")
