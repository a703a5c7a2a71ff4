"""After a change of configuration the state keeps to what was said: no event twice, none missing."""

from dataclasses import replace

from core.adoption import beliefs
from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Input, reads
from core.site import Antenna, Item, Portal, Site, Source, Zone

EPOCH = 1_700_000_000 * SECOND
TAG, OTHER = "E20000000000000000000001", "E20000000000000000000002"
DICTIONARY = Dictionary([TAG, OTHER])
SITE = Site(
    "leeds",
    zones=(Zone("yard"), Zone("warehouse"), Zone("room", inside="warehouse", silence=5.0), Zone("shed")),
    portals=(Portal("dock", ("yard", "warehouse")),),
    sources=(
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="warehouse"))),
        Source("inner", (Antenna(1, zone="room"), Antenna(2, zone="shed"))),
    ),
    items=(Item("crate", tags=(OTHER,), missing_after=30.0),),
)


def heard(second: float, tag: int, source: str = "inner", port: int = 1) -> Input:
    """One read."""
    return Input(source, 0, reads(DICTIONARY, [EPOCH + round(second * SECOND)], [tag], [port], [-55.0]))


def alive(second: float, source: str = "inner") -> Input:
    """A sign of life."""
    return Input(source, 0, Alive(EPOCH + round(second * SECOND)))


def crossing(second: float) -> list[Input]:
    """Tag 0 goes through the door into the warehouse."""
    there = [heard(second + 0.1 * n, 0, "door", 1) for n in range(10)]
    return (
        there
        + [heard(second + 1.5 + 0.1 * n, 0, "door", 2) for n in range(10)]
        + [alive(second + 60, "door")]
    )


def told(pipeline: Pipeline, inputs: list[Input]) -> list[Event]:
    """What a pipeline says to inputs."""
    return [event for one in inputs for event in pipeline.step(one).events]


def rebuilt(
    site: Site, inputs: list[Input], said: list[Event], second: float
) -> tuple[Pipeline, list[Event]]:
    """A pipeline of another configuration that has gone through the same inputs, and what it says to that."""
    pipeline = Pipeline(site)
    known = {source.id for source in site.sources}
    told(pipeline, [one for one in inputs if one.source in known])
    return pipeline, pipeline.adopt(said, EPOCH + round(second * SECOND)).events


def facts(events: list[Event]) -> list[tuple[str, str | None, str | None]]:
    """Kind, item or tag, and place."""
    return [(event.kind, event.item or event.tag, event.place) for event in events]


def test_the_same_site_goes_on_as_if_nothing_had_happened() -> None:
    before = [heard(0, 0), heard(2, 0), heard(3, 1), alive(8)]
    first = Pipeline(SITE)
    said = told(first, before)
    second, more = rebuilt(SITE, before, said, 8)
    assert more == []
    after = [heard(9, 1), alive(60)]
    assert told(second, after) == told(first, after)


def test_a_zone_that_is_gone_is_left_for_that_reason() -> None:
    before = [heard(0, 0, port=2), heard(1, 0, port=2), alive(8)]
    said = told(Pipeline(SITE), before)
    smaller = replace(
        SITE,
        zones=SITE.zones[:3],
        sources=(SITE.sources[0], Source("inner", (Antenna(1, zone="room"),))),
    )
    pipeline, more = rebuilt(smaller, before, said, 9)
    assert facts(more) == [("departed", TAG, "shed")]
    assert more[0].evidence == {"reason": "config"}
    assert facts(told(pipeline, [alive(200)])) == []


def test_without_its_inputs_a_stay_goes_on_and_ends_by_silence() -> None:
    said = told(Pipeline(SITE), [heard(0, 0), heard(1, 0), alive(4)])
    pipeline, more = rebuilt(SITE, [], said, 5)
    assert more == []
    assert facts(told(pipeline, [alive(30)])) == [("departed", TAG, "room"), ("departed", TAG, "warehouse")]


def test_a_stay_that_was_told_by_a_pass_goes_on() -> None:
    said = told(Pipeline(SITE), crossing(0))
    assert facts(said) == [("passed", TAG, "dock"), ("arrived", TAG, "warehouse")]
    pipeline, more = rebuilt(SITE, [], said, 70)
    assert more == []
    assert facts(told(pipeline, [heard(80, 0, port=2), alive(90)])) == [
        ("departed", TAG, "warehouse"),
        ("arrived", TAG, "shed"),
    ]


def test_an_item_that_is_gone_and_a_tag_that_is_an_items_now() -> None:
    before = [heard(0, 0), heard(0, 1, port=2), heard(1, 1, port=2), heard(3, 0), alive(5)]
    said = told(Pipeline(SITE), before)
    swapped = replace(SITE, items=(Item("box", tags=(TAG,)),))
    pipeline, more = rebuilt(swapped, before, said, 6)
    assert set(facts(more)) == {
        ("departed", "crate", "shed"),
        ("departed", TAG, "room"),
        ("departed", TAG, "warehouse"),
    }
    assert ("arrived", "box", "room") in facts(told(pipeline, [heard(7, 0), alive(10)]))


def test_a_tag_that_is_not_accepted_any_more() -> None:
    before = [heard(0, 0), heard(1, 0), alive(4)]
    said = told(Pipeline(SITE), before)
    strict = replace(SITE, tags=replace(SITE.tags, ignore=(TAG,)))
    _, more = rebuilt(strict, before, said, 5)
    assert facts(more) == [("departed", TAG, "warehouse"), ("departed", TAG, "room")]


def test_what_was_never_told_is_forgotten() -> None:
    before = [heard(0, 0), heard(1, 0), alive(4)]
    pipeline, more = rebuilt(SITE, before, [], 5)
    assert more == []
    assert facts(told(pipeline, [heard(5, 0), alive(9)])) == [
        ("arrived", TAG, "warehouse"),
        ("arrived", TAG, "room"),
    ]


def test_retractions_are_taken_back() -> None:
    def event(id: str, kind: str, second: int, **more: str) -> Event:
        return Event(id, EPOCH + second, EPOCH, kind, "crate", OTHER, "shed", **more)  # type: ignore[arg-type]

    arrived, departed = event("1", "arrived", 1), event("2", "departed", 2)
    missing, found = event("3", "missing", 3), event("4", "found", 4)
    down = Event("9", EPOCH, EPOCH, "device_down", None, None, None, source="inner")
    assert beliefs([down]) == {}
    assert list(beliefs([arrived])["crate"].stays) == ["shed"]
    assert beliefs([arrived, departed])["crate"].stays == {}
    undone = event("5", "retracted", 2, retracts="2", of="departed")
    assert list(beliefs([arrived, departed, undone])["crate"].stays) == ["shed"]
    never = event("6", "retracted", 1, retracts="1", of="arrived")
    assert beliefs([arrived, never])["crate"].stays == {}
    assert beliefs([departed, undone])["crate"].stays == {}
    assert beliefs([missing])["crate"].missing
    assert not beliefs([missing, found])["crate"].missing
    again = event("7", "retracted", 4, retracts="4", of="found")
    assert beliefs([missing, found, again])["crate"].missing
    passed = event("8", "passed", 5)
    assert beliefs([passed, event("10", "retracted", 5, retracts="8", of="passed")])["crate"].stays == {}


def test_who_is_read_where_the_events_say_keeps_the_run_that_reads_it() -> None:
    before = [*crossing(0), heard(70, 0), heard(71, 0), alive(73)]
    said = told(Pipeline(SITE), before)
    elsewhere = [
        replace(event, id=event.id[::-1], kind="departed") for event in said if event.place == "shed"
    ]
    lost = [event for event in said if event.place != "warehouse" or event.kind != "arrived"]
    pipeline, more = rebuilt(SITE, before, lost + elsewhere, 74)
    assert more == []
    assert facts(told(pipeline, [alive(200)])) == [("departed", TAG, "room")]


def test_a_stay_whose_tag_is_another_subjects_now_waits_for_evidence() -> None:
    both = replace(SITE, items=(Item("crate", tags=(TAG, OTHER)),))
    before = [heard(0, 0), heard(1, 0), alive(4), heard(5, 1, port=2)]
    said = told(Pipeline(both), before)
    assert facts(said) == [("arrived", "crate", "warehouse"), ("arrived", "crate", "room")]
    pipeline, more = rebuilt(SITE, before, said, 6)
    assert more == []
    later = facts(told(pipeline, [heard(8, 1, port=2), alive(12)]))
    assert ("departed", "crate", "room") in later
    assert ("arrived", "crate", "shed") in later
