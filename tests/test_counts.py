"""Every read is counted once: what is refused, delivered twice, late, and what a row stands for."""

import pytest

from core.records import Dictionary, Input, reads
from core.site import Antenna, Item, Site, Source, Tags, Zone
from tests.played import TAGS, A, B, C, Played, at

SITE = Site(
    "leeds",
    (Zone("hall", silence=10),),
    sources=(Source("one", (Antenna(1, zone="hall"),), lateness=1),),
    items=(Item("drill", tags=(B,), missing_after=60),),
    tags=Tags(ignore=("E2FF",)),
)
ZERO, IGNORED = "0" * 24, "E2FF00000000000000000001"
BOTH = pytest.mark.parametrize("many", [1, 100], ids=["one by one", "in columns"])


def counts(played: Played) -> dict[str, int]:
    """What was counted, without zeros."""
    return {name: count for name, count in played.pipeline.counts["one"].items() if count}


@BOTH
@pytest.mark.parametrize(("tag", "name"), [(ZERO, "noise"), (IGNORED, "filtered")])
def test_a_tag_that_does_not_count(tag: str, name: str, many: int) -> None:
    played = Played(SITE)
    batch = reads(Dictionary([tag]), [at(n / 100) for n in range(many)], [0] * many, [1] * many, [-60] * many)
    played.say("one", batch)
    assert counts(played) == {"received": many, name: many}


@BOTH
def test_an_antenna_that_looks_nowhere_is_accepted_and_unplaced(many: int) -> None:
    played = Played(SITE)
    played.read("one", 9, *(n / 200 for n in range(many)))
    played.alive(20)
    assert counts(played) == {"received": many, "accepted": many, "unplaced": many}
    assert played.events == []


def test_refused_and_tracked_tags_in_the_same_columns() -> None:
    played = Played(SITE)
    tags = Dictionary([A, ZERO, B])
    played.say(
        "one",
        reads(tags, [at(n / 200) for n in range(90)], [n % 3 for n in range(90)], [1] * 90, [-60] * 90),
    )
    assert counts(played) == {"received": 90, "accepted": 60, "noise": 30}


@pytest.mark.parametrize("port", [0, 1, 77])
def test_port_zero_stands_for_any(port: int) -> None:
    played = Played(Site("leeds", SITE.zones, sources=(Source("one", (Antenna(0, zone="hall"),)),)))
    played.read("one", port, 0)
    played.alive(9)
    assert played.facts == [("arrived", "hall", 0)]
    assert played.events[0].evidence == {"antenna": port}


@BOTH
def test_reads_that_are_delivered_twice(many: int) -> None:
    played = Played(SITE)
    times = [n / 200 for n in range(many)]
    for _ in range(2):
        played.read("one", 1, *times)
    assert counts(played) == {"received": 2 * many, "accepted": many, "duplicates": many}
    played.read("one", 1, times[0])
    assert counts(played)["duplicates"] == many + 1


def test_a_new_dictionary_means_the_same_tags() -> None:
    played = Played(SITE)
    for _ in range(2):
        played.say("one", reads(Dictionary([C]), [at(1)], [0], [1], [-60]))
    assert counts(played) == {"received": 2, "accepted": 1, "duplicates": 1}


@BOTH
def test_late_and_too_late(many: int) -> None:
    played = Played(SITE)
    played.read("one", 1, 1_000)
    # 999 is within the lateness, 400 within ten minutes, 399 is not
    late = [999, 998.9, 400, 399, *(1_000 + n / 200 for n in range(1, many))]
    played.read("one", 1, *late)
    received = 1 + 4 + many - 1
    assert counts(played) == {"received": received, "accepted": received, "late": 3, "too_late": 1}


def test_an_empty_batch() -> None:
    played = Played(SITE)
    played.read("one", 1)
    assert counts(played) == {}


@BOTH
def test_a_row_stands_for_several_sightings(many: int) -> None:
    played = Played(SITE)
    played.read("one", 1, *(n / 200 for n in range(many)), tag=B, count=3)
    played.alive(100)
    assert [(event.kind, event.item, event.reads) for event in played.of("departed", "missing")] == [
        ("departed", "drill", 3 * many),
        ("missing", "drill", 3 * many),
    ]


def test_columns_lengthen_what_rows_began() -> None:
    played = Played(SITE)
    played.read("one", 1, 0)
    played.read("one", 1, *(1 + n / 20 for n in range(100)))
    played.alive(20)
    assert played.facts == [("arrived", "hall", 0), ("departed", "hall", 5.95)]
    assert played.events[-1].reads == 101


def test_the_counts_name_the_source() -> None:
    played = Played(SITE)
    played.pipeline.step(Input("one", 0, reads(TAGS, [at(0)], [0], [1], [-60])))
    assert list(played.pipeline.counts) == ["one"]
    assert played.pipeline.passes == {}
