"""Tag ids and their codes in the journal."""

import json

import pytest

from core.records import Dictionary
from gateway import tag_codes
from gateway.rows import RowDamaged
from gateway.tag_codes import DICTIONARIES, TagCodes, add_tags, tag_row


def test_a_dictionary_is_mapped_and_followed_as_it_grows() -> None:
    codes = TagCodes()
    first, second = Dictionary(["a", "b"]), Dictionary(["b", "c"])
    assert codes.codes(first).tolist() == [0, 1]
    assert codes.codes(second).tolist() == [1, 2]
    for number in range(100):
        first.code(f"more {number}")
    assert codes.codes(first).tolist() == [0, 1, *range(3, 103)]
    assert [codes.known.ids[code] for code in codes.codes(first)] == first.ids


def test_codes_wait_until_they_are_saved() -> None:
    codes = TagCodes(100)
    assert codes.unsaved() is None
    codes.codes(Dictionary(["a", "b"]))
    row = codes.unsaved()
    assert row is not None
    assert (row[0], row[1], json.loads(row[2])) == (100, 100, ["a", "b"])
    codes.saved()
    assert codes.unsaved() is None
    codes.codes(Dictionary(["b", "c"]))
    assert codes.unsaved() == tag_row(102, 100, ["c"])


def test_no_more_dictionaries_are_kept_than_stated() -> None:
    codes = TagCodes()
    every = [Dictionary([f"{number}"]) for number in range(3 * DICTIONARIES)]
    for _ in range(2):
        assert [codes.codes(one).tolist() for one in every] == [[number] for number in range(len(every))]
    assert len(codes._maps) == DICTIONARIES


def test_a_full_generation_is_followed_by_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_codes, "GENERATION", 3)
    codes = TagCodes(10)
    codes.codes(Dictionary(["a", "b"]))
    assert not codes.full
    codes.codes(Dictionary(["c"]))
    assert codes.full
    assert (codes.next().base, len(codes.next().known)) == (13, 0)


def test_rows_come_back() -> None:
    known = Dictionary()
    add_tags(known, [tag_row(5, 5, ["a", "\ud800"]), tag_row(7, 5, ["b"])])
    assert known.ids == ["a", "\ud800", "b"]


@pytest.mark.parametrize("rows", [[(0, 0, '["a"]', 1)], [tag_row(1, 0, ["a"])]])
def test_a_changed_and_a_missing_row_are_noticed(rows: list[tag_codes.TagRow]) -> None:
    with pytest.raises(RowDamaged, match="tags from"):
        add_tags(Dictionary(), rows)
