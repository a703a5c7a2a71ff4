"""Which tags count: noise, the accept and ignore lists, and what becomes of unknown tags."""

import pytest

from core.admission import Admission, Refusal, company, is_zero
from core.site import Item, Site, Source, Tags

SGTIN = "3074257BF7194E4000001A85"
"""The example of GS1 TDS: urn:epc:tag:sgtin-96:3.0614141.812345.6789."""
PLAIN = "E20000000000000000000001"
ANY = Source("reader")


def refusal(tags: Tags, tag: str, source: Source = ANY, known: tuple[str, ...] = ()) -> Refusal | None:
    """What a site with these rules, and one item with the known tags, says."""
    return Admission(Site("leeds", tags=tags, items=(Item("drill", tags=known),))).refusal(source, tag)


@pytest.mark.parametrize(
    ("tag", "zero"),
    [("", True), ("0000", True), ("00/5", True), ("/0", True), ("0001", False), ("80/1", False)],
)
def test_a_tag_of_zeros_is_a_misread(tag: str, zero: bool) -> None:
    assert is_zero(tag) is zero
    assert refusal(Tags(), tag) is (Refusal.NOISE if zero else None)


def test_the_company_is_read_from_the_epc() -> None:
    assert company(SGTIN) == "0614141"
    assert company(PLAIN) is None


@pytest.mark.parametrize("prefix", ["3074", "3074257bf7", "company:0614141"])
def test_a_tag_is_accepted_or_ignored_by_its_prefix_or_company(prefix: str) -> None:
    assert refusal(Tags(accept=(prefix,)), SGTIN) is None
    assert refusal(Tags(accept=(prefix,)), PLAIN) is Refusal.FILTERED
    assert refusal(Tags(ignore=(prefix,)), SGTIN) is Refusal.FILTERED
    assert refusal(Tags(ignore=(prefix,)), PLAIN) is None


def test_another_companys_tag_is_not_accepted() -> None:
    assert refusal(Tags(accept=("company:0614142",)), SGTIN) is Refusal.FILTERED


def test_any_of_several_prefixes_will_do() -> None:
    assert refusal(Tags(accept=("company:0614142", "E1", "E2")), PLAIN) is None


def test_the_tag_must_please_the_site_and_the_source() -> None:
    picky = Source("picky", accept=("30",))
    assert refusal(Tags(accept=("E2", "30")), SGTIN, picky) is None
    assert refusal(Tags(accept=("E2", "30")), PLAIN, picky) is Refusal.FILTERED


def test_an_items_tag_needs_no_acceptance_but_can_be_ignored() -> None:
    picky = Source("picky", accept=("30",))
    assert refusal(Tags(accept=("30",), unknown="count"), PLAIN, picky, known=(PLAIN,)) is None
    assert refusal(Tags(ignore=("E2",)), PLAIN, known=(PLAIN,)) is Refusal.FILTERED


def test_unknown_tags_are_tracked_only_where_they_make_events() -> None:
    assert refusal(Tags(unknown="events"), PLAIN) is None
    assert refusal(Tags(unknown="inbox"), PLAIN) is Refusal.UNKNOWN
    assert refusal(Tags(unknown="count"), PLAIN) is Refusal.UNKNOWN
