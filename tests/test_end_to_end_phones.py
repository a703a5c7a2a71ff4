"""Simulated phones through HTTP, and through a real broker, into the running daemon: its journal has the truth once."""

import asyncio
import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import aiomqtt
import pytest

from core.records import Fix, Flag
from gateway.app import Daemon
from gateway.clock import Clock
from simulators.clock import SECOND, RunningClock
from simulators.lasting import LastingClient
from simulators.logbook import Faults, Logbook
from simulators.meshtastic import Gateways, SimulatedNode
from simulators.owntracks import SimulatedOwnTracks
from simulators.phones import SimulatedOsmAnd, SimulatedOwnTracksHttp, SimulatedPhone, SimulatedTraccarClient
from simulators.reporting import report
from simulators.track import Track, metres
from tests.delivering import stored
from tests.fix_certificates import HOST
from tests.fix_daemon import running, until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import START, Wall, all_up, daemon, now
from tests.loopback import free_port
from tests.virtual_loop import run

LASTS = 120
FAULTS = (
    Faults(),
    Faults(lost=5),
    Faults(repeated=4),
    Faults(tunnel=(START + 20 * SECOND, START + 60 * SECOND)),
    Faults(lost=3, repeated=2, silent=((START + 30 * SECOND, START + 60 * SECOND),)),
)
KINDS: dict[str, tuple[str, type[SimulatedPhone], str]] = {
    "form": ("osmand", SimulatedOsmAnd, ""),
    "json": ("osmand", SimulatedTraccarClient, ""),
    "owntracks": ("owntracks-http", SimulatedOwnTracksHttp, "/phone"),
}


def table(kind: str, port: int, id: str = "road") -> str:
    return f'[[device]]\nid = "{id}"\nkind = "{kind}"\nurl = "listen://{HOST}:{port}"\n'


def site(folder: Path, devices: str) -> Path:
    file = folder / "waypost.toml"
    file.write_text(f'[site]\nid = "leeds"\n{devices}')
    return file


def by_tracker(journal: Path) -> dict[str, list[Fix]]:
    found: dict[str, list[Fix]] = {}
    for fix in stored(journal):
        found.setdefault(fix.tracker.removeprefix("tracker:"), []).append(fix)
    return found


def is_the_truth(rows: Sequence[Fix], one: Logbook) -> None:
    """All that it was told to forget, each once, in order, where it was."""
    times = [fix.time for fix in rows]
    assert times == [time for time, _ in one.made[: len(times)]]
    assert len(times) >= len(one.acknowledged)
    for fix, (_, place) in zip(rows, one.made, strict=False):
        assert metres((fix.lat, fix.lon), (place.lat, place.lon)) < 0.2


@pytest.mark.parametrize("name", KINDS)
def test_the_journal_has_where_they_truly_were(tmp_path: Path, name: str) -> None:
    kind, made, behind = KINDS[name]
    port = free_port()
    phones = [made(f"phone-{at}", Track(at, START), START, 1.0, one) for at, one in enumerate(FAULTS)]

    async def main() -> None:
        clock = RunningClock(START)
        async with daemon(site(tmp_path, table(kind, port)), Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            calls = [asyncio.create_task(each.call(HOST, port, clock)) for each in phones]
            await asyncio.sleep(LASTS)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            assert one.links["road"].counters["trackers"] == len(phones)

    run(main())
    found = by_tracker(tmp_path / "waypost.db")
    assert set(found) == {f"{one.imei}{behind}" for one in phones}
    for one in phones:
        rows = found[f"{one.imei}{behind}"]
        is_the_truth(rows, one)
        assert len(one.acknowledged) > LASTS - 10
        for fix, (time, place) in zip(rows, one.made, strict=False):
            speed = (
                0.0 if math.isnan(fix.speed) and name == "owntracks" else fix.speed
            )  # it leaves out what is 0
            assert speed == pytest.approx(place.speed, abs=0.15)
            assert json.loads(fix.attributes)["battery_percent"] == 87
            assert bool(fix.flags & Flag.VALID) == (name != "form" or place.good)
            assert bool(fix.flags & Flag.LATE) == (name == "owntracks" and not one.connected(time))


def acknowledged(phones: Sequence[Logbook]) -> int:
    """Positions that they were told to forget."""
    return sum(len(one.acknowledged) for one in phones)


def reached(phones: Sequence[Logbook], wanted: int) -> bool:
    return acknowledged(phones) > wanted


def is_there_once(rows: Sequence[Fix], one: Logbook) -> None:
    times = Counter(fix.time for fix in rows)
    assert set(times.values()) <= {1}
    assert {time for time, _ in one.acknowledged} <= set(times)
    assert set(times) <= {time for time, _ in one.made}


def test_killed_at_any_moment_what_was_answered_is_there_once(tmp_path: Path) -> None:
    chance = random.Random(12)
    since = START - 86_400 * SECOND
    ports = {kind: free_port() for kind in ("osmand", "owntracks-http")}
    faults = [Faults(lost=chance.choice((0, 7)), repeated=chance.choice((0, 5))) for _ in range(20)]
    phones: list[tuple[SimulatedPhone, int, str]] = []
    for at, fault in enumerate(faults):
        kind, made, behind = list(KINDS.values())[at % len(KINDS)]
        phones.append((made(f"phone-{at}", Track(at, since), since, 1.0, fault), ports[kind], behind))
    books = [one for one, _, _ in phones]

    async def main() -> None:
        clock = RunningClock(since, 20.0)  # twenty positions a second of each
        file = site(tmp_path, "".join(table(kind, port, kind) for kind, port in ports.items()))
        calls = [asyncio.create_task(one.call(HOST, port, clock)) for one, port, _ in phones]
        for _ in range(2):
            wanted = acknowledged(books) + chance.randint(200, 600)
            async with running(file) as one:
                await until(partial(reached, books, wanted), "they are answered")
                await one.kill()
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)

    asyncio.run(main())
    found = by_tracker(tmp_path / "waypost.db")
    for one, _, behind in phones:
        is_there_once(found.get(f"{one.imei}{behind}", []), one)
    assert acknowledged(books) > 400


def test_through_a_broker_that_restarts_and_a_daemon_that_is_killed(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """OwnTracks, and nodes of a mesh that two gateways hear, all told late; a retained message is no position."""
    keeps = ("persistence true", "max_inflight_messages 2000", "max_queued_messages 100000")
    mosquitto.start(*keeps)
    devices = "".join(
        f'[[device]]\nid = "{kind}"\nkind = "{kind}"\nbroker = "main"\ntopic = "{topic}"\n'
        for kind, topic in (("owntracks", "owntracks/#"), ("meshtastic", "msh/#"))
    )
    file = site(tmp_path, f'[[broker]]\nid = "main"\nurl = "mqtt://{HOST}:{mosquitto.port}"\n{devices}')
    since = now() // SECOND * SECOND - 3600 * SECOND
    faults = (Faults(), Faults(lost=5), Faults(repeated=3))
    phones = {f"user-{at}/phone": Logbook(Track(at, since), since, 1.0, one) for at, one in enumerate(faults)}
    nodes = {at: Logbook(Track(at, since), since, 1.0, one) for at, one in enumerate(faults, 1)}
    books = [*phones.values(), *nodes.values()]

    async def main() -> None:
        clock = RunningClock(since, 20.0)
        async with LastingClient(lambda will: aiomqtt.Client(HOST, mosquitto.port, will=will)) as client:
            await client.publish(
                "owntracks/old/phone", b'{"_type":"location","lat":1,"lon":1,"tst":1}', 1, True
            )
            async with running(file) as one:
                await one.up("owntracks", "meshtastic")
                await one.stop()
            air = Gateways(client, ("!000000aa", "!000000bb"))
            tasks = [
                *(
                    report(book, SimulatedOwnTracks(*name.split("/")).message, client, clock)
                    for name, book in phones.items()
                ),
                *(report(book, SimulatedNode(at).message, air, clock) for at, book in nodes.items()),
            ]
            telling = [asyncio.create_task(each) for each in tasks]
            await until(partial(reached, books, 100), "they tell, and nobody is there")
            async with running(file) as one:
                await until(partial(reached, books, 300), "they tell")
                await one.kill()
            mosquitto.stop()
            mosquitto.start(*keeps)
            await until(partial(reached, books, 400), "they tell a new broker")
            for each in telling:
                each.cancel()
            await asyncio.wait(telling)
            wanted = {(f"tracker:{name}", at) for name, book in phones.items() for at, _ in book.acknowledged}
            wanted |= {
                (f"tracker:!{at:08x}", time) for at, book in nodes.items() for time, _ in book.acknowledged
            }
            async with running(file):
                await until(
                    lambda: wanted <= {(fix.tracker, fix.time) for fix in stored(tmp_path / "waypost.db")},
                    "all that the broker had is in the journal",
                )

    asyncio.run(main())
    found = by_tracker(tmp_path / "waypost.db")
    assert set(found) == {*phones, *(f"!{at:08x}" for at in nodes)}, "a retained message is no new position"
    for name, book in phones.items():
        is_there_once(found[name], book)
    for at, book in nodes.items():
        is_there_once(found[f"!{at:08x}"], book)
        assert all(fix.satellites == 9 for fix in found[f"!{at:08x}"])


def shown(one: Daemon, there: bool) -> bool:
    """Does the status say so, of john in a list and of jane's device?"""
    john = [row["connected"] for row in one.links["all"].trackers.rows({}, {})]
    return john == [there] and one.links["jane"].health.state == ("up" if there else "down")


def test_wills_tell_who_has_gone(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Of many phones in the list of trackers; where the topic is that of one, the device is down."""
    mosquitto.start()
    devices = "".join(
        f'[[device]]\nid = "{id}"\nkind = "owntracks"\nbroker = "main"\ntopic = "{topic}"\n'
        for id, topic in (("all", "owntracks/#"), ("jane", "private/jane/phone/#"))
    )
    file = site(tmp_path, f'[[broker]]\nid = "main"\nurl = "mqtt://{HOST}:{mosquitto.port}"\n{devices}')
    john, jane = SimulatedOwnTracks("john"), SimulatedOwnTracks("jane", base="private")

    async def main() -> None:
        book = Logbook(Track(1, now()), now())
        book.note(now())
        (noted,) = book.held(1)
        async with daemon(file, Clock()) as one, aiomqtt.Client(HOST, mosquitto.port) as client:
            await until(lambda: all_up(one), "the broker has let us in")
            assert one.links["jane"].health.state == "up"
            for there in (True, False, True):
                for phone in (john, jane):
                    topic, payload = phone.message(noted) if there else phone.will(now())
                    await client.publish(topic, payload, 1)
                await until(partial(shown, one, there), f"that they are there is {there}")
            assert one.links["all"].counters["offline"] == 0

    asyncio.run(main())
