"""Tag numbers of simulated goods, against the examples of GS1 TDS 2.3, annex E.3."""

import pytest

from simulators.epc import sgtin96, sscc96


def test_sgtin96_of_the_standard() -> None:
    assert sgtin96(614141, 812345, 6789, filter=3).hex().upper() == "3074257BF7194E4000001A85"


def test_sscc96_of_the_standard() -> None:
    assert sscc96(614141, 1234567890, filter=3).hex().upper() == "3174257BF4499602D2000000"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((10_000_000, 1, 1), "company prefix 10000000 does not fit: use 0 to 9999999"),
        ((1, 1_000_000, 1), "item reference 1000000 does not fit"),
        ((1, 1, 1 << 38), "serial number 274877906944 does not fit"),
        ((1, 1, -1), "serial number -1 does not fit"),
    ],
)
def test_a_number_that_does_not_fit_is_named(numbers: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sgtin96(*numbers)
