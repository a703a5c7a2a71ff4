"""Many tags of one layout at once: check every header byte of every tag, then take the values as columns."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from core.records import Codes
from drivers.codecs.llrp_codes import EpcCodes
from drivers.codecs.llrp_layout import COLUMNS, Layout

Integers = NDArray[np.integer]
Rows = NDArray[np.void]
Raw = Mapping[str, Integers]
"""Values as they stand on the wire, by parameter name; what the tags did not report is absent."""

_FEW = 1 << 14
"""Bytes up to which checking all of them in three steps is faster than checking words in many."""


class Template:
    """A layout as a NumPy record type: rows of `dtype` are views of the bytes received, nothing is copied."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._mask, self._expected = np.zeros((2, layout.length), np.uint8)
        for offset, data in layout.fixed:
            self._mask[offset : offset + len(data)] = 0xFF
            self._expected[offset : offset + len(data)] = list(data)
        fields = list(_fields(layout))
        self._words = []
        for offset in _words(self._mask):
            fields.append((f"check {offset}", "u8", offset))
            mask, expected = (
                part[offset : offset + 8].view("u8")[0] for part in (self._mask, self._expected)
            )
            self._words.append((f"check {offset}", mask, expected))
        names, formats, offsets = zip(*fields, strict=True)
        self.dtype = np.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": layout.length}
        )

    def fits(self, rows: Rows) -> bool:
        """Every header byte of every tag is as in this layout."""
        if rows.nbytes < _FEW:
            found = rows.view(np.uint8).reshape(-1, self.layout.length)
            return not ((found ^ self._expected) & self._mask).any()
        return bool(self.fitting(rows).all())

    def fitting(self, rows: Rows) -> NDArray[np.bool_]:
        """bool[n]: the tags whose every header byte is as in this layout."""
        strange = np.zeros(len(rows), np.uint64)
        for name, mask, expected in self._words:
            strange |= (rows[name] ^ expected) & mask
        fitting: NDArray[np.bool_] = strange == 0
        return fitting

    def values(self, rows: Rows) -> Raw:
        """The columns of tags that fit."""
        return {name: rows[name] for name in self.layout.columns}

    def codes(self, rows: Rows, epcs: EpcCodes) -> Codes:
        """int32[n]: the codes of the tags' EPCs."""
        _, bits = self.layout.epc
        if bits == 96:
            return epcs.find(rows["high"].copy(), rows["low"].copy())
        data, size = rows["epc"].tobytes(), (bits + 7) // 8
        return np.array(
            [epcs.code(data[at * size : (at + 1) * size], bits) for at in range(len(rows))], np.int32
        )


def _fields(layout: Layout) -> Iterator[tuple[str, str, int]]:
    """Name, NumPy format and offset of the values in a layout."""
    for name, offset in layout.columns.items():
        yield name, f">{'i' if COLUMNS[name].signed else 'u'}{COLUMNS[name].size}", offset
    start, bits = layout.epc
    if bits == 96:
        yield from (("high", "u8", start), ("low", "u4", start + 8))
    else:
        yield "epc", f"({(bits + 7) // 8},)u1", start


def _words(mask: NDArray[np.uint8]) -> Iterator[int]:
    """Offsets of as few 8-byte words as cover all bytes of `mask` that are not 0."""
    offset = 0
    while mask[offset:].any():
        offset = min(offset + int(mask[offset:].argmax()), len(mask) - 8)
        yield offset
        offset += 8
