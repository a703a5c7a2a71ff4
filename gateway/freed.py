"""Memory that was freed and that the C library still keeps."""

import ctypes


def give_back() -> None:
    """Hand it back to the system, where the C library knows how (glibc: malloc_trim); elsewhere nothing happens.

    For after something that took much memory for a moment: of a state of 100,000 tags, reading the snapshot leaves
    80 MB behind that a process would keep for as long as it lives.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
