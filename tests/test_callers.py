"""Somebody who calls and takes no answers: drivers/callers.py. The rest of it is in test_listener.py."""

import asyncio
import socket

from drivers.callers import UNTAKEN, Connection, Sender
from drivers.codecs.teltonika import login
from drivers.codecs.teltonika_session import Datagrams, Session
from drivers.codecs.tracker_session import everybody
from drivers.listener import Limits, Listener, Port
from drivers.streams import Address
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run


class Stuffed(asyncio.Transport):
    """To somebody who takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return UNTAKEN + 1

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


class Nobody:
    """Hears whatever is said."""

    def called(self, one: Connection) -> bool:
        return True

    def heard(self, one: Connection, data: bytes) -> None:
        raise AssertionError

    def gone(self, one: Connection) -> None: ...

    def told(self, one: object, data: bytes) -> None: ...


def test_one_that_takes_no_answers_is_hung_up_on() -> None:
    async def main() -> None:
        one, transport = Connection(Nobody(), Session()), Stuffed()
        one.connection_made(transport)
        assert not one.answer(b"\1")
        assert transport.aborted
        assert one.answer(b"\1")
        one.data_received(b"too late")
        one.connection_lost(None)

    run(main())


def test_an_answer_that_is_not_taken_is_counted() -> None:
    async def main() -> None:
        link, to = FakeLink(), Address("listen", "127.0.0.1", 5027)
        port = Port(to, Session, Limits(1, 1, 60.0), everybody)
        one = Connection(Listener(port, link, "road", lambda tracker, told, zone: (told, ())), Session())
        one.connection_made(Stuffed())
        one.data_received(login("352093086403655"))
        await asyncio.sleep(1)
        assert link.counters["untaken_answers"] == link.counters["352093086403655: untaken_answers"] == 1

    run(main())


def test_a_datagram_that_the_network_does_not_take() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        one = Sender(Datagrams(), bound, ("127.0.0.1", 0))
        assert not one.answer(b"\1")
        assert one.answer(b"")
