"""Scanners at work: drivers/scanner.py, ssi.py, wedge.py, scanner_connection.py, input_device.py.

Here is no /dev/uinput, so no kernel makes input events: they come through a named pipe, and the grab's requests are
looked at as they would go to the kernel.
"""

import asyncio
import errno
import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from core.records import Alive, Scan, Up
from core.site import Antenna
from drivers.base import Driver, SetOutput, Start
from drivers.catalog import Device
from drivers.input_device import EVIOCGID, EVIOCGNAME, EVIOCGRAB, ask_kernel, input_path, open_input, taken
from drivers.scanner import Scanner
from drivers.ssi import Ssi
from drivers.wedge import Wedge
from simulators.labels import Printed
from simulators.scanner import SimulatedScanner
from simulators.ssi import REVISION, SimulatedSsi
from simulators.wedge import SimulatedWedge
from tests.llrp_scene import FakeLink
from tests.module_scene import Scene, play
from tests.virtual_loop import run

LABEL = Printed("0109506000134352" + "21A1", "d2")
TAG = "barcode:/01/09506000134352/21/A1"


def driver(kind: str, url: str, **settings: object) -> Driver:
    return made({"kind": kind, "url": url, **settings})


def made(settings: dict[str, object]) -> Driver:
    device = TypeAdapter(Device).validate_python({"id": "gun", **settings})
    assert isinstance(device, Scanner | Ssi | Wedge)
    return device


def scans(link: FakeLink) -> list[Scan]:
    return [one for one in link.bodies if isinstance(one, Scan)]


@pytest.mark.parametrize(
    ("kind", "settings", "reason"),
    [
        ("scanner", {"url": "http://gun"}, "names no way to connect; write serial:///dev/serial/by-id/NAME"),
        (
            "scanner",
            {"suffix": "cr lf"},
            "Input should be 'auto', 'cr', 'lf', 'crlf', 'tab', 'etx' or 'silence'",
        ),
        ("scanner", {"badge": ""}, "at least 1 character"),
        ("ssi", {"url": "usb://gun"}, "names no way to connect"),
        (
            "wedge",
            {"url": "serial:///dev/input/event3"},
            "names no input device; write input:///dev/input/by-id",
        ),
        ("wedge", {"url": "input://"}, "names no input device"),
    ],
)
def test_settings_that_cannot_be(kind: str, settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        made({"kind": kind, "url": "tcp://127.0.0.1", **settings})


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("scanner", "tcp://10.0.0.5"),
        ("ssi", "serial:///dev/ttyACM0"),
        ("wedge", "input:///dev/input/by-id/x%20y"),
    ],
)
def test_they_are_carried_and_decided_at_once(kind: str, url: str) -> None:
    device = driver(kind, url, antennas=[{"port": 0, "zone": "goods-in"}])
    assert (device.handheld, device.lateness) == (True, 0.0)
    assert device.antennas == (Antenna(0, zone="goods-in"),)


def test_the_path_of_a_url() -> None:
    assert input_path("input:///dev/input/by-id/x%20y-event-kbd") == "/dev/input/by-id/x y-event-kbd"


def test_a_serial_scanner_and_its_orders(caplog: pytest.LogCaptureFixture) -> None:
    module = SimulatedScanner()

    async def test(here: Scene) -> None:
        assert here.link.info == ["scanner"]
        here.link.asked.put_nowait(Start())
        here.line.send(module.read(Printed("EMP-1", "C0")) + module.read(LABEL))
        await asyncio.sleep(1)
        assert [(one.tag, one.operator) for one in scans(here.link)] == [
            ("badge:EMP-1", "badge:EMP-1"),
            (TAG, "badge:EMP-1"),
        ]
        assert [type(one) for one in here.link.bodies[:2]] == [Up, Alive]
        assert here.link.counters == {"orders_refused": 1}
        here.line.hang_up()
        assert isinstance(await here.end(), OSError | EOFError)

    play(module, lambda url: driver("scanner", url, badge="EMP-"), test)
    assert "gun: Start: a scanner of this kind takes no orders" in caplog.text


def test_a_wrong_baud_rate_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def test(here: Scene) -> None:
        for _ in range(5):
            here.line.send(bytes.fromhex("f8 00 80 fe f0 00"))
            await asyncio.sleep(1)
        assert here.link.counters == {"garbled": 5, "noise": 5 * 6}

    play(SimulatedScanner(), lambda url: driver("scanner", url), test)
    (line,) = [one for one in caplog.messages if "set the baud rate in the url" in one]
    assert "what arrives is no text" in line


def test_an_ssi_scanner() -> None:
    module = SimulatedSsi()

    async def test(here: Scene) -> None:
        assert here.link.info == [REVISION.decode()]
        here.line.say(module.read(LABEL, here.line.clock.now()))
        await asyncio.sleep(1)
        assert [(one.tag, one.symbology) for one in scans(here.link)] == [(TAG, "gs1-datamatrix")]
        assert module.ledger["told"] == 1
        here.link.asked.put_nowait(SetOutput(1, True))
        await asyncio.sleep(1)
        assert here.link.counters["orders_refused"] == 1

    play(module, lambda url: driver("ssi", url), test)


def test_a_keyboard(tmp_path: Path) -> None:
    async def main() -> None:
        link = FakeLink()
        with SimulatedWedge(tmp_path / "kbd") as scanner:
            running = asyncio.create_task(driver("wedge", scanner.url).run(link))
            await asyncio.sleep(1)
            scanner.read(LABEL)
            await asyncio.sleep(1)
            assert link.info == ["input events from a pipe"]
            assert [one.tag for one in scans(link)] == [TAG]
            scanner.unplug()
            with suppress(OSError):
                await asyncio.wait_for(running, 10)
            assert "its adapter is gone" in str(running.exception())

    run(main())


def test_events_are_taken_before_a_kernel_would_drop_them(tmp_path: Path) -> None:
    """Also while what came before is gathered for the next hand-over: here the kernel keeps a page."""

    async def main() -> None:
        with SimulatedWedge(tmp_path / "kbd") as scanner:
            async with open_input(str(scanner.path)) as (_, stream):
                fd = os.open(scanner.path, os.O_WRONLY | os.O_NONBLOCK)
                page = fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4096)
                later = asyncio.get_running_loop().time() + 1
                os.write(fd, bytes(24))
                assert len(await stream.read(later)) == 24
                for _ in range(50):
                    assert os.write(fd, bytes(page)) == page
                    for _ in range(3):  # the loop looks at its files between two rounds
                        await asyncio.sleep(0)
                gathered = len(await stream.read(later))
                os.close(fd)
        assert gathered == 50 * page

    run(main())


class Kernel:
    """Takes the requests that `taken` makes; `failing` fails."""

    def __init__(self, failing: int = 0, error: int = errno.EBUSY) -> None:
        self.failing, self.error = failing, error
        self.asked: list[tuple[int, bytes]] = []

    def __call__(self, fd: int, request: int, argument: bytes) -> bytes:
        self.asked.append((request, argument))
        if request == self.failing:
            raise OSError(self.error, os.strerror(self.error))
        answers = {
            EVIOCGNAME: b"Honeywell 1902g\0" + bytes(240),
            EVIOCGID: struct.pack("=4H", 3, 0x0C2E, 0x0B61, 1),
        }
        return answers.get(request, b"")


def test_a_device_is_asked_its_name_and_taken_for_nobody_else() -> None:
    """The numbers are those of linux/input.h, by its macros."""
    read, write = 2 << 30, 1 << 30
    kind = ord("E") << 8
    assert (
        read | 256 << 16 | kind | 0x06,
        read | 8 << 16 | kind | 0x02,
        write | 4 << 16 | kind | 0x90,
    ) == (EVIOCGNAME, EVIOCGID, EVIOCGRAB)
    kernel = Kernel()
    with open(os.devnull, "rb") as device:
        assert taken(device.fileno(), kernel) == "Honeywell 1902g (0c2e:0b61, bus 3)"
    assert kernel.asked == [(EVIOCGNAME, bytes(256)), (EVIOCGID, bytes(8)), (EVIOCGRAB, struct.pack("=i", 1))]


@pytest.mark.parametrize(
    ("path", "kernel", "text"),
    [
        ("/nowhere/event0", None, "it is not there; plug the scanner in"),
        (os.devnull, None, "it is no input device; look for the right one with ls"),
        (os.devnull, Kernel(EVIOCGRAB), "another program has grabbed it; find it with fuser"),
        (os.devnull, Kernel(EVIOCGNAME, errno.ENODEV), "it is gone; plug the scanner in again"),
        (os.devnull, Kernel(EVIOCGNAME, errno.EACCES), "let it join the group input"),
        (os.devnull, Kernel(EVIOCGNAME, errno.EIO), "Input/output error"),
    ],
)
def test_what_cannot_be_taken(path: str, kernel: Kernel | None, text: str) -> None:
    async def main() -> None:
        async with open_input(path, kernel):
            pass

    with pytest.raises(ConnectionError, match=text) as error:
        asyncio.run(main())
    assert str(error.value).startswith(f"{path}: ")


def test_the_kernels_grab_is_asked_for_by_number() -> None:
    """What is no input device knows none of the requests, the grab neither."""
    with open(os.devnull, "rb") as device:
        for request, argument in ((EVIOCGNAME, bytes(256)), (EVIOCGRAB, struct.pack("=i", 1))):
            with pytest.raises(OSError, match="ioctl"):
                ask_kernel(device.fileno(), request, argument)
