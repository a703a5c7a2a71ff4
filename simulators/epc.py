"""Tag numbers as a site's labels carry them: GS1 EPC Tag Data Standard 2.0, binary encodings of 96 bits."""

_PREFIX_DIGITS = 7
_PARTITION = 5  # a company prefix of 7 digits: TDS 2.0 tables 14-2 (SGTIN) and 14-5 (SSCC)


def sgtin96(prefix: int, reference: int, serial: int, filter: int = 2) -> bytes:
    """One article: 12 bytes, TDS 2.0 section 14.6.1.1.

    `prefix` is a company prefix of 7 digits, `reference` indicator and item reference (6 digits),
    `serial` less than 2**38. The default filter 2 is "full case for transport".
    """
    _within("company prefix", prefix, 10**_PREFIX_DIGITS)
    _within("item reference", reference, 10 ** (13 - _PREFIX_DIGITS))
    _within("serial number", serial, 1 << 38)
    value = 0x30 << 88 | filter << 85 | _PARTITION << 82 | prefix << 58 | reference << 38 | serial
    return value.to_bytes(12, "big")


def sscc96(prefix: int, reference: int, filter: int = 2) -> bytes:
    """One pallet label: 12 bytes, TDS 2.0 section 14.6.2.1; `reference` is extension digit and serial (10 digits)."""
    _within("company prefix", prefix, 10**_PREFIX_DIGITS)
    _within("serial reference", reference, 10 ** (17 - _PREFIX_DIGITS))
    value = 0x31 << 88 | filter << 85 | _PARTITION << 82 | prefix << 58 | reference << 24
    return value.to_bytes(12, "big")


def _within(name: str, value: int, limit: int) -> None:
    if not 0 <= value < limit:
        raise ValueError(f"{name} {value} does not fit: use 0 to {limit - 1}")
