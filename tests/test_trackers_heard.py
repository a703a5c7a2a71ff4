"""The trackers of a device in the status: who was heard, with what, and what would make an item of it."""

import tomllib
from dataclasses import replace

import pytest

from core.records import SECOND, Dictionary, Fix, Flag, fixes, rows_of
from core.site import ID
from gateway.trackers_heard import TrackersHeard
from tests.delivering import NOW, track

OWNERS = {"tracker:7": "van", "E200": "pallet"}


def heard(*rows: Fix, at: int = NOW, among: TrackersHeard | None = None) -> TrackersHeard:
    """After one batch."""
    found = among or TrackersHeard()
    found.deliver(fixes(Dictionary(["tracker:none"]), rows), at)
    return found


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("352093086403655", "352093086403655"),
        ("jane/phone", "jane-phone"),
        ("!7efeb2c8", "7efeb2c8"),
        ("_", "tracker"),
        ("x" * 128, "x" * 64),
    ],
)
def test_the_table_that_would_make_an_item_of_it_has_an_id_that_may_be(name: str, id: str) -> None:
    (row,) = heard(*track(name, 0, 1)).rows({}, {})
    assert tomllib.loads(str(row["toml"])) == {"item": [{"id": id, "tags": [f"tracker:{name}"]}]}
    assert ID.fullmatch(id)


def test_what_is_listed_of_a_tracker() -> None:
    late = replace(track("7", 9, 1)[0], time=NOW - SECOND, flags=Flag.VALID | Flag.LATE)
    doubted = replace(track("7", 500, 1)[0], flags=0)
    found = heard(*track("7", 0, 3), *track("8", 4, 1), late, doubted)
    heard(*track("8", 2, 1), at=NOW + 5 * SECOND, among=found)
    eight, seven = found.rows({"8: bad_crc": 3, "bad_crc": 4, "9: bad_crc": 0}, OWNERS)
    assert seven == {
        "tracker": "tracker:7",
        "item": "van",
        "first": "2025-10-09T08:53:20.000000Z",
        "last": "2025-10-09T08:53:20.000000Z",
        "fix": {"time": "2025-10-09T08:53:22.000000Z", "lat": track("7", 2, 1)[0].lat, "lon": -1.55},
        "fixes": 5,
        "connected": None,
        "refused": {},
        "toml": None,
    }
    assert (eight["item"], eight["last"]) == (None, "2025-10-09T08:53:25.000000Z")
    assert (eight["fixes"], eight["refused"]) == (2, {"bad_crc": 3})
    assert eight["fix"] == {
        "time": "2025-10-09T08:53:24.000000Z",
        "lat": track("8", 4, 1)[0].lat,
        "lon": -1.55,
    }
    table = tomllib.loads(str(eight["toml"]))
    assert table == {"item": [{"id": "8", "tags": ["tracker:8"]}]}


def test_one_that_only_calls_and_one_that_is_refused() -> None:
    found = TrackersHeard()
    found.connect("7", 1, NOW)
    found.connect("7", 1, NOW + SECOND)
    found.connect("7", -1, NOW + 2 * SECOND)
    found.connect("8", 1, NOW)
    found.connect("8", -1, NOW)
    found.connect("8", -1, NOW)
    eight, seven, refused = found.rows({"9: refused": 1}, OWNERS)
    assert (seven["connected"], seven["fix"], seven["last"]) == (True, None, "2025-10-09T08:53:22.000000Z")
    assert eight["connected"] is False
    assert (refused["tracker"], refused["last"], refused["refused"]) == ("tracker:9", None, {"refused": 1})


def test_the_one_heard_least_recently_makes_room() -> None:
    found = TrackersHeard(limit=2)
    for name in ("a", "b", "a", "c"):
        heard(*track(name, 0, 1), among=found)
    assert [row["tracker"] for row in found.rows({}, {})] == ["tracker:c", "tracker:a"]


def test_a_clock_that_was_set_moves_what_was_noted() -> None:
    found = heard(*track("7", 0, 1))
    found.shift(10 * SECOND)
    (row,) = found.rows({}, {})
    assert (row["first"], row["last"]) == ("2025-10-09T08:53:30.000000Z",) * 2


def test_any_batches_give_the_same() -> None:
    rows = [
        replace(fix, flags=number % 3 > 0) for number, fix in enumerate(track("7", 0, 9) + track("8", 3, 9))
    ]
    mixed = rows[::2] + rows[1::2]
    whole, parts = heard(*mixed), TrackersHeard()
    for row in mixed:
        heard(row, among=parts)
    by_name = [sorted(one.rows({}, {}), key=str) for one in (whole, parts)]
    assert by_name[0] == by_name[1]
    newest = max((fix for fix in rows if fix.flags and fix.tracker == "tracker:8"), key=lambda fix: fix.time)
    assert by_name[0][1]["fix"] == {
        "time": "2025-10-09T08:53:31.000000Z",
        "lat": newest.lat,
        "lon": newest.lon,
    }
    assert sum(1 for _ in rows_of(fixes(Dictionary(), mixed))) == 18
