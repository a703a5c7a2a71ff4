"""The interpreter beneath the daemon, set up so that no thread of it waits long for another.

While a sink drains a backlog, the thread that commits shares the interpreter with those that read the journal and
prepare rows. A commit lets go of it some ten times, at each call of SQLite, and waits to have it back: Python's usual
5 ms each time are 14 ms for the slowest commits, where half a millisecond makes 5.
"""

import gc
import sys

SWITCH = 0.0005
"""Seconds for which a thread may keep the interpreter while another one wants it."""

YOUNG = 10_000
"""Objects that are made, beyond those given back, before the garbage collector looks at them: Python's 700 are less
than the rows of one step, and looking takes a twentieth of what the step does."""


def begin() -> None:
    """Before anything is loaded: next to nothing of it goes, so the garbage collector need not look for it all the time."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def share() -> None:
    """Let threads take turns quickly; for the beginning of the process."""
    sys.setswitchinterval(SWITCH)


def settle() -> None:
    """What is there now stays until the process ends: the garbage collector need not look at it again.

    For when the daemon is ready. A full collection stops every thread, and without this it takes 50 ms and more, most
    of it for modules and settings that never go; rows on their way to a sink bring one about every few seconds.
    """
    gc.collect()
    gc.freeze()
    begin()


def settle_anew() -> None:
    """Something large was replaced: what of it was to stay is garbage now. Nothing happens where `settle` has not been."""
    if gc.get_freeze_count():
        gc.unfreeze()
        settle()
