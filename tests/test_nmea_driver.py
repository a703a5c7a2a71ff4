"""Receivers at work: over TCP, UDP and a pseudo-terminal whose baud rate is looked for."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from core.records import Alive, Fixes, Up
from drivers.base import ProtocolError, SetOutput
from drivers.baud_hunt import BAUDS, hunt
from drivers.catalog import Device
from drivers.codecs.gps_calendar import BUILT
from drivers.datagrams import open_datagrams
from drivers.gps_connection import reference
from drivers.nmea import Nmea
from drivers.serial_port import PortStream
from drivers.streams import Address
from simulators.clock import SECOND, RunningClock
from simulators.nmea import Faults, SimulatedReceiver
from simulators.nmea_dialects import DIALECTS
from simulators.nmea_lines import ReceiverPort, ReceiverServer
from simulators.serial_line import TcpLine
from simulators.track import Track
from tests.at_work import at_work
from tests.fix_daemon import until
from tests.llrp_peer import NOW
from tests.llrp_scene import FakeLink
from tests.nmea_text import RMC, stream
from tests.test_nmea_session import UBX_ACK
from tests.virtual_loop import run


def driver(url: str, **settings: object) -> Nmea:
    device = TypeAdapter(Device).validate_python({"id": "van", "kind": "nmea", "url": url} | settings)
    assert isinstance(device, Nmea)
    return device


def receiver(name: str, faults: Faults | None = None, start: int = NOW) -> SimulatedReceiver:
    return SimulatedReceiver(Track(8, start), DIALECTS[name], faults)


def times(link: FakeLink) -> list[int]:
    return [time for body in link.bodies if isinstance(body, Fixes) for time in body.time.tolist()]


@pytest.mark.parametrize(
    "url",
    ["serial:///dev/ttyUSB0", "serial:///dev/ttyUSB0?baud=4800", "tcp://10.0.0.9:4001", "udp://0.0.0.0:10110", "udp://[::1]"],
)  # fmt: skip
def test_urls(url: str) -> None:
    assert driver(url).url == url


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "http://van"}, "names no way to connect"),
        ({"url": "udp://"}, "names no host; write udp://HOST:PORT"),
        ({"url": "serial:///dev/ttyUSB0?baud=fast"}, "the baud rate is no number"),
        ({"tracker": "a b"}, "String should match pattern"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Nmea.model_validate({"id": "van", "url": "tcp://10.0.0.9", **settings})


Test = Callable[[SimulatedReceiver, TcpLine, FakeLink, "asyncio.Task[None]"], Awaitable[None]]


def over_tcp(name: str, test: Test, faults: Faults | None = None, **settings: object) -> None:
    """In virtual time."""

    async def main() -> None:
        one, link = receiver(name, faults), FakeLink()
        async with (
            ReceiverServer(one, RunningClock(NOW)).served() as line,
            at_work(driver(line.url, **settings), link) as task,
        ):
            await test(one, line, link, task)

    run(main())


def test_from_the_wire_to_the_daemon() -> None:
    async def test(one: SimulatedReceiver, line: TcpLine, link: FakeLink, task: object) -> None:
        await asyncio.sleep(30.5)
        assert link.info == ["NMEA 0183: GNRMC, GNVTG, GNGGA, GNGSA, GPGSV, GLGSV, GNGLL"]
        assert times(link) == [time for time, _ in one.told]
        assert len(one.told) == 31
        assert isinstance(link.bodies[0], Up)
        assert sum(isinstance(body, Alive) for body in link.bodies) >= 25
        (batch, *_) = [body for body in link.bodies if isinstance(body, Fixes)]
        assert batch.trackers.ids == ["tracker:van-7"]
        assert link.tapped.startswith(b"$GNRMC")

    over_tcp("u-blox", test, tracker="van-7")


def test_a_tunnel_is_told_once_and_orders_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    async def test(one: SimulatedReceiver, line: TcpLine, link: FakeLink, task: object) -> None:
        link.asked.put_nowait(SetOutput(1, True))
        await asyncio.sleep(60.5)
        assert times(link) == [time for time, _ in one.told]
        assert link.counters == {"no_fix": 30, "dry_spells": 1, "orders_refused": 1}

    over_tcp("SiRF", test, Faults((NOW + 10 * SECOND, NOW + 40 * SECOND)))
    assert [record.message for record in caplog.records] == [
        "van: SetOutput: a source of positions takes no orders",
        "van: no fix: the receiver stands by no position; give its antenna a view of the sky",
    ]


def test_a_line_that_is_cut() -> None:
    async def test(one: SimulatedReceiver, line: TcpLine, link: FakeLink, task: "asyncio.Task[None]") -> None:
        await asyncio.sleep(5.5)
        line.hang_up()
        with pytest.raises(EOFError, match="closed the connection"):
            await task
        assert len(times(link)) >= 5

    over_tcp("plain", test)


def test_datagrams(free_port: int) -> None:
    async def main() -> None:
        link = FakeLink()
        task = asyncio.create_task(driver(f"udp://127.0.0.1:{free_port}").run(link))
        await asyncio.sleep(0.1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("127.0.0.1", free_port))
            sender.send(b"")
            for said in receiver("timing").advance(NOW).splitlines():
                sender.send(said)
            await asyncio.sleep(2)
        assert [one.startswith("NMEA 0183: GPZDA") for one in link.info] == [True]
        assert len(times(link)) == 1
        with pytest.raises(
            ConnectionError,
            match=rf"^udp://127.0.0.1:{free_port}: Address already in use; .* ss -ltunp shows",
        ):
            async with open_datagrams(Address("udp", "127.0.0.1", free_port)):
                pass
        with pytest.raises(ProtocolError, match="no sentence came for 10 s"):
            await task
        async with open_datagrams(Address("udp", "::1", free_port)) as again:
            again.write(b"to nobody")

    run(main())


@pytest.fixture
def free_port() -> int:
    """Of UDP, on the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    assert isinstance(port, int)
    return port


# The baud rate


class Port(PortStream):
    """A line of which `hears` tells what comes at a baud rate, each half second."""

    def __init__(self, hears: Callable[[int], bytes]) -> None:
        self.tried: list[int] = []
        self._hears = hears

    def set_baud(self, baud: int) -> None:
        self.tried.append(baud)

    async def read(self, until: float) -> bytes:
        loop = asyncio.get_running_loop()
        data = self._hears(self.tried[-1])
        await asyncio.sleep(min(0.5, until - loop.time()) if data else until - loop.time())
        return data


@pytest.mark.parametrize(("right", "first"), [(9600, None), (921600, None), (4800, 4800), (115200, 38400)])
def test_the_rate_is_found(right: int, first: int | None) -> None:
    async def main() -> None:
        port = Port(lambda baud: stream(RMC) if baud == right else b"\x80\xff\x91")
        began = asyncio.get_running_loop().time()
        assert await hunt(port, first) == right
        order = [*([first] if first else []), *(one for one in BAUDS if one != first)]
        assert port.tried == order[: order.index(right) + 1]
        assert asyncio.get_running_loop().time() - began <= 1.5 * len(port.tried)

    run(main())


@pytest.mark.parametrize(
    ("hears", "reason", "seconds"),
    [
        (b"", "nothing came at any of 9600, 4800, .* baud; look at the receiver's power", 27.0),
        (b"\x80\xff", "what arrives is no NMEA at any of 9600, .*write it into the url: .baud=N", 13.5),
        (UBX_ACK, r"at 9600 baud the receiver speaks UBX \(u-blox\), not NMEA; switch on NMEA", 1.5),
        (stream(RMC)[:-3] + b"0\r\n", "what arrives is no NMEA at any of", 13.5),
    ],
)
def test_what_is_no_receiver(hears: bytes, reason: str, seconds: float) -> None:
    async def main() -> None:
        with pytest.raises(ProtocolError, match=reason):
            await hunt(Port(lambda baud: hears))
        assert asyncio.get_running_loop().time() <= seconds

    run(main())


def test_a_receiver_on_a_port_and_its_rate_is_remembered(tmp_path: Path) -> None:
    """In real time; at another rate the line carries nonsense."""

    async def main() -> None:
        one = SimulatedReceiver(Track(9, NOW), DIALECTS["SiRF"])
        with ReceiverPort(one, tmp_path / "usb-gps", RunningClock(NOW, 8.0)) as line:
            device = driver(line.url)
            for _ in range(2):
                link = await heard(device, lambda link: len(times(link)) >= 2)
                assert [one.endswith("; 4800 baud") for one in link.info] == [True]
                assert set(times(link)) <= {time for time, _ in one.told}
            link = await heard(driver(f"{line.url}?baud=9600"), lambda link: bool(link.tapped))
            assert b"$" not in link.tapped
            assert link.info == []

    asyncio.run(main())


async def heard(device: Nmea, enough: Callable[[FakeLink], bool]) -> FakeLink:
    """What a driver has told until it is enough."""
    link = FakeLink()
    task = asyncio.create_task(device.run(link))
    await until(lambda: enough(link), "it is heard")
    task.cancel()
    await asyncio.wait({task})
    return link


def test_what_is_known_of_the_date() -> None:
    assert reference(NOW, True).time == max(NOW, BUILT)
    early = reference(0, False)
    assert (early.time, early.latest) == (BUILT, None)
    later = reference(BUILT + 5, True)
    assert (later.time, later.latest) == (BUILT + 5, BUILT + 5 + 86_400 * SECOND)
