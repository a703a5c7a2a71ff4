"""Serial ports over pseudo-terminals: drivers/serial_port.py and simulators/serial_line.py."""

import asyncio
import errno
import fcntl
import os
import termios
import tty
from pathlib import Path

import pytest
import serial

from drivers.m100 import M100
from drivers.serial_port import SerialPort, Where, open_bytes, open_port, where
from drivers.streams import CAPACITY, Address
from simulators.llrp_reports import Sighting
from simulators.m100 import SimulatedM100
from simulators.serial_line import PtyLine
from tests.fix_daemon import until
from tests.llrp_scene import FakeLink

PATIENCE = 30.0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("serial:///dev/ttyUSB0", SerialPort("/dev/ttyUSB0", 115200)),
        (
            "serial:///dev/serial/by-id/usb-1a86_USB_Serial-if00-port0?baud=9600",
            SerialPort("/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", 9600),
        ),
        (
            "serial:///dev/serial/by-path/platform%3A1-usb:0",
            SerialPort("/dev/serial/by-path/platform:1-usb:0", 115200),
        ),
        ("tcp://10.0.0.9", Address("tcp", "10.0.0.9", 6000)),
        ("tcp://10.0.0.9:4001", Address("tcp", "10.0.0.9", 4001)),
        ("listen://0.0.0.0:4001", Address("listen", "0.0.0.0", 4001)),
    ],
)
def test_urls(url: str, expected: Where) -> None:
    assert where(url, 115200, 6000) == expected


def test_a_port_is_called_by_its_url() -> None:
    assert str(SerialPort("/dev/ttyUSB0", 9600)) == "serial:///dev/ttyUSB0?baud=9600"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/dev/ttyUSB0", "names no way to connect; write serial:///dev/serial/by-id/NAME"),
        ("serial://dev/ttyUSB0", "names no serial port; write serial:///dev"),
        ("serial:///", "names no serial port"),
        ("serial:///dev/ttyUSB0?baud=fast", "the baud rate is no number from 1 to 4000000"),
        ("serial:///dev/ttyUSB0?baud=0", "the baud rate is no number"),
        ("serial:///dev/ttyUSB0?baud=99999999999999999999", "the baud rate is no number"),
        ("serial:///dev/ttyUSB0?parity=even", "has the unknown option parity"),
        ("tcp://10.0.0.9:99999", "the port is no number from 1 to 65535"),
    ],
)
def test_urls_that_are_none(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        where(url, 115200, 6000)


class Pty:
    """A pseudo-terminal; `near` is the device's end."""

    def __init__(self) -> None:
        self.near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self.near, False)
        self.path = os.ttyname(self._far)

    @property
    def port(self) -> SerialPort:
        return SerialPort(self.path, 57600)

    def __enter__(self) -> "Pty":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The adapter vanishes."""
        for end in (self.near, self._far):
            if end >= 0:
                os.close(end)
        self.near = self._far = -1


async def gathered(near: int, size: int) -> bytes:
    found = b""

    def look() -> bool:
        nonlocal found
        try:
            found += os.read(near, 65536)
        except BlockingIOError:
            return False
        return len(found) >= size

    await until(look, "everything was written")
    return found


def later() -> float:
    return asyncio.get_running_loop().time() + PATIENCE


def test_bytes_both_ways() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with open_bytes(pty.port) as stream:
                os.write(pty.near, b"\x00\xff\r\n\x11\x13\x03")
                assert await stream.read(later()) == b"\x00\xff\r\n\x11\x13\x03"
                stream.write(b"")
                stream.write(b"\x11\x13\n")
                assert await gathered(pty.near, 3) == b"\x11\x13\n"

    asyncio.run(main())


def test_the_line_is_set_as_asked() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with open_bytes(pty.port):
                settings = termios.tcgetattr(pty.near)
                assert settings[4:6] == [termios.B57600, termios.B57600]

    asyncio.run(main())


def test_the_rate_of_an_open_line_is_changed() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with open_port(pty.port) as stream:
                stream.set_baud(9600)
                assert termios.tcgetattr(pty.near)[4:6] == [termios.B9600, termios.B9600]
                os.write(pty.near, b"still open")
                assert await stream.read(later()) == b"still open"
                with pytest.raises(ConnectionError, match="cannot be set to -1 baud"):
                    stream.set_baud(-1)
                pty.close()
                with pytest.raises(ConnectionError, match="cannot be set to 115200 baud"):
                    stream.set_baud(115200)

    asyncio.run(main())


def test_what_does_not_fit_into_the_line_waits() -> None:
    async def main() -> None:
        data = os.urandom(50_000)
        with Pty() as pty:
            async with open_bytes(pty.port) as stream:
                stream.write(data[:30_000])
                stream.write(data[30_000:])
                assert await gathered(pty.near, len(data)) == data
                stream.write(bytes(CAPACITY + 100_000))
                with pytest.raises(ConnectionError, match="the device takes nothing"):
                    stream.write(b"more")

    asyncio.run(main())


def test_an_adapter_that_vanishes_in_the_middle_of_a_frame() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with open_bytes(pty.port) as stream:
                os.write(pty.near, b"half a fra")
                assert await stream.read(later()) == b"half a fra"
                pty.close()
                with pytest.raises(ConnectionError, match=rf"{pty.path}: its adapter is gone"):
                    await stream.read(later())
                stream.write(b"into nothing")

    asyncio.run(main())


def test_an_adapter_that_vanishes_while_we_write() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with open_bytes(pty.port) as stream:
                pty.close()
                stream.write(b"hello?")
                with pytest.raises(ConnectionError, match="its adapter is gone"):
                    await stream.read(later())

    asyncio.run(main())


def test_a_port_is_nobody_elses_while_it_is_open() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with open_bytes(pty.port):
                with pytest.raises(ConnectionError, match="another program has it; find it with fuser"):
                    async with open_bytes(pty.port):
                        pass
            async with open_bytes(pty.port):
                pass

    asyncio.run(main())


def test_a_port_that_another_program_has_locked_is_not_opened() -> None:
    async def main() -> None:
        with Pty() as pty:
            other = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
            try:
                fcntl.flock(other, fcntl.LOCK_EX)
                with pytest.raises(ConnectionError, match="another program has it"):
                    async with open_bytes(pty.port):
                        pass
            finally:
                os.close(other)
            async with open_bytes(pty.port):
                pass

    asyncio.run(main())


def test_what_is_lost_in_the_middle_of_a_frame_costs_that_frame_and_no_other(tmp_path: Path) -> None:
    """Half a frame, noise, half a frame across an unplugging: the tags around them are read, the rest is counted."""
    link = FakeLink()

    def said(line: PtyLine, number: int) -> bytes:
        return line.module.see(Sighting(1, bytes(11) + bytes((number,))), line.clock.now())

    async def read(line: PtyLine, so_far: int) -> None:
        driver = M100(id="desk", url=line.url)
        running = asyncio.create_task(driver.run(link))
        await until(lambda: line.module.reading, "it reads")
        whole, cut, last = said(line, so_far), said(line, 9), said(line, so_far + 1)
        line.send(whole + cut[: len(cut) // 2] + b"\xaa\x00\xff" + last)
        await until(lambda: len(link.tags) == so_far + 1, "what is whole was read")
        line.send(cut[: len(cut) // 2])
        line.unplug()
        with pytest.raises(ConnectionError, match="its adapter is gone"):
            await running

    async def main() -> None:
        with PtyLine(SimulatedM100(), tmp_path / "usb-module") as line:
            await read(line, 1)
            line.plug()
            await read(line, 3)

    asyncio.run(main())
    assert [int(name, 16) for name in link.tags] == [1, 2, 3, 4]
    assert link.counters["noise"] > 0


def test_ports_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def main() -> None:
        for name, reason in (
            ("none", "it is not there; plug the adapter in"),
            ("file", "cannot be set up as a"),
        ):
            with pytest.raises(ConnectionError, match=reason):
                async with open_bytes(SerialPort(str(tmp_path / name), 9600)):
                    pass

    asyncio.run(main())


def test_a_handheld_that_is_off_is_no_port_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel answers where rfcomm has a port bound and nobody is there."""

    def unheard(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EHOSTDOWN, "could not open port /dev/rfcomm0: Host is down")

    monkeypatch.setattr(serial, "Serial", unheard)

    async def main() -> None:
        async with open_bytes(SerialPort("/dev/rfcomm0", 115200)):
            pass

    with pytest.raises(
        ConnectionError, match="/dev/rfcomm0: the device does not answer over Bluetooth; switch it on"
    ):
        asyncio.run(main())


def test_a_simulated_line_is_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "usb-module"
        with PtyLine(SimulatedM100(), path) as line:
            to = where(line.url, 115200, 6000)
            async with open_bytes(to) as stream:
                stream.write(bytes.fromhex("AA00280000 28DD"))
                assert await stream.read(later()) == bytes.fromhex("AA01280001002ADD")
                line.unplug()
                assert not path.exists()
                with pytest.raises(ConnectionError, match="its adapter is gone"):
                    await stream.read(later())
            line.plug()
            async with open_bytes(to) as stream:
                stream.write(bytes.fromhex("AA00270003 22FFFF 4ADD"))
                await until(lambda: line.module.reading, "it polls")
                for _ in range(2000):
                    line.see(Sighting(1, bytes(11) + b"\1"))
            assert line.lost > 0

    asyncio.run(main())
