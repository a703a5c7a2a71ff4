"""Simulated trackers through the listener into the running daemon: its journal has the truth, and what was acknowledged."""

import asyncio
import json
import random
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from core.records import Fix, Flag
from drivers.codecs import queclink
from drivers.codecs.queclink import Point
from drivers.codecs.teltonika import Record, datagram
from simulators.clock import SECOND, RunningClock
from simulators.gt06 import SimulatedGt06
from simulators.h02 import SimulatedH02
from simulators.logbook import Faults
from simulators.queclink import SimulatedQueclink
from simulators.teltonika import SimulatedTeltonika
from simulators.track import Track, metres
from simulators.trackers import SimulatedTracker
from simulators.wrong_clock import WrongClock
from tests.delivering import stored
from tests.fix_daemon import running, until
from tests.fix_site import START, Wall, all_up, daemon
from tests.loopback import free_port
from tests.virtual_loop import run

LASTS = 240
"""Seconds; the one that had no network for a minute, and tells one note at a time, has caught up by then."""
HOUR = 3600 * SECOND
FAULTS = (
    Faults(),
    Faults(lost=5),
    Faults(repeated=4),
    Faults(tunnel=(START + 20 * SECOND, START + 60 * SECOND)),
    Faults(lost=3, repeated=2, silent=((START + 30 * SECOND, START + 90 * SECOND),)),
)
AHEAD = Faults(clock=WrongClock(ahead=2 * HOUR))
"""Set to local time."""


@pytest.fixture
def port() -> int:
    """A free one of TCP, on the loopback interface."""
    return free_port()


KINDS: dict[str, type[SimulatedTracker]] = {
    "teltonika": SimulatedTeltonika,
    "gt06": SimulatedGt06,
    "h02": SimulatedH02,
    "queclink": SimulatedQueclink,
}
MARKING = {"gt06", "queclink"}
"""They say what they had kept."""

ZONED = {"gt06"}
"""They say in what time zone they are, so that the first report shows to what the clock is set."""


def site(folder: Path, port: int, more: str = "", kind: str = "teltonika") -> Path:
    file = folder / "waypost.toml"
    device = f'[[device]]\nid = "road"\nkind = "{kind}"\nurl = "listen://127.0.0.1:{port}"\n{more}'
    file.write_text(f'[site]\nid = "leeds"\n{device}')
    return file


def fleet(faults: Sequence[Faults], since: int, kind: str = "teltonika") -> list[SimulatedTracker]:
    return [
        KINDS[kind](f"35209308640{at:04}", Track(at, since), since, 1.0, one) for at, one in enumerate(faults)
    ]


def by_tracker(journal: Path) -> dict[str, list[Fix]]:
    found: dict[str, list[Fix]] = {}
    for fix in stored(journal):
        found.setdefault(fix.tracker.removeprefix("tracker:"), []).append(fix)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_journal_has_where_they_truly_were(tmp_path: Path, port: int, kind: str) -> None:
    """Lost and repeated acknowledgements, a tunnel, a dead spot, and one whose clock is set to local time."""
    trackers = fleet((*FAULTS, AHEAD), START, kind)
    counters = Counter[str]()

    async def main() -> None:
        clock = RunningClock(START)
        async with daemon(site(tmp_path, port, kind=kind), Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            calls = [asyncio.create_task(each.call("127.0.0.1", port, clock)) for each in trackers]
            await asyncio.sleep(LASTS)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            counters.update(one.links["road"].counters)

    run(main())
    found = by_tracker(tmp_path / "waypost.db")
    assert set(found) == {one.imei for one in trackers}
    for one in trackers[:-1]:
        rows = found[one.imei]
        assert len(one.acknowledged) > LASTS - 10
        times = [fix.time for fix in rows]
        assert times == [time for time, _ in one.made[: len(times)]]
        assert len(times) >= len(one.acknowledged)
        for fix, (time, place) in zip(rows, one.made, strict=False):
            assert metres((fix.lat, fix.lon), (place.lat, place.lon)) < 0.2
            hidden = one.faults.tunnel[0] <= time < one.faults.tunnel[1]
            assert bool(fix.flags & Flag.VALID) != hidden
            # of a report of several positions it is said once
            assert json.loads(fix.attributes).get("ignition", kind == "queclink") is True
            kept = kind in MARKING and not one.connected(time)
            assert bool(fix.flags & Flag.LATE) == kept
    local, rows = trackers[-1], found[trackers[-1].imei]
    doubted = [fix for fix in rows if not fix.flags & Flag.VALID]
    right = [fix for fix in rows if fix.flags & Flag.VALID]
    assert {json.loads(fix.attributes)["clock"] for fix in doubted} == set(
        () if kind in ZONED else ("future_date",)
    )
    assert len(doubted) == 0 if kind in ZONED else 60 <= len(doubted) <= 70
    assert counters[f"{local.imei}: future_date"] == counters["future_date"] == len(doubted)
    assert {fix.flags for fix in right} == {Flag.VALID | Flag.CORRECTED}
    truth = [time for time, _ in local.made]
    assert [fix.time for fix in right] == truth[len(doubted) : len(doubted) + len(right)]
    assert counters["trackers"] == len(trackers)


def acknowledged(trackers: Sequence[SimulatedTracker]) -> int:
    """Reports that they were told to forget."""
    return sum(len(one.acknowledged) for one in trackers)


def reached(trackers: Sequence[SimulatedTracker], wanted: int) -> bool:
    return acknowledged(trackers) > wanted


@pytest.mark.parametrize("kind", ["teltonika", "gt06", "queclink"])
def test_killed_at_any_moment_what_was_acknowledged_is_there_once(
    tmp_path: Path, port: int, kind: str
) -> None:
    chance = random.Random(11)
    since = START - 86_400 * SECOND
    trackers = fleet(
        [Faults(lost=chance.choice((0, 7)), repeated=chance.choice((0, 5))) for _ in range(20)], since, kind
    )

    async def main() -> None:
        clock = RunningClock(since, 40.0)  # forty reports a second of each
        file = site(tmp_path, port, kind=kind)
        calls = [asyncio.create_task(each.call("127.0.0.1", port, clock)) for each in trackers]
        for _ in range(2):
            wanted = acknowledged(trackers) + chance.randint(200, 2000)
            async with running(file) as one:
                await until(partial(reached, trackers, wanted), "they are answered")
                await one.kill()
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)

    asyncio.run(main())
    found = by_tracker(tmp_path / "waypost.db")
    for one in trackers:
        times = Counter(fix.time for fix in found.get(one.imei, []))
        assert set(times.values()) <= {1}
        assert {time for time, _ in one.acknowledged} <= set(times)
        assert set(times) <= {time for time, _ in one.made}
    assert acknowledged(trackers) > 400


def teltonika_said(at: int, again: bool) -> tuple[bytes, bytes]:
    """A datagram of the instant, and its answer."""
    record, packet = Record((START + at * SECOND) // 1000, 53.8 + 1e-4 * at, -1.55), at + 100 * again
    return datagram("352093086403655", packet, at, [record]), bytes((0, 5, 0, packet, 1, at, 1))


def queclink_said(at: int, again: bool) -> tuple[bytes, bytes]:
    point = Point(START + at * SECOND, 53.8 + 1e-4 * at, -1.55, 10.0, 90, 60.0, 1.0)
    said = queclink.located("352093086403655", [point], point.time, at, again)
    return said, f"+SACK:{at:04X}$".encode()


@pytest.mark.parametrize(("kind", "says"), [("teltonika", teltonika_said), ("queclink", queclink_said)])
def test_datagrams_are_answered_when_the_journal_has_them(
    tmp_path: Path, port: int, kind: str, says: Callable[[int, bool], tuple[bytes, bytes]]
) -> None:
    """Each is sent twice, as after a lost answer."""

    async def main() -> None:
        file = site(tmp_path, port, kind=kind)
        file.write_text(file.read_text().replace("listen://", "udp://"))
        async with daemon(file, Wall(RunningClock(START + 60 * SECOND)).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.connect(("127.0.0.1", port))
                for at in range(10):
                    for again in (False, True):
                        said, wanted = says(at, again)
                        sender.send(said)
                        assert await asyncio.get_running_loop().sock_recv(sender, 100) == wanted
                        assert len(stored(tmp_path / "waypost.db")) == at + 1

    run(main())
    assert [fix.time for fix in stored(tmp_path / "waypost.db")] == [START + at * SECOND for at in range(10)]


def test_who_is_not_on_the_list(tmp_path: Path, port: int) -> None:
    trackers = fleet((Faults(), Faults()), START)

    async def main() -> None:
        clock = RunningClock(START)
        file = site(tmp_path, port, f'trackers = ["{trackers[0].imei}"]\n')
        async with daemon(file, Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            calls = [asyncio.create_task(each.call("127.0.0.1", port, clock)) for each in trackers]
            await asyncio.sleep(20)
            for call in calls:
                call.cancel()
                with suppress(asyncio.CancelledError):
                    await call
            counters = one.links["road"].counters
            assert counters["refused"] == counters[f"{trackers[1].imei}: refused"] >= 10

    run(main())
    assert set(by_tracker(tmp_path / "waypost.db")) == {trackers[0].imei}
    assert trackers[1].acknowledged == []
