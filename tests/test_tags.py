"""Names of tags: core/tags.py."""

import pytest

from core.tags import tag_id


@pytest.mark.parametrize(
    ("digits", "bits", "name"),
    [
        ("3034257bf7194e4000001a81", 96, "3034257BF7194E4000001A81"),
        ("1fb41f712ac9c37ab79d618173188324001a", 144, "1FB41F712AC9C37AB79D618173188324001A"),
        ("", 0, ""),
        ("ff", 1, "80/1"),
        ("abcd", 15, "ABCC/15"),
        ("ab", 8, "AB/8"),
        ("abcdef", 17, "ABCD80/17"),
        ("00ff", 16, "00FF"),
    ],
)
def test_names(digits: str, bits: int, name: str) -> None:
    assert tag_id(bytes.fromhex(digits), bits) == name


@pytest.mark.parametrize(("size", "bits"), [(0, 1), (1, 0), (12, 97), (13, 96)])
def test_bytes_must_be_as_many_as_the_bits_need(size: int, bits: int) -> None:
    with pytest.raises(ValueError, match=f"an EPC of {bits} bits has .* bytes, not {size}"):
        tag_id(bytes(size), bits)
