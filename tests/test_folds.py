"""A fold that is remembered says what a whole one says: a pipeline that forgets it after every input is not told apart."""

import hypothesis.strategies as st
from hypothesis import given, settings

from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Input, reads
from core.site import Antenna, Item, Portal, Site, Source, Zone
from core.timeline import TRACE

EPOCH = 1_700_000_000 * SECOND
TAGS = Dictionary(("E20000000000000000000001", "E20000000000000000000002"))
SITE = Site(
    "leeds",
    zones=(
        Zone("yard", silence=3.0),
        Zone("hall", silence=3.0),
        Zone("shed", silence=3.0, leave="silence"),
        Zone("cage", inside="shed", silence=3.0, leave="silence"),
    ),
    portals=(Portal("dock", ("yard", "hall"), gap=1.0),),
    sources=(
        Source("zones", (Antenna(1, zone="yard"), Antenna(2, zone="shed"), Antenna(3, zone="cage"))),
        Source("hall", (Antenna(1, zone="hall"),), lateness=0.5),
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),
    ),
    items=(Item("drill", tags=(TAGS.ids[0],), missing_after=20.0),),
)
Visit = tuple[int, int, int, int, int]
"""Seconds since the visit before, where, tag, seconds that it lasts, and by how many seconds it comes late."""

visits = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(0, 4),
        st.integers(0, 1),
        st.integers(0, 4),
        st.sampled_from((0, 0, 0, 0, 0, 0, 0, 15, 60)),
    ),
    min_size=15,
    max_size=45,
)


def inputs(made: list[Visit]) -> list[Input]:
    """What the readers say, in the order of arrival."""
    arrivals: list[tuple[float, Input]] = []
    now = 0
    for pause, where, tag, lasts, late in made:
        now += pause
        if where == 4:
            times, ports = [now + n / 10 for n in range(10)], [1] * 5 + [2] * 5
        else:
            times, ports = [now, *(now + lasts * n / 2 for n in (1, 2) if lasts)], [1] * 3
        source = ("zones", "zones", "zones", "hall", "door")[where]
        if where < 3:
            ports = [where + 1] * 3
        moments = [EPOCH + round(time * SECOND) for time in times]
        batch = reads(TAGS, moments, [tag] * len(times), ports[: len(times)], [-60] * len(times))
        arrivals.append((now + lasts + late, Input(source, 0, batch)))
        for one in ("zones", "hall", "door"):
            arrivals.append((now, Input(one, 0, Alive(EPOCH + now * SECOND))))
    arrivals.sort(key=lambda one: one[0])
    end = EPOCH + (now + 200) * SECOND
    return [one for _, one in arrivals] + [Input(one, 0, Alive(end)) for one in ("zones", "hall", "door")]


def longest(pipeline: Pipeline) -> int:
    """How much of a fold is remembered."""
    return max((len(one.trace) for one in pipeline.state.subjects.awake.values()), default=0)


@given(visits)
@settings(max_examples=60, deadline=None)
def test_a_fold_that_is_remembered_says_what_a_whole_one_says(made: list[Visit]) -> None:
    remembers, forgets = Pipeline(SITE), Pipeline(SITE)
    for input in inputs(made):
        told, again = remembers.step(input).events, forgets.step(input).events
        assert told == again
        for subject in forgets.state.subjects.awake.values():
            subject.trace = ()
    assert remembers.finish().events == forgets.finish().events


def test_what_is_remembered_grows_with_what_happens_and_ends_with_the_horizon() -> None:
    pipeline, events = Pipeline(SITE), list[Event]()
    sizes = []
    for input in inputs([(6, number % 3, 1, 0, 0) for number in range(40)]):
        events += pipeline.step(input).events
        sizes.append(longest(pipeline))
    assert len(events) > 2 * TRACE
    assert min(size for size in sizes if size) == TRACE
    assert max(sizes) > 4 * TRACE
    end = EPOCH + 2_000 * SECOND
    for source in ("zones", "hall", "door"):
        pipeline.step(Input(source, 0, Alive(end)))
    assert longest(pipeline) == 0
    assert not pipeline.state.subjects.awake
