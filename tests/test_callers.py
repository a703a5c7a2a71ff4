"""Somebody who calls and takes no answers: drivers/callers.py. The rest of it is in test_listener.py."""

import asyncio

from drivers.callers import UNTAKEN, Connection
from drivers.codecs.teltonika_session import Session
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
        one.answer(b"\1")
        assert transport.aborted
        one.answer(b"\1")
        one.data_received(b"too late")
        one.connection_lost(None)

    run(main())
