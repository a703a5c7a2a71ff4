"""The driver of Impinj readers against a simulated one, over real sockets, in virtual time: drivers/impinj_http.py,
impinj_connection.py, web.py, simulators/impinj*.py.
"""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.records import SECOND, Alive, AntennaState, Dropped, Gpi, Idle, Reads, Up
from drivers.base import Fatal, SetOutput, Start, Stop
from drivers.codecs.errors import ProtocolError
from drivers.codecs.rest import Call
from drivers.impinj_connection import ORDERS, STATUS_SECONDS
from drivers.impinj_http import ImpinjHttp
from drivers.streams import Address, Trust
from drivers.web import ANSWER_SECONDS, WebServer
from simulators.clock import RunningClock
from simulators.impinj import SimulatedImpinj
from simulators.impinj_device import Setup
from simulators.impinj_events import Fields
from simulators.llrp_reports import Sighting
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

TLS = Path(__file__).parent / "data" / "tls"
START = 1_767_225_600 * SECOND
EPC = bytes.fromhex("E28011700000020D2A412182")


def sighting(time: int | None = None, antenna: int = 1) -> Sighting:
    return Sighting(antenna, EPC, time)


class Scene:
    """`running` is the driver at work."""

    def __init__(self, reader: SimulatedImpinj, link: FakeLink, running: asyncio.Task[None]) -> None:
        self.reader = reader
        self.link = link
        self.running = running

    async def end(self) -> Exception:
        """What ended the driver."""
        async with asyncio.timeout(10_000):
            with suppress(Exception):
                await asyncio.shield(self.running)
        error = self.running.exception()
        assert isinstance(error, Exception)
        return error

    def of(self, kind: type) -> list[object]:
        return [body for body in self.link.bodies if isinstance(body, kind)]

    @property
    def times(self) -> list[int]:
        return [time for body in self.link.bodies if isinstance(body, Reads) for time in body.time.tolist()]


def play(
    test: Callable[[Scene], Coroutine[None, None, None]],
    setup: Setup | None = None,
    context: ssl.SSLContext | None = None,
    chunked: bool = True,
    before: Callable[[SimulatedImpinj], None] = lambda reader: None,
    **settings: Any,
) -> None:
    """Run `test` with the driver at a reader that has been on for a while."""

    async def main() -> None:
        async with SimulatedImpinj(setup, RunningClock(START), context, chunked=chunked) as reader:
            before(reader)
            link = FakeLink()
            link.offset = START
            driver = ImpinjHttp.model_validate(
                {"id": "dock1", "url": reader.url, "password": "env:READER_PASSWORD", **settings}
            )
            running = asyncio.create_task(driver.run(link))
            try:
                await asyncio.sleep(3)
                await test(Scene(reader, link, running))
            finally:
                link.gate.set()
                running.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await running

    run(main())


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", "impinj")


@pytest.mark.parametrize("chunked", [True, False])
def test_tags_and_everything_else_that_happens(chunked: bool) -> None:
    async def test(scene: Scene) -> None:
        (info,) = scene.link.info
        assert info.startswith("Impinj R700 37022340055; its own UTC, wrong by at most ")
        await scene.reader.see(sighting(START + SECOND), sighting(START + 2 * SECOND, 2))
        scene.reader.gpi(1, True)
        scene.reader.antenna(2, False)
        await scene.reader.see(sighting(START + 3 * SECOND, 2))
        await asyncio.sleep(12)
        assert scene.times == [START + n * SECOND for n in (1, 2, 3)]
        assert [type(body) for body in scene.link.bodies if not isinstance(body, Alive)] == [
            Up, Reads, Gpi, AntennaState, AntennaState, Reads,
        ]  # fmt: skip
        assert len(scene.of(Alive)) >= 2  # the reader was told to say every 5 s that it lives
        assert scene.reader.device.stream["keepAliveIntervalSeconds"] == 5
        assert scene.link.tags == [EPC.hex().upper()] * 3
        assert b"tagInventoryEvent" in scene.link.tapped

    play(test, chunked=chunked)


def test_a_portal_wants_signs_of_life_more_often() -> None:
    async def test(scene: Scene) -> None:
        await asyncio.sleep(10)
        assert scene.reader.device.stream["keepAliveIntervalSeconds"] == 1
        assert len(scene.of(Alive)) >= 10

    play(test, antennas=[{"port": 1, "portal": "dock-1", "side": "yard"}])


def fingerprint() -> str:
    pem = (TLS / "certificate.pem").read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def encrypted() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    return context


def test_over_https_by_the_fingerprint_of_its_certificate() -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(1)
        assert scene.times == [START + SECOND]

    play(test, context=encrypted(), tls={"fingerprint": fingerprint()})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {},
            "not trusted (self-signed certificate); set tls.fingerprint to what this tells of it: openssl s_client",
        ),
        ({"tls": {"fingerprint": "00" * 32}}, "if it was changed on purpose, set the new one"),
    ],
)
def test_a_certificate_that_is_not_trusted(settings: dict[str, Any], says: str) -> None:
    async def test(scene: Scene) -> None:
        error = await scene.end()
        assert isinstance(error, ConnectionError)
        assert says in str(error)

    play(test, context=encrypted(), **settings)


def test_a_wrong_password_needs_an_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(scene: Scene) -> None:
        error = await scene.end()
        assert isinstance(error, Fatal)
        assert "wrong user name or password for 'root'; correct user and the secret behind password" in str(
            error
        )
        assert "guess" not in str(error)

    monkeypatch.setenv("READER_PASSWORD", "guess")
    play(test)


def test_a_password_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(scene: Scene) -> None:
        assert "its password is not there: the environment variable READER_PASSWORD is not set" in str(
            await scene.end()
        )

    monkeypatch.delenv("READER_PASSWORD")
    play(test)


def test_a_password_that_is_changed_while_it_streams() -> None:
    """The stream goes on; once it is lost, nothing else will do."""

    async def test(scene: Scene) -> None:
        scene.reader.device.setup.users["root"] = "other"
        await asyncio.sleep(STATUS_SECONDS)
        assert scene.link.counters["unanswered"] == 1
        assert not scene.running.done()

    play(test)


def test_a_reader_that_speaks_llrp_and_one_that_is_claimed() -> None:
    async def refused(scene: Scene) -> None:
        error = await scene.end()
        assert isinstance(error, ProtocolError)
        assert "its RFID interface is LLRP" in str(error)
        assert scene.reader.device.interface == "llrp"

    async def claimed(scene: Scene) -> None:
        assert "was switched to the Impinj IoT device interface" in str(await scene.end())
        assert scene.reader.device.interface == "rest"

    play(refused, Setup(interface="llrp"))
    play(claimed, Setup(interface="llrp"), claim=True)


def test_a_preset_is_started_and_what_it_lacks_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.until_streaming()
        assert scene.reader.device.preset == "dock"
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(6)
        assert scene.times == [START + SECOND]
        assert [type(body) for body in scene.link.bodies if not isinstance(body, Alive)] == [Up, Reads]
        assert scene.link.counters["preset"] == 1

    with caplog.at_level(logging.WARNING):
        play(test, Setup("idle", presets=("default", "dock"), reporting_interval=60), preset="dock")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("dock1: preset 'dock': a tag that stays is told once in 60 s only")


def test_a_reader_that_does_not_read_says_so_once_its_backlog_is_through() -> None:
    async def test(scene: Scene) -> None:
        await asyncio.sleep(10)
        (idle,) = scene.of(Idle)
        assert isinstance(idle, Idle)
        assert idle.idle
        assert scene.link.counters["stopped"] == 1

    play(test, Setup("idle"))


def test_orders() -> None:
    async def test(scene: Scene) -> None:
        for order in (SetOutput(2, True), SetOutput(9, True), Stop()):
            scene.link.asked.put_nowait(order)
        await asyncio.sleep(5)
        assert scene.reader.device.gpos == {2: "high"}
        assert scene.link.counters["commands_refused"] == 1
        assert scene.reader.device.status == "idle"
        scene.link.asked.put_nowait(Start())
        await asyncio.sleep(5)
        assert scene.reader.device.status == "running"
        (gap,) = scene.of(Dropped)
        assert isinstance(gap, Dropped)
        assert gap.reason == "its inventory had been stopped"
        assert [idle.idle for idle in scene.of(Idle) if isinstance(idle, Idle)] == [True, False]

    play(test, preset="default")


def test_orders_that_come_too_soon() -> None:
    async def test(scene: Scene) -> None:
        for _ in range(ORDERS + 2):
            scene.link.asked.put_nowait(Start())
        await asyncio.sleep(5)
        assert scene.link.counters["orders_refused"] == ORDERS + 2  # no preset is named, or no room was left

    play(test)


def test_a_backlog_comes_in_order_with_its_own_times() -> None:
    times = [START - 3600 * SECOND + n * SECOND // 100 for n in range(5_000)]

    def before(reader: SimulatedImpinj) -> None:
        for time in times:
            reader.device.see(sighting(time), time)

    async def test(scene: Scene) -> None:
        await asyncio.sleep(30)
        assert scene.times == times
        first = next(n for n, body in enumerate(scene.link.bodies) if isinstance(body, Alive))
        assert not any(isinstance(body, Reads) for body in scene.link.bodies[first:])

    play(test, before=before)


@pytest.mark.parametrize("hours", [-5, 7])
def test_a_backlog_of_a_reader_whose_clock_is_wrong(hours: int) -> None:
    """It comes for longer than offsets are remembered, throttled; the looks at its clock keep the offset known."""
    skew = hours * 3600 * SECOND
    old = [START - 86_400 * SECOND + n * SECOND for n in range(40)]

    async def test(scene: Scene) -> None:
        for time in old:
            await scene.reader.see(sighting(time))
            await asyncio.sleep(60)
        assert len(scene.times) == len(old)
        assert all(abs(found - time) < SECOND for found, time in zip(scene.times, old, strict=True))

    play(test, Setup(skew=skew))


def test_events_that_a_full_buffer_threw_away_are_a_gap() -> None:
    times = [START - (100 - n) * SECOND for n in range(100)]

    def before(reader: SimulatedImpinj) -> None:
        for time in times:
            reader.device.see(sighting(time), time)

    async def test(scene: Scene) -> None:
        await asyncio.sleep(1)
        assert scene.times == times[90:]
        (gap,) = scene.of(Dropped)
        assert isinstance(gap, Dropped)
        assert (gap.since, gap.time) == (times[0], times[89])
        assert scene.link.counters["events_lost"] == scene.reader.device.ledger["purged"] == 90

    play(test, Setup(buffer=10), before=before)


def test_default_presets_do_not_say_when_a_tag_was_seen() -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.see(sighting(), sighting())
        await asyncio.sleep(1)
        assert len(scene.times) == 2
        assert abs(scene.times[0] - (START + 3 * SECOND)) < SECOND
        assert scene.link.tags == [EPC.hex().upper()] * 2
        assert scene.link.counters["unstamped"] == 1

    play(test, Setup(fields=Fields(epc=True, epc_hex=False, last_seen=False, phase=False)))


def test_a_stream_that_is_cut_in_the_middle_of_an_event() -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.see(sighting(START + SECOND))
        scene.reader.cut_in_an_event()
        error = await scene.end()
        assert "the reader closed its stream: another client reads it as 'root'" in str(error)
        assert scene.times == [START + SECOND]
        assert not scene.link.counters["malformed"]

    play(test)


@pytest.mark.parametrize("chunked", [True, False])
def test_another_client_takes_the_stream(chunked: bool) -> None:
    """The reader ends the oldest stream of a user."""

    async def test(scene: Scene) -> None:
        other = ImpinjHttp.model_validate(
            {"id": "b", "url": scene.reader.url, "password": "env:READER_PASSWORD"}
        )
        taking = asyncio.create_task(other.run(FakeLink()))
        assert "another client reads it as 'root'" in str(await scene.end())
        taking.cancel()
        await asyncio.wait({taking})

    play(test, chunked=chunked)


def test_a_stream_that_is_refused() -> None:
    async def test(scene: Scene) -> None:
        other = ImpinjHttp.model_validate(
            {"id": "b", "url": scene.reader.url, "password": "env:READER_PASSWORD"}
        )
        with pytest.raises(
            ProtocolError, match=r"another stream \(503 Service Unavailable: Too many streams\); end the"
        ):
            await other.run(FakeLink())
        assert not scene.running.done()

    play(test, Setup(refuses=True))


def test_silence_ends_the_stream() -> None:
    async def test(scene: Scene) -> None:
        scene.reader.hold(True)
        began = asyncio.get_running_loop().time()
        assert "nothing heard for 20 s" in str(await scene.end())
        assert 15 < asyncio.get_running_loop().time() - began < 25

    play(test, watchdog=20)


def test_a_daemon_that_is_busy_costs_nothing_but_its_time() -> None:
    """The time for which nobody listened is no silence; what is sent meanwhile waits."""

    async def test(scene: Scene) -> None:
        scene.link.gate.clear()
        for n in range(100):
            await scene.reader.see(sighting(START - n * SECOND))
        await asyncio.sleep(60)
        scene.link.gate.set()
        await asyncio.sleep(1)
        assert scene.times == [START - n * SECOND for n in range(100)]
        assert not scene.running.done()

    play(test, watchdog=90)


def test_a_clean_stop_hands_over_what_was_read() -> None:
    async def test(scene: Scene) -> None:
        scene.link.gate.clear()
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(1)
        scene.running.cancel()
        await asyncio.sleep(0.5)
        scene.link.gate.set()
        await asyncio.wait({scene.running})
        assert scene.running.cancelled()
        assert scene.times == [START + SECOND]

    play(test)


def test_the_gateways_clock_is_set() -> None:
    async def test(scene: Scene) -> None:
        scene.link.offset += 3600 * SECOND
        scene.link.synchronised = True
        await asyncio.sleep(10)
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(1)
        (seen,) = scene.times
        assert abs(seen - (START + 3601 * SECOND)) < SECOND

    play(test)


def test_a_web_server_that_does_not_answer() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client gives up
        writer.close()
        await writer.wait_closed()

    async def main() -> str:
        server = await asyncio.start_server(swallow, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        driver = ImpinjHttp.model_validate({"id": "a", "url": url, "password": "env:READER_PASSWORD"})
        async with server:
            with pytest.raises(ProtocolError) as error:
                await driver.run(FakeLink())
            await asyncio.sleep(1)
        return str(error.value)

    assert run(main()) == f"GET /system was not answered within {ANSWER_SECONDS:g} s"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "is no answer of a web server"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "ended in the middle of an answer"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://reader/\r\n\r\n", "sends its clients to https://reader/"),
    ],
)
def test_something_else_answers(data: bytes, says: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        writer.close()
        await writer.wait_closed()

    async def main() -> str:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        driver = ImpinjHttp.model_validate({"id": "a", "url": url, "password": "env:READER_PASSWORD"})
        async with server:
            with pytest.raises((ProtocolError, Fatal)) as error:
                await driver.run(FakeLink())
        return str(error.value)

    assert says in run(main())


@pytest.mark.parametrize(
    ("to", "host"),
    [
        (Address("https", "reader", 443), b"reader"),
        (Address("http", "reader", 80), b"reader"),
        (Address("http", "reader", 443), b"reader:443"),
        (Address("https", "fe80::1", 8443), b"[fe80::1]:8443"),
    ],
)
def test_a_request_names_the_host_that_it_is_for(to: Address, host: bytes) -> None:
    server = WebServer(to, Trust(), "root", "impinj", "/api/v1")
    sent = server.request(Call("PUT", "/device/gpos", {}))
    assert sent == (
        b"PUT /api/v1/device/gpos HTTP/1.1\r\nHost: "
        + host
        + b"\r\nAuthorization: Basic cm9vdDppbXBpbmo=\r\n"
        b"Accept: application/json\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"url": "tcp://reader"}, "begin it with https:// or http://"),
        ({"url": "https://reader/api"}, "holds more than a host and a port"),
        ({"password": "impinj"}, "a secret may not stand in the file"),
        ({"user": "a:b"}, "pattern"),
        ({"keepalive": 0}, "greater than or equal to 1"),
        ({"watchdog": 1}, "greater than or equal to 3"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ImpinjHttp.model_validate({"id": "a", "url": "https://reader", "password": "env:A", **settings})
