"""Plain CSV by columns: the bytes of thousands of lines at once, no Python per cell.

Only for what is uniform: no quotes, as many commas in each line as in the header, numbers written as plain
decimals. Whatever is not gives None, and the caller reads those lines one by one.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.events import LATEST

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]

WIDEST = 80
"""Bytes that a cell may have here."""
_COMMA, _NEWLINE, _RETURN, _DOT, _MINUS, _ZERO = (ord(sign) for sign in ",\n\r.-0")
_DIGITS = 15
"""Decimal digits that a double holds exactly."""
_STAMP = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}


def cells(chunk: bytes, columns: int) -> list[Bytes] | None:
    """One uint8[n, width] per column, filled with zeros on the right; `chunk` is whole lines."""
    if b'"' in chunk or b"\0" in chunk or b"\n\n" in chunk or b"\n\r" in chunk:
        return None
    data = np.frombuffer(chunk, np.uint8)
    ends = np.flatnonzero(data == _NEWLINE)
    commas = np.flatnonzero(data == _COMMA)
    n = len(ends)
    if not n or len(commas) != n * (columns - 1):
        return None
    starts = np.concatenate([[0], ends[:-1] + 1])
    stops = ends - (data[np.maximum(ends - 1, 0)] == _RETURN)
    inner = commas.reshape(n, columns - 1)
    if columns > 1 and ((inner[:, 0] < starts).any() or (inner[:, -1] > stops).any()):
        return None
    begin = [starts, *(inner[:, at] + 1 for at in range(columns - 1))]
    finish = [*(inner[:, at] for at in range(columns - 1)), stops]
    return _gathered(data, begin, finish)


def _gathered(
    data: Bytes, begin: list[NDArray[np.intp]], finish: list[NDArray[np.intp]]
) -> list[Bytes] | None:
    found = []
    padded = np.concatenate([data, np.zeros(WIDEST, np.uint8)])
    for start, stop in zip(begin, finish, strict=True):
        length = stop - start
        width = max(int(length.max()), 1)
        if width > WIDEST:
            return None
        cell = np.lib.stride_tricks.sliding_window_view(padded, width)[start]
        if (length != width).any():
            cell[np.arange(width) >= length[:, None]] = 0
        found.append(cell)
    return found


def texts(cell: Bytes) -> list[bytes]:
    """The cells of a column as bytes objects."""
    found: list[bytes] = np.ascontiguousarray(cell).view(f"S{cell.shape[1]}").ravel().tolist()
    return found


def decimals(cell: Bytes) -> tuple[Whole, Whole] | None:
    """Mantissa and number of decimals of each cell; None if one is not a plain decimal of at most 15 digits."""
    n, width = cell.shape
    negative = cell[:, 0] == _MINUS
    mantissa, places = np.zeros(n, np.int64), np.zeros(n, np.int64)
    digits = np.zeros(n, np.int64)
    dots = np.zeros(n, np.int64)
    for at in range(width):
        byte = cell[:, at]
        digit = (byte - np.uint8(_ZERO)) < 10
        mantissa = np.where(digit, mantissa * 10 + (byte - np.uint8(_ZERO)), mantissa)
        places += digit & (dots > 0)
        digits += digit
        dots += byte == _DOT
        strange = ~(digit | (byte == _DOT) | (byte == 0))
        if (strange & ~negative if at == 0 else strange).any():
            return None
    if (digits == 0).any() or (dots > 1).any() or (digits > _DIGITS + (dots == 0)).any():
        return None
    return np.where(negative, -mantissa, mantissa), places


def numbers(cell: Bytes) -> NDArray[np.float32] | None:
    """float32[n]; None as for `decimals`."""
    found = decimals(cell)
    if found is None:
        return None
    mantissa, places = found
    return (mantissa / 10.0**places).astype(np.float32)


def doubles(cell: Bytes) -> NDArray[np.float64] | None:
    """float64[n], NaN where nothing stands, in any notation of a decimal; None if one is no number."""
    absent = cell[:, 0] == 0
    if absent.any():
        cell = cell.copy()
        cell[absent, 0] = _ZERO
    found = decimals(cell)
    if found is not None:
        values = found[0] / 10.0 ** found[1]
    else:
        try:
            values = np.ascontiguousarray(cell).view(f"S{cell.shape[1]}").ravel().astype(np.float64)
        except ValueError:
            return None
    values[absent] = np.nan
    return values


def moments(cell: Bytes) -> Whole | None:
    """Microseconds UTC of RFC 3339 or epoch seconds; None as for each of them."""
    return rfc3339(cell) if cell.shape[1] >= 20 else epoch_seconds(cell)


def epoch_seconds(cell: Bytes) -> Whole | None:
    """Epoch seconds with at most six decimals as whole microseconds, exactly."""
    if cell.shape[1] > 18:
        return None
    found = _long_decimals(cell)
    if found is None or (found[1] > 6).any():
        return None
    mantissa, places = found
    if (mantissa > LATEST // 10 ** (6 - places)).any():
        return None
    return mantissa * 10 ** (6 - places)


def _long_decimals(cell: Bytes) -> tuple[Whole, Whole] | None:
    """As `decimals`, up to 17 digits, which an int64 holds."""
    dots = (cell == _DOT).sum(axis=1)
    plain = ((cell >= _ZERO) & (cell < _ZERO + 10)) | (cell == _DOT) | (cell == 0)
    if not plain.all() or (dots > 1).any() or not (cell[:, 0] > _DOT).all():
        return None
    mantissa, places = np.zeros(len(cell), np.int64), np.zeros(len(cell), np.int64)
    behind = np.zeros(len(cell), np.bool_)
    for at in range(cell.shape[1]):
        byte = cell[:, at]
        digit = byte >= _ZERO
        mantissa = np.where(digit, mantissa * 10 + (byte - np.uint8(_ZERO)), mantissa)
        places += digit & behind
        behind |= byte == _DOT
    return mantissa, places


def rfc3339(cell: Bytes) -> Whole | None:
    """Microseconds UTC, where every cell is YYYY-MM-DDTHH:MM:SS[.ffffff]Z with the same number of decimals."""
    width = cell.shape[1]
    if width not in (20, *range(22, 28)) or (cell[:, -1] != ord("Z")).any():
        return None
    signs: Mapping[int, str] = _STAMP if width == 20 else {**_STAMP, 19: "."}
    if any((cell[:, at] != ord(sign)).any() for at, sign in signs.items()):
        return None
    parts = [_digits(cell, at, at + size) for at, size in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))]
    fraction = _digits(cell, 20, width - 1) if width > 20 else np.zeros(len(cell), np.int64)
    if fraction is None or any(part is None for part in parts):
        return None
    year, month, day, hour, minute, second = (part for part in parts if part is not None)
    days = _days(year, month, day)
    if days is None or (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        return None
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    found: Whole = seconds * 1_000_000 + fraction * 10 ** (6 - max(width - 21, 0))
    return found


def _digits(cell: Bytes, start: int, stop: int) -> Whole | None:
    value = np.zeros(len(cell), np.int64)
    for at in range(start, stop):
        digit = cell[:, at] - np.uint8(_ZERO)
        if (digit > 9).any():
            return None
        value = value * 10 + digit
    return value


def _days(year: Whole, month: Whole, day: Whole) -> Whole | None:
    """Days since 1970; None where there is no such day."""
    if (year < 1).any() or (month < 1).any() or (month > 12).any() or (day < 1).any():
        return None
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    found: Whole = first + day - 1
    return None if (found >= after).any() else found
