"""Where something was, one valid fix after the other, out of a journal: of all its trackers together, by time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heappush, heappushpop

import numpy as np

from core.offset import corrected
from core.records import SECOND, Fix, Fixes, Flag, rows_of
from drivers.codecs.gps_calendar import BUILT
from gateway.reader import NO_OFFSETS, Reader

SLOW = 86_400 * SECOND
"""So far may the gateway's clock have been behind before it was set: a fix is no younger than its arrival and this."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which fixes are wanted: since <= time < until, microseconds UTC, and the newest `most` of them."""

    since: int
    until: int
    most: int


@dataclass(frozen=True, slots=True)
class Trail:
    """What was found.

    fixes    the valid ones, the newest last; of equal times in the order in which they came
    invalid  how many more there were, by their own time, at which the receiver, or its clock, was not to be believed
    cut      there were more than were wanted
    """

    fixes: list[Fix]
    invalid: int
    cut: bool


def trail(
    journal: Reader, tags: Collection[str], wanted: Stretch, offsets: Mapping[str, int] = NO_OFFSETS
) -> Trail:
    """Read backwards, and no farther than there can be a fix that is wanted. Raises JournalError.

    offsets  by device, microseconds that its own times lack: the journal keeps these
    """
    trackers = [tag for tag in tags if tag.startswith("tracker:")]
    held: list[tuple[int, int, Fix]] = []
    invalid = came = 0
    cut = False
    for head, inputs in journal.fixes_back() if trackers else ():
        oldest = held[0][0] if len(held) >= wanted.most else wanted.since
        if BUILT <= head.time < oldest - SLOW:  # one before that is of a clock that was not set
            break
        for input in reversed(inputs):
            batch = _within(corrected(input.body, offsets.get(input.source, 0)), trackers, wanted)
            valid = (batch.flags & Flag.VALID) > 0
            invalid += int(np.count_nonzero(~valid))
            for fix in reversed(list(rows_of(batch.pick(np.flatnonzero(valid))))):
                came -= 1
                one = (fix.time, came, fix)
                if len(held) < wanted.most:
                    heappush(held, one)
                else:
                    cut = True
                    heappushpop(held, one)
    return Trail([fix for _, _, fix in sorted(held)], invalid, cut)


def _within(body: object, trackers: Collection[str], wanted: Stretch) -> Fixes:
    assert isinstance(body, Fixes)
    codes = [code for one in trackers if (code := body.trackers.find(one)) >= 0]
    mine = np.isin(body.tracker, codes) & (body.time >= wanted.since) & (body.time < wanted.until)
    return body.pick(np.flatnonzero(mine))
