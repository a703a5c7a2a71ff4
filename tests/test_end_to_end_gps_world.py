"""The GPS world through every kind of device that tells positions, into the running daemon: its journal has the truth.

Vehicles go to and fro through a tunnel. Their trackers lose acknowledgements, repeat messages, have no network for a
while, and clocks that are 1024 weeks behind, not set yet, or now and then a year ahead.
"""

import asyncio
import json
import math
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiomqtt
import numpy as np
import pytest

from core.records import Fix, Flag
from simulators.asset_receiver import AssetReceiver
from simulators.clock import SECOND, RunningClock
from simulators.datagram_stream import open_datagrams
from simulators.declared import Declared
from simulators.gps_scenario import GpsScenario
from simulators.gps_world import Asset, GpsWorld
from simulators.gpsd import GpsdReceiver, SimulatedGpsd
from simulators.gt06 import SimulatedGt06
from simulators.h02 import SimulatedH02
from simulators.json_tracker import SimulatedJsonTracker
from simulators.land import Circle, Land
from simulators.lasting import LastingClient
from simulators.local_frame import LocalFrame
from simulators.logbook import Faults, Logbook
from simulators.motion import Itinerary, Style
from simulators.nmea import Faults as ReceiverFaults
from simulators.nmea import SimulatedReceiver
from simulators.nmea_dialects import DIALECTS
from simulators.nmea_lines import ReceiverServer
from simulators.phones import SimulatedOsmAnd, SimulatedOwnTracksHttp
from simulators.queclink import SimulatedQueclink
from simulators.receiver import Place
from simulators.reporting import report
from simulators.teltonika import SimulatedTeltonika, SimulatedTeltonikaUdp
from simulators.track import metres
from simulators.trackers import SimulatedTracker
from simulators.wrong_clock import YEAR_1980, YEAR_2000, WrongClock
from tests.delivering import stored
from tests.fix_certificates import HOST
from tests.fix_daemon import until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import START, Wall, all_up, daemon
from tests.loopback import free_port
from tests.virtual_loop import run

LASTS = 150
KINDS: dict[str, type[SimulatedTracker]] = {
    "teltonika": SimulatedTeltonika,
    "gt06": SimulatedGt06,
    "h02": SimulatedH02,
    "queclink": SimulatedQueclink,
    "osmand": SimulatedOsmAnd,
    "owntracks-http": SimulatedOwnTracksHttp,
}
SILENT_ON_FIXES = {"owntracks-http"}
"""They do not say that they have no fix."""
SPEEDS = {1, 3, 4}
"""Whose receivers tell speed and course."""
UNSET = (START, START + 60 * SECOND)
COMMON = (
    Faults(lost=5, repeated=4),
    Faults(silent=((START + 50 * SECOND, START + 110 * SECOND),), lost=7),
    Faults(clock=WrongClock(eras=1), lost=3),
    Faults(clock=WrongClock(leaps=9)),
)
FAULTS = {
    kind: (
        *COMMON,
        Faults(clock=WrongClock(unset=UNSET, first=YEAR_2000 if kind == "gt06" else YEAR_1980), repeated=3),
    )
    for kind in KINDS
}
"""GT06 has no word for years before 2000."""


def world(start: int = START, assets: int = len(COMMON) + 1) -> GpsWorld:
    """They set out one after the other; the receiver of the first repeats its last fix in the tunnel."""
    tunnel = Circle("tunnel", (0.0, 500.0), 120.0)
    made = GpsWorld(
        GpsScenario(start=start, seconds=LASTS + 60.0, excursions_per_hour=0.0),
        Land(LocalFrame(53.8, -1.55), tunnels=(tunnel,)),
    )
    for number in range(assets):
        way = Itinerary((20.0 * number, 0.0))
        way.stay(5.0 * number)
        for _ in range(6):
            way.go([(20.0 * number, 1000.0)], Style(15.0, 4.0, 1.5))
            way.go([(20.0 * number, 0.0)], Style(15.0, 4.0, 1.5))
        made.add(
            Asset(f"van-{number}", "vehicle", way.motion(), "none" if number else "latched", number in SPEEDS)
        )
    return made


def configured(folder: Path, *tables: str) -> Path:
    file = folder / "waypost.toml"
    file.write_text('[site]\nid = "leeds"\n' + "\n".join(tables))
    return file


def by_tracker(journal: Path) -> dict[str, list[Fix]]:
    found: dict[str, list[Fix]] = {}
    for fix in stored(journal):
        found.setdefault(fix.tracker.removeprefix("tracker:"), []).append(fix)
    return found


def same(fix: Fix, time: int, place: Place) -> bool:
    return fix.time == time and metres((fix.lat, fix.lon), (place.lat, place.lon)) < 0.2


def off(roads: GpsWorld, asset: str, fixes: Sequence[Fix]) -> float:
    """Median of the m between what is in the journal and where the asset truly was then."""
    true = roads.truth(asset, np.array([one.time for one in fixes]))
    lat, lon = roads.land.frame.degrees(true.east, true.north)
    return statistics.median(
        metres((one.lat, one.lon), where)
        for one, where in zip(fixes, zip(lat.tolist(), lon.tolist(), strict=True), strict=True)
    )


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [*((kind, "listen") for kind in KINDS), ("teltonika", "udp"), ("h02", "udp"), ("queclink", "udp")],
)
def test_trackers(tmp_path: Path, kind: str, scheme: str) -> None:
    roads, port = world(), free_port()
    made = SimulatedTeltonikaUdp if (kind, scheme) == ("teltonika", "udp") else KINDS[kind]
    over = open_datagrams if scheme == "udp" else asyncio.open_connection
    trackers = [
        made(f"35209308640{at:04}", AssetReceiver(roads, f"van-{at}"), START, 1.0, faults)
        for at, faults in enumerate(FAULTS[kind])
    ]

    async def main() -> None:
        clock = RunningClock(START)
        table = f'[[device]]\nid = "road"\nkind = "{kind}"\nurl = "{scheme}://{HOST}:{port}"'
        async with daemon(configured(tmp_path, table), Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            calls = [asyncio.create_task(each.call(HOST, port, clock, over)) for each in trackers]
            await asyncio.sleep(LASTS)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            assert all(call.cancelled() for call in calls)

    run(main())
    found = by_tracker(tmp_path / "waypost.db")
    for number, one in enumerate(trackers):
        rows = found[one.imei + ("/phone" if kind == "owntracks-http" else "")]
        assert len(one.acknowledged) > LASTS - 15
        assert len(one.acknowledged) <= len(rows) <= len(one.made)
        certain: list[Fix] = []
        for at, (fix, (time, place)) in enumerate(zip(rows, one.made, strict=False)):
            wrong = one.faults.clock.says(time, at) - time
            doubted = bool(wrong) and not one.faults.clock.eras
            if doubted:
                assert not fix.flags & Flag.VALID
                assert json.loads(fix.attributes)["clock"] in ("unset_date", "future_date")
                continue
            assert same(fix, time, place)
            assert bool(fix.flags & Flag.CORRECTED) == bool(wrong)
            assert bool(fix.flags & Flag.VALID) == (place.fix != "none" or kind in SILENT_ON_FIXES)
            if place.good:
                certain.append(fix)
        assert off(roads, f"van-{number}", certain) < 12.0
    assert {place.fix for _, place in trackers[0].made} == {"good", "latched"}
    assert {place.fix for _, place in trackers[1].made} == {"good", "none"}


def test_receivers(tmp_path: Path) -> None:
    """NMEA and gpsd, one of each with a week counter that has run over: what is told in a tunnel is no fix."""
    roads = world()
    receivers = [
        SimulatedReceiver(AssetReceiver(roads, f"van-{at}"), DIALECTS[dialect], ReceiverFaults(eras=at))
        for at, dialect in enumerate(("u-blox", "SiRF"))
    ]
    told: dict[str, list[tuple[int, Place]]] = {}

    async def main() -> None:
        clock = RunningClock(START)
        gpsd = SimulatedGpsd(
            {f"/dev/{at}": GpsdReceiver(AssetReceiver(roads, f"van-{at}"), eras=at - 2) for at in (2, 3)},
            clock,
        )
        async with AsyncExitStack() as served:
            lines = [
                await served.enter_async_context(ReceiverServer(one, clock).served()) for one in receivers
            ]
            await served.enter_async_context(gpsd.served())
            names = '{ "/dev/2" = "van-2", "/dev/3" = "van-3" }'
            tables = [
                f'[[device]]\nid = "van-{at}"\nkind = "nmea"\nurl = "{line.url}"'
                for at, line in enumerate(lines)
            ]
            tables.append(f'[[device]]\nid = "depot"\nkind = "gpsd"\nurl = "{gpsd.url}"\ntrackers = {names}')
            async with daemon(configured(tmp_path, *tables), Wall(clock).clock()) as one:
                await until(lambda: all_up(one), "all are up")
                await asyncio.sleep(LASTS - (clock.now() - START) / SECOND)
        assert b"nan" not in receivers[0].advance(roads.end)
        told.update({f"van-{at}": one.told for at, one in enumerate(receivers)})
        for path, time, place in gpsd.told:
            told.setdefault(f"van-{path[-1]}", []).append((time, place))

    run(main())
    found = by_tracker(tmp_path / "waypost.db")
    assert set(found) == set(told)
    for name, wanted in told.items():
        rows = [fix for fix in found[name] if fix.flags & Flag.VALID]
        end = START + (LASTS - 5) * SECOND
        rows, wanted = [one for one in rows if one.time < end], [one for one in wanted if one[0] < end]
        assert len(rows) > 90
        assert [fix.time for fix in rows] == [time for time, _ in wanted]
        assert all(same(fix, *one) for fix, one in zip(rows, wanted, strict=True))
        assert {bool(fix.flags & Flag.CORRECTED) for fix in rows} == {name in ("van-1", "van-3")}
        assert off(roads, name, rows) < 12.0
        assert [fix.satellites for fix in rows] == [place.satellites for _, place in wanted]
        for fix, (_, place) in zip(rows, wanted, strict=True):
            assert fix.accuracy == pytest.approx(place.accuracy, rel=0.08, abs=0.35)
        assert {math.isnan(fix.speed) for fix in rows} == {int(name[-1]) not in SPEEDS}
        assert len({time for time, _ in wanted}) < LASTS - 20  # what the tunnel has swallowed


def test_json_over_a_broker(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """In real time: lost and repeated acknowledgements, and a while without a network."""
    mosquitto.start()
    places = (
        '{ tracker = "{tracker}", lat = "gps.lat", lon = "gps.lon", time = "ts", valid = "ok", speed = "v" }'
    )
    declared = Declared(
        "fleet/{tracker}",
        {
            "tracker": "{tracker}",
            "lat": "gps.lat",
            "lon": "gps.lon",
            "time": "ts",
            "valid": "ok",
            "speed": "v",
        },
    )
    table = f'[[device]]\nid = "road"\nkind = "json-fixes"\nbroker = "main"\ntopic = "fleet/{{tracker}}"\nplaces = {places}'
    broker = f'[[broker]]\nid = "main"\nurl = "mqtt://{HOST}:{mosquitto.port}"'
    books: dict[str, Logbook] = {}

    async def main() -> None:
        clock = RunningClock()
        start = clock.now()
        roads, faults = world(start, 2), Faults(lost=4, repeated=3)
        silent = replace(faults, silent=((start + SECOND, start + 3 * SECOND),))
        for at, wrong in enumerate((faults, silent)):
            books[f"van-{at}"] = Logbook(AssetReceiver(roads, f"van-{at}", 0.1), start, 0.1, wrong)

        def connect(will: aiomqtt.Will | None) -> aiomqtt.Client:
            return aiomqtt.Client(HOST, mosquitto.port, identifier="fleet", will=will)

        async with daemon(configured(tmp_path, broker, table), Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            async with LastingClient(connect) as client:
                tasks = [
                    asyncio.create_task(
                        report(book, SimulatedJsonTracker(name, declared, {}).message, client, clock)
                    )
                    for name, book in books.items()
                ]
                await until(lambda: min(len(book.acknowledged) for book in books.values()) > 40, "they tell")
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                arrived = sum(len(book.acknowledged) for book in books.values())
                await until(lambda: len(stored(tmp_path / "waypost.db")) >= arrived, "it is in the journal")

    asyncio.run(main())
    found = by_tracker(tmp_path / "waypost.db")
    for name, book in books.items():
        rows = found[name]
        assert len(book.acknowledged) <= len(rows) <= len(book.made)
        assert all(same(fix, *one) for fix, one in zip(rows, book.made, strict=False))
