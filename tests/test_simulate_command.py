"""`waypost simulate`: one world through simulators of every kind of device, in the place of a configuration's."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.records import Fixes, Scan
from drivers.catalog import KINDS
from gateway.clock import Clock
from gateway.configuration import load
from gateway.reader import open_read_only
from gateway.simulation import stand_ins
from gateway.stand_ins import CannotSimulate
from simulators.clock import RunningClock
from simulators.fleet import Fleet
from simulators.gps_world import GpsWorld
from tests.fix_certificates import HOST
from tests.fix_daemon import following, inputs, reads, until, waypost
from tests.fix_mosquitto import Mosquitto, listening
from tests.fix_site import daemon
from tests.loopback import free_port

WITHOUT = {"recorded"}
"""Kinds that nothing stands in for."""

SERVED = (
    "llrp", "calling", "uhfreader", "ssi", "impinj-http", "gpsd", "teltonika", "gt06", "h02", "queclink", "osmand",
    "owntracks-http",
)  # fmt: skip
SCANNERS = {"scanner", "ssi", "wedge", "json-scans"}
"""They read the labels of pallets: SSCCs of the company 0614141."""
ROAD = {
    "nmea": 1,
    "gpsd": 2,
    **dict.fromkeys(("teltonika", "gt06", "h02", "queclink", "osmand", "owntracks-http"), 4),
    **dict.fromkeys(("json-fixes", "owntracks", "meshtastic"), 4),
}
"""How many each tells the positions of."""

SITE = '[site]\nid = "leeds"\n'
SEED = "1352"
"""In whose world somebody soon comes into every room."""


def tables(folder: Path, broker: int, ports: Mapping[str, int]) -> dict[str, str]:
    """A device of each kind and way to connect, by its id, without its antennas."""
    on = 'broker = "main"\ntopic = '
    places = '{ items = "a.tags", tag = "id.epc", time = "/sent", antenna = "{port}", rssi = "rssi" }'
    fixes = (
        '{ tracker = "{tracker}", lat = "gps.lat", lon = "gps.lon", time = "ts", speed = "v", valid = "ok" }'
    )
    return {
        "llrp": f'kind = "llrp"\nurl = "tcp://{HOST}:{ports["llrp"]}"',
        "calling": f'kind = "llrp"\nurl = "listen://{HOST}:{ports["calling"]}"',
        "m100": f'kind = "m100"\nurl = "serial://{folder}/usb-m100"\npower = 20.0\nregion = "eu"',
        "mercury": f'kind = "mercury"\nurl = "serial://{folder}/usb-mercury"\nregion = "japan"',
        "uhfreader": f'kind = "uhfreader"\nurl = "tcp://{HOST}:{ports["uhfreader"]}"',
        "tsl": f'kind = "tsl"\nurl = "serial://{folder}/rfcomm0"',
        "rfd": f'kind = "rfd"\n{on}"zebra/DATA/a"\nevents = "zebra/CTRL/a"',
        "zebra": f'kind = "zebra"\n{on}"zebra/a/data"\nevents = "zebra/a/events"\nheartbeat = 5.0',
        "json": f'kind = "json"\n{on}"gates/{{port}}/#"\nplaces = {places}\nunits = {{ time = "ms", rssi = "cdbm" }}\n'
        'presence = { topic = "gates/state" }\nheartbeat = 60.0',
        "impinj": f'kind = "impinj"\n{on}"impinj/+/events"',
        "scanner": f'kind = "scanner"\nurl = "serial://{folder}/usb-scanner"',
        "ssi": f'kind = "ssi"\nurl = "tcp://{HOST}:{ports["ssi"]}"',
        "wedge": f'kind = "wedge"\nurl = "input://{folder}/event-kbd"',
        "nmea": f'kind = "nmea"\nurl = "serial://{folder}/usb-gps"',
        "gpsd": f'kind = "gpsd"\nurl = "tcp://{HOST}:{ports["gpsd"]}"\ntrackers = {{ "/dev/a" = "bus", "/dev/b" = "crane" }}',
        "teltonika": f'kind = "teltonika"\nurl = "listen://{HOST}:{ports["teltonika"]}"',
        "gt06": f'kind = "gt06"\nurl = "listen://{HOST}:{ports["gt06"]}"',
        "h02": f'kind = "h02"\nurl = "listen://{HOST}:{ports["h02"]}"',
        "queclink": f'kind = "queclink"\nurl = "listen://{HOST}:{ports["queclink"]}"',
        "osmand": f'kind = "osmand"\nurl = "listen://{HOST}:{ports["osmand"]}"',
        "owntracks-http": f'kind = "owntracks-http"\nurl = "listen://{HOST}:{ports["owntracks-http"]}"',
        "owntracks": f'kind = "owntracks"\n{on}"owntracks/#"',
        "meshtastic": f'kind = "meshtastic"\n{on}"msh/EU_868/2/json/#"',
        "json-fixes": f'kind = "json-fixes"\n{on}"fleet/{{tracker}}/gps"\nplaces = {fixes}\nunits = {{ time = "ms" }}',
        "json-scans": f'kind = "json-scans"\n{on}"desk/+"\nplaces = {{ code = "data.code", time = "at", operator = "who" }}',
        "impinj-http": f'kind = "impinj-http"\nurl = "http://{HOST}:{ports["impinj-http"]}"\npassword = "env:IMPINJ"',
    }


def configured(folder: Path, broker: int, devices: Mapping[str, str]) -> Path:
    """Each device has a room of its own, but for those on the road."""
    text = f'{SITE}[[broker]]\nid = "main"\nurl = "mqtt://{HOST}:{broker}"\n'
    for name, table in devices.items():
        text += f'[[device]]\nid = "{name}"\n{table}\n'
        if name not in ROAD:
            text += f'antennas = [{{ port = {int(name not in SCANNERS)}, zone = "room-{name}" }}]\n'
            text += f'[[zone]]\nid = "room-{name}"\nleave = "silence"\n'
    file = folder / "waypost.toml"
    file.write_text(text)
    return file


def test_every_kind_of_device_has_a_stand_in(tmp_path: Path) -> None:
    ports = dict.fromkeys(SERVED, 1)
    assert set(KINDS) - WITHOUT == set(tables(tmp_path, 1, ports)) - {"calling"}


def test_one_world_for_devices_of_every_kind(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPINJ", "s3cret")
    mosquitto.start()
    ports = {name: free_port() for name in SERVED}
    devices = tables(tmp_path, mosquitto.port, ports)
    file = configured(tmp_path, mosquitto.port, devices)
    truth, journal = tmp_path / "truth.json", tmp_path / "waypost.db"
    simulate = ("simulate", file, "--seconds", "900", "--seed", SEED, "--json", "--truth", truth)

    async def main() -> list[str]:
        async with following(*simulate) as told:
            await until(lambda: len(told) == len(devices), "all are told of")
            async with daemon(file, Clock()) as one:
                links = one.links.values()
                others = [link for name, link in one.links.items() if name not in ROAD]
                await until(lambda: all(link.reads_total for link in others), "something was read by each")
                moving = [one.links[name] for name in ROAD]
                await until(lambda: all(link.fixes_total for link in moving), "all are somewhere")
                await until(lambda: counted(where(journal)) == ROAD, "each tracker is")
                await until(lambda: all(link.health.state == "up" for link in links), "all are up")
            return told

    told = [json.loads(line) for line in asyncio.run(main())]
    assert [one["device"] for one in told] == list(devices)
    assert told[2]["url"] == f"serial://{tmp_path}/usb-m100"
    assert not (tmp_path / "usb-m100").exists()
    happens = json.loads(truth.read_text())
    there = {(visit["zone"], tag) for visit in happens["visits"] for tag in happens["items"][visit["item"]]}
    found = reads(journal)
    told_of = {asset["asset"] for asset in happens["road"]["assets"]}
    assert set().union(*where(journal).values()) == {f"tracker:{name}" for name in told_of}
    assert {source for source, *_ in found} == set(devices) - SCANNERS - set(ROAD)
    assert {(f"room-{source}", tag) for source, tag, _, _ in found} <= there
    scans = [one for one in inputs(journal) if isinstance(one.body, Scan)]
    assert {one.source for one in scans} == SCANNERS
    for one in scans:
        assert isinstance(one.body, Scan)
        assert one.body.tag.startswith("barcode:/00/00614141")


def where(journal: Path) -> dict[str, set[str]]:
    """Who has told a position, by device."""
    found: dict[str, set[str]] = {}
    with open_read_only(journal) as past:
        for _, one in past.rows(Fixes):
            assert isinstance(one.body, Fixes)
            names = {one.body.trackers.ids[code] for code in set(one.body.tracker.tolist())}
            found.setdefault(one.source, set()).update(names)
    return found


def counted(names: Mapping[str, set[str]]) -> dict[str, int]:
    return {source: len(some) for source, some in names.items()}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('kind = "m100"\nurl = "serial:///dev/null"', "/dev/null is there already; set its url to a path"),
        ('kind = "m100"\nurl = "serial:///nowhere/desk"', "there is no folder /nowhere; set its url to"),
        ('kind = "recorded"', "there is no simulator for any of these devices"),
        ('kind = "llrp"\nurl = "tls://10.0.0.5"', "there is no simulator for any of these devices"),
        ('kind = "impinj-http"\nurl = "http://a"\npassword = "env:NOT_THERE"', "its password is not there"),
        (
            'kind = "llrp"\nurl = "tcp://10.0.0.5"\n[[device]]\nid = "b"\nkind = "llrp"\nurl = "tcp://10.0.0.6"',
            "b: port 5084 is a's; on one machine each needs one of its own",
        ),
    ],
)
def test_what_cannot_be_simulated_is_said(tmp_path: Path, table: str, reason: str) -> None:
    file = tmp_path / "waypost.toml"
    file.write_text(f'{SITE}[[device]]\nid = "a"\n{table}\n')

    async def main() -> None:
        with pytest.raises(CannotSimulate, match=reason):
            stand_ins(load(file), RunningClock(), Fleet(GpsWorld()))

    asyncio.run(main())


def test_a_link_that_was_left_behind_is_taken_away(tmp_path: Path) -> None:
    port = tmp_path / "desk"
    port.symlink_to(tmp_path / "gone")
    file = configured(tmp_path, 1, {"desk": f'kind = "m100"\nurl = "serial://{port}"'})

    async def main() -> None:
        found = stand_ins(load(file), RunningClock(), Fleet(GpsWorld()))["desk"]
        assert found is not None
        assert not port.is_symlink()
        async with found.player:
            assert port.exists()

    asyncio.run(main())


def test_a_broker_that_is_not_there_is_said(tmp_path: Path) -> None:
    file = configured(tmp_path, 1, {"zebra": 'kind = "zebra"\nbroker = "main"\ntopic = "a"'})
    code, _, error = asyncio.run(waypost("simulate", file))
    assert code == 1
    assert "is the broker running?" in error


def test_a_broker_that_is_lost_is_waited_for(tmp_path: Path, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    devices = tables(tmp_path, mosquitto.port, dict.fromkeys(SERVED, 1))
    file = configured(tmp_path, mosquitto.port, {"json-fixes": devices["json-fixes"]})

    async def main() -> None:
        async with following("simulate", file, "--seconds", "900"):
            for _ in range(2):
                async with listening(mosquitto.port, "fleet/#") as heard:
                    await heard.until(lambda one: len(one.messages) >= 2)
                mosquitto.kill()
                mosquitto.start()

    asyncio.run(main())
