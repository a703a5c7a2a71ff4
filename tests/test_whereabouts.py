"""Where an item is, told by its events."""

from core.events import Event
from core.records import SECOND
from gateway.whereabouts import Whereabouts, found_json, whereabouts

INSIDE = {"site": None, "warehouse": "site", "cage": "warehouse", "yard": "site"}


def event(kind: str, place: str | None, time: int, id: str = "", retracts: str | None = None) -> Event:
    name = id or f"{kind}-{place}-{time}"
    return Event(
        name, time * SECOND, time * SECOND, kind, "gen-7", "E2", place, source="door1", retracts=retracts
    )


def place(*events: Event) -> tuple[object, object, object]:
    row = found_json("gen-7", whereabouts(reversed([*enumerate(events, 1)])), INSIDE)
    return row["place"], row["last_place"], row["last_seen"]


def test_the_deepest_zone_then_the_freshest_evidence() -> None:
    assert place(event("arrived", "cage", 1), event("arrived", "site", 2)) == (
        "cage",
        "cage",
        "1970-01-01T00:00:02.000000Z",
    )
    assert place(event("arrived", "yard", 1), event("arrived", "warehouse", 2))[0] == "warehouse"
    assert place(event("arrived", "yard", 3), event("arrived", "warehouse", 2))[0] == "yard"


def test_of_the_same_moment_what_was_told_later_counts_in_whatever_order_it_is_folded() -> None:
    told = [*enumerate([event("arrived", "yard", 1), event("arrived", "warehouse", 1)], 1)]
    for order in (told, told[::-1]):
        found = Whereabouts()
        for seq, one in order:
            found.add(seq, one)
        assert found_json("gen-7", found, INSIDE)["place"] == "warehouse"


def test_nowhere_keeps_the_last_place() -> None:
    assert place(event("arrived", "yard", 1), event("departed", "yard", 5)) == (
        None,
        "yard",
        "1970-01-01T00:00:05.000000Z",
    )
    assert place() == (None, None, None)


def test_what_was_retracted_never_was() -> None:
    gone = event("arrived", "cage", 3, "x")
    back = event("retracted", "cage", 3, retracts="x")
    assert place(event("arrived", "yard", 1), gone, back)[0] == "yard"


def test_a_long_life_takes_no_more_room_than_its_places() -> None:
    life = (
        (seq, event(("arrived", "departed", "retracted")[seq % 3], "yard", seq, str(seq), str(seq - 1)))
        for seq in range(3000, 0, -1)
    )
    found = whereabouts(life)
    assert [one.id for _, one in found.at.values()] == ["3000"]
    assert found.last is not None
    assert found.last.id == "3000"


def test_a_late_event_takes_its_place_in_time() -> None:
    assert (
        place(event("arrived", "yard", 5), event("departed", "yard", 3), event("arrived", "yard", 1))[0]
        == "yard"
    )


def test_what_stays_where_it_is_was_seen_when_it_was_read() -> None:
    arrived = whereabouts([(1, event("arrived", "yard", 5))])
    for read, seen in ((None, 5), (3, 5), (9, 9)):
        row = found_json("gen-7", arrived, INSIDE, None if read is None else read * SECOND)
        assert row["last_seen"] == f"1970-01-01T00:00:0{seen}.000000Z"
    assert found_json("gen-7", whereabouts([]), INSIDE, SECOND)["last_seen"] == "1970-01-01T00:00:01.000000Z"
