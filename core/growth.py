"""Columns that grow: room for more rows, of which what is never used never takes memory."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Column = TypeVar("Column", NDArray[np.int8], NDArray[np.int32], NDArray[np.int64], NDArray[np.float32])


def grown(column: Column, blank: int = 0) -> Column:
    """The column with twice the room along its first axis; the new rows are `blank`.

    Zeros come from the system without being written, so that the half that waits costs nothing.
    """
    room = np.zeros((2 * len(column), *column.shape[1:]), column.dtype)
    room[: len(column)] = column
    if blank:
        room[len(column) :] = blank
    return room
