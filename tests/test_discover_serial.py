"""Who is on the serial ports: gateway/discover/serial_*.py on real pseudo-terminals with our simulated modules."""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.codecs.recognise import SSI_ACK
from drivers.m100 import M100
from drivers.serial_port import SerialPort, open_port
from gateway.discover.holders import holder
from gateway.discover.known import Known
from gateway.discover.serial_finder import SerialFinder
from gateway.discover.serial_ports import attached
from simulators.m100 import SimulatedM100
from simulators.mercury import SimulatedMercury
from simulators.serial_module import SimulatedModule
from simulators.tsl import SimulatedTsl
from simulators.uhfreader import SimulatedUhfReader
from tests.discovered import SerialDevice, Told, looked
from tests.fix_daemon import until
from tests.test_recognise import NMEA, REVISION, SCAN, summed

PATIENCE = 120.0
"""Seconds, for a busy machine: it takes ten."""


def module(one: SimulatedModule, baud: int) -> SerialDevice:
    at = iter(range(0, 1 << 62, 1_000_000))  # whatever came before is long ago
    return SerialDevice(baud, lambda told: one.receive(told, next(at)))


async def discovered(
    devices: list[SerialDevice], known: Known | None = None, seconds: float = PATIENCE
) -> Told:
    """What is told of them; the time is over when it is told of all."""
    told = Told()
    async with AsyncExitStack() as stack:
        for one in devices:
            await stack.enter_async_context(one)
        finder = SerialFinder(known or Known(), [one.path for one in devices])
        looking = asyncio.create_task(finder.find(told, asyncio.get_running_loop().time() + seconds))
        await until(lambda: looking.done() or len(told.findings) == len(devices), "all were told")
        await looking
    return told


def test_each_port_is_told_for_what_it_is_and_at_its_rate() -> None:
    modules: list[SimulatedModule] = [
        SimulatedM100(),
        SimulatedMercury(),
        SimulatedUhfReader(),
        SimulatedUhfReader(),
    ]
    revision = bytes.fromhex("04A30400FF55")
    devices = {
        "m100": module(modules[0], 115200),
        "mercury": module(modules[1], 115200),
        "uhfreader": module(modules[2], 57600),
        "fast uhfreader": module(modules[3], 115200),
        "tsl": module(SimulatedTsl(), 115200),
        "ssi": SerialDevice(9600, lambda told: summed(REVISION) if told == revision else b""),
        "gps": SerialDevice(9600, speaks=NMEA),
        "scanner": SerialDevice(9600, speaks=b"4006381333931\r\n", asked=True),
        "ssi that scans": SerialDevice(9600, speaks=SCAN, asked=True),
        "noise": SerialDevice(1200, speaks=b"never"),
        "echo": SerialDevice(57600, lambda told: told),
    }
    told = asyncio.run(discovered(list(devices.values())))
    found = {name: told.findings[one.path] for name, one in devices.items()}
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "m100": "m100", "mercury": "mercury", "uhfreader": "uhfreader", "fast uhfreader": "uhfreader", "tsl": "tsl",
        "ssi": "ssi", "gps": "nmea", "scanner": "scanner", "ssi that scans": "ssi", "noise": None, "echo": None,
    }  # fmt: skip
    urls = {name: str(one.settings.get("url")).replace(devices[name].path, "") for name, one in found.items()}
    assert urls["m100"] == urls["uhfreader"] == urls["scanner"] == "serial://"
    assert urls["gps"] == "serial://?baud=9600"
    assert found["gps"].ports is None
    assert found["fast uhfreader"].model == "UHFReader288 type 0C, firmware 0.22; at 115200 baud"
    assert urls["fast uhfreader"] == "serial://?baud=115200"
    assert found["mercury"].settings["region"] == "na"
    assert not any(one.reading for one in modules)
    assert devices["gps"].heard == b""
    assert devices["noise"].heard == b""
    assert devices["ssi that scans"].heard.endswith(SSI_ACK)
    assert "makes no sense" in found["noise"].remarks[0]
    assert "echoes" in found["echo"].remarks[0]
    assert "scan something" in told.lines[0]


def test_a_port_on_which_nobody_is_heard() -> None:
    device = SerialDevice(9600)
    told = asyncio.run(discovered([device], seconds=2))
    found = told.findings[device.path]
    assert (found.state, found.kind) == ("unknown", None)
    assert "nothing was heard" in found.remarks[0]


def test_a_port_that_somebody_has_is_not_touched() -> None:
    device = SerialDevice(115200)

    async def main() -> Told:
        async with device, open_port(SerialPort(device.path, 115200)):
            return await looked(2, SerialFinder(Known(), [device.path]))

    told = asyncio.run(main())
    found = told.findings[device.path]
    assert (found.state, found.kind, device.heard) == ("busy", None, b"")
    assert "another program has it" in found.remarks[0]


def test_a_port_of_the_configuration_is_not_opened(tmp_path: Path) -> None:
    device = SerialDevice(115200)
    name = tmp_path / "usb-by-id"
    name.symlink_to(device.path)
    known = Known([M100(id="shelf", url=f"serial://{name}")])
    told = asyncio.run(discovered([device], known))
    assert (told.findings[device.path].known, device.heard) == ("shelf", b"")


def test_ports_that_cannot_be_used_are_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    paths = [str(tmp_path / "file"), str(tmp_path / "none")]
    told = asyncio.run(looked(2, SerialFinder(Known(), paths)))
    assert "cannot be set up as a serial port" in told.findings[paths[0]].remarks[0]
    assert "it is not there" in told.findings[paths[1]].remarks[0]


def test_an_adapter_that_is_pulled_while_it_is_asked() -> None:
    device = SerialDevice(57600)

    async def main() -> Told:
        async with device:
            looking = asyncio.create_task(looked(PATIENCE, SerialFinder(Known(), [device.path])))
            await until(lambda: device.heard, "it is asked")
            device.pull()
            return await looking

    told = asyncio.run(main())
    assert "its adapter is gone" in told.findings[device.path].remarks[0]


@dataclass
class Info:
    """As pyserial tells of a port."""

    device: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None
    manufacturer: str | None = None
    product: str | None = None


def test_ports_have_names_that_last(tmp_path: Path) -> None:
    for name in ("by-id", "by-path", "dev"):
        (tmp_path / name).mkdir()
    for name in ("ttyUSB0", "ttyUSB1", "ttyUSB2", "ttyS0"):
        (tmp_path / "dev" / name).touch()
    (tmp_path / "by-id" / "usb-FTDI_A1-if00-port0").symlink_to("../dev/ttyUSB0")
    (tmp_path / "by-id" / "usb-1a86_USB_Serial-if00-port0").symlink_to("../dev/ttyUSB2")
    for number in range(3):
        (tmp_path / "by-path" / f"usb-0:1.{number}").symlink_to(f"../dev/ttyUSB{number}")
    infos = [
        Info(str(tmp_path / "dev/ttyUSB2"), 0x1A86, 0x7523),
        Info(str(tmp_path / "dev/ttyUSB1"), 0x1A86, 0x7523),
        Info(str(tmp_path / "dev/ttyUSB0"), 0x0403, 0x6001, "A1", "FTDI", "FT232R USB UART"),
        Info(str(tmp_path / "dev/ttyS0")),
        Info("/dev/ttyACM9", 0x1546, 0x01A8),
        Info("/dev/ttyACM8", 0xFFFF, 0x0001),
    ]
    found = attached(infos, tmp_path)
    assert [one.path for one in found] == [
        "/dev/ttyACM8",
        "/dev/ttyACM9",
        str(tmp_path / "dev/ttyS0"),
        str(tmp_path / "by-id/usb-FTDI_A1-if00-port0"),
        str(tmp_path / "by-path/usb-0:1.1"),
        str(tmp_path / "by-path/usb-0:1.2"),
    ]
    abouts = [one.about for one in found]
    assert abouts[0] == "USB ffff:0001"
    assert abouts[1:3] == ["u-blox (USB 1546:01a8)", "no USB adapter"]
    assert abouts[3:5] == ["FTDI FT232R USB UART (USB 0403:6001)", "WCH CH340 (USB 1a86:7523)"]
    assert [bool(one.remark) for one in found] == [False, False, False, False, True, True]
    assert (found[1].usb is not None and found[1].usb.role) == "gps"
    assert found[3].number == "A1"
    assert attached([], tmp_path / "none") == []


def _process(root: Path, number: int, name: str, *files: str) -> None:
    folder = root / "proc" / str(number)
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    for place, file in enumerate(files):
        (folder / "fd" / str(place)).symlink_to(file)


@pytest.mark.parametrize(
    ("port", "who"),
    [
        ("/dev/ttyUSB0", "minicom (process 41)"),
        ("/dev/ttyUSB1", "picocom (process 42)"),
        ("/dev/ttyUSB2", None),
        ("/dev/ttyAMA0", "the kernel, as its console"),
        ("/dev/ttyUSB3", None),
        ("/dev/pts/7", None),
    ],
)
def test_who_has_a_port(tmp_path: Path, port: str, who: str | None) -> None:
    _process(tmp_path, 41, "minicom", "/dev/null", "/dev/ttyUSB0")
    _process(tmp_path, 42, "picocom", "/dev/pts/7")
    _process(tmp_path, os.getpid(), "waypost", "/dev/ttyUSB3")
    (tmp_path / "proc" / "meminfo").touch()
    (tmp_path / "proc" / "43").mkdir()
    locks = tmp_path / "run" / "lock"
    locks.mkdir(parents=True)
    (locks / "LCK..ttyUSB1").write_text("        42\n")
    (locks / "LCK..ttyUSB2").write_text("      4711\n")
    console = tmp_path / "sys/class/tty/console"
    console.mkdir(parents=True)
    (console / "active").write_text("tty0 ttyAMA0\n")
    assert holder(port, tmp_path) == who


def test_the_machine_as_it_is_can_be_asked() -> None:
    assert holder("/dev/tty-that-nobody-has") is None
    assert isinstance(attached(), list)
