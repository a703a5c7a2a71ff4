"""The writer: what is acknowledged is in the store, at the stated pace, whatever fails."""

import asyncio
import sqlite3
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Alive, Body, Down, Input, Reads, Up, reads
from gateway.recovery import recover
from gateway.signs import unpack
from gateway.stride import LEAST
from gateway.writer import AGE, HEARTBEAT, PACE, StateLost, Stopped
from tests.fix_writer import TAGS, Bench, Memory, Steps, Tallies, Tally, play, times
from tests.virtual_loop import busy


class Slow(Tally):
    """Takes a second for each step."""

    def step(self, input: Input) -> Steps:
        if isinstance(input.body, Reads):
            busy(1.0)
        return super().step(input)


class Slows(Tallies):
    def fresh(self) -> Tally:
        return Slow()


def test_devices_get_their_turn_while_much_is_stepped() -> None:
    turns: list[float] = []

    async def script(bench: Bench) -> None:
        loop = asyncio.get_running_loop()

        async def device() -> None:
            while True:
                turns.append(loop.time())
                await asyncio.sleep(0.5)

        turning = asyncio.create_task(device())
        await (await bench.seen("a", *range(3 * LEAST)))
        turning.cancel()

    store = play(script, restorer=Slows())
    assert [len(row.body) for row in store.rows if isinstance(row.body, Reads)] == [3 * LEAST]
    assert len(store.events) == 3 * LEAST // 10
    assert max(after - before for before, after in pairwise(turns)) < 2


def test_a_receipt_resolves_when_the_store_has_it() -> None:
    async def script(bench: Bench) -> None:
        receipt = await bench.seen("a", 1)
        assert bench.store.rows == []
        await receipt
        assert times(bench.store.rows) == [("a", [1])]
        assert asyncio.get_running_loop().time() == 0  # idle: at once

    play(script)


def test_what_nobody_waits_for_is_written_within_a_second() -> None:
    async def script(bench: Bench) -> None:
        await bench.seen("a", 1)
        await asyncio.sleep(AGE - 0.1)
        assert bench.store.commits == []
        await bench.seen("a", 2)
        await asyncio.sleep(0.2)
        assert bench.store.commits == [AGE]
        assert times(bench.store.rows) == [("a", [1]), ("a", [2])]

    play(script)


def test_something_decided_is_written_at_once() -> None:
    async def script(bench: Bench) -> None:
        await bench.seen("a", *range(10))
        await asyncio.sleep(0.001)
        assert [one.id for one in bench.store.events] == ["a-10-in order"]

    play(script)


def test_commits_start_a_pace_apart_and_join_what_gathered() -> None:
    async def script(bench: Bench) -> None:
        async def one(n: int) -> None:
            await asyncio.sleep(n / 1000)
            await (await bench.seen("a", n))

        await asyncio.gather(*(one(n) for n in range(100)))
        gaps = [b - a for a, b in zip(bench.store.commits, bench.store.commits[1:], strict=False)]
        assert min(gaps) >= PACE - 1e-9
        assert len(bench.store.commits) == 6
        assert len(bench.store.rows) == 6
        assert sum(len(cells) for _, cells in times(bench.store.rows)) == 100

    play(script)


def test_a_megabyte_does_not_wait_for_the_pace() -> None:
    async def script(bench: Bench) -> None:
        many = range(50_000)
        await (await bench.seen("a", 1))
        await (await bench.seen("a", *many))
        await (await bench.seen("a", *many))
        assert asyncio.get_running_loop().time() == 0

    play(script)


def test_the_intake_holds_back_while_the_store_fails_and_loses_nothing() -> None:
    async def script(bench: Bench) -> None:
        bench.store.failures += [sqlite3.OperationalError("database or disk is full")] * 20
        receipts = []

        async def device() -> None:
            for n in range(30):
                receipts.append(await bench.seen("a", *range(n * 50_000, n * 50_000 + 50_000)))

        feeding = asyncio.create_task(device())
        await asyncio.sleep(5)
        assert not feeding.done()
        assert bench.intake.held <= bench.intake.limit
        assert bench.writer.trouble == "database or disk is full"
        assert bench.progress > 3  # the watchdog is fed
        assert bench.store.commits == []
        await feeding
        await asyncio.gather(*receipts)
        assert bench.writer.trouble is None
        assert bench.store.reopened == 20
        assert bench.writer.io_errors == 20
        assert bench.intake.held == 0

    store = play(script)
    assert [n for _, cells in times(store.rows) for n in cells] == list(range(1_500_000))


def test_a_journal_that_begins_anew_begins_with_the_whole_state() -> None:
    async def script(bench: Bench) -> None:
        await (await bench.seen("a", 1, 2, 3))
        bench.store.damaged = True
        bench.store.failures.append(sqlite3.DatabaseError("malformed"))
        await (await bench.seen("a", 4))
        assert times(bench.store.rows) == [("a", [4])]
        assert bench.store.saved is not None
        seq, data = bench.store.saved
        assert (seq, unpack(data)[1]) == (1, b"[('a', 4)]")

    play(script)


def test_a_journal_that_is_damaged_while_the_state_is_half_stepped_ends_the_process() -> None:
    """The new journal stays empty: by that the next start knows that it has to read the damaged one."""
    store = Memory()

    async def script(bench: Bench) -> None:
        await (await bench.seen("a", 1, 2, 3))
        store.damaged = True
        store.failures.append(sqlite3.DatabaseError("malformed"))
        await bench.seen("a", 4)
        await bench.seen("b", -1)

    with pytest.RaisesGroup(StateLost):
        play(script, store)
    assert (store.rows, store.saved) == ([], None)


def test_a_stop_with_a_broken_store_tells_those_who_wait() -> None:
    store = Memory()
    store.failures += [OSError(5, "Input/output error")] * 1000
    outcome: list[BaseException] = []
    waiting: list[asyncio.Task[None]] = []

    async def script(bench: Bench) -> None:
        receipt = await bench.seen("a", 1)

        async def wait() -> None:
            try:
                await receipt
            except Stopped as error:
                outcome.append(error)

        waiting.append(asyncio.create_task(wait()))
        await asyncio.sleep(1)

    with pytest.RaisesGroup(Stopped):
        play(script, store)
    assert len(outcome) == 1


def test_an_idle_site_writes_once_a_minute() -> None:
    async def script(bench: Bench) -> None:
        for second in range(600):
            for source in "ab":
                await bench.put(source, Alive(second * 1000))
            await asyncio.sleep(1)

    store = play(script)
    assert len(store.commits) <= 600 / HEARTBEAT + 2
    assert len(store.rows) <= 2 * (600 / HEARTBEAT + 2)


def test_a_sign_of_life_whose_receipt_resolved_is_written() -> None:
    async def script(bench: Bench) -> None:
        await bench.put("a", Up(1))
        await (await bench.put("a", Alive(2)))
        assert [row.body for row in bench.store.rows] == [Up(1), Alive(2)]

    play(script)


def test_a_sign_of_life_that_decides_is_written() -> None:
    async def script(bench: Bench) -> None:
        await (await bench.seen("a", 1))
        await bench.put("b", Alive(500))
        await bench.put("a", Alive(700))
        await bench.put("a", Alive(999))
        await asyncio.sleep(0.1)
        assert [row.body for row in bench.store.rows[1:]] == [Alive(500), Alive(700), Alive(999)]
        assert [one.id for one in bench.store.events] == ["tick-a-999"]

    play(script)


BODIES = st.one_of(
    st.integers(0, 3000).map(Alive),
    st.lists(st.integers(0, 3000), min_size=1, max_size=4),
    st.just(Down(0, "x")),
    st.just(Up(0)),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), BODIES, st.sampled_from([0.0, 0.01, 0.3, 70.0])), max_size=25)
)
def test_the_journal_leads_to_the_state_that_decided(
    inputs: list[tuple[str, "Body | list[int]", float]],
) -> None:
    """Re-stepping what was written goes through the same states: it decides the same events, and ends alike."""
    last: list[bytes] = []

    async def script(bench: Bench) -> None:
        for source, body, pause in inputs:
            await (bench.seen(source, *body) if isinstance(body, list) else bench.put(source, body))
            await asyncio.sleep(pause)
        await asyncio.sleep(2 * HEARTBEAT)
        last.append(bench.writer.pipeline.snapshot())

    store = play(script)
    again = Tally()
    decided = [one for row in store.rows for one in again.step(row).events]
    assert decided == store.events
    assert again.snapshot() == last[0]
    assert store.saved is not None
    assert unpack(store.saved[1])[1] == last[0]


def test_poison_is_set_aside_and_nothing_else_is_lost() -> None:
    async def script(bench: Bench) -> None:
        await bench.put("b", Alive(5))
        first = [await bench.seen("a", n) for n in range(8)]
        poison = await bench.seen("a", -1)
        rest = [await bench.seen("a", n) for n in range(8, 12)]
        await asyncio.gather(*first, poison, *rest)
        assert times(bench.store.aside) == [("a", [-1])]
        assert bench.writer.set_aside == 1
        assert sorted(n for _, cells in times(bench.store.rows) for n in cells) == list(range(12))
        assert bench.writer.pipeline.snapshot() == b"[('a', 12), ('frontier b', 5)]"

    store = play(script)
    assert [one.id for one in store.events] == ["a-10-in order"]


def test_a_restart_goes_on_where_the_last_one_stood() -> None:
    async def first(bench: Bench) -> None:
        await (await bench.seen("a", *range(15)))

    async def second(bench: Bench) -> None:
        assert bench.writer.signs["a"].up
        await (await bench.seen("a", *range(15, 20)))

    store = play(first)
    assert store.saved is not None
    store.saved = None  # as after a power cut, before the first snapshot
    play(second, store)
    assert [one.id for one in store.events] == ["a-10-in order", "a-20-in order"]


def test_an_incompatible_snapshot_is_rebuilt_and_strangers_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Memory()
    row = Input("a", 0, reads(TAGS, [1, 2], [0, 0], [1, 1], [0.0, 0.0]))
    store.rows = [row, replace(row, source="gone"), row]
    store.saved = (3, b"waypost-state-1\n{}\nold")
    recovered = recover(store, Tallies(), frozenset({"a"}))
    assert (recovered.stepped, recovered.skipped) == (2, 1)
    assert recovered.pipeline.snapshot() == b"[('a', 4)]"
    assert "rebuilt from the journal: an old one" in caplog.text


def test_a_journalled_input_that_fails_does_not_stop_the_site() -> None:
    store = Memory()
    good = Input("a", 0, reads(TAGS, [1], [0], [1], [0.0]))
    bad = Input("a", 0, reads(TAGS, [-7], [0], [1], [0.0]))
    store.rows = [good, bad, good]
    recovered = recover(store, Tallies(), frozenset({"a"}))
    assert (recovered.stepped, recovered.skipped) == (2, 1)
    assert recovered.pipeline.snapshot() == b"[('a', 2)]"


def test_what_was_noted_is_durable_when_it_says_so() -> None:
    async def script(bench: Bench) -> None:
        before = len(bench.store.commits)
        await asyncio.gather(bench.writer.save_notes(), bench.writer.save_notes())
        assert len(bench.store.commits) == before + 1
        waiting = asyncio.create_task(bench.writer.save_notes())
        await asyncio.sleep(0)
        waiting.cancel()
        await (await bench.seen("a", 1))

    assert times(play(script).rows) == [("a", [1])]


def test_nobody_waits_for_notes_that_will_never_be_saved() -> None:
    async def script(bench: Bench) -> None:
        bench.store.failures = [sqlite3.OperationalError("disk I/O error")] * 100
        bench.writer.stop()
        with pytest.raises(asyncio.CancelledError):
            await bench.writer.save_notes()

    with pytest.raises(ExceptionGroup):
        play(script)


def test_the_log_is_tended_only_when_it_has_grown() -> None:
    tended: list[int] = []

    async def script(bench: Bench) -> None:
        for overgrown in (False, True, False):
            bench.store.overgrown = overgrown
            await (await bench.seen("a", 1))
            await (await bench.seen("a", 2))  # what followed on the first commit is over by now
            tended.append(bench.store.tended)

    play(script)
    assert tended == [0, 1, 1]
