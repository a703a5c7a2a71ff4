"""Cells of recordings, in every notation; ValueError is for the row, its text "reason; remedy"."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.events import LATEST
from gateway.rows import microseconds

T = TypeVar("T", np.int32, np.uint16, np.int16, np.uint8)

LARGEST = 1e6
"""An RSSI in any unit, a phase in rad or a Doppler shift in Hz is far below."""


def printable(texts: Iterable[str]) -> None:
    """Raises ValueError for a character that a terminal would obey, or that is not there to see."""
    if not all(text.isprintable() for text in texts):
        raise ValueError("holds a control character; remove it")


def times(texts: Sequence[str]) -> NDArray[np.int64]:
    """Microseconds UTC of epoch seconds or RFC 3339, each in its own notation."""
    stamps = ["-" in text[1:] for text in texts]
    if not any(stamps):
        return _epoch_seconds(texts)
    if all(20 <= len(text) <= 27 and text[10:11] == "T" and text[-1] == "Z" for text in texts):
        try:
            return np.array([text[:-1] for text in texts], "datetime64[us]").astype(np.int64)
        except ValueError:
            pass  # one by one, they say what is wrong
    moments = (
        microseconds(text) if stamp else int(_epoch_seconds((text,))[0])
        for text, stamp in zip(texts, stamps, strict=True)
    )
    return np.fromiter(moments, np.int64, len(texts))


def _epoch_seconds(texts: Sequence[str]) -> NDArray[np.int64]:
    try:
        seconds = np.array(texts).astype(np.float64)
    except ValueError:
        seconds = np.array([np.nan])
    if not np.isfinite(seconds).all():
        raise ValueError("no time; write RFC 3339 or epoch seconds")
    if not (np.abs(seconds) < LATEST / 1e6).all():
        raise ValueError("after the year 9999; write seconds, not milliseconds")
    # below 2**53 microseconds, the year 2255, a double still tells microseconds apart
    return np.rint(seconds * 1e6).astype(np.int64)


def doubles(texts: Sequence[str]) -> NDArray[np.float64]:
    """Numbers, NaN where nothing stands."""
    try:
        return np.array([text or "nan" for text in texts]).astype(np.float64)
    except ValueError:
        raise ValueError("not a number; write one such as -61.5, or leave the cell empty") from None


def floats(texts: Sequence[str]) -> NDArray[np.float32]:
    """The same; what is beyond float32 is infinite, for `within` to refuse."""
    with np.errstate(over="ignore"):
        return doubles(texts).astype(np.float32)


def within(column: NDArray[np.float32]) -> None:
    """Raises ValueError for a number that cannot be meant; NaN is unreported."""
    if (np.abs(column) > LARGEST).any():
        raise ValueError(f"out of range; write {-LARGEST:.0f} to {LARGEST:.0f}, or leave the cell empty")


def mapped(words: list[bytes], value: Callable[[bytes], int], dtype: "np.dtype[T]") -> NDArray[T]:
    """A column of few distinct words."""
    values = {word: value(word) for word in dict.fromkeys(words)}
    return np.fromiter(map(values.__getitem__, words), dtype, len(words))


def _whole(least: int, most: int, what: str, absent: int, word: bytes) -> int:
    if not word:
        return absent
    try:
        number = float(word)  # 9.0 is how some write the whole numbers of a column with empty cells
    except ValueError:
        number = math.nan
    if not (least <= number <= most and number.is_integer()):
        raise ValueError(f"not {what}; write {least} to {most}")
    return int(number)


WHOLE: dict[str, Callable[[bytes], int]] = {
    "antenna": partial(_whole, 0, 65535, "a port", 0),
    "channel": partial(_whole, 0, (1 << 31) - 1, "a channel in kHz", 0),
    "count": partial(_whole, 1, (1 << 31) - 1, "a count", 1),
    "satellites": partial(_whole, 0, 1000, "a number of satellites", -1),
}
"""What a cell of a column of whole numbers stands for; an empty one is unreported, or one read."""
