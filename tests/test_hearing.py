"""Columns and rows do the same: dense batches of several sources, with outages between them."""

from collections.abc import Sequence

import hypothesis.strategies as st
from hypothesis import given, settings

from core.events import Event, Gap
from core.pipeline import Pipeline
from core.records import Alive, AntennaState, Body, Dictionary, Down, Gpi, Input, Reads, Up, reads
from core.site import Antenna, Item, PhotoEye, Portal, Site, Source, Zone
from tests.played import A, B, C, at

NOISE = "0" * 24
TAGS = Dictionary((A, B, C, NOISE))
SITE = Site(
    "leeds",
    (
        Zone("street"),
        Zone("yard"),
        Zone("hall"),
        Zone("office", inside="hall", silence=3),
        Zone("attic", silence=2),
    ),
    (Portal("dock", ("yard", "hall"), gap=1, max_pass=8), Portal("gate", ("street", "yard"), gap=1)),
    (
        Source(
            "door",
            (
                Antenna(1, portal="dock", side="yard"),
                Antenna(2, portal="dock", side="hall"),
                Antenna(3, zone="yard"),
            ),
        ),
        Source(
            "inner",
            (Antenna(1, zone="office"), Antenna(2, zone="attic"), Antenna(3, zone="yard")),
            lateness=0.5,
        ),
        Source(
            "both",
            (Antenna(1, zone="office"), Antenna(2, portal="dock", side="hall"), Antenna(0, portal="gate")),
            gpi=(PhotoEye(1, "gate", "street"), PhotoEye(2, "gate", "yard")),
            lateness=1,
        ),
    ),
    (Item("pair", tags=(A, B), missing_after=6),),
)
NAMES = tuple(source.id for source in SITE.sources)

Row = tuple[int, int, int, int]
"""Step of 50 ms (a late one is negative), tag code, port, dBm."""
row = st.tuples(
    st.sampled_from((0, 1, 1, 2, 3, -1, -2, -4, -30)),
    st.integers(0, 3),
    st.integers(1, 4),
    st.sampled_from((-70, -50)),
)
Act = tuple[str, str, int, list[Row]]
"""What a source does, after how many quarters of a second; with rows when it reads."""
act = st.tuples(
    st.sampled_from(("read", "read", "read", "read", "alive", "down", "off", "on", "eye")),
    st.sampled_from(NAMES),
    st.sampled_from((0, 1, 4, 9, 40)),
    st.lists(row, min_size=1, max_size=40),
)


def inputs(acts: Sequence[Act]) -> list[tuple[str, Body]]:
    """Valid inputs: what is down comes up before it reads again."""
    said: list[tuple[str, Body]] = []
    time, down = at(0), set[str]()
    for kind, source, later, rows in acts:
        time += later * 250_000
        if source in down:
            down.remove(source)
            said.append((source, Up(time)))
        if kind == "read":
            times = []
            for step, *_ in rows:
                time += max(0, step) * 50_000
                times.append(time + min(0, step) * 50_000)
            _, tags, ports, powers = zip(*rows, strict=True)
            said.append((source, reads(TAGS, times, tags, ports, powers)))
        elif kind == "down":
            down.add(source)
            said.append((source, Down(time, "lost")))
        elif kind == "eye":
            said.append((source, Gpi(time, 1 + later % 2, True)))
        elif kind == "alive":
            said.append((source, Alive(time)))
        else:
            said.append((source, AntennaState(time, rows[0][2] % 4, kind == "on")))
    return said + [(source, Up(time)) for source in sorted(down)]


def pieces(body: Body, rows: int) -> list[Body]:
    """A batch in pieces of so many rows; anything else as it is."""
    if not isinstance(body, Reads):
        return [body]
    return [body.slice(start, start + rows) for start in range(0, len(body), rows)]


def play(
    said: list[tuple[str, Body]], rows: int
) -> tuple[list[Event], list[Gap], dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """What a pipeline says to inputs, their batches cut into pieces of so many rows."""
    pipeline = Pipeline(SITE)
    events: list[Event] = []
    gaps: list[Gap] = []
    last = at(600)
    for source, body in [*said, *((name, Alive(last)) for name in (*NAMES, *NAMES))]:
        for part in pieces(body, rows):
            decided = pipeline.step(Input(source, 0, part))
            events += decided.events
            gaps += decided.gaps
    events += pipeline.finish().events
    counts = {source: dict(+some) for source, some in pipeline.counts.items()}
    return events, gaps, counts, {door: dict(+some) for door, some in pipeline.passes.items()}


@given(st.lists(act, max_size=12))
@settings(max_examples=60, deadline=None)
def test_columns_and_rows_say_the_same(acts: list[Act]) -> None:
    said = inputs(acts)
    whole = play(said, 1_000)
    assert whole == play(said, 1)
    assert whole == play(said, 25)
