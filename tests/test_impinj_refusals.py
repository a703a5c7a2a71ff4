"""What keeps the driver of Impinj readers from its stream, and what it says of it: drivers/impinj_http.py, web.py, trust.py."""

import asyncio
import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.records import SECOND
from drivers.base import Fatal
from drivers.codecs.errors import ProtocolError
from drivers.codecs.rest import Call
from drivers.impinj_connection import STATUS_SECONDS
from drivers.impinj_http import ImpinjHttp
from drivers.streams import Address, Trust
from drivers.web import ANSWER_SECONDS, WebServer
from simulators.impinj_device import Setup
from tests.impinj_scene import START, Scene, play, sighting
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

TLS = Path(__file__).parent / "data" / "tls"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", "impinj")


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
