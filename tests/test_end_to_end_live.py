"""The daemon as a user runs it, at the speed of life: what it decides, and what each command tells about it."""

import asyncio
import json
import tomllib
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from core.events import rfc3339
from gateway.rows import microseconds
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import Answer, Daemon, events, following, gaps, reads, running, until, waypost
from tests.fix_site import SENTINEL, begin, configure, heard, now, settled

EVENT = [
    "id",
    "time",
    "detected",
    "time_error",
    "kind",
    "item",
    "tag",
    "place",
    "from_place",
    "direction",
    "lat",
    "lon",
    "confidence",
    "reads",
    "late",
    "source",
    "evidence",
    "retracts",
    "of",
]
FOUND = [
    "item",
    "place",
    "since",
    "last_place",
    "last_seen",
    "lat",
    "lon",
    "accuracy",
    "position_time",
    "confidence",
    "source",
]


@dataclass
class Told:
    """What the commands printed while the daemon ran."""

    status: Answer = field(default_factory=dict)
    events: int = 0
    watched: list[str] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    found: dict[str, tuple[int, str, str]] = field(default_factory=dict)


def test_half_a_minute_at_two_doors_as_every_command_tells_it(tmp_path: Path) -> None:
    layout = docks(2, rooms=0)
    plan = World(Scenario(5, now(), 24.0, layout, 600.0, 150.0, 0.0, tags=(2, 6), registered=0.7))
    journal, told, began = tmp_path / "waypost.db", Told(), now()

    async def main() -> World:
        async with SimulatedSite(plan) as site, running(configure(site, tmp_path)) as daemon:
            await daemon.up(*site.readers)
            async with AsyncExitStack() as stack:
                await _listen(stack, daemon, told, tmp_path)
                world = begin(site)
                await site.play()
                await settled(site, daemon)
                await until(lambda: len(told.followed) == len(events(journal)), "all events were followed")
            told.status = json.loads((await waypost("status", "--config", daemon.file, "--json"))[1])
            told.events = len(events(journal))
            for item in ("pallet-0000", "pallet-0001", "nobody"):
                told.found[item] = await waypost("find", item, "--config", daemon.file, "--json")
            assert await daemon.stop() == 0
        return world

    world = asyncio.run(main())
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right == len(world.truth.crossings) > 4
    assert {row for row in reads(journal) if row[1] != SENTINEL.hex().upper()} == heard(world)
    assert gaps(journal) == []
    _check_status(told.status, journal, world, began)
    assert told.status["total"]["events"] == told.events == len(told.followed)
    _check_events(told.followed, journal)
    _check_watch(told.watched, world)
    _check_found(told.found, world)
    asyncio.run(_check_capture(tmp_path / "captured", world))


async def _listen(stack: AsyncExitStack, daemon: Daemon, told: Told, folder: Path) -> None:
    """Start the commands that go on, and wait until the daemon serves them."""
    config = ("--config", daemon.file)
    told.watched = await stack.enter_async_context(following("watch", "--json", *config))
    told.followed = await stack.enter_async_context(following("events", "--follow", "--json", *config))
    capture = ("capture", "door1", "--to", folder / "captured", *config)
    await stack.enter_async_context(following(*capture))
    await until(lambda: told.watched, "the watch has begun")
    file = folder / "captured" / "capture.bin"
    await until(lambda: file.exists() and file.stat().st_size, "the capture has begun")


def _check_status(status: Answer, journal: Path, world: World, began: int) -> None:
    """Every number is there, and they add up."""
    total, devices = status["total"], status["devices"]
    assert status["health"] == "ok"
    assert list(devices) == list(world.scenario.layout.readers)
    found = reads(journal)
    for name, device in devices.items():
        rows = [row for row in found if row[0] == name]
        assert (device["state"], device["error"], device["restarts"]) == ("up", None, 0)
        assert began < microseconds(device["since"]) < world.truth.end
        assert device["reads_total"] == device["reads"]["received"] == len(rows)
        assert device["last_read"] == rfc3339(max(time for _, _, _, time in rows))
        assert device["reads"]["received"] == _parts(device["reads"])
    assert total["reads"] == _parts(total) == found.total()
    for name in ("noise", "duplicates", "filtered", "accepted"):
        assert total[name] == sum(device["reads"][name] for device in devices.values())
    assert (total["gaps"], total["dropped"]) == (0, 0)
    assert total["journal_bytes"] > 0
    assert total["commit_p99_ms"] >= total["commit_p50_ms"] > 0


def _parts(counts: Answer) -> int:
    return sum(int(counts[name]) for name in ("noise", "duplicates", "filtered", "accepted"))


def _check_events(followed: list[str], journal: Path) -> None:
    """All events, in order, each with exactly the fields of the contract."""
    rows = [json.loads(line) for line in followed]
    there = [
        event for event in events(journal) if event.kind != "device_down"
    ]  # these come with the clean stop
    assert [row["id"] for row in rows] == [event.id for event in there]
    for row, event in zip(rows, there, strict=True):
        assert list(row) == EVENT
        assert (row["time"], row["kind"], row["place"]) == (rfc3339(event.time), event.kind, event.place)


def _check_watch(watched: list[str], world: World) -> None:
    """Every antenna that heard something, with what it heard."""
    rows = [row for line in watched for row in json.loads(line)["antennas"]]
    assert {(row["device"], row["antenna"]) for row in rows} == {(row[0], row[2]) for row in heard(world)}
    assert all(set(row) == {"device", "antenna", "reads_per_second", "tags", "rssi", "age"} for row in rows)
    busy = [row for row in rows if row["tags"]]
    assert all(row["reads_per_second"] > 0 and -100 < row["rssi"] < -20 and row["age"] >= 0 for row in busy)
    assert {state for line in watched for state in json.loads(line)["devices"].values()} == {"up"}


def _check_found(found: dict[str, tuple[int, str, str]], world: World) -> None:
    """Who went through a door is behind it."""
    for crossing in world.truth.crossings:
        if crossing.item not in found:
            continue
        code, out, _ = found[crossing.item]
        row = json.loads(out)
        assert (code, list(row)) == (0, FOUND)
        assert row["item"] == crossing.item
        assert row["place"] == row["last_place"] == {"in": "warehouse", "out": "yard"}[crossing.direction]
        assert abs(microseconds(row["since"]) - crossing.time) < 3_000_000
        assert row["source"] == crossing.portal.replace("dock-", "door")
    code, out, error = found["nobody"]
    assert code == 1
    assert json.loads(out)["place"] is None
    assert "nobody" in error


async def _check_capture(folder: Path, world: World) -> None:
    """What was captured decodes to what the reader said."""
    about = tomllib.loads((folder / "about.toml").read_text())
    assert (about["device"], about["kind"], about["chunks_lost"]) == ("door1", "llrp", 0)
    assert about["bytes"] == (folder / "capture.bin").stat().st_size
    code, out, _ = await waypost("decode", "llrp", folder / "capture.bin")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    said = {("door1", row["tag"], row["antenna"], microseconds(row["time"])) for row in rows}
    assert {row for row in said if row[1] != SENTINEL.hex().upper()} == {
        row for row in heard(world) if row[0] == "door1"
    }
