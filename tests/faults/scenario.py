"""A journal's life with a known content, to be lived under faults.

Commit k brings inputs and events that follow from k alone, so that whatever a disk has left can be compared with what it should hold. The modes of `main` run that life under one kind of fault each and print what they saw as JSON.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from core.events import Event, Gap
from core.records import Alive, Dictionary, Down, Input, Reads, reads
from gateway.database import JournalError
from gateway.journal import Journal
from gateway.reader import Reader

SITE = "leeds"
START = 1_760_000_000_000_000
COMMITS = 8
TAGS = Dictionary(f"3034{number:020X}" for number in range(200))
T = TypeVar("T")


@cache
def inputs(k: int) -> list[Input]:
    """The inputs of commit k: reads of two devices, the first one big, and a sign of life."""
    size = 3_000 if k % 4 == 0 else 12
    time = START + k * 1_000_000
    batch = reads(
        TAGS, range(time, time + size), ((i * 7 + k) % 200 for i in range(size)), [1] * size, [-60.5] * size
    )
    return [
        Input("door1", time, batch),
        Input("door2", time, Alive(time)),
        Input("door2", time, batch.slice(0, 3)),
    ]


@cache
def events(k: int) -> list[Event]:
    """The events of commit k: k modulo 3, with ids that tell which."""
    time = START + k * 1_000_000
    return [
        Event(f"{k}-{i}", time, time, "arrived", "gen-7", TAGS.ids[i], "yard", evidence={"k": k})
        for i in range(k % 3)
    ]


def gaps(k: int) -> list[Gap]:
    """The gaps of commit k: one in every fifth."""
    return [Gap("door1", START + k, START + k + 1, f"gap {k}")] if k % 5 == 0 else []


def snapshot(k: int) -> bytes | None:
    """The snapshot that comes with commit k: one in every fourth."""
    return f"state {k} ".encode() * 2_000 if k % 4 == 3 else None


def expected_events(commits: int) -> list[str]:
    """The ids of all events of commits 1 to `commits`."""
    return [event.id for k in range(1, commits + 1) for event in events(k)]


def insist(journal: Journal, work: Callable[[], T]) -> T:
    """What the daemon does: until it works, reopen and do it again. Nothing was acknowledged before."""
    for _ in range(20):
        try:
            return work()
        except JournalError:
            try:
                journal.reopen()
            except JournalError:
                continue
    raise AssertionError("the fault was to pass")


def open_insistently(path: Path) -> Journal:
    """The daemon is started again until the journal opens."""
    for _ in range(20):
        try:
            return Journal.open(path, SITE)
        except JournalError:
            continue
    raise AssertionError("the fault was to pass")


def live(path: Path, acknowledge: Callable[[int], None]) -> None:
    """Open, commit 1 to COMMITS with everything that belongs to it, set an input aside, close."""
    journal = open_insistently(path)
    for k in range(1, COMMITS + 1):
        insist(journal, lambda k=k: journal.commit(inputs(k), events(k), gaps(k), snapshot(k)))  # type: ignore[misc]
        acknowledge(k)
        if k % 3 == 0:
            journal.tend()
    insist(journal, lambda: journal.set_aside(inputs(1)[0], "ValueError: no such tag"))
    acknowledge(COMMITS + 1)
    with suppress(JournalError):
        journal.close()


def check(path: Path, acknowledged: int) -> int:
    """What was acknowledged is there, once and unchanged; returns the commits that are there."""
    journal = Journal.open(path, SITE)
    assert journal.opening.state == ("continued" if acknowledged else journal.opening.state), journal.opening
    commits = content(journal.past)
    assert commits >= acknowledged, (commits, acknowledged)
    journal.commit([Input("door9", START, Down(START, "after the fault"))])
    journal.close()
    return commits


def content(past: Reader) -> int:
    """The number of commits that a journal holds, once everything in it was compared with what they brought."""
    commits = past.head().number
    life = min(commits, COMMITS)
    assert [event.id for _, event in past.events()] == expected_events(life)
    assert [seq for seq, _ in past.events()] == list(range(1, len(expected_events(life)) + 1))
    assert [gap for _, gap in past.gaps()] == [gap for k in range(1, life + 1) for gap in gaps(k)]
    wanted = [one for k in range(1, life + 1) for one in spelt(k)]
    found = list(past.inputs())
    assert [seq for seq, _ in found] == list(range(1, len(wanted) + 1))
    assert [(one, plain(one)) for _, one in found] == wanted
    last = max((k for k in range(1, life + 1) if snapshot(k) is not None), default=0)
    saved = past.snapshot()
    assert (saved.data if saved is not None else None) == (snapshot(last) if last else None)
    assert len(list(past.poison())) == commits - life
    return commits


@cache
def spelt(k: int) -> list[tuple[Input, object]]:
    """The inputs of commit k, spelt out."""
    return [(one, plain(one)) for one in inputs(k)]


def plain(input: Input) -> object:
    """The body with its tags spelt out, so that it can be compared."""
    body = input.body
    if not isinstance(body, Reads):
        return body
    columns = (body.time, body.antenna, body.rssi, body.count, body.phase, body.doppler, body.channel)
    bits = [None if column is None else column.tobytes() for column in columns]
    return bits, [body.tags.ids[code] for code in body.tag.tolist()]
