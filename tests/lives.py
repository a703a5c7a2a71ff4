"""Lives of a site with everything that can happen to it: readers that share doors and zones, outages, backlogs, eyes."""

from collections.abc import Callable, Sequence

import hypothesis.strategies as st

from core.events import Event, Gap
from core.pipeline import Pipeline
from core.records import (
    Alive,
    AntennaState,
    Body,
    Dictionary,
    Down,
    Dropped,
    Gpi,
    Idle,
    Input,
    Reads,
    Scan,
    Shift,
    Up,
    reads,
)
from core.site import Antenna, Item, PhotoEye, Portal, Site, Source, Zone
from tests.played import A, B, C, at

NOISE = "0" * 24
TAGS = Dictionary((A, B, C, NOISE, "C0DE"))
CROWD = 4
"""A tag that is heard so often that its batches are taken in columns."""

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
        Source(
            "wand",
            (
                Antenna(1, zone="yard"),
                Antenna(2, zone="attic"),
                Antenna(3, zone="street"),
                Antenna(0, zone="hall"),
            ),
            lateness=0.5,
            handheld=True,
        ),
    ),
    (Item("pair", tags=(A, B, "barcode:PAIR"), missing_after=6),),
)
NAMES = tuple(source.id for source in SITE.sources)

Row = tuple[int, int, int, int]
"""Steps of 50 ms after the row before (a late one: steps before the newest, negative), tag code, port, dBm."""
row = st.tuples(
    st.sampled_from((0, 1, 1, 2, 3, -1, -2, -4, -30)),
    st.integers(0, 3),
    st.integers(1, 4),
    st.sampled_from((-70, -50)),
)
Act = tuple[str, str, int, list[Row]]
"""What a source does, after how many quarters of a second; with rows when it reads."""
Life = list[Act]
Said = list[tuple[str, Body]]


USUAL = (*["read"] * 4, "alive", "down", "off", "on", "eye", "drop", "rest", "work", "scan")


def lives(*more: str) -> st.SearchStrategy[Life]:
    """Up to eight acts; `more` names kinds beside the usual ones."""
    act = st.tuples(
        st.sampled_from((*USUAL, *more)),
        st.sampled_from(NAMES),
        st.sampled_from((0, 1, 4, 9, 40)),
        st.lists(row, min_size=1, max_size=40),
    )
    return st.lists(act, max_size=8)


def inputs(life: Sequence[Act]) -> Said:
    """The life as inputs: what is down comes up before it says anything else, and in the end."""
    said: Said = []
    time, down = at(0), set[str]()
    for kind, source, later, rows in life:
        time += later * 250_000
        if source in down:
            down.remove(source)
            said.append((source, Up(time)))
        if kind == "read":
            time, body = _reads(time, rows)
            said.append((source, body))
            continue
        if kind == "down":
            down.add(source)
        said.append((source, _other(kind, time, later, rows[0][2])))
    return said + [(source, Up(time)) for source in sorted(down)]


def _reads(time: int, rows: list[Row]) -> tuple[int, Reads]:
    """The rows, each among a crowd, and the time of the newest."""
    some = []
    for step, tag, port, power in rows:
        time += max(0, step) * 50_000
        some.append((time + min(0, step) * 50_000, tag, port, power))
        some += [(time + number, CROWD, 2, -60) for number in range(1, 7)]
    return time, reads(TAGS, *zip(*some, strict=True))


def _other(kind: str, time: int, later: int, port: int) -> Body:
    match kind:
        case "alive":
            return Alive(time)
        case "down":
            return Down(time, "lost")
        case "eye":
            return Gpi(time, port, later > 0)
        case "scan":
            tag = ("barcode:PAIR", "barcode:123", "badge:7", "barcode:PAIR")[port - 1]
            return Scan(time, tag, tag, operator=tag if tag == "badge:7" else None)
        case "drop":
            return Dropped(time, time - later * 100_000, "its buffer was full")
        case "rest" | "work":
            return Idle(time, kind == "rest")
        case "shift":
            return Shift(time, (later - 5) * 900_000_007)
        case _:
            return AntennaState(time, port % 4, kind == "on")


def ending(life: Said) -> Said:
    """The same with a long silence at the end, of which every source tells."""
    return [*life, *((name, Alive(at(600))) for name in (*NAMES, *NAMES))]


def pieces(body: Body, rows: int) -> list[Body]:
    """A batch in pieces of so many rows; anything else as it is."""
    if not isinstance(body, Reads):
        return [body]
    return [body.slice(start, start + rows) for start in range(0, len(body), rows)]


Counts = dict[str, dict[str, int]]


def counted(pipeline: Pipeline) -> tuple[Counts, Counts]:
    """What was counted of sources and portals, zeros left out."""
    counts = {source: dict(+some) for source, some in pipeline.counts.items()}
    return counts, {door: dict(+some) for door, some in pipeline.passes.items()}


Told = tuple[list[Event], list[Gap], Counts, Counts]


def live(
    pipeline: Pipeline, said: Said, rows: int, then: Callable[[Pipeline], Pipeline] = lambda one: one
) -> Told:
    """What a pipeline says and counts, when batches are cut into pieces of so many rows; `then` is between them."""
    events: list[Event] = []
    gaps: list[Gap] = []
    for source, body in said:
        for part in pieces(body, rows):
            decided = pipeline.step(Input(source, 0, part))
            events += decided.events
            gaps += decided.gaps
            pipeline = then(pipeline)
    events += pipeline.finish().events
    return events, gaps, *counted(pipeline)


def play(said: Said, rows: int = 1_000, site: Site = SITE) -> Told:
    """The same of a new pipeline."""
    return live(Pipeline(site), said, rows)
