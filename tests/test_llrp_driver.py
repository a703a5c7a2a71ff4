"""Settings of the drivers, and the catalogue: drivers/llrp.py, recorded.py, catalog.py."""

import asyncio
from contextlib import suppress

import pytest
from pydantic import TypeAdapter, ValidationError

from core.site import Antenna, PhotoEye
from drivers.catalog import Device
from drivers.codecs.llrp_setup import GpiTrigger, PeriodicTrigger, Radio, Reading
from drivers.llrp import Llrp
from drivers.recorded import Recorded
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

DOOR = {"id": "door1", "kind": "llrp", "url": "tcp://10.0.0.5"}


def driver(**settings: object) -> Llrp:
    return Llrp.model_validate({**DOOR, **settings})


def test_a_device_of_a_configuration() -> None:
    device: object = TypeAdapter(Device).validate_python({**DOOR, "antennas": [{"port": 1, "zone": "yard"}]})
    assert isinstance(device, Llrp)
    assert device.reading() == Reading(antennas=(1,))
    assert isinstance(TypeAdapter(Device).validate_python({"id": "r", "kind": "recorded"}), Recorded)


def test_all_settings() -> None:
    found = driver(
        antennas=[
            {"port": 2, "portal": "dock", "side": "yard"},
            {"port": 1, "portal": "dock", "side": "hall"},
        ],
        gpi=[{"port": 3, "portal": "dock", "side": "yard"}],
        radio=[{"power": 27.5}, {"port": 1, "power": 20, "rf_mode": 1002}],
        session=2,
        search="focus",
        tag_population=100,
        tari=6250,
        phase=True,
        doppler=True,
        channel=False,
        report_every=10,
        trigger={"gpi": 1, "hold": 10},
    ).reading()
    assert found == Reading(
        antennas=(1, 2),
        radio={0: Radio(27.5), 1: Radio(20.0, 1002)},
        session=2,
        search="focus",
        population=100,
        tari=6250,
        phase=True,
        doppler=True,
        channel=False,
        report_every=10,
        trigger=GpiTrigger(1, 10.0),
        keepalive=1.0,
        inputs=(1, 3),
    )


def test_other_settings() -> None:
    found = driver(
        antennas=[{"port": 0, "zone": "yard"}, {"port": 1, "zone": "yard"}],
        trigger={"period": 60, "duration": 5},
        keepalive=2.5,
    ).reading()
    assert found.antennas == ()
    assert found.trigger == PeriodicTrigger(60.0, 5.0)
    assert found.keepalive == 2.5
    assert driver(
        antennas=(Antenna(1, zone="yard"),), gpi=(PhotoEye(4, "dock", "yard"),)
    ).reading().inputs == (4,)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "http://reader"}, "begin it with tcp"),
        ({"radio": [{"power": 20}, {"power": 21}]}, "radio names a port twice"),
        (
            {"radio": [{"port": 2}], "antennas": [{"port": 1, "zone": "a"}]},
            "port 2, which is not among antennas",
        ),
        ({"tari": 6250}, "tari goes with an RF mode"),
        ({"session": 4}, "less than or equal to 3"),
        ({"keepalive": 0}, "greater than or equal to 0.1"),
        ({"trigger": {"gpi": 1}}, "Field required"),
        ({"tls": {"fingerprint": "12"}}, "should match pattern"),
        ({"powr": 3}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        driver(**settings)


def test_fingerprints_as_tools_print_them() -> None:
    for fingerprint in ("ab" * 32, ":".join(["AB"] * 32)):
        assert driver(tls={"fingerprint": fingerprint}).tls.fingerprint == fingerprint


def test_a_recorded_device_is_up_and_does_nothing() -> None:
    async def main() -> None:
        link = FakeLink()
        task = asyncio.create_task(Recorded(id="recorded-1").run(link))
        await asyncio.sleep(3600)
        assert link.info == ["fed by `waypost replay`"]
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    run(main())
