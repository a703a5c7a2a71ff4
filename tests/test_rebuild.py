"""The state is rebuilt from the journal, after a restart, a crash, another configuration or version: nobody notices."""

import asyncio
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from core.events import Event
from gateway.signs import unpack
from gateway.tables import Snapshot
from simulators.clock import SECOND, RunningClock
from simulators.layout import docks
from simulators.llrp_device import Setup
from simulators.llrp_models import FX9600
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import events, until
from tests.fix_site import LEAD, START, Wall, all_up, configure, daemon, pause_until
from tests.virtual_loop import run

WORLD = World(
    Scenario(126, START, 240.0, docks(2, 1), 60.0, 10.0, 0.0, visits=1.0, tags=(2, 3), registered=0.8)
)
"""Nineteen passes at two doors; two tags without an item are in the room from second 84 to 155."""
IN_THE_ROOM = 120.0
IN_THE_DOOR = 141.5
"""Three tags are just going through a door, and two are in the room."""
SAID_TO_HAVE_LEFT = 200.0
END = 240 + 60.0

Change = Callable[[str], str]
Between = Callable[[Path], None]


def left_alone(journal: Path) -> None:
    """Nothing happens to the journal while no daemon runs."""


def restarted(folder: Path, at: float, change: Change = str, between: Between = left_alone) -> list[Event]:
    """The world's events when the daemon is restarted at a second of it, with a change of its configuration.

    between  what happens to the journal while no daemon runs

    The readers are FX9600: an R420 tells what it held with a coarser RSSI than what it hears for a client.
    """

    async def main() -> None:
        clock = RunningClock(START - LEAD * SECOND)
        wall = Wall(clock)
        async with SimulatedSite(WORLD, clock, Setup(FX9600)) as site:
            async with daemon(configure(site, folder), wall.clock()) as one:
                await until(lambda: all_up(one), "the readers are up")
                playing = asyncio.create_task(site.play())
                await pause_until(clock, at)
                keep(folder / "waypost.db")
            between(folder / "waypost.db")
            async with daemon(configure(site, folder, change), wall.clock()):
                await playing
                await pause_until(clock, END)

    folder.mkdir()
    run(main())
    return events(folder / "waypost.db")


def keep(journal: Path) -> None:
    """What a power cut would leave at this moment."""
    for part in ("", "-wal"):
        shutil.copy(f"{journal}{part}", f"{journal}{part}.kept")


def crash(journal: Path) -> None:
    """The power was cut when `keep` was called."""
    Path(f"{journal}-shm").unlink(missing_ok=True)
    for part in ("", "-wal"):
        shutil.move(f"{journal}{part}.kept", f"{journal}{part}")


def other_version(journal: Path) -> None:
    """The snapshots in the journal are those of a later version."""
    with sqlite3.connect(journal) as db:
        rows = db.execute("SELECT number, inputs, events, data FROM snapshot").fetchall()
        assert rows
        for number, inputs, last, data in rows:
            _, state = unpack(data)
            header = data[: len(data) - len(state)]
            later = pickle.loads(state) | {"schema": 1_000_000}
            row = Snapshot(number, inputs, last, header + pickle.dumps(later)).row()
            db.execute("UPDATE snapshot SET data = ?, crc = ? WHERE number = ?", (row[3], row[4], number))
    db.close()


def no_snapshot(journal: Path) -> None:
    """Somebody has removed the snapshots."""
    with sqlite3.connect(journal) as db:
        db.execute("DELETE FROM snapshot")
    db.close()


def told(events: list[Event]) -> list[tuple[str | int | None, ...]]:
    """What was told of the world, without what was told of devices."""
    return sorted(
        (
            event.time,
            event.kind,
            event.item or "",
            event.tag or "",
            event.place or "",
            event.direction or "",
            event.id,
        )
        for event in events
        if event.kind not in ("device_up", "device_down")
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The events of a day without a restart."""
    return restarted(tmp_path_factory.mktemp("undisturbed") / "site", END)


def test_the_day_without_a_restart_is_the_truth(undisturbed: list[Event]) -> None:
    score = compare(WORLD.truth, undisturbed)
    assert score.perfect, score


@pytest.mark.parametrize(
    "between", [left_alone, other_version, no_snapshot], ids=["restart", "version", "no snapshot"]
)
def test_a_restart_changes_nothing(tmp_path: Path, undisturbed: list[Event], between: Between) -> None:
    again = restarted(tmp_path / "site", IN_THE_DOOR, between=between)
    assert told(again) == told(undisturbed)


def longer_gap(text: str) -> str:
    return text.replace('between = ["yard", "warehouse"]\n', 'between = ["yard", "warehouse"]\ngap = 2.5\n')


def longer_silence(text: str) -> str:
    return text.replace('leave = "silence"\n', 'leave = "silence"\nsilence = 40.0\n')


def much_longer_silence(text: str) -> str:
    return text.replace('leave = "silence"\n', 'leave = "silence"\nsilence = 75.0\n')


def one_more_item(text: str) -> str:
    return text + '\n[[item]]\nid = "new"\ntags = ["E2801160600002054E1A0001"]\n'


def one_device_less(text: str) -> str:
    """Without the room's reader."""
    blocks = text.split("[[device]]\n")
    assert 'id = "room1"' in blocks[3]
    items = blocks[3].partition("[[item]]")[2]
    return "[[device]]\n".join(blocks[:3]) + "[[item]]" + items


def no_room(text: str) -> str:
    """Without the room; its antenna looks at the warehouse now."""
    room = '[[zone]]\nid = "room-1"\ninside = "warehouse"\nleave = "silence"\n'
    assert room in text
    return text.replace(room, "").replace('zone = "room-1"', 'zone = "warehouse"')


@pytest.mark.parametrize(
    ("change", "at"),
    [(longer_gap, IN_THE_DOOR), (longer_silence, IN_THE_ROOM), (one_more_item, IN_THE_DOOR)],
)
def test_another_configuration_tells_nothing_new_or_twice(
    tmp_path: Path, undisturbed: list[Event], change: Change, at: float
) -> None:
    again = restarted(tmp_path / "site", at, change)
    assert told(again) == told(undisturbed)


def test_a_longer_silence_tells_no_departure_twice(tmp_path: Path, undisturbed: list[Event]) -> None:
    """By the new silence the tags would still be in the room that they were said to have left."""
    again = restarted(tmp_path / "site", SAID_TO_HAVE_LEFT, much_longer_silence)
    assert told(again) == told(undisturbed)


@pytest.mark.parametrize("between", [left_alone, crash], ids=["stopped", "crashed"])
def test_the_claims_on_a_zone_that_is_gone_end(
    tmp_path: Path, undisturbed: list[Event], between: Between
) -> None:
    again = restarted(tmp_path / "site", IN_THE_ROOM, no_room, between)
    ends = [event for event in again if event.evidence.get("reason") == "config"]
    assert [(event.kind, event.place) for event in ends] == [("departed", "room-1")] * 2
    assert {event.tag for event in ends} == {visit.tag for visit in WORLD.truth.visits}
    assert all(
        START + IN_THE_ROOM * SECOND <= event.time < START + (IN_THE_ROOM + 2) * SECOND for event in ends
    )
    assert {event.id for event in ends} <= {event.id for event in undisturbed}, "ids go by the anchor"
    others = [event for event in again if event.place != "room-1"]
    if between is left_alone:  # a crash costs what was on its way to the daemon
        assert told(others) == told([event for event in undisturbed if event.place != "room-1"])
    assert len({event.id for event in again}) == len(again)
    assert not [event for event in again if event.kind == "retracted"]


def test_a_crash_and_another_configuration_at_once_tell_the_truth(tmp_path: Path) -> None:
    """The power is cut before there ever was a clean stop, and somebody edits the file before it is back."""
    again = restarted(tmp_path / "site", IN_THE_DOOR, longer_gap, crash)
    score = compare(WORLD.truth, again)
    assert score.perfect, score
    assert len({event.id for event in again}) == len(again)


def test_a_tag_that_becomes_an_items_is_the_tag_no_more(tmp_path: Path, undisturbed: list[Event]) -> None:
    tag = WORLD.truth.visits[0].tag
    again = restarted(
        tmp_path / "site", IN_THE_ROOM, lambda text: text + f'\n[[item]]\nid = "new"\ntags = ["{tag}"]\n'
    )
    ends = [event for event in again if event.evidence.get("reason") == "config"]
    assert {(event.kind, event.place, event.tag, event.item) for event in ends} == {
        ("departed", "room-1", tag, None),
        ("departed", "warehouse", tag, None),
    }
    as_item = [event for event in again if event.item == "new"]
    assert [(event.kind, event.place) for event in as_item] == [
        ("arrived", "warehouse"),
        ("arrived", "room-1"),
        ("departed", "room-1"),
        ("departed", "warehouse"),
    ]
    assert told([event for event in again if event.tag != tag]) == told(
        [event for event in undisturbed if event.tag != tag]
    )


def test_a_device_that_is_gone_takes_nothing_else_with_it(tmp_path: Path, undisturbed: list[Event]) -> None:
    again = restarted(tmp_path / "site", IN_THE_DOOR, one_device_less)
    assert told([event for event in again if event.place != "room-1"]) == told(
        [event for event in undisturbed if event.place != "room-1"]
    )
    assert [event.kind for event in again if event.place == "room-1"] == ["arrived"] * 2, (
        "nobody saw them leave"
    )
