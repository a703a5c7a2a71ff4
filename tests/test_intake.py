"""The intake is bounded and keeps the order; merging joins what belongs together and nothing else."""

import asyncio
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Alive, Dictionary, Input, Reads, Shift, reads
from gateway.intake import SMALL, Closed, Intake, Taken, size_of
from gateway.merging import merge
from tests.virtual_loop import run

TAGS = (Dictionary(["E200"]), Dictionary(["E200"]))


def batch(times: Sequence[int], tags: int = 0, phase: bool = False) -> Reads:
    n = len(times)
    one = reads(TAGS[tags], times, [0] * n, [1] * n, [-50.0] * n)
    if not phase:
        return one
    return Reads(one.tags, one.time, one.tag, one.antenna, one.rssi, one.count, np.zeros(n, np.float32))


def test_put_blocks_while_there_is_no_room() -> None:
    async def main() -> None:
        intake = Intake(limit=3 * SMALL)
        for n in range(3):
            await intake.put(Input("a", n, Alive(n)))
        late = asyncio.create_task(intake.put(Input("a", 3, Alive(3))))
        await asyncio.sleep(1)
        assert not late.done()
        assert [one.input.arrival for one in intake.take()] == [0, 1, 2]
        await asyncio.sleep(1)
        assert not late.done()  # taken is not durable
        intake.release(SMALL)
        await late
        assert intake.held == 3 * SMALL

    run(main())


def test_what_is_bigger_than_the_limit_passes_alone() -> None:
    async def main() -> None:
        intake = Intake(limit=100)
        big = Input("a", 0, batch(range(1000)))
        assert size_of(big) > 100
        await intake.put(big)
        second = asyncio.create_task(intake.put(Input("a", 1, Alive(1))))
        await asyncio.sleep(1)
        assert not second.done()
        intake.release(size_of(big))
        await second

    run(main())


def test_after_the_end_nothing_is_taken() -> None:
    async def main() -> None:
        intake = Intake(limit=SMALL)
        await intake.put(Input("a", 0, Alive(0)))
        waiting = asyncio.create_task(intake.put(Input("a", 1, Alive(1))))
        await asyncio.sleep(1)
        assert len(intake.close()) == 1
        with pytest.raises(Closed):
            await waiting
        with pytest.raises(Closed):
            await intake.put(Input("a", 2, Alive(2)))

    run(main())


def taken(inputs: Sequence[Input]) -> list[Taken]:
    async def main() -> list[Taken]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        return [Taken(one, size_of(one), done) for one in inputs]

    return run(main())


BODIES = st.one_of(
    st.builds(batch, st.lists(st.integers(0, 99), min_size=1, max_size=3), st.integers(0, 1), st.booleans()),
    st.builds(Alive, st.integers(0, 99)),
    st.builds(Shift, st.integers(0, 99), st.just(5)),
)


@given(st.lists(st.tuples(st.sampled_from("abc"), BODIES), max_size=20))
def test_merging_keeps_every_row_and_the_order_of_each_source(
    parts: list[tuple[str, Reads | Alive | Shift]],
) -> None:
    inputs = [Input(source, n, body) for n, (source, body) in enumerate(parts)]
    merged = merge(taken(inputs))
    for source in "abc":
        assert steps(one for one in inputs if one.source == source) == steps(
            one.input for one in merged if one.input.source == source
        )
    assert sorted(part.input.arrival for one in merged for part in one.parts) == list(range(len(inputs)))
    fences = [n for n, one in enumerate(merged) if isinstance(one.input.body, Shift)]
    for n in fences:
        before = [part.input.arrival for one in merged[:n] for part in one.parts]
        assert max(before, default=-1) < merged[n].input.arrival
    for one in merged:
        assert (
            len({id(part.input.body.tags) for part in one.parts if isinstance(part.input.body, Reads)}) <= 1
        )


def steps(inputs: Iterable[Input]) -> list[object]:
    """Rows and other bodies, one by one."""
    found: list[object] = []
    for one in inputs:
        body = one.body
        if isinstance(body, Reads):
            found += [(int(time), id(body.tags), body.phase is None) for time in body.time]
        else:
            found.append(body)
    return found


def test_one_source_in_small_pieces_is_one_step() -> None:
    inputs = [Input(source, n, batch([n])) for n in range(50) for source in "ab"]
    merged = merge(taken(inputs))
    assert [(one.input.source, len(one.parts), one.input.arrival) for one in merged] == [
        ("a", 50, 49),
        ("b", 50, 49),
    ]
