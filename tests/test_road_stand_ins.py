"""Which trackers stand in for a configuration's devices: those that it names, as it names them, and where it listens."""

import asyncio
import zlib
from pathlib import Path

import pytest

from gateway.broker_trackers import Reporting, voices
from gateway.configuration import load
from gateway.simulation import stand_ins
from gateway.stand_ins import CannotSimulate
from simulators.clock import SECOND, RunningClock
from simulators.fleet import Fleet, Outages
from simulators.gps_scenario import GpsScenario
from simulators.gps_world import GpsWorld
from simulators.logbook import Noted
from simulators.receiver import Place

BROKER = '[[broker]]\nid = "main"\nurl = "mqtt://127.0.0.1"\n'
NOTED = Noted(0, 1_767_225_600 * SECOND, Place(53.8, -1.55, 50.0, 3.0, 90.0), 7)
NODE = f"!{zlib.crc32(b'a') & 0xFFFFFF00:08x}"
IMEI = zlib.crc32(b"a") % 10**9


def configured(folder: Path, table: str) -> Path:
    file = folder / "waypost.toml"
    file.write_text(f'[site]\nid = "leeds"\n{BROKER}[[device]]\nid = "a"\n{table}\n')
    return file


def played(folder: Path, table: str) -> tuple[str | None, list[str]]:
    """Where the device's stand-in is, None if there is none, and the names of its assets."""

    async def main() -> tuple[str | None, list[str]]:
        fleet = Fleet(GpsWorld(GpsScenario(seconds=60.0)))
        try:
            found = stand_ins(load(configured(folder, table)), RunningClock(), fleet)["a"]
        except CannotSimulate as error:
            return f"cannot: {error}", []
        return None if found is None else found.at, list(fleet.world.assets)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("table", "at", "names"),
    [
        (
            'kind = "teltonika"\nurl = "listen://0.0.0.0:5027"',
            "4 trackers call 127.0.0.1:5027",
            [f"35{IMEI:09}{number:04}" for number in range(4)],
        ),
        (
            'kind = "gt06"\nurl = "listen://0.0.0.0"\ntrackers = ["352093086400007", "a-b"]',
            "1 trackers call 127.0.0.1:5023",
            ["352093086400007"],
        ),
        (
            'kind = "osmand"\nurl = "listen://0.0.0.0"\ntrackers = ["tom", "ann"]',
            "2 trackers call 127.0.0.1:5055",
            ["tom", "ann"],
        ),
        (
            'kind = "owntracks-http"\nurl = "listen://0.0.0.0"\ntrackers = ["tom/phone", "ann/pad"]',
            "1 trackers call 127.0.0.1:8083",
            ["tom/phone"],
        ),
        (
            'kind = "h02"\nurl = "udp://0.0.0.0"\ntrackers = ["352093086400007"]',
            "1 trackers call 127.0.0.1:5013",
            ["352093086400007"],
        ),
        ('kind = "nmea"\nurl = "udp://0.0.0.0:10110"\ntracker = "boat"', "udp://127.0.0.1:10110", ["boat"]),
    ],
)
def test_who_plays_a_device(tmp_path: Path, table: str, at: str, names: list[str]) -> None:
    assert played(tmp_path, table) == (at, names)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('kind = "osmand"\nurl = "listen://0.0.0.0"\npassword = "env:P"', "there is no simulator for any"),
        (
            'kind = "h02"\nurl = "listen://0.0.0.0"\ntrackers = ["tom"]',
            "a: none of its trackers is an IMEI of 15 digits; leave them out while it is simulated",
        ),
        (
            'kind = "owntracks-http"\nurl = "listen://0.0.0.0"\ntrackers = ["tom/pad"]',
            "a: none of its trackers is USER/phone; leave them out",
        ),
        (
            'kind = "owntracks"\nbroker = "main"\ntopic = "owntracks/#"\ntrackers = ["tom"]',
            "a: none of its trackers is of the form a-0/phone; leave them out",
        ),
    ],
)
def test_what_nobody_can_play_is_said(tmp_path: Path, table: str, reason: str) -> None:
    at, names = played(tmp_path, table)
    assert (at or "").startswith(f"cannot: {reason}")
    assert names == []


@pytest.mark.parametrize(
    ("table", "topics"),
    [
        (
            'kind = "owntracks"\ntopic = "owntracks/#"',
            {f"a-{number}/phone": f"owntracks/a-{number}/phone" for number in range(4)},
        ),
        (
            'kind = "owntracks"\ntopic = "fleet/tom/+"',
            {f"tom/phone-{number}": f"fleet/tom/phone-{number}" for number in range(4)},
        ),
        ('kind = "owntracks"\ntopic = "owntracks/tom/pad/#"', {"tom/pad": "owntracks/tom/pad"}),
        (
            'kind = "owntracks"\ntopic = "#"\ntrackers = ["tom/pad", "x"]',
            {"tom/pad": "owntracks/tom/pad"},
        ),
        (
            'kind = "meshtastic"\ntopic = "msh/EU_868/2/json/#"\ntrackers = ["!0000000a"]',
            {"!0000000a": "LongFast"},
        ),
        (
            'kind = "meshtastic"\ntopic = "msh/#"',
            {f"!{int(NODE[1:], 16) + number:08x}": "LongFast" for number in range(4)},
        ),
        (
            'kind = "meshtastic"\ntopic = "msh/+/2/json/Fleet/#"\ntrackers = ["!0000000a"]',
            {"!0000000a": "Fleet"},
        ),
        (
            'kind = "json-fixes"\ntopic = "cart/+"\nplaces = { lat = "a", lon = "b" }\ntracker = "cart-1"',
            {"cart-1": "cart/simulated"},
        ),
    ],
)
def test_who_speaks_on_a_broker(tmp_path: Path, table: str, topics: dict[str, str]) -> None:
    (device,) = load(configured(tmp_path, f'{table}\nbroker = "main"')).settings.device
    assert isinstance(device, Reporting)
    assert {name: message(NOTED)[0] for name, message in voices(device).items()} == topics


def test_when_there_is_no_network() -> None:
    outages = Outages(first=40.0, lasts=60.0, every=300.0)
    assert outages.windows(0, 30.0) == ()
    assert outages.windows(0, 400.0) == ((40 * SECOND, 100 * SECOND), (340 * SECOND, 400 * SECOND))


def test_each_tracker_of_four_has_its_fault() -> None:
    fleet = Fleet(GpsWorld(GpsScenario(seconds=600.0)))
    plain, network, rollover, local = (fleet.faults(number) for number in range(4))
    assert (plain.lost, plain.silent, plain.clock.ahead) == (0, (), 0)
    assert network.lost
    assert network.repeated
    assert len(network.silent) == 2
    assert rollover.clock.eras == 1
    assert local.clock.ahead == 7200 * SECOND
    assert fleet.receiver("van").start == fleet.world.scenario.start
