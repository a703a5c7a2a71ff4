"""Tags as operators write them, and what they become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tags import tag_id
from gateway.tag_text import normal_tag


@given(st.binary(min_size=1, max_size=62), st.integers(0, 7))
def test_what_a_reader_gives_stays_as_it_is(data: bytes, less: int) -> None:
    bits = len(data) * 8 - less
    tag = tag_id(data, bits)
    if int(tag.partition("/")[0], 16) == 0:
        return
    assert normal_tag(tag) == tag
    assert normal_tag(tag.lower()) == tag
    assert normal_tag(" " + " ".join(tag.partition("/")[0]) + "".join(tag.partition("/")[1:])) == tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("3034 0789 000c 0e42 dfdc 1c35", "30340789000C0E42DFDC1C35"),
        ("e2", "E2/8"),
        ("E200/16", "E200"),
        ("tid:e200", "tid:E200"),
        ("tracker:353201350112345", "tracker:353201350112345"),
        ("barcode:ab", "barcode:ab"),
        ("barcode:9506000134352", "barcode:/01/09506000134352"),
        ("barcode:]E09506000134352", "barcode:/01/09506000134352"),
        ("barcode:(01)09506000134352(21)a/b", "barcode:/01/09506000134352/21/a%2Fb"),
        ("barcode:https://id.gs1.org/00/095201234567891235", "barcode:/00/095201234567891235"),
        ("barcode:/01/9506000134352/21/a%2fb", "barcode:/01/09506000134352/21/a%2Fb"),
        ("barcode:Box 7", "barcode:Box%207"),
        ("barcode:Box%207", "barcode:Box%207"),
        ("badge:EMP-17", "badge:EMP-17"),
    ],
)
def test_one_way_to_write_it(text: str, tag: str) -> None:
    assert normal_tag(text) == tag


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xyz",
        "E20",
        "0000",
        "E2FF/12",
        "E200/24",
        "foo:1",
        "badge:",
        "badge: 1",
        "tid:E2\0",
        "barcode:\x1b[2J",
        "barcode:\u00e9",
        "barcode:(01)09506000134353",
        "barcode:]C1",
        "E2/" + "9" * 5000,
    ],
)
def test_what_is_no_tag(text: str) -> None:
    with pytest.raises(ValueError, match="; "):
        normal_tag(text)
