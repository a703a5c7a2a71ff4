"""One port for many trackers: what is acknowledged when, who is hung up on, and what a bad one costs."""

import asyncio
import logging
import resource
import socket

import pytest
from pydantic import ValidationError

from core.records import Alive, Fixes, Up
from drivers.base import SetOutput
from drivers.codecs import gt06
from drivers.codecs.teltonika import Record, datagram, frame, login
from drivers.listener import ROWS
from tests.llrp_peer import NOW
from tests.llrp_scene import FakeLink
from tests.loopback import free_port
from tests.road_scene import Call, SlowLink, driver, listening
from tests.virtual_loop import run

IMEI = "352093086403655"
RECORD = Record(NOW // 1000, 53.8, -1.55)
READ = 1 << 18
"""Bytes that asyncio takes from a socket at a time, at the most."""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.mark.parametrize("url", ["listen://0.0.0.0", "listen://[::]:5027", "udp://0.0.0.0:5027"])
def test_urls(url: str) -> None:
    assert driver(url).url == url


def test_a_url_that_cannot_be() -> None:
    with pytest.raises(ValidationError, match=r"begin it with listen:// or udp://"):
        driver("tcp://10.0.0.5")


def test_an_answer_waits_for_the_receipt(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        assert isinstance(link, SlowLink)
        one, other = await call(), await call()
        for each in (one, other):
            each.say(login(IMEI))
            assert await each.hears(1) == b"\1"
        one.say(frame([RECORD]))
        await asyncio.sleep(1)
        other.say(frame([RECORD] * 2))
        one.say(frame([RECORD] * 3))
        await asyncio.sleep(1)
        assert [len(body) for body in link.bodies if isinstance(body, Fixes)] == [1, 5]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await one.hears(1)
        link.receipts[1].set_result(None)
        await asyncio.sleep(1)
        link.receipts[0].set_result(None)
        assert await one.hears(8) == b"\0\0\0\1\0\0\0\3"
        assert await other.hears(4) == b"\0\0\0\2"

    link = listening(port, test, SlowLink())
    assert isinstance(link.bodies[0], Up)
    assert any(isinstance(body, Alive) for body in link.bodies)
    assert link.info == [f"listening at listen://127.0.0.1:{port}"]


def test_a_commit_that_fails_acknowledges_nothing(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: "asyncio.Task[None]") -> None:
        assert isinstance(link, SlowLink)
        one = await call()
        one.say(login(IMEI) + frame([RECORD]))
        await one.hears(1)
        await asyncio.sleep(1)
        link.receipts[0].set_exception(OSError("disk full"))
        assert await one.over() == b""
        with pytest.raises(OSError, match="disk full"):
            await task

    listening(port, test, SlowLink())


def test_while_the_daemon_takes_nothing_nothing_is_read(port: int) -> None:
    said = frame([RECORD] * 20)

    async def test(link: FakeLink, call: Call, task: object) -> None:
        link.gate.clear()
        one = await call()
        one.say(login(IMEI))
        await one.hears(1)
        for _ in range(5000):
            one.say(said)
        await asyncio.sleep(200)
        heard = len(link.tapped)
        assert heard < len(said) * ROWS // 20 + 2 * READ, "what waits, and what the daemon does not take"
        late = await call()
        late.say(login(IMEI))
        await asyncio.sleep(7200)
        assert len(link.tapped) == heard
        link.gate.set()
        assert await late.hears(1) == b"\1"
        assert await one.hears(4 * 5000) == b"\0\0\0\x14" * 5000

    link = listening(port, test)
    assert sum(len(body) for body in link.bodies if isinstance(body, Fixes)) == 100_000


def test_what_was_heard_before_a_stop_is_handed_over(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: "asyncio.Task[None]") -> None:
        one = await call()
        one.say(login(IMEI))
        await one.hears(1)
        link.gate.clear()
        for _ in range(3):
            one.say(frame([RECORD]))
            await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.sleep(0.5)
        link.gate.set()
        assert await one.hears(12) == b"\0\0\0\1" * 3

    link = listening(port, test)
    assert sum(len(body) for body in link.bodies if isinstance(body, Fixes)) == 3


def test_a_stop_that_the_daemon_does_not_wait_for(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: "asyncio.Task[None]") -> None:
        one = await call()
        one.say(login(IMEI) + frame([RECORD] * 2))
        await one.hears(1)
        link.gate.clear()
        one.say(frame([RECORD] * 2))
        await asyncio.sleep(0.5)
        task.cancel()
        await one.over()

    assert listening(port, test).counters["left_behind"] == 2


def test_connections_are_limited(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        held = [await call() for _ in range(3)]
        for one in held:
            one.say(login(IMEI))
            await one.hears(1)
        assert await (await call()).over() == b""
        assert link.counters["connected"] == 3
        held[0].writer.transport.abort()
        await asyncio.sleep(0.1)
        again = await call()
        again.say(login(IMEI))
        assert await again.hears(1) == b"\1"

    link = listening(port, test, connections=3)
    assert link.counters["refused_connections"] == 1
    assert listening(port, test, per_address=3).counters["refused_address"] == 1


def test_a_thousand_trackers_behind_one_address_have_room() -> None:
    """An operator's private network comes from one address often."""
    assert driver("listen://127.0.0.1").per_address > 1000


@pytest.mark.parametrize(
    ("files", "room", "asked"),
    [
        ((130, resource.RLIM_INFINITY), 5, [(133, resource.RLIM_INFINITY)]),
        ((130, 131), 3, [(131, 131)]),
        ((133, 133), 5, []),
    ],
)
def test_as_many_connections_as_there_can_be_files(
    port: int,
    files: tuple[int, int],
    room: int,
    asked: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five are wanted, and 128 files are for what is no connection."""
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: files)
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: limits.append(both))

    async def test(link: FakeLink, call: Call, task: object) -> None:
        for _ in range(room):
            one = await call()
            one.say(login(IMEI))
            assert await one.hears(1) == b"\1"
        assert await (await call()).over() == b""

    link = listening(port, test, connections=5)
    assert link.counters["refused_connections"] == 1
    assert limits == asked


@pytest.mark.parametrize(
    ("begin", "then", "every", "name"),
    [
        (b"", b"", 1, "silent_logins"),
        (b"\0", b"", 1, "silent_logins"),
        (login(IMEI), frame([RECORD] * 10)[:9], 100, "half_messages"),
        (login(IMEI), b"", 1, "idle"),
    ],
)
def test_those_who_say_nothing_whole_are_hung_up_on(
    port: int, begin: bytes, then: bytes, every: int, name: str
) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        one, good = await call(), await call()
        one.say(begin)
        good.say(login("352093086403000"))
        await good.hears(1)
        if then:
            await one.hears(1)
        ended = asyncio.create_task(one.over())
        for at in range(300):
            if then[at : at + 1]:
                one.say(then[at : at + 1])
            good.say(b"\xff")
            await asyncio.sleep(10)
            if ended.done():
                break
        assert ended.done()
        good.say(frame([RECORD]))
        assert await good.hears(4) == b"\0\0\0\1"

    assert listening(port, test, idle=300).counters[name] == 1


def test_who_talks_and_does_not_say_who_it_is_is_hung_up_on(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        ended = asyncio.create_task(one.over())
        for serial in range(10):
            one.say(gt06.sealed(gt06.HEARTBEAT, b"", serial))
            await asyncio.sleep(10)
        assert ended.done()

    link = listening(port, test, kind="gt06")
    assert link.counters["silent_logins"] == 1
    assert link.counters["no_login"] >= 3


def test_a_bad_one_costs_itself(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def test(link: FakeLink, call: Call, task: object) -> None:
        bad, good = await call(), await call()
        bad.say(login(IMEI) + frame([RECORD]) + b"nonsense")
        good.say(login("352093086403000") + frame([RECORD]))
        assert await bad.over() == b"\1\0\0\0\1"
        assert await good.hears(5) == b"\1\0\0\0\1"
        good.say(frame([RECORD])[:-1] + b"\xff")
        assert await good.hears(4) == bytes(4)
        good.say(b"")

    link = listening(port, test)
    assert link.counters["malformed"] == link.counters[f"{IMEI}: malformed"] == 1
    assert link.counters["bad_crc"] == link.counters["352093086403000: bad_crc"] == 1
    told = [record.message for record in caplog.records]
    assert f"road: tracker:{IMEI} is heard, from 127.0.0.1" in told
    assert "road: 127.0.0.1: a frame that does not begin with four zeros; no Teltonika tracker?" in told


def test_datagrams(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.bind(("127.0.0.1", 0))
            sender.connect(("127.0.0.1", port))
            sender.send(b"nonsense")
            sender.send(datagram(IMEI, 7, 3, [RECORD] * 4))
            assert await loop.sock_recv(sender, 100) == bytes.fromhex("00050007010304")

    link = listening(port, test, scheme="udp")
    assert link.counters == {"malformed": 1, "trackers": 0}


def test_datagrams_wait_while_the_daemon_takes_nothing(port: int) -> None:
    said = [datagram(IMEI, number, number, [RECORD] * 200) for number in range(250)]

    async def test(link: FakeLink, call: Call, task: object) -> None:
        loop = asyncio.get_running_loop()
        link.gate.clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.bind(("127.0.0.1", 0))
            sender.connect(("127.0.0.1", port))
            sent = 0
            while len(link.tapped) == sum(map(len, said[:sent])):
                sender.send(said[sent])
                sent += 1
                await asyncio.sleep(1)
            for one in said[sent : sent + 10]:
                sender.send(one)
            await asyncio.sleep(10)
            assert len(link.tapped) == sum(map(len, said[: sent - 1]))
            link.gate.set()
            answers = [await loop.sock_recv(sender, 100) for _ in range(sent + 10)]
        assert [answer[5] for answer in answers] == list(range(sent + 10))
        assert ROWS <= 200 * (sent - 1) < ROWS + 2 * 200, "what waits, and what the daemon does not take"

    listening(port, test, scheme="udp")


def test_a_port_that_is_taken(port: int) -> None:
    async def main() -> None:
        with (
            socket.create_server(("127.0.0.1", port)),
            pytest.raises(
                ConnectionError,
                match=rf"^listen://127.0.0.1:{port}: Address already in use; .* ss -ltunp shows",
            ),
        ):
            await driver(f"listen://127.0.0.1:{port}").run(FakeLink())

    run(main())


def test_orders_are_refused(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        link.asked.put_nowait(SetOutput(1, True))
        await asyncio.sleep(1)
        assert link.counters["orders_refused"] == 1

    listening(port, test)
    assert "road: SetOutput: trackers take no orders" in caplog.messages
