"""CRC-16/ARC and CRC-16/X-25 against the definition, bit by bit."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.codecs.crc16 import arc, x25


def bitwise(data: bytes, state: int, polynomial: int) -> int:
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (polynomial if state & 1 else 0)
    return state


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x80")
@example(bytes(range(256)) * 9)
def test_the_checksums_are_the_bitwise_ones(data: bytes) -> None:
    assert arc(data) == bitwise(data, 0, 0xA001)
    assert x25(data) == bitwise(data, 0xFFFF, 0x8408) ^ 0xFFFF


@pytest.mark.parametrize("size", [1, 63, 64, 127, 128, 511, 512, 513, 1280, 1 << 14])
def test_a_message_with_its_checksum_leaves_nothing(size: int) -> None:
    inner = bytes(at * 7 & 0xFF for at in range(size))
    assert arc(inner + arc(inner).to_bytes(2, "little")) == 0
    assert x25(inner + x25(inner).to_bytes(2, "little")) == 0xFFFF ^ 0xF0B8


def test_the_checksums_published_check_values() -> None:
    assert arc(b"123456789") == 0xBB3D
    assert x25(b"123456789") == 0x906E
