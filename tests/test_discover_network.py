"""LLRP readers in the network and those that call: gateway/discover/network_finder.py, call_finder.py, visit.py."""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

from drivers.llrp import Llrp
from gateway.discover import networks
from gateway.discover.call_finder import CallFinder
from gateway.discover.finding import Finding
from gateway.discover.known import Known
from gateway.discover.network_finder import NetworkFinder
from gateway.discover.networks import Attached
from simulators.llrp import SimulatedReader
from simulators.llrp_device import Setup
from simulators.llrp_models import FX9600
from simulators.llrp_reports import Sighting
from tests.discovered import Told, looked
from tests.fix_certificates import HOST, Certificates
from tests.fix_daemon import until
from tests.llrp_client import Client, rospec
from tests.loopback import free_port

PATIENCE = 60.0
"""Seconds that a finder may take; it ends when it has seen all."""

HERE = (ip_network(f"{HOST}/32"),)


async def scanned(*ports: int, known: Known | None = None) -> Told:
    return await looked(PATIENCE, NetworkFinder(known or Known(), HERE, ports, frozenset()))


def of(told: Told, port: int) -> Finding:
    return told.findings[f"{HOST}:{port}"]


def test_a_reader_is_found_named_and_left_as_it_was() -> None:
    async def main() -> None:
        async with SimulatedReader(Setup(model=FX9600)) as reader:
            reader.antenna(2, False)
            told = await scanned(reader.port, free_port())
            found = of(told, reader.port)
            assert len(told.findings) == 1
            assert (found.state, found.kind, found.settings) == ("ready", "llrp", {"url": reader.url})
            assert (
                found.model
                == f"LLRP reader: Zebra model {FX9600.number}, firmware {FX9600.firmware}, {FX9600.antennas} antennas"
            )
            assert found.ports == tuple(port for port in range(1, FX9600.antennas + 1) if port != 2)
            await reader.until(lambda: not reader.client)
            assert reader.malformed == 0
            async with Client(reader.port) as next_client:
                assert (await next_client.next()).name == "READER_EVENT_NOTIFICATION"

    asyncio.run(main())


def test_a_reader_that_has_a_client_is_found_busy_and_its_client_stays() -> None:
    async def main() -> None:
        async with SimulatedReader() as reader, Client(reader.port) as client:
            await client.expect("READER_EVENT_NOTIFICATION")
            found = of(await scanned(reader.port), reader.port)
            assert (found.state, found.kind, found.ports) == ("busy", "llrp", ())
            assert "another client is connected" in found.remarks[0]
            assert reader.client

    asyncio.run(main())


def test_what_a_reader_sends_unasked_is_told() -> None:
    async def main() -> None:
        async with SimulatedReader() as reader:
            async with Client(reader.port) as client:
                await client.succeed("ADD_ROSPEC", rospec())
                await client.succeed("ENABLE_ROSPEC", rospec_id=1)
                await reader.until_reading()
            await reader.until(lambda: not reader.client)
            await reader.see(Sighting(1, bytes(11) + b"\1"))
            found = of(await scanned(reader.port), reader.port)
            assert any("1 reports that it had kept" in one for one in found.remarks)

    asyncio.run(main())


def test_a_reader_of_the_configuration_is_not_asked() -> None:
    async def main() -> None:
        async with SimulatedReader() as reader:
            known = Known([Llrp(id="door1", url=reader.url), Llrp(id="door2", url="listen://0.0.0.0:5084")])
            found = of(await scanned(reader.port, known=known), reader.port)
            assert found.known == "door1"

    asyncio.run(main())


def test_a_reader_with_tls_is_told_with_its_fingerprint(certificates: Certificates) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server.cert, certificates.server.key)
    der = ssl.PEM_cert_to_DER_cert(certificates.server.cert.read_text())

    async def main() -> None:
        async with SimulatedReader(tls=context) as reader, SimulatedReader() as plain:
            ports = (reader.port, plain.port)
            told = await looked(PATIENCE, NetworkFinder(Known(), HERE, ports, frozenset(ports)))
            assert of(told, reader.port).settings == {
                "url": reader.url,
                "tls": {"fingerprint": hashlib.sha256(der).hexdigest()},
            }
            assert of(told, reader.port).model.startswith("LLRP reader: Impinj")
            assert "no TLS there" in of(told, plain.port).remarks[0]

    asyncio.run(main())


@asynccontextmanager
async def somebody(says: bytes, stays: bool) -> AsyncIterator[int]:
    """Who listens on a TCP port, and is no reader."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        if stays:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_who_is_there_and_is_no_reader() -> None:
    async def main() -> None:
        async with (
            somebody(b"SSH-2.0-x\r\n", True) as ssh,
            somebody(b"", True) as silent,
            somebody(b"", False) as gone,
        ):
            told = await scanned(ssh, silent, gone)
            reasons = [of(told, port).remarks[0] for port in (ssh, silent, gone)]
            assert {of(told, port).state for port in (ssh, silent, gone)} == {"unknown"}
            assert "no LLRP" in reasons[0]
            assert "nobody greets" in reasons[1]
            assert "closed the connection before" in reasons[2]

    asyncio.run(main())


def test_addresses_for_which_there_was_no_time_are_told() -> None:
    async def main() -> None:
        finder = NetworkFinder(Known(), (ip_network("127.0.0.0/24"),), (free_port(),), frozenset())
        told = Told()
        await finder.find(told, asyncio.get_running_loop().time() - 1)
        assert "before 254 addresses" in told.lines[-1]

    asyncio.run(main())


def test_attached_networks_are_looked_through_but_for_large_ones_and_this_machine_itself() -> None:
    nearby = [Attached("eth0", IPv4Network("127.0.0.0/29")), Attached("br0", IPv4Network("169.254.0.0/16"))]

    async def main() -> None:
        async with SimulatedReader() as reader:
            told = await looked(
                PATIENCE, NetworkFinder(Known(), (), (reader.port,), frozenset(), lambda: nearby)
            )
            assert told.findings == {}
            assert told.lines == [
                "network: 169.254.0.0/16 at br0 has 65536 addresses; name the part of it with --network",
                f"network: 127.0.0.0/29, ports {reader.port}",
            ]
            alone = await looked(
                1, NetworkFinder(Known(), (), (reader.port,), frozenset(), lambda: nearby[1:])
            )
            assert "no network to look through" in alone.lines[-1]

    asyncio.run(main())


ROUTES = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0101A8C0	0003	0	0	0	00000000	0	0	0
eth0	0001A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
wlan0	0001A8C0	00000000	0001	0	0	600	00FFFFFF	0	0	0
eth0	0000FEA9	00000000	0001	0	0	1000	0000FFFF	0	0	0
eth0	0002A8C0	0101A8C0	0003	0	0	0	00FFFFFF	0	0	0
eth0	0900000A	00000000	0005	0	0	0	FFFFFFFF	0	0	0
wg0	0000090A	00000000	0001	0	0	0	00FFFFFF	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
gone0	0003A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
eth0	0004A8C0	00000000	0000	0	0	0	00FFFFFF	0	0	0
"""


def test_the_attached_networks(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(ROUTES)
    for name, kind, state in (
        ("eth0", 1, "up"),
        ("wlan0", 1, "up"),
        ("wg0", 65534, "unknown"),
        ("docker0", 1, "down"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "type").write_text(f"{kind}\n")
        (tmp_path / name / "operstate").write_text(f"{state}\n")
    found = [(one.interface, str(one.network)) for one in networks.attached(tmp_path / "route", tmp_path)]
    assert found == [("eth0", "192.168.1.0/24"), ("wlan0", "192.168.1.0/24"), ("eth0", "169.254.0.0/16")]


def test_what_an_operator_names_is_bounded() -> None:
    assert networks.named(("10.0.0.9/30", "::1")) == (IPv4Network("10.0.0.8/30"), ip_network("::1/128"))
    both = networks.named(("10.0.0.0/30", "10.0.0.2/32"))
    assert list(networks.addresses(both)) == ["10.0.0.1", "10.0.0.2"]
    with pytest.raises(ValueError, match="door is no network; write it as"):
        networks.named(("door",))
    with pytest.raises(ValueError, match="131072 addresses are more than 65536"):
        networks.named(("10.0.0.0/16", "10.1.0.0/16"))


def test_an_address_of_this_machine_is_known_as_such() -> None:
    assert networks.is_own(HOST)
    assert not networks.is_own("192.0.2.77")


def test_readers_that_call_are_asked_once_and_told() -> None:
    port = free_port()

    async def main() -> Told:
        told = Told()
        finding = asyncio.create_task(
            CallFinder(Known(), HOST, port).find(told, asyncio.get_running_loop().time() + PATIENCE)
        )
        await until(lambda: told.lines, "it listens")
        async with SimulatedReader() as reader:
            await reader.call(HOST, port)
            await until(lambda: told.findings, "it was asked")
            await reader.until(lambda: not reader.client)
            again, writer = await asyncio.open_connection(HOST, port)
            with suppress(ConnectionError):  # a reset, or an end: both are no conversation
                assert await again.read() == b""
            writer.close()
            finding.cancel()
            await asyncio.gather(finding, return_exceptions=True)
        return told

    told = asyncio.run(main())
    (found,) = told.findings.values()
    assert (found.kind, found.settings) == ("llrp", {"url": f"listen://{HOST}:{port}"})
    assert found.model.startswith("LLRP reader: Impinj model 2001002")
    assert found.where == f"{HOST} (calls {HOST}:{port})"


def test_a_port_where_somebody_listens_already() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        async def main() -> None:
            with pytest.raises(
                OSError, match=f"nobody can listen on {HOST}:{port}: .*choose another one with --listen"
            ):
                await CallFinder(Known(), HOST, port).find(Told(), 0)

        asyncio.run(main())
