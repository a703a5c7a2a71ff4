"""Tags that no item owns: the longest unheard are forgotten, say where they were, and nothing else can be told by it."""

from collections import Counter
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from core.cells import NEVER
from core.eviction import PACE, STEP
from core.hearing import VECTOR
from core.pipeline import Pipeline
from core.records import Alive, Dictionary, Reads, Shift, reads
from core.site import Antenna, Item, Portal, Site, Source, Tags, Zone
from core.state import State
from tests.lives import SITE as BUSY
from tests.lives import Life, Said, Told, ending, inputs, live, lives
from tests.played import A, B, C, Played, at, seconds
from tests.portrait import left_behind, portrait

SITE = Site(
    "leeds",
    zones=(Zone("yard"), Zone("hall"), Zone("office", inside="hall", silence=60.0)),
    portals=(Portal("dock", ("yard", "hall"), gap=1.0, max_pass=8.0),),
    sources=(
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),
        Source("inner", (Antenna(1, zone="office"), Antenna(2, zone="yard"))),
    ),
    items=(Item("drill", tags=(A,), missing_after=3_600.0),),
)


def ghost(number: int) -> str:
    """A tag that no item owns."""
    return f"E280{number:020X}"


def bounded(site: Site, limit: int, turn: int) -> Pipeline:
    """A pipeline of the site with this bound, which looks after so many reads."""
    state = State.fresh(replace(site, tags=Tags(limit=limit)))
    state.turn = turn
    return Pipeline(state.site, state)


class Haunted(Played):
    """A played site that remembers `limit` unknown tags and looks after every `turn` reads."""

    def __init__(self, limit: int, turn: int, site: Site = SITE) -> None:
        super().__init__(site)
        self.pipeline = bounded(site, limit, turn)
        self.site = self.pipeline.site

    def evicted(self) -> list[tuple[str | None, str | None, float]]:
        """Tag, place and time of those that were forgotten in a zone."""
        return [
            (event.tag, event.place, seconds(event.time))
            for event in self.of("departed")
            if event.evidence == {"reason": "evicted"}
        ]

    def known(self) -> set[str]:
        """Who is remembered."""
        subjects = self.pipeline.state.subjects
        return set(map(subjects.name, subjects))


def test_the_longest_unheard_makes_room_and_leaves_where_it_was() -> None:
    played = Haunted(1, 4)
    played.read("inner", 1, 0, 1, tag=B)
    played.read("inner", 1, 5, tag=C)
    assert played.evicted() == []
    played.read("inner", 1, 6, tag=A)
    assert played.evicted() == [(B, "office", 1), (B, "hall", 1)]
    arrived, departed = played.of("arrived")[:2], played.of("departed")
    assert [event.place for event in arrived] == ["hall", "office"]
    assert (departed[0].reads, departed[0].source, departed[0].detected) == (2, "inner", at(6))
    assert played.known() == {"drill", C}
    assert played.pipeline.counts["inner"]["evicted"] == 1
    played.alive(120)
    assert [event.tag for event in played.of("departed")] == [B, B, C, C, A, A]


def test_a_departure_has_the_identity_that_a_silence_would_have_given_it() -> None:
    bound, free = Haunted(0, 2), Played(SITE)
    for played in (bound, free):
        played.read("inner", 1, 0, 5, tag=B)
        played.alive(120)
    evicted, silent = (played.of("departed") for played in (bound, free))
    assert [replace(event, detected=0, evidence={}) for event in evicted] == [
        replace(event, detected=0, evidence={}) for event in silent
    ]


def test_an_item_is_never_forgotten() -> None:
    played = Haunted(0, 1)
    played.read("inner", 1, *range(10), tag=A)
    assert played.known() == {"drill"}
    assert played.pipeline.counts["inner"]["evicted"] == 0


def test_who_was_only_told_to_be_there_was_there_when_it_was_heard_last() -> None:
    played = Haunted(0, 13)
    for step in range(6):
        played.read("door", 1, 10 + step / 10, tag=B)
    for step in range(6):
        played.read("door", 2, 11.5 + step / 10, tag=B)
    played.alive(30)
    assert [event.kind for event in played.events] == ["passed", "arrived"]
    played.read("inner", 1, 40, tag=A)
    assert played.evicted() == [(B, "hall", 12)]
    assert (played.of("departed")[0].reads, played.of("departed")[0].source) == (0, "door")


def test_a_departure_that_was_taken_back_is_not_said_under_the_same_name() -> None:
    played = Haunted(0, 4, replace(SITE, sources=(SITE.sources[0], replace(SITE.sources[1], lateness=0.0))))
    played.read("inner", 1, 0, tag=B)
    played.alive(61)
    played.read("inner", 1, 30, tag=B)  # late: it was there all the time
    assert [event.of for event in played.of("retracted")] == ["departed", "departed"]
    played.read("inner", 1, 62, 63, tag=B)
    assert played.evicted() == [(B, "office", 63), (B, "hall", 63)]
    assert len({event.id for event in played.events}) == len(played.events)


def test_a_pass_that_waited_for_a_ghost_is_judged_when_it_is_forgotten() -> None:
    played = Haunted(0, 13)
    for step in range(6):
        played.read("door", 1, 10 + step / 10)
    for step in range(5):
        played.read("door", 2, 11.5 + step / 10)
    played.read("door", 1, 11.7, tag=B)
    assert next(iter(played.pipeline.state.doors.values())).open
    played.read("door", 2, 20, tag=C)  # the ghosts are forgotten: one in the door, one that begins
    assert [(event.kind, event.item) for event in played.events] == [
        ("passed", "drill"),
        ("arrived", "drill"),
    ]
    assert played.known() == {"drill"}


def test_a_ghost_that_comes_again_is_new() -> None:
    played = Haunted(0, 3)
    for second in (0, 10):
        played.read("inner", 1, second, second + 1, tag=B)
        played.read("inner", 1, second + 5, tag=C)
        assert [(event.tag, event.kind) for event in played.events[-4:]] == [
            (B, "arrived"),
            (B, "arrived"),
            (B, "departed"),
            (B, "departed"),
        ]
        assert played.known() == set()
    assert len({event.id for event in played.events}) == 8


def life_of(played: Played) -> None:
    """A ghost comes to the office and stays, another is heard in the yard, and the drill last."""
    played.read("inner", 1, 0, 1, tag=B)
    played.read("inner", 2, 5, tag=C)
    played.read("inner", 2, 8, tag=A)


def rebuilt(before: Haunted, after: Haunted) -> Haunted:
    """One with another bound that has gone through the same and keeps to what was said."""
    life_of(after)
    after.events = after.pipeline.adopt(before.events, at(8)).events
    return after


def test_another_bound_brings_nobody_back_who_was_said_to_have_left() -> None:
    before = Haunted(1, 4)
    life_of(before)
    assert before.evicted() == [(B, "office", 1), (B, "hall", 1)]
    after = rebuilt(before, Haunted(100, 4))
    after.alive(100)
    assert [(event.tag, event.kind) for event in after.events] == [(A, "arrived")]
    after.read("inner", 1, 200, tag=B)
    after.alive(300)
    assert [fact[0] for fact in after.facts[1:]] == ["arrived", "arrived", "departed", "departed"]


def test_another_bound_lets_nobody_leave_unsaid() -> None:
    before = Haunted(100, 4)
    life_of(before)
    assert before.evicted() == []
    after = rebuilt(before, Haunted(1, 4))
    assert (after.events, after.known()) == ([], {"drill", B, C})
    for second in range(9, 13):
        after.read("inner", 2, second, tag=A)
    assert after.evicted() == [(B, "office", 0), (B, "hall", 0)]
    assert after.known() == {"drill", C}


@pytest.mark.parametrize("until", range(1, 7))
def test_nothing_of_the_forgotten_is_left(until: int) -> None:
    """What is remembered is what a pipeline remembers which never heard them."""
    haunted, calm = Haunted(0, 10**6), Played(replace(SITE, tags=Tags(limit=0)))
    for second in range(until):
        for tag in (B, A, C) if second % 2 else (A, B, C):
            played = (haunted, calm) if tag == A else (haunted,)
            for one in played:
                one.read("door", 1, second, second + 0.1, tag=tag)
                one.read("inner", 1 + second // 3, second + 0.2, second + 0.3, tag=tag)
    haunted.down("inner", until)
    calm.down("inner", until)
    for one in (haunted, calm):
        one.read("door", 2, until, tag=A)
    assert haunted.known() == {"drill", B, C}
    haunted.pipeline.state.turn = haunted.pipeline.state.heard + 1
    for one in (haunted, calm):
        one.read("door", 2, until + 0.1, tag=A)
    assert haunted.known() == {"drill"}
    assert portrait(haunted.pipeline) == portrait(calm.pipeline)
    assert left_behind(haunted.pipeline) == {"", 0, -1, NEVER}


def haunt(said: Said, limit: int, turn: int, rows: int = 1_000, reborn: bool = False) -> Told:
    """What a busy site says and counts, its batches cut into pieces; `reborn`: from a snapshot after each of them."""

    def again(pipeline: Pipeline) -> Pipeline:
        pipeline = Pipeline.restore(pipeline.site, pipeline.snapshot())
        pipeline.state.turn = turn
        return pipeline

    busy = bounded(BUSY, limit, turn)
    return live(busy, said, rows, again) if reborn else live(busy, said, rows)


turns = st.sampled_from((1, 2, 5, 16, 40, 100, 250))


@given(lives("shift"), st.integers(0, 1), turns)
@settings(max_examples=60, deadline=None)
def test_batches_cannot_be_told_from_who_is_forgotten(life: Life, limit: int, turn: int) -> None:
    said = ending(inputs(life))
    whole = haunt(said, limit, turn)
    assert whole == haunt(said, limit, turn, 1)
    assert whole == haunt(said, limit, turn, VECTOR)


ENDED: Life = [
    ("read", "door", 0, [(0, 0, 3, -70)]),
    ("read", "inner", 0, [(1, 0, 1, -70)]),
    ("down", "door", 0, [(0, 0, 1, -70)]),
]
"""What waits for a silence that nobody can tell is decided at the end, which may come right after a restart."""


ATTIC = [(0, 0, 1, -70), (0, 0, 2, -70)]
REUSED: Life = [
    ("read", "door", 0, ATTIC[:1] * 4),
    ("read", "inner", 0, [*ATTIC[:1] * 12, *ATTIC[::-1], *ATTIC]),
]
"""A tag's newest cell gets the number of a ghost's, which is lower than that of its older one."""


@example(ENDED, 0, 1)
@example(REUSED, 0, 16)
@given(lives("shift"), st.integers(0, 1), turns)
@settings(max_examples=30, deadline=None)
def test_a_restart_cannot_be_told_from_who_is_forgotten(life: Life, limit: int, turn: int) -> None:
    said = ending(inputs(life))
    assert haunt(said, limit, turn, 50) == haunt(said, limit, turn, 50, reborn=True)


@given(lives(), turns)
@settings(max_examples=30, deadline=None)
def test_every_stay_ends_once(life: Life, turn: int) -> None:
    """What stands of the events of a ghost is an arrival and a departure in turn, zone by zone."""
    events = haunt(ending(inputs(life)), 0, turn)[0]
    gone = {event.retracts for event in events}
    inside = Counter[tuple[str | None, str | None]]()
    for event in events:
        if event.kind in ("arrived", "departed") and event.item is None and event.id not in gone:
            inside[event.tag, event.place] += 1 if event.kind == "arrived" else -1
            assert inside[event.tag, event.place] in (0, 1)


def flood(many: int, size: int) -> list[Reads]:
    """Ghosts, each heard once, in batches."""
    tags = Dictionary(map(ghost, range(many)))
    return [
        reads(
            tags,
            [at(number / 100) for number in range(start, start + size)],
            range(start, start + size),
            [1 + number % 2 for number in range(start, start + size)],
            [-60] * size,
        )
        for start in range(0, many, size)
    ]


def test_a_flood_of_ghosts_leaves_the_state_bounded_and_the_items_alone() -> None:
    haunted, calm = Haunted(1_000, 2_000), Played(SITE)
    for number, batch in enumerate(flood(50_000, 500)):
        source = "door" if number % 10 else "inner"
        haunted.say(source, batch)
        calm.say(source, Alive(int(batch.time[-1])))
        for played in (haunted, calm):
            if number % 40 < 10:
                played.read("inner", 1, number * 5 + 5)
    state = haunted.pipeline.state
    assert 0 < state.unowned == len(state.subjects) - 1 <= 3_000
    sizes = [state.tracks.size, state.cells.size, len(state.seen.columns()[0])]
    sizes += [len(source.timers) for source in state.sources]
    sizes += [len(state.said), len(state.undecided), len(state.cells.by_tag), len(state.tracks.older)]
    door = next(iter(state.doors.values()))
    sizes += [len(door.open), len(door.begun), len(door.waiting), len(door.ended)]
    assert max(sizes) <= 3_000 + 1_000
    assert max(len(state.tracks.first), len(state.cells.last)) <= 1 << 13
    assert sum(counts["evicted"] for counts in haunted.pipeline.counts.values()) + state.unowned == 50_000
    for played in (haunted, calm):
        played.alive(1_000)
    ours, theirs = (
        [(event.id, event.kind, event.time) for event in played.events if event.item]
        for played in (haunted, calm)
    )
    assert ours == theirs
    assert len(ours) == 12


def come(played: Haunted, ghosts: range, second: float) -> None:
    """So many ghosts are heard in the yard, a hundred microseconds apart, all in one batch."""
    tags = Dictionary(map(ghost, ghosts))
    times = [at(second) + 100 * number for number in range(len(ghosts))]
    played.say("inner", reads(tags, times, range(len(ghosts)), [2] * len(ghosts), [-60] * len(ghosts)))


PAUSES = 1_300 // STEP + 2


def test_who_has_to_go_goes_a_few_at_a_time() -> None:
    played = Haunted(800, 2_000)
    come(played, range(2_000), 0)
    assert len(played.known()) == 2_000 - STEP
    assert ghost(STEP - 1) not in played.known()
    for pause in range(1, PAUSES):
        come(played, range(5_000, 5_000 + PACE), 10 * pause)  # the same ghosts, once more
        gone = min(STEP * (pause + 1), 1_300)
        assert len(played.known()) == 2_000 - gone + PACE
    assert sum(counts["evicted"] for counts in played.pipeline.counts.values()) == 1_300


def test_who_is_heard_before_it_has_to_go_stays() -> None:
    played = Haunted(800, 2_000)
    come(played, range(2_000), 0)
    come(played, range(1_000, 1_000 + PACE), 10)
    for pause in range(2, PAUSES):
        come(played, range(1_000, 1_000 + PACE), 10 * pause)
    known = played.known()
    assert {ghost(number) for number in range(1_000, 1_000 + PACE)} <= known
    assert ghost(999) not in known
    assert len(known) == 700 + PACE


def test_the_clock_is_set_while_somebody_has_to_go() -> None:
    played = Haunted(800, 2_000)
    come(played, range(2_000), 0)
    played.say("inner", Shift(at(3_600), 3_600_000_000))
    come(played, range(5_000, 5_000 + PAUSES * PACE), 3_600)
    assert len(played.known()) == 700 + PAUSES * PACE
    assert ghost(1_299) not in played.known()


def test_a_ghost_whose_pass_waits_to_be_judged_is_forgotten_with_it() -> None:
    played = Haunted(0, 10**6)
    for step in range(50):
        played.read("door", 1, 10 + step / 10)  # the drill stands in the door, and may be its companion
        if step < 16:
            played.read("door", 1 + (step >= 8), 10.05 + step / 10, tag=B)
    door = next(iter(played.pipeline.state.doors.values()))
    assert [len(door.waiting), len(door.open)] == [1, 1]
    played.pipeline.state.turn = played.pipeline.state.heard + 1
    played.read("door", 1, 15)
    assert [len(door.waiting), len(door.ended), len(door.open)] == [0, 0, 1]
    played.alive(100)
    assert [event for event in played.events if event.tag == B] == []
