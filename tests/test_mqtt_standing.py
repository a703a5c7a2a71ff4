"""Where the items are, kept by the events that go by: the same as if all events were told again from the beginning."""

import random
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Event
from gateway.journal import Journal
from gateway.reader import FILTERED
from gateway.sinks.contract import Lost
from gateway.sinks.mqtt.standing import Found, Standing, journal_look
from gateway.whereabouts import found_json, whereabouts
from tests.mqtt_sinks import INSIDE, SITE, event
from tests.virtual_loop import run

ITEMS = ("gen-7", "gen-8")
KINDS = ("arrived", "departed", "passed", "device_down")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Late events, events at one time, retractions of anything that stands, other things and devices between."""
    history: list[Event] = []
    for number in range(draw(st.integers(1, 30))):
        standing = [
            one
            for one in history
            if one.kind != "retracted" and not any(other.retracts == one.id for other in history)
        ]
        item = draw(st.sampled_from([*ITEMS, "stranger", None]))
        if standing and draw(st.integers(0, 3)) == 0:
            gone = draw(st.sampled_from(standing))
            history.append(
                event(
                    0,
                    "retracted",
                    gone.place,
                    id=f"r-{number}",
                    item=gone.item,
                    retracts=gone.id,
                    time=gone.time,
                )
            )
        else:
            kind, place = (
                draw(st.sampled_from(KINDS)),
                draw(st.sampled_from(["site", "yard", "cage", "moon"])),
            )
            time = draw(st.integers(0, 8)) * 1_000_000
            history.append(event(0, kind, place, id=f"e-{number}", item=item, time=time))
    return history


def expected(history: list[Event], item: str) -> object:
    """As `waypost find` has it, from the whole history."""
    own = [(seq, one) for seq, one in enumerate(history, 1) if one.item == item]
    return found_json(item, whereabouts(reversed(own)), INSIDE)


@given(histories(), st.lists(st.integers(0, 30), max_size=4), st.integers(0, 30), st.integers(1, 3))
def test_any_batches_any_memory(history: list[Event], cuts: list[int], head: int, remembered: int) -> None:
    """The journal is ahead of what goes by, and things are forgotten: what is told in the end is what stands."""
    bounds = [0, *sorted(min(cut, len(history)) for cut in cuts), len(history)]
    passed = 0

    async def look(items: Collection[str]) -> Found:
        known = list(enumerate(history, 1))[: max(head, passed)]
        own = {item: [pair for pair in known if pair[1].item == item] for item in items}
        return {item: whereabouts(reversed(pairs)) for item, pairs in own.items() if pairs}

    async def script() -> dict[str, object]:
        nonlocal passed
        standing = Standing(look, ITEMS, INSIDE, remembered)
        told: dict[str, object] = {}
        for low, high in pairwise(bounds):
            passed = high
            told.update(await standing.after(history[low:high]))
        return told

    told = run(script())
    touched = {one.item for one in history} & set(ITEMS)
    assert told == {item: expected(history, item) for item in touched if item is not None}


def test_what_passes_costs_no_look() -> None:
    looks: list[list[str]] = []

    async def look(items: Collection[str]) -> Found:
        looks.append(sorted(items))
        return {}

    async def script() -> None:
        standing = Standing(look, ITEMS, {})
        await standing.after([event(1)])
        looks.clear()
        states = [await standing.after([event(number, place=f"p-{number}")]) for number in range(2, 30)]
        assert states[-1]["gen-7"]["place"] == "p-29"

    run(script())
    assert looks == []


def test_many_items_are_looked_up_in_one_go(tmp_path: Path) -> None:
    """Their own events only; an item that was never seen is left out."""
    path = tmp_path / "waypost.db"
    journal = Journal.open(path, SITE)
    history = [
        event(1, item="gen-7"),
        event(2, item="gen-8", place="cage"),
        event(3, item="gen-9"),
        event(4, "retracted", item="gen-7", retracts="id-1"),
        event(5, "passed", "dock-1", item=None),
        event(6, "departed", "cage", item="gen-8"),
    ]
    journal.commit([], history, [])
    try:
        found = run(journal_look(path)(["gen-8", "gen-9", "never", "gen'; DROP"]))
    finally:
        journal.close()
    assert {item: one.last_place for item, one in found.items()} == {"gen-8": "cage", "gen-9": "yard"}
    assert found["gen-8"].deepest({}) is None


def test_a_long_journal_is_not_looked_into_for_nothing(tmp_path: Path) -> None:
    """Over several windows, with late events and retractions across them: the same as from the whole history."""
    chance = random.Random(7)
    names = [f"item-{number}" for number in range(40)]
    history: list[Event] = []
    for number in range(2 * FILTERED + 500):
        if chance.random() < 0.02 and history:
            gone = history[-1 - chance.randrange(min(len(history), FILTERED))]
            if gone.kind != "retracted":
                more = {"item": gone.item, "retracts": gone.id, "time": gone.time}
                history.append(event(number, "retracted", gone.place, id=f"r-{number}", **more))
                continue
        at = number - (chance.randrange(3_000) if chance.random() < 0.1 else 0)
        history.append(
            event(
                number, chance.choice(KINDS), chance.choice(["site", "yard", "cage"]),
                item=chance.choice(names), time=at * 1_000,
            )
        )  # fmt: skip
    once = {one.retracts: one for one in history if one.retracts}  # what is retracted twice never happens
    history = [one for one in history if one.retracts is None or once[one.retracts] is one]
    path = tmp_path / "waypost.db"
    journal = Journal.open(path, SITE)
    for start in range(0, len(history), 5_000):
        journal.commit([], history[start : start + 5_000], [])
    try:
        found = run(journal_look(path)(names))
    finally:
        journal.close()
    assert {item: found_json(item, one, INSIDE) for item, one in found.items()} == {
        item: expected(history, item) for item in names
    }


def test_an_item_of_which_nothing_stands_any_more_is_told_so() -> None:
    async def nothing(items: Collection[str]) -> Found:
        return {}

    async def script() -> None:
        standing = Standing(nothing, ITEMS, INSIDE)
        assert (await standing.after([event(1)]))["gen-7"]["place"] == "yard"
        gone = await standing.after([event(1, "retracted", id="r", retracts="id-1")])
        assert (gone["gen-7"]["place"], gone["gen-7"]["last_seen"]) == (None, None)
        assert await standing.of(ITEMS) == {}

    run(script())


def test_a_journal_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="states of items cannot be looked up: there is no journal"):
        run(journal_look(tmp_path / "none.db")(["gen-7"]))
