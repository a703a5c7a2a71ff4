"""Cells and the table that finds them: the same answer one by one and for a batch, however much it has grown."""

from collections import Counter

import hypothesis.strategies as st
from hypothesis import given, settings

from core.cells import Cells, Lookup, Lookups
from core.hearing import VECTOR
from core.pipeline import Pipeline
from core.records import Dictionary, Input, reads
from core.site import Antenna, Site, Source, Zone


def test_a_cell_keeps_what_it_is_when_the_columns_grow() -> None:
    cells = Cells(("north", "south"), room=2)
    numbers = [cells.add(f"tag {n}", n % 2, n, track=10 + n, watch=-1, side=n % 2) for n in range(5)]
    assert numbers == [0, 1, 2, 3, 4]
    assert cells.track[:5].tolist() == list(cells.m_track[:5]) == [10, 11, 12, 13, 14]
    assert cells.watch[:5].tolist() == [-1] * 5
    assert cells.side[:5].tolist() == [0, 1, 0, 1, 0]
    assert cells.name(3) == ("tag 3", "south", 3)


def test_the_cells_of_a_tag_come_newest_first() -> None:
    cells = Cells(("north",), room=1)
    for tag, port in (("a", 1), ("b", 1), ("a", 2), ("a", 3)):
        cells.add(tag, 0, port, 0, -1, 0)
    assert list(cells.of_tag("a")) == [3, 2, 0]
    assert list(cells.of_tag("b")) == [1]
    assert list(cells.of_tag("c")) == []


class Resolved:
    """Numbers (tag, port) pairs in the order in which they are asked for; tags that begin with "no" are refused."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, tag: str, port: int) -> int:
        """The number of the pair, or a refusal."""
        self.asked.append((tag, port))
        return -3 if tag.startswith("no") else len(self.asked) - 1


def many(table: Lookup, rows: list[tuple[int, int]]) -> list[int]:
    """The cells of rows of (tag code, port), as a batch."""
    codes, ports = [code for code, _ in rows], [port for _, port in rows]
    batch = reads(table.tags, range(len(rows)), codes, ports, [-60] * len(rows))
    found: list[int] = table.many(batch).tolist()
    return found


def test_each_pair_is_resolved_once_and_refusals_are_remembered() -> None:
    resolve = Resolved()
    table = Lookup(Dictionary(("a", "no")), resolve)
    assert [table.one(0, 1), table.one(1, 1), table.one(0, 2), table.one(0, 1)] == [0, -3, 2, 0]
    assert many(table, [(0, 2), (1, 1), (1, 2), (1, 2)]) == [2, -3, -3, -3]
    assert resolve.asked == [("a", 1), ("no", 1), ("a", 2), ("no", 2)]


def test_the_table_grows_with_the_dictionary() -> None:
    tags = Dictionary(f"{n}" for n in range(64))
    table = Lookup(tags, lambda tag, port: 1_000 * port + int(tag))
    assert table.one(63, 1) == 1_063
    tags.code("64")
    assert (table.one(64, 1), table.one(0, 1)) == (1_064, 1_000)
    for n in range(65, 200):
        tags.code(f"{n}")
    assert many(table, [(199, 1), (64, 2), (63, 1)]) == [1_199, 2_064, 1_063]


def test_an_empty_batch_finds_nothing() -> None:
    assert many(Lookup(Dictionary(("a",)), Resolved()), []) == []


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 6)), max_size=40), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_a_batch_finds_what_single_rows_find(rows: list[tuple[int, int]], cut: int) -> None:
    table = Lookup(Dictionary(f"{n}" for n in range(100)), lambda tag, port: 10 * int(tag) + port)
    single = [table.one(code, port) for code, port in rows[:cut]]
    assert single + many(table, rows[cut:]) == [10 * code + port for code, port in rows]


def test_only_the_dictionaries_last_used_keep_their_tables() -> None:
    lookups = Lookups(Resolved())
    dictionaries = [Dictionary() for _ in range(Lookups.LIMIT + 1)]
    tables = [lookups.of(one) for one in dictionaries[: Lookups.LIMIT]]
    assert lookups.of(dictionaries[0]) is tables[0]
    assert lookups.of(dictionaries[0]) is tables[0]
    lookups.of(dictionaries[-1])
    assert lookups.of(dictionaries[0]) is tables[0]
    assert lookups.of(dictionaries[1]) is not tables[1]


def test_a_read_at_the_beginning_of_time_is_no_duplicate() -> None:
    for rows in (1, VECTOR):  # one by one, and in columns
        pipeline = Pipeline(
            Site("s", zones=(Zone("hall"),), sources=(Source("one", (Antenna(1, zone="hall"),)),))
        )
        tags = Dictionary(f"E2000000{code:08d}" for code in range(rows))
        none = [0] * rows
        pipeline.step(Input("one", 0, reads(tags, none, range(rows), [1] * rows, [-60.0] * rows)))
        assert pipeline.counts["one"] == Counter(received=rows, accepted=rows)
