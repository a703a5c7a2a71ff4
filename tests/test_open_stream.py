"""How a stream is opened: who calls whom, TLS, and what is said when nobody answers, over loopback sockets."""

import asyncio
import hashlib
import socket
import ssl
from pathlib import Path

import pytest

from drivers.streams import CAPACITY, CONNECT_SECONDS, Address, Trust, open_stream
from tests.far_end import Far
from tests.loopback import free_port
from tests.virtual_loop import run

TLS = Path(__file__).parent / "data" / "tls"
LATER = 1000.0


async def opened(to: Address, trust: Trust | None = None) -> None:
    async with open_stream(to, trust):
        pass


def test_nobody_there() -> None:
    to = Address("tcp", "127.0.0.1", free_port())
    with pytest.raises(
        ConnectionError, match=f"^{to}: Connection refused; nothing listens at that port: is it"
    ):
        run(opened(to))


def test_a_port_that_another_program_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        to = Address("listen", *other.getsockname())
        with pytest.raises(
            ConnectionError, match=rf"^{to}: Address already in use; .* sudo ss -ltunp shows which"
        ):
            run(opened(to))


def test_the_device_calls_us_and_nobody_else_does() -> None:
    port = free_port()

    async def listen() -> tuple[bytes, bool]:
        async with open_stream(Address("listen", "127.0.0.1", port)) as stream:
            data = await stream.read(LATER)
            try:
                await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return data, True
            return data, False

    async def main() -> None:
        listening = asyncio.create_task(listen())
        await asyncio.sleep(1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"here I am")
        assert await listening == (b"here I am", True)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    run(main())


def test_two_devices_call_at_once() -> None:
    port = free_port()

    async def main() -> None:
        opened = open_stream(Address("listen", "127.0.0.1", port))
        listening = asyncio.create_task(opened.__aenter__())
        await asyncio.sleep(1)
        several = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        await listening
        await opened.__aexit__(None, None, None)
        await asyncio.sleep(1)
        for one in several:
            assert hung_up(one)

    run(main())


def hung_up(caller: socket.socket) -> bool:
    """The other side has ended this connection, in one way or another."""
    with caller:
        caller.settimeout(5)
        try:
            return caller.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.mark.parametrize("steps", [None, *range(8)])
def test_listening_may_be_given_up(steps: int | None) -> None:
    """Before anybody calls, or so many steps of the loop after somebody did."""
    port = free_port()

    async def listen() -> None:
        async with open_stream(Address("listen", "127.0.0.1", port)):
            await asyncio.Event().wait()

    async def main() -> None:
        listening = asyncio.create_task(listen())
        await asyncio.sleep(1)
        caller = None if steps is None else socket.create_connection(("127.0.0.1", port))
        for _ in range(steps or 0):
            await asyncio.sleep(0)
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        await asyncio.sleep(1)
        assert caller is None or hung_up(caller)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(main())


def over_tls(trust: Trust) -> None:
    async def main() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
        far = Far()
        server = await asyncio.get_running_loop().create_server(lambda: far, "127.0.0.1", 0, ssl=context)
        to = Address("tls", "127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            async with open_stream(to, trust) as stream:
                transport = await far.connected
                transport.write(bytes(3 * CAPACITY))
                found = 0
                while found < 3 * CAPACITY:
                    found += len(await stream.read(LATER))
                stream.write(b"thanks")
                await asyncio.sleep(1)
                assert far.received == b"thanks"
        finally:
            server.close()
            if far.connected.done():
                far.connected.result().abort()
                await far.gone.wait()

    run(main())


def fingerprint() -> str:
    certificate = ssl.PEM_cert_to_DER_cert((TLS / "certificate.pem").read_text())
    return hashlib.sha256(certificate).hexdigest().upper()


def test_tls_by_its_authority() -> None:
    over_tls(Trust(ca=TLS / "certificate.pem"))


def test_tls_by_its_fingerprint() -> None:
    digits = fingerprint()
    over_tls(Trust(fingerprint=":".join(digits[at : at + 2] for at in range(0, 64, 2))))


def test_tls_with_another_fingerprint() -> None:
    with pytest.raises(ConnectionError, match=f"fingerprint {fingerprint().lower()}, not 0000"):
        over_tls(Trust(fingerprint="00" * 32))


def test_tls_of_an_unknown_authority() -> None:
    with pytest.raises(
        ConnectionError, match=r"not trusted \(self-signed certificate\); set tls.fingerprint"
    ):
        over_tls(Trust())


@pytest.mark.parametrize(
    ("ca", "reason"),
    [(TLS / "nowhere.pem", "No such file or directory"), (TLS / "about.toml", "NO_CERTIFICATE_OR_CRL_FOUND")],
)
def test_an_authority_that_cannot_be_read(ca: Path, reason: str) -> None:
    with pytest.raises(ConnectionError, match=f"^tls.ca {ca}: {reason}; name a PEM file"):
        run(opened(Address("tls", "127.0.0.1", 9), Trust(ca=ca)))


def test_a_port_that_speaks_no_tls() -> None:
    class Plain(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"SSH-2.0-OpenSSH_9\r\n")

    async def main() -> None:
        async with await asyncio.get_running_loop().create_server(Plain, "127.0.0.1", 0) as server:
            await opened(Address("tls", *server.sockets[0].getsockname()))

    with pytest.raises(ConnectionError, match="WRONG_VERSION_NUMBER; does the device speak TLS at that port"):
        run(main())


def test_a_port_that_never_answers() -> None:
    async def main() -> None:
        far = Far()
        server = await asyncio.get_running_loop().create_server(lambda: far, "127.0.0.1", 0)
        to = Address("tls", "127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            async with open_stream(to, Trust(fingerprint="00" * 32)):
                pass
        finally:
            server.close()
            assert asyncio.get_running_loop().time() == pytest.approx(CONNECT_SECONDS)
            await far.gone.wait()

    with pytest.raises(TimeoutError, match=r"no connection to tls://127.0.0.1:\d+ within 10 s"):
        run(main())
