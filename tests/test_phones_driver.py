"""Phones that call a port: what is answered when, who is hung up on, and clients that others have written."""

import asyncio
import http.client
import logging
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from core.records import Fixes, rows_of
from drivers.base import Fatal
from drivers.listener import HALF_SECONDS, LOGIN_SECONDS
from tests.fix_daemon import until
from tests.llrp_scene import FakeLink
from tests.loopback import free_port
from tests.phone import get, post
from tests.road_scene import Call, SlowLink, Tracker, driver, listening
from tests.virtual_loop import run

HERE = "/?id=1&lat=53.8&lon=-1.55&timestamp=1774682420"
THERE = HERE.replace("53.8", "53.9")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LOCATION = {
    "_type": "location",
    "lat": 53.8,
    "lon": -1.55,
    "tst": 1774682420,
    "topic": "owntracks/jane/phone",
}
SECRET = {"_type": "encrypted", "data": "AAAA"}
NOTHING = b"[]"


@pytest.fixture
def port() -> int:
    return free_port()


async def hears(one: Tracker) -> tuple[int, bytes]:
    """The next answer: its status and its body."""
    head = await one.reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split(b" ")[1]), await one.hears(length)


def test_an_answer_waits_for_the_receipt_and_the_answers_keep_their_order(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        assert isinstance(link, SlowLink)
        one = await call()
        one.say(get(HERE) + get("/?id=1") + get("/?id=2&lat=99&lon=0") + get("/"))
        await asyncio.sleep(1)
        one.say(get(THERE))
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await one.hears(1)
        link.receipts[1].set_result(None)
        await asyncio.sleep(1)
        link.receipts[0].set_result(None)
        assert [await hears(one) for _ in range(5)] == [(status, b"") for status in (200, 200, 200, 400, 200)]

    link = listening(port, test, SlowLink(), kind="osmand")
    assert [row.lat for body in link.bodies if isinstance(body, Fixes) for row in rows_of(body)] == [
        53.8,
        53.9,
    ]
    assert link.counters["out_of_range"] == link.counters["2: out_of_range"] == 1
    assert link.counters["malformed"] == 1


def test_a_commit_that_fails_is_no_answer(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: "asyncio.Task[None]") -> None:
        assert isinstance(link, SlowLink)
        one = await call()
        one.say(get(HERE))
        await asyncio.sleep(1)
        link.receipts[0].set_exception(OSError("disk full"))
        assert await one.over() == b""
        with pytest.raises(OSError, match="disk full"):
            await task

    listening(port, test, SlowLink(), kind="osmand")


def test_who_has_nothing_more_to_say_is_hung_up_on_without_a_word(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def test(link: FakeLink, call: Call, task: object) -> None:
        one, other = await call(), await call()
        one.say(get(HERE, {"Connection": "close"}) + get(THERE))
        assert await one.over() == OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        other.say(b"\x16\x03\x01\x00\xa5\n")
        assert (await other.over()).startswith(b"HTTP/1.1 400 Bad Request\r\n")

    listening(port, test, kind="osmand")
    ends = [line for line in caplog.messages if line.startswith("road: 127.0.0.1:")]
    assert len(ends) == 1
    assert "is no request of HTTP/1.1" in ends[0]


@pytest.mark.parametrize(
    ("begin", "drip", "seconds", "name"),
    [
        (b"", b"", LOGIN_SECONDS, "silent_logins"),
        (get("/"), b"", LOGIN_SECONDS, "silent_logins"),
        (get(HERE), b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 90, HALF_SECONDS, "half_messages"),
        (
            get(HERE),
            b"POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + b"1" * 9000,
            HALF_SECONDS,
            "half_messages",
        ),
        (get(HERE), b"", 120.0, "idle"),
    ],
)
def test_who_is_slow_is_hung_up_on(port: int, begin: bytes, drip: bytes, seconds: float, name: str) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        one.say(begin)
        ended = asyncio.create_task(one.over())
        began = asyncio.get_running_loop().time()
        for at in range(500):
            one.say(drip[at : at + 1])
            await asyncio.sleep(1)
            if ended.done():
                break
        assert ended.done()
        assert seconds - 1 <= asyncio.get_running_loop().time() - began <= seconds + 5

    assert listening(port, test, kind="osmand").counters[name] == 1


def test_several_phones_behind_a_proxy(port: int) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        for id, status in (("1", 200), ("7", 404), ("2", 200)):
            one.say(get(HERE.replace("id=1", f"id={id}")))
            assert await hears(one) == (status, b"")

    link = listening(port, test, kind="osmand", trackers=["1", "2"])
    bodies = [row.tracker for body in link.bodies if isinstance(body, Fixes) for row in rows_of(body)]
    assert bodies == ["tracker:1", "tracker:2"]
    assert link.counters["7: refused"] == 1


def test_names_as_phones_have_them() -> None:
    names = ["jane/phone", "my phone", "+49 171 1", "!7efeb2c8"]
    assert driver("listen://0.0.0.0", kind="osmand", trackers=names).trackers == tuple(names)
    for name in ("", " x", "x ", "\u00e9", "x" * 129):
        with pytest.raises(ValidationError):
            driver("listen://0.0.0.0", kind="owntracks-http", trackers=[name])


def test_owntracks_and_what_it_encrypts_is_told_once(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async def test(link: FakeLink, call: Call, task: object) -> None:
        one = await call()
        for body, told in ((LOCATION, (200, NOTHING)), (SECRET, (422, b"")), (SECRET, (422, b""))):
            one.say(post(body, "/?u=jane&d=phone"))
            assert await hears(one) == told

    link = listening(port, test, kind="owntracks-http")
    assert link.counters["encrypted"] == link.counters["jane/phone: encrypted"] == 2
    assert len([line for line in caplog.messages if "a phone encrypts what it says" in line]) == 1


def test_a_password_that_is_not_there(port: int) -> None:
    one = driver(f"listen://127.0.0.1:{port}", kind="osmand", password="env:WAYPOST_NOT_SET")
    with pytest.raises(
        Fatal, match="its password is not there: the environment variable WAYPOST_NOT_SET is not set"
    ):
        run(one.run(FakeLink()))


@pytest.mark.parametrize(
    ("url", "more", "text"),
    [
        ("http://0.0.0.0:5055", {}, "begin it with listen://"),
        ("udp://0.0.0.0:5055", {}, "begin it with listen://"),
        ("listen://0.0.0.0", {"password": "s3cret"}, "a secret may not stand in the file"),
        ("listen://0.0.0.0", {"idle": 1}, "greater than or equal to 60"),
    ],
)
def test_settings_that_cannot_be(url: str, more: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        driver(url, kind="osmand", **more)


# Clients that others have written, in real time


def served(port: int, ask: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, FakeLink]:
    """What a client that blocks has to say of its answers, beside a port with a password."""
    monkeypatch.setenv("WAYPOST_PHONES", "s3cret")

    async def test() -> tuple[str, FakeLink]:
        link = FakeLink()
        one = driver(f"listen://127.0.0.1:{port}", kind="owntracks-http", password="env:WAYPOST_PHONES")
        task = asyncio.create_task(one.run(link))
        try:
            await until(lambda: link.info, "it listens")
            return await asyncio.to_thread(ask), link
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return asyncio.run(test())


def test_pythons_client_keeps_its_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> str:
        client = http.client.HTTPConnection("127.0.0.1", port)
        told = []
        for headers in (
            {},
            {"Authorization": "Basic amFuZTpzM2NyZXQ="},
            {"Authorization": "Basic amFuZTpzM2NyZXQ="},
        ):
            chunks = iter([b'{"_type":"location","lat":53.8,', b'"lon":-1.55,"tst":1774682420}'])
            client.request("POST", "/pub?d=phone", chunks, headers, encode_chunked=True)
            answer = client.getresponse()
            told.append(f"{answer.status} {answer.read().decode()}")
        client.close()
        return ", ".join(told)

    told, link = served(port, ask, monkeypatch)
    assert told == "401 , 200 [], 200 []"
    assert [row.tracker for body in link.bodies if isinstance(body, Fixes) for row in rows_of(body)] == [
        "tracker:jane/phone"
    ] * 2
    assert link.counters["unauthorized"] == 1
