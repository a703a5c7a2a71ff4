"""What is deleted, when, and that the ledger and what is left add up."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.events import Event, Gap
from core.records import Dictionary, Input, Reads
from gateway.journal import Journal
from gateway.retention import DAY, LOOK_COMMITS, Drop, Limits

MIB = 1 << 20
TAGS = Dictionary(f"{number:024X}" for number in range(100))


def noise(time: int, n: int = 20_000) -> Input:
    """Reads that cannot be stored in few bytes: some 18 each."""
    chance = np.random.default_rng(time % 1000)
    return Input(
        "door1",
        time,
        Reads(
            TAGS,
            chance.integers(0, 2**62, n),
            chance.integers(0, len(TAGS), n).astype(np.int32),
            np.ones(n, np.uint16),
            chance.random(n, np.float32),
            np.ones(n, np.int32),
            chance.random(n, np.float32),
        ),
    )


def event(time: int) -> Event:
    return Event(f"{time}", time, time, "arrived", "gen-7", "3034", "yard", evidence={"text": "x" * 3000})


class Site:
    """A journal under limits, to which a day is a tick."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.journal = Journal.open(path, "leeds", limits)
        self.time = 0

    def pass_days(self, days: int, reads: int = 20_000, events: int = 0, snapshot: bool = True) -> None:
        for _ in range(days):
            self.time += DAY
            self.journal.commit(
                [noise(self.time, reads)] if reads else [Input("door1", self.time, noise(0, 0).body)],
                [event(self.time)] * events,
                [Gap("door1", self.time - 1, self.time, "test")],
                b"state" if snapshot else None,
            )

    def ledger(self, stream: str) -> list[Drop]:
        return [drop for drop in self.journal.past.ledger() if drop.stream == stream]

    def kept_reads(self) -> int:
        return sum(len(one.body) for _, one in self.journal.inputs() if isinstance(one.body, Reads))

    def check(self) -> None:
        """Every stream is what the ledger names, and then what is left, without a hole between them."""
        head = self.journal.past.head()
        for stream, kept, newest in (
            ("reads", self.kept_reads(), head.reads),
            ("events", sum(1 for _ in self.journal.past.events()), head.events),
            ("gaps", sum(1 for _ in self.journal.past.gaps()), head.gaps),
        ):
            drops = self.ledger(stream)
            firsts = [1, *(drop.last + 1 for drop in drops)]
            assert [drop.first for drop in drops] == firsts[:-1]
            assert firsts[-1] - 1 + kept == newest
            assert self.journal.counts().dropped.get(stream, 0) == firsts[-1] - 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "waypost.db"


@pytest.fixture
def small(path: Path) -> Iterator[Site]:
    site = Site(path, Limits(max_bytes=12 * MIB, reads_max_bytes=6 * MIB, retention_days=10_000))
    yield site
    site.journal.close()


def test_the_oldest_reads_go_when_there_are_too_many(small: Site) -> None:
    small.pass_days(60)
    small.check()
    [drop] = small.ledger("reads")
    assert (drop.first, drop.reason, drop.unsent) == (1, "reads_max_bytes", 0)
    assert small.kept_reads() * 18 < 8 * MIB
    assert not small.ledger("events")


def test_the_file_does_not_grow_for_ever(small: Site) -> None:
    small.pass_days(40)
    size = small.journal.path.stat().st_size
    small.pass_days(60)
    assert small.journal.path.stat().st_size < size + 2 * MIB


def test_inputs_since_the_snapshot_stay_whatever_their_size(small: Site) -> None:
    small.pass_days(1)
    small.pass_days(60, snapshot=False)
    small.check()
    assert small.kept_reads() == 60 * 20_000
    small.pass_days(40)
    small.check()
    assert small.kept_reads() * 18 < 8 * MIB


def test_without_a_snapshot_nothing_of_the_state_goes(small: Site) -> None:
    small.pass_days(60, snapshot=False)
    assert small.kept_reads() == 60 * 20_000


def test_events_go_last(path: Path) -> None:
    site = Site(path, Limits(max_bytes=4 * MIB, reads_max_bytes=64 * MIB, retention_days=10_000))
    site.pass_days(15, events=10)
    site.check()
    assert site.ledger("reads")
    assert not site.ledger("events")
    site.pass_days(4 * LOOK_COMMITS, reads=0, events=30)
    site.check()
    assert {drop.reason for drop in site.ledger("events")} == {"max_bytes"}
    assert site.kept_reads() == 0
    assert site.journal.path.stat().st_size < 8 * MIB
    site.journal.close()


def test_what_is_past_its_days_goes(path: Path) -> None:
    site = Site(path, Limits(retention_days=30))
    site.pass_days(5 * LOOK_COMMITS, reads=5, events=1)
    site.check()
    for stream in ("reads", "events", "gaps"):
        [drop] = site.ledger(stream)
        assert drop.reason == "retention_days"
    oldest = next(event for _, event in site.journal.past.events())
    assert oldest.time <= site.time - 30 * DAY <= oldest.time + (LOOK_COMMITS + 1) * DAY
    site.journal.close()


def test_age_waits_for_the_slowest_sink_and_size_does_not(path: Path) -> None:
    site = Site(path, Limits(max_bytes=16 * MIB, reads_max_bytes=3 * MIB, retention_days=30))
    site.journal.notebook.cursor("fast", "events")
    for stream in ("events", "reads"):
        site.journal.notebook.advance("fast", stream, 1_000_000)
        site.journal.notebook.advance("slow", stream, 7)
    site.pass_days(5 * LOOK_COMMITS, reads=5, events=1)
    site.check()
    assert [drop.last for drop in site.ledger("events")] == [7]
    assert [drop.last for drop in site.ledger("reads")] == [5], "the second commit has rows that are not sent"
    site.pass_days(30)
    site.check()
    by_size = site.ledger("reads")[-1]
    assert (by_size.reason, by_size.unsent) == ("reads_max_bytes", by_size.last - 7)
    assert site.journal.counts().unsent["reads"] == by_size.unsent
    site.journal.notebook.forget("slow", "events")
    site.pass_days(2 * LOOK_COMMITS, reads=0)
    assert site.ledger("events")[-1].last > 7
    site.journal.close()


def test_the_ledger_survives_and_is_continued(path: Path) -> None:
    limits = Limits(max_bytes=12 * MIB, reads_max_bytes=6 * MIB)
    site = Site(path, limits)
    site.pass_days(40)
    before = site.ledger("reads")
    site.journal.close()
    again = Site(path, limits)
    again.time = site.time
    again.pass_days(40)
    [drop] = again.ledger("reads")
    assert drop.last > before[0].last
    assert drop.last + again.kept_reads() == again.journal.past.head().reads
    again.journal.close()


def test_the_newest_events_stay_and_carry_the_number_on(path: Path) -> None:
    site = Site(path, Limits(retention_days=1))
    site.pass_days(3, reads=0, events=2)
    site.pass_days(3 * LOOK_COMMITS, reads=0)
    assert [seq for seq, _ in site.journal.past.events()] == [6]
    site.journal.close()
    site = Site(path, Limits(retention_days=1))
    assert site.journal.commit((), [event(1)]).events == 7
    site.journal.close()
