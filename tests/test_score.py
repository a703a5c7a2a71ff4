"""Holding events against the truth."""

import dataclasses

import pytest

from core.events import Event
from simulators.score import SECOND, compare
from simulators.truth import Crossing, Truth, Visit

START = 1_767_225_600 * SECOND
IN = Crossing("pallet-1", None, "dock-1", "in", START + 10 * SECOND)
OUT = Crossing(None, "AA", "dock-1", "out", START + 60 * SECOND)
STAY = Visit("pallet-1", None, "room-1", START + 100 * SECOND, START + 200 * SECOND)
TRUTH = Truth("demo", 1, START, START + 300 * SECOND, {"pallet-1": ("BB",)}, (IN, OUT), (), (STAY,))


def event(kind: str, subject: str, place: str, seconds: float, direction: str | None = None) -> Event:
    item, tag = (subject, "BB") if subject.startswith("pallet") else (None, subject)
    time = START + round(seconds * SECOND)
    return Event(f"{kind}{seconds}", time, time, kind, item, tag, place, direction=direction)


def right() -> list[Event]:
    return [
        event("passed", "pallet-1", "dock-1", 10.4, "in"),
        event("passed", "AA", "dock-1", 59.0, "out"),
        event("arrived", "pallet-1", "warehouse", 10.4),
        event("arrived", "pallet-1", "room-1", 103.0),
        event("departed", "pallet-1", "room-1", 197.0),
    ]


def test_all_right() -> None:
    score = compare(TRUTH, right())
    assert score.perfect
    assert str(score) == (
        "2 of 2 passes right, 0 missed, 0 in a wrong direction, 0 that never were; "
        "2 of 2 ends of visits, 0 that never were"
    )


def test_a_missing_pass() -> None:
    score = compare(TRUTH, right()[1:])
    assert score.missed == (IN,)
    assert not score.perfect


@pytest.mark.parametrize("direction", ["out", None])
def test_a_wrong_direction(direction: str | None) -> None:
    events = right()
    events[0] = dataclasses.replace(events[0], direction=direction)
    score = compare(TRUTH, events)
    assert score.wrong == (events[0],)
    assert score.right == 1


@pytest.mark.parametrize(
    "stray",
    [
        event("passed", "CC", "dock-1", 10.0, "in"),
        event("passed", "pallet-1", "dock-2", 10.0, "in"),
        event("passed", "pallet-1", "dock-1", 11.0, "in"),
        event("passed", "pallet-1", "dock-1", 20.0, "in"),
    ],
)
def test_a_pass_that_never_was(stray: Event) -> None:
    score = compare(TRUTH, [*right(), stray])
    assert score.strays == (stray,)
    assert score.right == 2


def test_a_retracted_event_does_not_stand() -> None:
    wrong = event("passed", "pallet-1", "dock-1", 12.0, "out")
    back = Event("r", wrong.time, wrong.time, "retracted", wrong.item, wrong.tag, "dock-1", retracts=wrong.id)
    assert compare(TRUTH, [wrong, back, *right()]).perfect


def test_what_is_not_settled_is_not_missed() -> None:
    score = compare(TRUTH, right()[:1], settled=START + 50 * SECOND)
    assert (score.crossings, score.right, score.ends) == (1, 1, 0)
    assert score.perfect


def test_an_event_that_comes_before_it_had_to_counts() -> None:
    score = compare(TRUTH, right(), settled=START)
    assert (score.crossings, score.right, score.ends, score.ends_found) == (2, 2, 2, 2)


def test_ends_of_visits() -> None:
    unheard = compare(TRUTH, right()[:-1])
    assert (unheard.ends, unheard.ends_found) == (2, 1)
    late = [*right()[:-1], event("departed", "pallet-1", "room-1", 220.0)]
    assert len(compare(TRUTH, late).ends_false) == 1
