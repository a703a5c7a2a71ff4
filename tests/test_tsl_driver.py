"""TSL handhelds at work, behind a device server and in virtual time: drivers/tsl.py, serial_connection.py."""

import asyncio

import pytest
from pydantic import TypeAdapter, ValidationError

from core.records import Reads, Scan
from drivers.base import Driver, Fatal, ProtocolError, Start, Stop
from drivers.catalog import Device
from drivers.tsl import Tsl
from simulators.llrp_reports import Sighting
from simulators.tsl import SimulatedTsl
from tests.module_scene import Scene, play

EPC = bytes.fromhex("330DE29525C0210005F5F8F2")


def driver(url: str, **settings: object) -> Driver:
    device: Device = TypeAdapter(Device).validate_python(
        {"id": "wand", "kind": "tsl", "url": url, **settings}
    )
    assert isinstance(device, Tsl)
    return device


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "/dev/rfcomm0"}, "names no way to connect; write serial:///dev/serial/by-id/NAME"),
        ({"power": 50}, "less than or equal to 33"),
        ({"single": "shoot"}, "Input should be 'inventory', 'barcode' or 'off'"),
        ({"badge": ""}, "at least 1 character"),
        ({"keepalive": 0.1}, "greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Tsl.model_validate({"id": "wand", "url": "serial:///dev/rfcomm0", **settings})


def test_a_person_holds_it_and_nothing_of_it_is_late() -> None:
    device = Tsl(id="wand", url="serial:///dev/rfcomm0")
    assert (device.handheld, device.lateness) == (True, 0.0)


def test_from_the_trigger_to_the_daemon() -> None:
    module = SimulatedTsl()

    async def test(here: Scene) -> None:
        here.line.send(module.scan(b"EMP-17"))
        await asyncio.sleep(1)
        here.line.send(module.pull([Sighting(1, EPC, rssi=-61.0)]))
        await asyncio.sleep(1)
        assert here.link.info == ["TSL 1128-EU-001234, firmware 1.9.2, battery 87%"]
        assert here.link.tags == [EPC.hex().upper()]
        (scan,) = [body for body in here.link.bodies if isinstance(body, Scan)]
        assert (scan.tag, scan.operator) == ("badge:EMP-17", "badge:EMP-17")
        (reads,) = [body for body in here.link.bodies if isinstance(body, Reads)]
        assert abs(int(reads.time[0]) - here.link.now()) < 1_100_000

    play(module, lambda url: driver(url, badge="EMP-"), test)


def test_orders_and_a_clean_stop() -> None:
    module = SimulatedTsl()

    async def test(here: Scene) -> None:
        here.line.see(Sighting(1, EPC))
        await asyncio.sleep(30)
        assert here.link.tags == []
        here.link.asked.put_nowait(Start())
        await asyncio.sleep(1)
        assert here.link.tags == [EPC.hex().upper()]
        here.link.asked.put_nowait(Stop())
        await asyncio.sleep(60)
        assert not here.running.done()
        aborted = module.aborted
        here.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await here.running
        assert module.aborted == aborted + 1

    play(module, driver, test)


def test_a_cable_that_silences_its_bluetooth_ends_the_connection() -> None:
    module = SimulatedTsl()

    async def test(here: Scene) -> None:
        module.mute = True
        error = await here.end()
        assert isinstance(error, ProtocolError)
        assert "a cable at its USB socket" in str(error)

    play(module, driver, test)


def test_a_power_that_it_does_not_have_is_for_an_operator() -> None:
    async def test(here: Scene) -> None:
        error = await here.end()
        assert isinstance(error, Fatal)
        assert "power 33 dBm" in str(error)

    play(SimulatedTsl(), lambda url: driver(url, power=33), test)
