"""H02 and Queclink trackers at a port, over real sockets: who is heard, what is answered when, and datagrams."""

import asyncio
import logging
import socket

import pytest

from core.records import Fixes, rows_of
from drivers.codecs import h02, queclink
from drivers.codecs.h02_session import Session as H02Session
from drivers.codecs.queclink import Point
from drivers.codecs.queclink_session import Session as QueclinkSession
from drivers.codecs.tracker_messages import NONSENSE
from tests.llrp_peer import NOW
from tests.llrp_scene import FakeLink
from tests.loopback import free_port
from tests.road_scene import Call, SlowLink, listening

ID, IMEI = "4970105243", "135790246811220"
LINE = h02.located(ID, NOW, 53.8, -1.55, 10.0, 90)
SHORT = bytes.fromhex("2427051711090853200910255002584900014337822e000000ffffffffff0000")
REPORT = queclink.located(IMEI, [Point(NOW, 53.8, -1.55, 42.0, 271, 60.0, 1.0)] * 2, NOW, 0xAB)


@pytest.fixture
def port() -> int:
    return free_port()


def fixes(link: FakeLink) -> list[str]:
    """Whose positions were handed over."""
    return [fix.tracker for body in link.bodies if isinstance(body, Fixes) for fix in rows_of(body)]


def test_a_report_is_answered_when_it_is_durable(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        assert isinstance(link, SlowLink)
        one = await call()
        one.say(queclink.heartbeat(IMEI, NOW, 1))
        assert await one.hears(24) == b"+SACK:GTHBD,060228,0001$"
        one.say(REPORT)
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await one.hears(1)
        link.receipts[0].set_result(None)
        assert await one.hears(11) == b"+SACK:00AB$"

    assert fixes(listening(port, test, SlowLink(), kind="queclink")) == [f"tracker:{IMEI}"] * 2


def test_lines_and_bytes_of_one_connection(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        one.say(b"*HQ,4970105243,HTBT,99#" + LINE)
        assert await one.hears(20) == b"*HQ,4970105243,HTBT#"
        assert (await one.hears(36))[:21] == b"*HQ,4970105243,V4,V1,"
        one.say(SHORT + SHORT)
        await asyncio.sleep(1)

    link = listening(port, test, kind="h02")
    assert fixes(link) == [f"tracker:{ID}", *["tracker:2705171109"] * 2]
    told = [record.message for record in caplog.records]
    assert f"road: tracker:{ID} is heard, from 127.0.0.1" in told
    assert "road: tracker:2705171109 is heard, from 127.0.0.1" in told


@pytest.mark.parametrize("stop", [False, True])
def test_a_short_message_that_is_the_last(port: int, stop: bool) -> None:
    """It may be all that a connection says; and it waits without being hung up on."""

    async def test(link: FakeLink, call: Call, task: "asyncio.Task[None]") -> None:
        one = await call()
        one.say(SHORT)
        await asyncio.sleep(300)
        assert fixes(link) == []
        if stop:
            task.cancel()
        else:
            one.writer.close()
        await asyncio.sleep(1)

    link = listening(port, test, kind="h02")
    assert fixes(link) == ["tracker:2705171109"]
    assert not {"silent_logins", "half_messages", "idle"} & set(+link.counters)


@pytest.mark.parametrize(("kind", "said", "id"), [("h02", LINE, ID), ("queclink", REPORT, IMEI)])
def test_who_is_not_on_the_list(port: int, kind: str, said: bytes, id: str) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        one.say(said)
        assert await one.over() == b""

    link = listening(port, test, kind=kind, trackers=["1"])
    assert fixes(link) == []
    assert link.counters["refused"] == link.counters[f"{id}: refused"] == 1


@pytest.mark.parametrize(
    ("kind", "said", "answer"),
    [
        ("h02", LINE, b"*HQ,4970105243,V4,V1,"),
        ("h02", SHORT, b""),
        ("queclink", REPORT, b"+SACK:00AB$"),
        ("queclink", queclink.heartbeat(IMEI, NOW, 1), b"+SACK:GTHBD,060228,0001$"),
    ],
)
def test_datagrams(port: int, kind: str, said: bytes, answer: bytes) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.bind(("127.0.0.1", 0))
            sender.connect(("127.0.0.1", port))
            sender.send(b"nonsense")
            sender.send(said)
            if answer:
                heard = await asyncio.get_running_loop().sock_recv(sender, 100)
                assert heard.startswith(answer)
            await asyncio.sleep(1)

    link = listening(port, test, scheme="udp", kind=kind)
    assert len(fixes(link)) == {LINE: 1, SHORT: 1, REPORT: 2}.get(said, 0)
    assert link.counters == {"malformed": 1, "trackers": 0}


@pytest.mark.parametrize(("kind", "words"), [("h02", "no H02 tracker?"), ("queclink", "set it to ASCII")])
def test_what_no_tracker_says(port: int, kind: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        one.say(b"+RSP\0\1\2")
        assert await one.over() == b""

    assert listening(port, test, kind=kind).counters["malformed"] == 1
    assert any(words in record.message for record in caplog.records)


def test_beginnings_without_ends_are_looked_at_once() -> None:
    """A search for the end from each of them would go on for minutes, and nobody else would be heard."""
    session = QueclinkSession()
    session.receive(REPORT, NOW)
    line = b"+RESP:" * 100_000
    session.data = line
    assert [session.size(at) for at in range(0, len(line) - 6, 6)] == [6] * 99_999


@pytest.mark.parametrize(
    ("session", "good", "bad"),
    [(QueclinkSession, REPORT, b"$"), (H02Session, LINE, b"*"), (H02Session, LINE, b"*,#")],
)
def test_who_says_nothing_but_nonsense_is_hung_up_on(
    session: type[QueclinkSession | H02Session], good: bytes, bad: bytes
) -> None:
    """A good message makes good for a bad one."""
    one = session()
    for _ in range(3 * NONSENSE):
        one.receive(good + bad + good, NOW)
    assert one.error is None
    said = one.receive(good + bad * (NONSENSE + 1000), NOW)
    assert one.error is not None
    assert sum("malformed" in report.counts for report in said) <= NONSENSE + 3
