"""Who moved together at a door, and what they say of each other: held against a count one by one."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.company import Company, Group, overlap
from core.motion import Motion

ONE = Motion((3, 3), 0.5, 0.5, (100, 200), 150, 0.1)
LONGEST = 60


def passing(first: int, last: int, contrast: float | None = 0.5, static: bool = False) -> Motion:
    """A pass from `first` to `last`; without a contrast it was heard on one side only."""
    reads = (3, 0) if contrast is None else (3, 3)
    return replace(ONE, reads=reads, contrast=contrast or 0.0, span=(first, last), static=static)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((100, 200), True),
        ((150, 300), True),  # half of the shorter
        ((151, 300), False),
        ((120, 130), True),  # within it
        ((190, 209), True),  # 10 of 19
        ((190, 211), False),  # 10 of 21
        ((200, 200), True),  # an instant
        ((201, 201), False),
        ((300, 400), False),
    ],
)
def test_company_overlaps_by_half_of_the_shorter(other: tuple[int, int], expected: bool) -> None:
    assert overlap(ONE.span, other) is overlap(other, ONE.span) is expected


def test_what_companions_say() -> None:
    company = Company(LONGEST)
    own = passing(100, 150)
    for one in (own, passing(100, 150), passing(110, 150, -0.25), passing(105, 150, None), passing(300, 350)):
        company.add(one)
    group = company.of(own)
    assert group == Group(3, 2, 0, 750)
    assert (group.agree, group.sharpness) == (0.0, 0.15)  # 0 of 5, 0.75 of 5
    assert group.is_company
    assert company.of(passing(105, 150, None)) == Group(3, 3, 1, 1_250)
    assert not company.of(passing(300, 350)).is_company
    assert Group().sharpness == Group().agree == 0


def test_one_that_says_something_says_little() -> None:
    one, pallet = Group(12, 1, 1, 1_000), Group(12, 12, 12, 12_000)
    assert (one.agree, one.sharpness) == (0.25, 0.25)
    assert (pallet.agree, pallet.sharpness) == (0.8, 0.8)


def test_who_stands_in_the_door_is_nobodys_company_and_hears_all() -> None:
    company = Company(LONGEST)
    company.add(passing(100, 150))
    company.add(passing(100, 150, static=True))
    assert len(company) == 1
    assert company.of(passing(100, 150, static=True)) == Group(1, 1, 1, 500)
    company.withdraw(passing(100, 150, static=True))
    assert len(company) == 0


def test_what_is_forgotten_can_not_be_taken_back() -> None:
    company = Company(LONGEST)
    for first in (100, 110, 120):
        company.add(passing(first, first + 20))
    company.forget(131)
    assert len(company) == 1
    company.withdraw(passing(100, 120))
    company.withdraw(passing(110, 130))
    assert len(company) == 1
    assert company.of(passing(110, 130)) == Group(1, 1, 1, 500)
    company.withdraw(passing(120, 140))
    assert len(company) == 0


def test_a_company_is_bounded_and_forgets_those_that_began_first() -> None:
    company = Company(LONGEST, limit=100)
    for first in range(1_000):
        company.add(passing(first, first + 10))
        assert len(company) <= 100
    restored = Company(LONGEST, limit=100)
    restored.load(company.dump())
    assert restored.of(passing(950, 960)) == company.of(passing(950, 960)) == Group(10, 10, 10, 5_000)
    assert company.of(passing(905, 925, static=True)) == Group(16 + 5, 21, 21, 21 * 500)
    assert company.of(passing(100, 110, static=True)) == Group()


spans = st.tuples(st.integers(0, 200), st.integers(0, LONGEST), st.sampled_from((-1.0, -0.3, 0.0, 0.4, None)))


@given(st.lists(spans, max_size=90), st.data())
def test_counted_one_by_one(rows: list[tuple[int, int, float | None]], data: st.DataObject) -> None:
    """Also when some are taken back, and from a snapshot."""
    passes = [passing(first, first + lasting, contrast) for first, lasting, contrast in rows]
    company, restored = Company(LONGEST), Company(LONGEST)
    for one in passes:
        company.add(one)
    if passes:
        for number in sorted(data.draw(st.sets(st.integers(0, len(passes) - 1))), reverse=True):
            company.withdraw(passes.pop(number))
    restored.load(company.dump())
    assert restored.dump() == company.dump()
    for one in passes:
        others = [two for two in passes if two is not one and overlap(one.span, two.span)]
        told = [round(1_000 * two.contrast) for two in others if two.two_sided]
        agreement = sum(said > 0 for said in told) - sum(said < 0 for said in told)
        expected = Group(len(others), len(told), agreement, sum(map(abs, told)))
        assert company.of(one) == restored.of(one) == expected


@given(st.permutations(range(12)))
def test_the_order_in_which_passes_end_does_not_matter(order: list[int]) -> None:
    passes = [passing(100 + 3 * (number // 3), 150, (number % 5 - 2) / 4) for number in range(12)]
    one, other = Company(LONGEST), Company(LONGEST)
    for number in range(12):
        one.add(passes[number])
        other.add(passes[order[number]])
    assert one.dump() == other.dump()
