"""Byte streams, over loopback sockets and in virtual time: drivers/streams.py. How they are opened: test_open_stream.py."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from drivers.streams import (
    CAPACITY,
    INTERVAL,
    LITTLE,
    PLENTY,
    WEB_SCHEMES,
    Address,
    Stream,
    address,
    open_stream,
)
from tests.far_end import Far
from tests.virtual_loop import busy, run

LATER = 1000.0


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Stream, asyncio.Transport, Far]]:
    far = Far()
    server = await asyncio.get_running_loop().create_server(lambda: far, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with open_stream(Address("tcp", "127.0.0.1", port)) as stream:
            yield stream, await far.connected, far
    finally:
        server.close()
        if far.connected.done():
            far.connected.result().abort()
        await far.gone.wait()


def within(test: Callable[[Stream, asyncio.Transport, Far], Coroutine[None, None, None]]) -> None:
    """Run `test` with a connection."""

    async def main() -> None:
        async with connected() as (stream, transport, far):
            await test(stream, transport, far)

    run(main())


def test_a_device_that_takes_nothing_fills_no_memory() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        transport.pause_reading()
        stream.write(bytes(32 * CAPACITY))  # more than all sockets hold
        with pytest.raises(ConnectionError, match=r"the device takes nothing: \d+ bytes to it are waiting"):
            stream.write(b"more")

    within(test)


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("tcp://reader", Address("tcp", "reader", 5084)),
        ("tcp://10.0.0.5:6000/", Address("tcp", "10.0.0.5", 6000)),
        ("tls://reader", Address("tls", "reader", 5085)),
        ("listen://0.0.0.0", Address("listen", "0.0.0.0", 5084)),
        ("tcp://[fe80::1]:99", Address("tcp", "fe80::1", 99)),
    ],
)
def test_urls(url: str, expected: Address) -> None:
    assert address(url, 5084, 5085) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://reader", "begin it with tcp://, tls:// or listen://"),
        ("reader:5084", "names no way to connect"),
        ("tcp://", "names no host"),
        ("tcp://reader/path", "more than a host and a port"),
        ("tcp://user@reader", "more than a host and a port"),
        ("tcp://reader:99999", "from 1 to 65535"),
        ("tcp://reader:0", "from 1 to 65535"),
        ("tcp://[::1", "is no URL"),
    ],
)
def test_urls_that_are_none(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        address(url, 5084, 5085)


def test_urls_of_the_web() -> None:
    assert address("https://reader", 80, 443, WEB_SCHEMES) == Address("https", "reader", 443)
    assert address("http://reader:8080/", 80, 443, WEB_SCHEMES) == Address("http", "reader", 8080)
    with pytest.raises(ValueError, match="begin it with https:// or http://"):
        address("tcp://reader", 80, 443, WEB_SCHEMES)


def test_addresses_read_like_urls() -> None:
    assert str(Address("tcp", "reader", 5084)) == "tcp://reader:5084"
    assert str(Address("tcp", "fe80::1", 99)) == "tcp://[fe80::1]:99"


def test_both_directions_and_the_end() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        transport.write(b"hello")
        assert await stream.read(LATER) == b"hello"
        stream.write(b"")
        stream.write(b"world")
        await asyncio.sleep(1)
        transport.write(b"bye")
        transport.close()
        assert await stream.read(LATER) == b"bye"
        with pytest.raises(EOFError, match="closed the connection"):
            await stream.read(LATER)
        with pytest.raises(EOFError):
            await stream.read(LATER)
        await far.gone.wait()
        assert far.received == b"world"

    within(test)


def test_nothing_comes_until_then() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        assert await stream.read(7.5) == b""
        assert now() == pytest.approx(7.5)
        assert await stream.read(1.0) == b""  # over already
        assert now() == pytest.approx(7.5)

    within(test)


def test_what_has_come_is_not_missed_however_late_it_is_read() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        transport.write(b"x")
        await asyncio.sleep(60)
        assert await stream.read(1.0) == b"x"

    within(test)


def test_a_daemon_that_was_busy_takes_what_has_come_meanwhile() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        transport.write(b"a")
        assert await stream.read(LATER) == b"a"
        reading = asyncio.create_task(stream.read(now() + 3))
        transport.write(b"b")
        await asyncio.sleep(INTERVAL / 2)
        busy(10)
        assert await reading == b"b"
        assert await stream.read(now() + 3) == b""

    within(test)


def test_an_idle_stream_answers_at_once_and_a_chatty_one_once_per_interval() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        await asyncio.sleep(10 + INTERVAL / 5)
        transport.write(b"a")
        assert await stream.read(LATER) == b"a"
        assert now() == pytest.approx(10 + INTERVAL / 5)
        for _ in range(5):
            transport.write(b"b")
            await asyncio.sleep(INTERVAL / 10)
        assert await stream.read(LATER) == b"bbbbb"
        assert now() == pytest.approx(10 + INTERVAL)

    within(test)


def test_plenty_is_handed_over_at_once() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        transport.write(bytes(LITTLE))
        assert len(await stream.read(LATER)) == LITTLE
        before = now()
        transport.write(bytes(PLENTY))
        assert len(await stream.read(LATER)) >= PLENTY
        assert now() < before + INTERVAL

    within(test)


def test_an_interval_that_was_not_needed_wakes_nobody() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        transport.write(bytes(LITTLE))
        await stream.read(LATER)
        transport.write(b"a")
        await asyncio.sleep(INTERVAL / 4)
        transport.write(bytes(PLENTY))
        assert len(await stream.read(LATER)) == PLENTY + 1
        assert await stream.read(now() + 10) == b""
        assert now() >= 10

    within(test)


def test_a_full_buffer_stops_the_sender_and_loses_nothing() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        data = bytes(range(256)) * (12 * CAPACITY // 256)
        transport.write(data)
        await asyncio.sleep(10)
        assert transport.get_write_buffer_size() > 0
        found = b""
        while len(found) < len(data):
            piece = await stream.read(LATER)
            assert len(piece) <= CAPACITY
            found += piece
        assert found == data

    within(test)


def test_a_connection_that_breaks() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        linger = b"\x01\x00\x00\x00" + bytes(4)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        with pytest.raises(ConnectionResetError):
            await stream.read(LATER)

    within(test)


def test_dead_peers_show() -> None:
    async def test(stream: Stream, transport: asyncio.Transport, far: Far) -> None:
        ours = stream._transport.get_extra_info("socket")
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    within(test)
