"""What is told of a subject when evidence is contested, comes late, or is overtaken by what is settled."""

from core.records import Dictionary, Shift, reads
from core.site import Antenna, Item, Portal, Site, Source, Zone
from tests.played import A, B, Played, at, standing

SITE = Site(
    "leeds",
    (Zone("yard"), Zone("hall", silence=10), Zone("room", silence=10, leave="silence")),
    (Portal("dock", ("yard", "hall"), gap=2),),
    (
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),
        Source("hall", (Antenna(1, zone="hall"),), lateness=1),
        Source("room", (Antenna(1, zone="room"),), lateness=1),
    ),
    (Item("drill", tags=(B,), missing_after=20),),
)
SIDE = [number / 10 for number in range(10)]


def cross(played: Played, start: float) -> None:
    """Ten reads at each side of the door, from the yard to the hall."""
    played.read("door", 1, *(start + one for one in SIDE))
    played.read("door", 2, *(start + 1.5 + one for one in SIDE))


def settled(played: Played) -> None:
    """A visit to the room at 1000 s, so long ago that it can not be corrected."""
    played.read("room", 1, 1_000)
    played.alive(1_100, "room")
    played.alive(2_000, "room")
    assert played.news() == [("arrived", "room", 1_000), ("departed", "room", 1_000)]


def test_a_visit_that_is_overtaken_is_counted_and_not_told() -> None:
    played = Played(SITE)
    settled(played)
    played.read("hall", 1, 200)
    played.alive(300, "hall")
    assert played.news() == []
    assert played.pipeline.counts["hall"]["overtaken"] == 1


def test_a_pass_that_is_overtaken_moves_nobody() -> None:
    played = Played(SITE)
    settled(played)
    cross(played, 200)
    played.alive(210, "door")
    assert [(kind, place) for kind, place, _ in played.news()] == [("passed", "dock")]
    assert played.events[-1].direction == "in"


def test_who_waits_for_a_silence_need_not_when_the_reader_is_lost() -> None:
    played = Played(SITE)
    played.read("room", 1, 0)
    played.alive(2, "room")
    played.read("hall", 1, 3)
    played.alive(5, "hall")
    assert played.news() == [("arrived", "room", 0)]
    played.down("room", 5)
    assert played.news() == [("device_down", None, 5), ("departed", "room", 3), ("arrived", "hall", 3)]


def test_a_confidence_alone_is_no_news() -> None:
    played = Played(SITE)
    cross(played, 10)
    played.alive(20, "door")
    assert [kind for kind, _, _ in played.news()] == ["passed", "arrived"]
    tags = Dictionary(f"E200000000000000000001{number:02}" for number in range(10))
    late = [(10 + one, 1) for one in SIDE] + [(11.5 + one, 2) for one in SIDE]
    rows = [(tag, time, port) for tag in range(len(tags)) for time, port in late]
    batch = reads(
        tags,
        [at(time) for _, time, _ in rows],
        [tag for tag, _, _ in rows],
        [port for _, _, port in rows],
        [-60] * len(rows),
    )
    played.say("door", batch)
    played.alive(30, "door")
    told = played.events[2:]
    assert A not in [event.tag for event in told]
    assert len([event for event in standing(told) if event.kind == "passed" and event.late]) == 10


def test_where_it_was_heard_is_known_when_the_visit_is_forgotten() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("room", 1, 5, tag=B)
    played.alive(2_000)
    played.read("door", 1, 2_001, tag=B)
    played.down("room", 2_002)
    played.alive(4_000, "door")
    played.alive(4_000, "hall")
    # the room's reader is down: nobody can say that it is missing since 2001 s
    assert [event.time for event in played.of("missing")] == [at(5)]


def test_a_tag_that_was_only_heard_too_late_does_not_move_with_the_clock() -> None:
    played = Played(SITE)
    played.read("room", 1, 1_000)
    played.read("room", 1, 100, tag=B)
    played.say("room", Shift(at(4_600), 3_600_000_000))
    played.alive(4_700)
    assert [event.item for event in played.events] == [None, None]
    assert played.pipeline.counts["room"]["too_late"] == 1


def test_a_new_start_with_nothing_said_says_nothing() -> None:
    played = Played(SITE)
    assert played.pipeline.adopt([], at(0)).events == []
