"""The truth of a simulated world, and the files that it is written to."""

import csv
import json
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from core.events import rfc3339
from simulators.layout import Layout, docks
from simulators.recording import COLUMNS, write_reads
from simulators.traffic import Scenario, plan
from simulators.truth import Crossing, Stray, Visit
from simulators.world import SECOND, World


@pytest.fixture(scope="module")
def world() -> World:
    return World(
        Scenario(seed=2, seconds=900.0, crossings_per_hour=60.0, turned_back_per_hour=8.0, registered=0.5)
    )


def test_every_move_is_told_once_for_each_subject(world: World) -> None:
    told = {"in": 0, "out": 0, "visit": 0, "one-sided": 0, "parked": 0, "turned-back": 0}
    for move in world.traffic.moves:
        pallet = world.traffic.pallets[move.pallet]
        told[move.kind] += 1 if pallet.item else pallet.last - pallet.first
    truth = world.truth
    assert sum(told.values())
    for direction in ("in", "out"):
        assert sum(one.direction == direction for one in truth.crossings) == told[direction]
    for kind in ("one-sided", "parked", "turned-back"):
        assert sum(one.kind == kind for one in truth.strays) == told[kind]
    assert len(truth.visits) == told["visit"]


def test_subjects_are_items_or_tags_that_no_item_owns(world: World) -> None:
    owned = {tag for tags in world.truth.items.values() for tag in tags}
    facts: list[Crossing | Stray | Visit] = [*world.truth.crossings, *world.truth.strays, *world.truth.visits]
    assert {one.item is None for one in facts} == {True, False}
    for one in facts:
        assert (one.item is None) != (one.tag is None)
        assert one.item is None or one.item in world.truth.items
        assert one.tag is None or (len(one.tag) == 24 and one.tag not in owned)


def test_crossings_are_ordered_and_within_the_world(world: World) -> None:
    times = [one.time for one in world.truth.crossings]
    assert times == sorted(times)
    assert world.truth.start < times[0]
    assert times[-1] < world.truth.end


def test_json_has_the_same_facts_with_written_times(world: World) -> None:
    told = json.loads(world.truth.to_json())
    assert len(told["crossings"]) == len(world.truth.crossings)
    first = told["crossings"][0]
    assert first["time"] == rfc3339(world.truth.crossings[0].time)
    assert first["portal"] == world.truth.crossings[0].portal
    assert told["start"] == "2026-01-01T00:00:00.000000Z"
    assert set(told["items"]) == set(world.truth.items)


def test_csv_has_a_row_for_each_fact(world: World, tmp_path: Path) -> None:
    world.truth.write_csv(tmp_path / "truth.csv")
    with (tmp_path / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    truth = world.truth
    assert len(rows) == len(truth.crossings) + len(truth.strays) + len(truth.visits)
    crossing = next(row for row in rows if row["what"] == "crossing")
    assert crossing["time"] == rfc3339(truth.crossings[0].time)
    assert crossing["kind"] == truth.crossings[0].direction


def test_a_recording_has_every_read_in_order_of_delivery(tmp_path: Path) -> None:
    world = World(Scenario(seed=2, seconds=120.0, crossings_per_hour=120.0))
    readers = world.scenario.layout.readers
    seen = {reader: world.sightings(reader) for reader in readers}
    written = write_reads(world, tmp_path / "reads.csv")
    with (tmp_path / "reads.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert written == len(rows) == sum(map(len, seen.values()))
    of_door = [row for row in rows if row["reader"] == "door1"]
    assert [row["time"] for row in of_door] == [rfc3339(time) for time in seen["door1"].time.tolist()]
    assert [row["epc"] for row in of_door] == [world.epcs[tag].hex().upper() for tag in seen["door1"].tag]
    assert {row["count"] for row in rows} == {"1"}
    assert {int(row["channel"]) for row in rows} <= set(range(902_750, 927_251, 500))
    whole = [datetime.fromisoformat(row["time"]).timestamp() for row in rows]
    assert all(later > earlier - 0.3 for earlier, later in pairwise(whole))


def test_times_are_exact_to_the_microsecond() -> None:
    assert rfc3339(1_767_225_600 * SECOND + 123_456) == "2026-01-01T00:00:00.123456Z"


def test_stays_come_on_top_of_everything_else() -> None:
    """The worlds of a seed are what they were before there were any."""
    for seed in range(5):
        scenario = Scenario(seed, seconds=900.0, layout=docks(2, 2))
        plain, more = plan(scenario), plan(replace(scenario, stays_per_hour=30.0))
        pallets = {pallet.number for pallet in plain.pallets}
        assert [move for move in more.moves if move.pallet in pallets] == plain.moves
        stays = [move for move in more.moves if move.pallet not in pallets]
        assert {move.kind for move in stays} == {"visit"}
        assert {move.place for move in stays} == {room.id for room in scenario.layout.rooms}


def test_a_site_without_doors_has_traffic_too() -> None:
    rooms = docks(1, 1).rooms
    world = World(Scenario(seconds=900.0, layout=Layout("demo", (), rooms), stays_per_hour=30.0))
    assert world.truth.visits
    assert len(world.sightings("room1")) > 0
