"""Values of JSON messages: JSON itself, times, numbers. Whatever arrives gives a value or Malformed, nothing else."""

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from core.records import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

LATEST = 253_402_300_799 * SECOND
"""Microseconds UTC: the end of the year 9999, which RFC 3339 can still say."""
LARGEST = 1 << 31
FARTHEST = 1e18
"""No number of ours is larger."""


class Malformed(Exception):
    """What is wrong with a message; the text names the place and the value, shortened."""


def parse(payload: bytes) -> object:
    """The JSON value (RFC 8259) of `payload`. Raises Malformed.

    What msgspec takes is what the json of Python would give, in half the time; what it does not take json judges.
    """
    decode, refusal = _quick()
    try:
        return decode(payload)
    except (refusal, ValueError, RecursionError):
        return _judged(payload)


def is_json(data: bytes) -> bool:
    """Is it one JSON value, as a whole?"""
    try:
        parse(data)
    except Malformed:
        return False
    return True


@cache
def _quick() -> tuple[Callable[[bytes], object], type[Exception]]:
    """How it decodes and what it raises; not imported before there is a message."""
    import msgspec

    return msgspec.json.Decoder().decode, msgspec.MsgspecError


def _judged(payload: bytes) -> object:
    try:
        value: object = json.loads(payload)
    except ValueError as error:  # of JSON, of its UTF-8, of a number with thousands of digits
        raise Malformed(f"no JSON: {error}") from None
    except RecursionError:
        raise Malformed("no JSON that anybody means: thousands of brackets inside each other") from None
    return value


def objects(value: object) -> Iterator[dict[str, object]]:
    """One object, or each of an array of them. Raises Malformed at what is none."""
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            raise Malformed(f"{shown(one)} stands where an object was expected")
        yield one


def shown(value: object) -> str:
    """A value as an error names it."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def number(value: object, name: str, absent: float = math.nan) -> float:
    """A number that fits into our columns, or one written as text; `absent` for null. Raises Malformed."""
    if value is None:
        return absent
    if type(value) is int and -LARGEST < value < LARGEST:  # most of them: the rest takes twice as long
        return value
    try:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            found = float(value)
            if abs(found) <= FARTHEST:
                return found
    except (ValueError, OverflowError):
        pass
    raise Malformed(f"{name} {shown(value)} is no number")


def whole(value: object, name: str, absent: int, most: int = LARGEST - 1) -> int:
    """A whole number from 0 to `most`; `absent` for null. Raises Malformed."""
    if type(value) is int and 0 <= value <= most:
        return value
    found = number(value, name, absent)
    if not 0 <= found <= most or found != int(found):
        raise Malformed(f"{name} {shown(value)} is no whole number from 0 to {most}")
    return int(found)


def epc(value: object, name: str) -> bytes:
    """The bytes of hex digits; spaces, hyphens and 0x are taken out. Raises Malformed."""
    if isinstance(value, str):
        try:
            return bytes.fromhex(value.replace("-", "").removeprefix("0x"))
        except ValueError:
            pass
    raise Malformed(f"{name} {shown(value)} is no EPC in hex")


def rfc3339(value: object, name: str) -> int:
    """Microseconds UTC of an RFC 3339 or ISO 8601 time with an offset (also +0000). Raises Malformed."""
    try:
        if isinstance(value, str) and len(value) >= len("2026-01-01T00:00Z"):
            found = datetime.fromisoformat(value)
            if found.tzinfo is not None:
                return (found - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        pass
    raise Malformed(f"{name} {shown(value)} is no time with an offset, as 2026-01-31T12:00:00.5Z")


def epoch(value: object, name: str, unit: int) -> int:
    """Microseconds UTC of a number since 1970; `unit` in microseconds. Raises Malformed."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value * unit <= LATEST:
        return value * unit
    micros = number(value, name) * unit
    if not 0 <= micros <= LATEST:
        raise Malformed(f"{name} {shown(value)} is no time since 1970")
    return round(micros)
