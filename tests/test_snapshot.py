"""Snapshots: what goes on after one as if nothing had happened, and what is refused."""

import pickle

import pytest

from core.pipeline import Pipeline
from core.records import SECOND, Alive, AntennaState, Body, Dictionary, Down, Gpi, Input, Up, reads
from core.site import Antenna, Item, PhotoEye, Portal, Site, Source, Zone
from core.snapshot import SCHEMA, IncompatibleSnapshot, load

EPOCH = 1_700_000_000 * SECOND
DICTIONARY = Dictionary(("E20000000000000000000001", "E20000000000000000000002"))
SITE = Site(
    "leeds",
    zones=(Zone("yard"), Zone("hall"), Zone("attic", silence=2.0)),
    portals=(Portal("dock", ("yard", "hall"), gap=1.0, max_pass=8.0),),
    sources=(
        Source(
            "door",
            (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall")),
            gpi=(PhotoEye(1, "dock", "yard"),),
        ),
        Source("inner", (Antenna(1, zone="attic"),), lateness=0.5),
    ),
    items=(Item("drill", tags=(DICTIONARY.ids[0],), missing_after=3_600.0),),
)


def at(second: float) -> int:
    """Microseconds of a second of the story."""
    return EPOCH + round(second * SECOND)


def heard(source: str, *rows: tuple[float, int, int]) -> Input:
    """Reads of (second, tag, port)."""
    times, tags, ports = zip(*rows, strict=True)
    return Input(source, 0, reads(DICTIONARY, map(at, times), tags, ports, [-60] * len(rows)))


def said(source: str, body: Body) -> Input:
    """Another input."""
    return Input(source, 0, body)


def values(pipeline: Pipeline) -> dict[str, object]:
    """What a snapshot says, in whatever objects."""
    parts: dict[str, object] = pickle.loads(pipeline.snapshot())
    awake = parts["awake"]
    assert isinstance(awake, list)
    return {**parts, "awake": [one for part in awake for one in pickle.loads(part)]}


STORY = (
    heard("inner", (0, 0, 1), (0.5, 0, 1)),
    said("inner", Alive(at(10))),  # it has left the attic, and is nowhere
    said("door", Gpi(at(20), 1, True)),
    heard("door", (20, 0, 1), (20.1, 0, 1), (20.2, 1, 1), (21, 0, 2), (21.1, 0, 2)),
    heard("door", *((20.5 + 0.5 * n, 1, 1 + n // 5) for n in range(10))),  # the first waits for the second
    said("inner", Down(at(12), "cable")),
    said("inner", AntennaState(at(13), 1, False)),
    said("inner", Up(at(26))),
    said("inner", AntennaState(at(27), 1, True)),
    heard("inner", (28, 0, 1), (28.5, 1, 1)),
    said("door", Alive(at(60))),
    said("inner", Alive(at(60))),
    heard("inner", (61, 0, 1)),
)


@pytest.mark.parametrize("cut", range(len(STORY) + 1))
def test_a_story_goes_on_after_a_snapshot_at_every_point(cut: int) -> None:
    whole = Pipeline(SITE)
    for one in STORY[:cut]:
        whole.step(one)
    restored = Pipeline.restore(SITE, whole.snapshot())
    assert values(restored) == values(whole)
    for one in STORY[cut:]:
        ours, theirs = restored.step(one), whole.step(one)
        assert (ours.events, ours.gaps) == (theirs.events, theirs.gaps)
    assert restored.finish().events == whole.finish().events
    assert (restored.counts, restored.passes) == (whole.counts, whole.passes)


def test_a_pass_that_waits_is_judged_after_the_restart() -> None:
    pipeline = Pipeline(SITE)
    for one in STORY[:5]:
        pipeline.step(one)
    assert pipeline.passes["dock"].total() == 0
    restored = Pipeline.restore(SITE, pipeline.snapshot())
    restored.step(said("door", Alive(at(60))))
    assert +restored.passes["dock"] == {"crossing": 2}


def test_the_snapshot_of_another_configuration_is_refused() -> None:
    with pytest.raises(IncompatibleSnapshot, match="another configuration"):
        load(Site("york"), Pipeline(SITE).snapshot())


@pytest.mark.parametrize("parts", [{"schema": SCHEMA + 1}, {}, [SCHEMA]])
def test_another_schema_is_refused(parts: object) -> None:
    with pytest.raises(IncompatibleSnapshot, match=f"not of schema {SCHEMA}"):
        load(SITE, pickle.dumps(parts))


def test_a_snapshot_with_a_class_is_refused() -> None:
    with pytest.raises(IncompatibleSnapshot, match=r"holds no classes, but here is core\.site\.Zone"):
        load(SITE, pickle.dumps({"schema": Zone}))


@pytest.mark.parametrize("size", [0, 1, 2, 100, -1])
def test_a_torn_snapshot_is_refused(size: int) -> None:
    with pytest.raises(IncompatibleSnapshot, match="can not be read"):
        load(SITE, Pipeline(SITE).snapshot()[:size])
