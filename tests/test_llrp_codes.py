"""EPCs to dictionary codes: drivers/codecs/llrp_codes.py."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Dictionary
from drivers.codecs.llrp_codes import NO_TAG, EpcCodes


def words(number: int) -> tuple[int, int]:
    data = number.to_bytes(12)
    return int(np.frombuffer(data[:8], np.uint64)[0]), int(np.frombuffer(data[8:], np.uint32)[0])


def find(codes: EpcCodes, numbers: list[int]) -> list[int]:
    high, low = zip(*map(words, numbers), strict=True)
    return [int(code) for code in codes.find(np.array(high, np.uint64), np.array(low, np.uint32))]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 1 << 96), min_size=1, max_size=30), max_size=6))
def test_codes_are_those_of_the_dictionary(batches: list[list[int]]) -> None:
    tags = Dictionary()
    codes = EpcCodes(tags)
    known: dict[int, int] = {}
    for batch in batches:
        batch = [number % (1 << 96) for number in batch]
        for number in batch:
            if number:
                known.setdefault(number, len(known))
        assert find(codes, batch) == [known.get(number, NO_TAG) for number in batch]
    assert tags.ids == [f"{number:024X}" for number in known]


def test_codes_grow() -> None:
    codes = EpcCodes(Dictionary())
    numbers = list(range(1, 5001))
    assert find(codes, numbers) == list(range(5000))
    assert find(codes, numbers[::-1]) == list(range(5000))[::-1]


def test_codes_of_epcs_made_to_collide() -> None:
    codes = EpcCodes(Dictionary())
    high, low = np.zeros(1 << 19, np.uint64), np.arange(1 << 19, dtype=np.uint32)
    slots = codes._home(high, low)
    same_slot = np.flatnonzero(slots == np.bincount(slots).argmax())[1:]
    assert len(same_slot) > 30
    for _ in range(3):
        found = codes.find(high[same_slot], low[same_slot])
        assert found.tolist() == list(range(len(same_slot)))


def test_an_epc_whose_first_slot_is_taken_is_found_in_the_next() -> None:
    codes = EpcCodes(Dictionary())
    chance = random.Random(1)
    numbers = [chance.getrandbits(96) for _ in range(1000)]
    find(codes, numbers)
    assert [find(codes, [number]) for number in numbers] == [[code] for code in range(1000)]
